using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Api;

/// <summary>What portals poll and listen to: ready bytes out of the snapshot. Nothing here waits for a database.</summary>
internal sealed class SelectionsApi(SnapshotHolder snapshots, RosterCache roster, PortalPolls polls, PortalBook portals, IOptions<SelectionOptions> options)
{
    private const string ContentType = "application/json; charset=utf-8";

    /// <summary>How long a portal may go on without asking, in seconds.</summary>
    private readonly int maxAge = (int)Math.Clamp(options.Value.Interval.TotalSeconds / 10, 5, 30);

    private readonly string cacheControl = string.Create(
        CultureInfo.InvariantCulture, $"private, max-age={(int)Math.Clamp(options.Value.Interval.TotalSeconds / 10, 5, 30)}, stale-if-error=2592000");

    private readonly string defaultRegion = options.Value.DefaultRegion;

    public Task AnswerAsync(HttpContext context, string chain, string? region)
    {
        var snapshot = snapshots.Current;
        if (string.IsNullOrEmpty(region))
            region = defaultRegion;
        if (WhyNotRead(context, snapshot, chain, region) is { } refusal)
            return refusal.ExecuteAsync(context);
        if (snapshot.Find(chain, region) is not { } answer)
            return WhyNot(snapshot, chain, region).ExecuteAsync(context);
        if (answer.HasPick)
            return SendAsync(context, snapshot, answer, region, chain);
        Describe(context.Response.Headers, snapshot, answer);
        return Problems.Unavailable("no-altruist", $"No altruist can be named for {chain} in {region}.", maxAge).ExecuteAsync(context);
    }

    public Task AnswerAllAsync(HttpContext context, string? region)
    {
        var snapshot = snapshots.Current;
        if (string.IsNullOrEmpty(region))
            region = defaultRegion;
        if (WhyNotRead(context, snapshot, chain: null, region) is { } refusal)
            return refusal.ExecuteAsync(context);
        if (snapshot.FindAll(region, Negotiation.CodingFor(context.Request), ReaderOf(context)?.Choice) is not { } answer)
            return WhyNot(snapshot, null, region).ExecuteAsync(context);
        context.Response.Headers.Vary = "Accept-Encoding";
        return SendAsync(context, snapshot, answer, region, chain: "");
    }

    /// <summary>Says whether there may be a stream; it begins once the request has come back from where it had to pass (<see cref="StreamRequests"/>).</summary>
    public Task RequestStreamAsync(HttpContext context, string? region)
    {
        var snapshot = snapshots.Current;
        if (string.IsNullOrEmpty(region))
            region = defaultRegion;
        if (WhyNotRead(context, snapshot, chain: null, region) is { } unread)
            return unread.ExecuteAsync(context);
        if (!snapshot.HasRegion(region))
            return WhyNot(snapshot, null, region).ExecuteAsync(context);

        long? after = long.TryParse(context.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var held) ? held : null;
        context.Features.Set(new StreamRequest(region, ((CallerIdentity)context.User.Identity!).Caller, ReaderOf(context), after));
        return Task.CompletedTask;
    }

    private Task SendAsync(HttpContext context, Snapshot snapshot, Answer answer, string region, string chain)
    {
        if (context.User.Identity is CallerIdentity { Caller.PortalId: { } portal } && !HttpMethods.IsHead(context.Request.Method))
            polls.Note(portal, region, chain, answer.Generation);
        var response = context.Response;
        var headers = response.Headers;
        Describe(headers, snapshot, answer);
        headers.CacheControl = cacheControl;
        headers.ETag = answer.ETag;
        if (Negotiation.Has(context.Request, answer.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentType = ContentType;
        if (answer.Coding is not BodyCoding.Plain)
            headers.ContentEncoding = answer.Coding is BodyCoding.Brotli ? "br" : "gzip";
        headers.ContentLength = answer.Body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(answer.Body, context.RequestAborted).AsTask();
    }

    private static void Describe(IHeaderDictionary headers, Snapshot snapshot, Answer answer)
    {
        headers["Altruist-Generation"] = answer.Generation.ToString(CultureInfo.InvariantCulture);
        if (snapshot.RoundAt.Length > 0)
            headers["Altruist-Round-At"] = snapshot.RoundAt;
    }

    /// <summary>Whose key was sent; null for staff, who read everything.</summary>
    private Portal? ReaderOf(HttpContext context) => context.User.Identity is CallerIdentity { Caller.PortalId: { } id } ? portals.Find(id) : null;

    /// <summary>A portal's keys read its regions and chains only; what does not exist is told as such.</summary>
    private Problem? WhyNotRead(HttpContext context, Snapshot snapshot, string? chain, string region)
    {
        if (context.User.Identity is not CallerIdentity { Caller.PortalId: { } owner })
            return null;
        if (portals.Find(owner) is not { } portal)
            return Problems.Forbidden("The portal of this key is retired.");
        if (!portal.MayRead(new RegionId(region)))
            return Problems.Forbidden($"This portal does not read the region '{region}'.");
        return chain is not null && portal.Choice is { } chains && snapshot.ChainIdOf(chain, region) is { } id && !chains.Holds(id)
            ? Problems.Forbidden($"This portal does not read the chain '{chain}'.")
            : null;
    }

    private Problem WhyNot(Snapshot snapshot, string? chain, string region)
    {
        var known = roster.Current;
        if (chain is not null && !snapshot.HasChain(chain))
        {
            if (known.FindChain(chain) is not { } found)
                return Problems.Unknown("chain", chain);
            if (found.RetiredAt is not null)
                return Problems.Retired("chain", chain, found.Successor?.Value);
            if (!found.Enabled)
                return Problems.Unavailable("no-altruist", $"The chain {chain} is disabled.", maxAge);
        }

        if (!snapshot.HasRegion(region) && !known.Regions.ContainsKey(new RegionId(region)) && region != defaultRegion)
            return Problems.Unknown("region", region);
        return chain is not null && snapshot.IsLoaded
            ? Problems.Unavailable("no-altruist", $"No altruist was picked for {chain} in {region} yet.", maxAge)
            : Problems.Unavailable("starting", "Nothing was picked yet.", 1);
    }
}

internal static class SelectionsEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    private const string Stream =
        """
        Server-sent events. At once a `snapshot` (the body of the bulk call), then a `selection` (the body of one slot) for each slot that changed. A later `snapshot`
        replaces everything: it comes when an altruist was revoked or a slot went. The last event of a generation carries it as `id`; a reconnect that sends it as
        `Last-Event-ID` is told what changed since, or the snapshot where that is not known any more or the portal may read other chains or regions than then. A comment every 15 s says that the connection lives; `retry` says
        when to come back after it ended, which it does when the service stops or the portal reads too slowly.
        """;

    public static void MapSelections(this IEndpointRouteBuilder api)
    {
        api.MapGet(StreamRequestsSetup.Path, static (string? region, HttpContext context, SelectionsApi selections) => selections.RequestStreamAsync(context, region))
            .RequireAuthorization(Policies.Portal)
            .WithName("streamSelections").WithTags("Selections").WithSummary("All slots of a region, and every change as it happens").WithDescription(Stream)
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .ProducesProblems(404, 429, 503);
        api.MapMethods("/selections/{chain}", Methods, static (string chain, string? region, HttpContext context, SelectionsApi selections) => selections.AnswerAsync(context, chain, region))
            .RequireAuthorization(Policies.Portal)
            .WithName("getSelection").WithTags("Selections").WithSummary("The altruist to use for a chain in a region, and its standbys")
            .Produces<SelectionDocument>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(404, 410, 503);
        api.MapMethods("/selections", Methods, static (string? region, HttpContext context, SelectionsApi selections) => selections.AnswerAllAsync(context, region))
            .RequireAuthorization(Policies.Portal)
            .WithName("getSelections").WithTags("Selections").WithSummary("All slots of a region, and the altruists that must not be used any more")
            .Produces<SelectionsDocument>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(404, 503);
    }
}
