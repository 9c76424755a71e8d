using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/portals</c> (contract 3.2): what the keys of a portal may read, and what it has taken.</summary>
internal static class PortalsApi
{
    public static void MapPortals(this IEndpointRouteBuilder api)
    {
        var portals = api.MapGroup("/portals").RequireAuthorization(Policies.Staff).WithTags("Portals");
        portals.MapGet("", ListAsync)
            .WithName("listPortals").WithSummary("All portals, by id, and which generation each has taken").Produces<Page<PortalDocument>>().ProducesProblems(400);
        portals.MapGet("/{id}", FindAsync)
            .WithName("getPortal").WithSummary("One portal, and which generation it has taken").Produces<PortalDocument>().ProducesProblems(404, 410);
        portals.MapPut("/{id}", PutAsync)
            .WithName("putPortal").WithSummary("Makes or replaces a portal: what its keys may read, at once")
            .Accepts<PortalBody>("application/json").Produces<PortalDocument>().Produces<PortalDocument>(StatusCodes.Status201Created).ProducesProblems(400);
        portals.MapDelete("/{id}", RetireAsync)
            .WithName("retirePortal").WithSummary("Retires a portal and ends its keys; what it reported stays").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 410);
    }

    private static async Task<IResult> ListAsync(Paging paging, PortalBook portals, PortalStore store, PortalPolls polls, SnapshotHolder snapshots, CancellationToken cancellation)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = portals.All.Values.Where(portal => portal.RetiredAt is null).OrderBy(portal => portal.Id, StringComparer.Ordinal)
            .SkipWhile(portal => RegionsApi.IsUpTo(portal.Id, paging.Before)).Take(paging.Fetch).ToList();
        var taken = polls.All.ToLookup(poll => poll.Portal);
        var steadiness = (await store.SteadinessAsync(cancellation)).ToDictionary(portal => portal.Portal);
        return TypedResults.Ok(paging.Of(rows, portal => PortalDocument.Of(portal, taken[portal.Id], steadiness.GetValueOrDefault(portal.Id), snapshots.Current), portal => portal.Id));
    }

    private static async Task<IResult> FindAsync(string id, PortalBook portals, PortalStore store, PortalPolls polls, SnapshotHolder snapshots, CancellationToken cancellation) =>
        WhyNot(id, portals) ?? (IResult)TypedResults.Ok(await ShowAsync(portals.All[id], store, polls, snapshots, cancellation));

    private static async Task<IResult> PutAsync(
        string id, BodyReader body, Caller caller, PortalBook portals, PortalStore store, PortalPolls polls, SnapshotHolder snapshots, CancellationToken cancellation)
    {
        var draft = new PortalDraft(body.String("name", most: 100), body.Strings("regions", mostItems: 1_000), body.Strings("chains", mostItems: 5_000));
        body.Ignore("id", "createdAt", "taken", "reports", "lastReportAt");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        var outcome = await portals.PutAsync(caller.Actor, id, draft, errors, CancellationToken.None);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        var answer = await ShowAsync(outcome.Value!, store, polls, snapshots, CancellationToken.None);
        return outcome.Created ? TypedResults.Created($"/api/v1/portals/{answer.Id}", answer) : TypedResults.Ok(answer);
    }

    private static async Task<IResult> RetireAsync(string id, Caller caller, PortalBook portals, AltruistManager.Accounts.ApiKeyRing keys, CancellationToken cancellation)
    {
        if (WhyNot(id, portals) is { } problem)
            return problem;
        cancellation.ThrowIfCancellationRequested();
        if (await portals.RetireAsync(caller.Actor, id, CancellationToken.None) is { } refusal)
            return refusal.ToProblem();
        await keys.RefreshAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static Problem? WhyNot(string id, PortalBook portals) => portals.All.GetValueOrDefault(id) switch
    {
        null => Problems.Unknown("portal", id),
        { RetiredAt: not null } => Problems.Retired("portal", id, null),
        _ => null,
    };

    private static async Task<PortalDocument> ShowAsync(Portal portal, PortalStore store, PortalPolls polls, SnapshotHolder snapshots, CancellationToken cancellation) => PortalDocument.Of(
        portal, polls.All.Where(poll => poll.Portal == portal.Id), await store.SteadinessOfAsync(portal.Id, cancellation), snapshots.Current);
}

/// <param name="Regions">Ids; <c>["*"]</c>, as if not given, means all.</param>
/// <param name="Chains">Ids or aliases; <c>["*"]</c>, as if not given, means all.</param>
internal sealed record PortalBody(string? Name, string[]? Regions, string[]? Chains);

/// <param name="Taken">What it was told last, by polls, streams and reports of the last 7 days.</param>
/// <param name="Reports">How many of its reports were counted.</param>
internal sealed record PortalDocument(
    string Id, string Name, IReadOnlyList<string> Regions, IReadOnlyList<string> Chains, DateTimeOffset CreatedAt, IReadOnlyList<TakenDocument> Taken, long Reports, DateTimeOffset? LastReportAt)
{
    public static PortalDocument Of(Portal portal, IEnumerable<PortalPoll> taken, PortalSteadiness? steadiness, Snapshot snapshot) => new(
        portal.Id, portal.Name, portal.Regions, portal.Chains, portal.CreatedAt,
        [.. taken.OrderBy(poll => poll.Region, StringComparer.Ordinal).ThenBy(poll => poll.Chain, StringComparer.Ordinal).Select(poll => TakenDocument.Of(poll, snapshot))],
        steadiness?.Reports ?? 0, steadiness?.LastAt);
}

/// <param name="Chain">As it was asked for; null for the call that tells all of the region.</param>
/// <param name="IsNewest">There is no newer generation of it.</param>
/// <param name="At">When the portal last asked, was told or reported.</param>
internal sealed record TakenDocument(string Region, string? Chain, long Generation, bool IsNewest, DateTimeOffset At)
{
    public static TakenDocument Of(PortalPoll poll, Snapshot snapshot) => new(
        poll.Region, poll.Chain.Length == 0 ? null : poll.Chain, poll.Generation,
        poll.Generation >= (poll.Chain.Length == 0 ? snapshot.GenerationOf(poll.Region) : snapshot.Find(poll.Chain, poll.Region)?.Generation), poll.At);
}
