using AltruistManager.Web.Security;

namespace AltruistManager.Web.Ui;

/// <summary>The visitor's choice of colours, kept in a cookie that the server reads, so that a page never flashes in the other one.</summary>
internal static class Theme
{
    public const string Cookie = "theme";

    public static readonly IReadOnlyList<string> Choices = ["system", "light", "dark"];

    public static string Of(HttpContext? context) =>
        context?.Request.Cookies[Cookie] is { } chosen && Choices.Contains(chosen) ? chosen : "system";

    /// <summary>Stores the choice and goes back to the page it was made on.</summary>
    public static async Task<IResult> ChooseAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var theme = form["theme"].ToString();
        if (!Choices.Contains(theme))
            return TypedResults.BadRequest();

        context.Response.Cookies.Append(Cookie, theme, new CookieOptions
        {
            HttpOnly = true,
            IsEssential = true,
            MaxAge = TimeSpan.FromDays(365),
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
        });
        var back = form["back"].ToString();
        return TypedResults.LocalRedirect(LocalPath.Or(back, "/"));
    }
}
