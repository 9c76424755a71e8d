using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Ui.Pages.My;

/// <summary>Files for whoever imports: one to begin with, and the provider's altruists as they are.</summary>
internal static class ImportFiles
{
    private const string Csv = "text/csv; charset=utf-8";

    public static void MapImportFiles(this IEndpointRouteBuilder app)
    {
        app.MapGet("/my/{provider}/import/example.csv", static (string provider, HttpContext context, UserBook book) =>
            IsOwn(provider, context, book) ? Results.File(Encoding.UTF8.GetBytes(AltruistCsv.Example), Csv, "altruists-example.csv") : Results.NotFound())
            .RequireAuthorization(Policies.User).ExcludeFromDescription();
        app.MapGet("/my/{provider}/import/altruists.csv", static (string provider, HttpContext context, UserBook book, RosterCache rosters) =>
        {
            if (!IsOwn(provider, context, book))
                return Results.NotFound();
            var own = rosters.Current.Live.Where(altruist => altruist.Provider.Value == provider).ToList();
            return Results.Stream(stream => AltruistCsv.WriteAsync(stream, own, context.RequestAborted), Csv, $"altruists-{provider}.csv");
        }).RequireAuthorization(Policies.User).ExcludeFromDescription();
    }

    private static bool IsOwn(string provider, HttpContext context, UserBook book)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "private, no-store";
        return SignedIn.ActorOf(context.User, book)?.MaySee(provider) == true;
    }
}
