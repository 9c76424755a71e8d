using AltruistManager.Accounts;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>The audit trail as a file, for who is signed in as staff: what the filters of the page leave, however much it is, sent as it is read.</summary>
internal static class AuditExport
{
    public static void MapAuditExport(this IEndpointRouteBuilder app) =>
        app.MapGet("/admin/audit.csv", Export).RequireAuthorization(Policies.Staff).ExcludeFromDescription();

    private static IResult Export(HttpContext context, UserBook book, AuditStore audit, ReaderZone zone)
    {
        var query = AuditQuery.Of(context.Request.Query);
        zone.ReadFrom(context);
        var filter = query.ToFilter(zone, out var wrong);
        if (wrong.Count > 0)
            return TypedResults.LocalRedirect(query.PathAfter(null));
        var cancellation = context.RequestAborted;
        var viewer = SignedIn.ActorOf(context.User, book)!;
        var records = audit.ReadAsync(filter, null, cancellation).Select(record => AuditSight.Of(record, viewer));
        return TypedResults.Stream(stream => AuditCsv.WriteAsync(stream, records, cancellation), "text/csv; charset=utf-8", "audit.csv");
    }
}
