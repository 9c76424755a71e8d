using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Antiforgery;

namespace AltruistManager.Web.Ui.Pages.Account;

/// <summary>Ends the session of this browser.</summary>
internal static class SignOut
{
    public static void MapSignOut(this IEndpointRouteBuilder app) => app.MapPost("/sign-out", static async (HttpContext context, IAntiforgery antiforgery, SignIns signIns) =>
    {
        if (!await antiforgery.IsRequestValidAsync(context))
            return Results.BadRequest();
        await signIns.SignOutAsync();
        return Results.LocalRedirect("/");
    }).AllowAnonymous().ExcludeFromDescription();
}
