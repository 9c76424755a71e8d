using System.Globalization;
using System.Text.Json.Serialization;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/relay-reports</c> (contract 3.1): what portals relayed to altruists, as they count it themselves.</summary>
internal static class RelayReportsApi
{
    private const string Adding =
        """
        Counts of what the portal relayed from `from` to `to`, at most an hour that began within the last 24. A repeat of an `id` is accepted and counted once. Every relay is
        in one bucket (answered, by an upper bound in milliseconds, or `+`) or is one error. `generation` may say which generation of the region the portal has taken.
        All of a report is counted in the minute in which it began, or nothing of it; but what is of an altruist or chain that the portal may not read (any more) is left out, and
        `leftOut` names it.
        """;

    private const string Showing =
        """
        Added up over the time from `from` to `to` (the last 24 hours if not given, 30 days at most), of one altruist, provider, chain or portal or of all. What is longer than
        6 hours, or 24 of one altruist, or began more than two days ago, is told by the hour. A provider sees its own altruists, a portal its own reports. `anomalies` are of the
        last 15 minutes, whatever time is asked for.
        """;

    public static void MapRelayReports(this IEndpointRouteBuilder api)
    {
        var reports = api.MapGroup("/relay-reports").WithTags("Portals");
        reports.MapPost("", AddAsync).RequireAuthorization(Policies.Portal).RequireRateLimiting(RateLimits.Reports).WithMetadata(new BodyLimit(Client.RelayReports.MostBytes))
            .WithName("addRelayReport").WithSummary("Tells how altruists served the portal's users").WithDescription(Adding)
            .Accepts<RelayReportBody>("application/json").Produces<ReceiptDocument>(StatusCodes.Status202Accepted).ProducesProblems(400, 413, 429, 503);
        reports.MapGet("", ShowAsync).RequireAuthorization(Policies.AnyKey)
            .WithName("getRelayReports").WithSummary("What portals reported, added up, and what is odd about it").WithDescription(Showing)
            .Produces<RelayReportsDocument>().ProducesProblems(400, 404);
    }

    private static async Task<IResult> AddAsync(
        BodyReader body, Caller caller, PortalBook portals, RelayReports reports, RosterCache roster, TimeProvider time, CancellationToken cancellation)
    {
        if (caller.PortalId is not { } id || portals.Find(id) is not { } portal)
            return Problems.Forbidden("A report is a portal's: send it with the key of one.");
        var draft = Read(body);
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;
        var leftOut = new List<LeftOutPart>();
        var report = draft.Check(portal, roster.Current, time.GetUtcNow(), errors, leftOut);
        if (errors.Any)
            return Problems.BadFields(errors);
        return await reports.TakeAsync(report, cancellation) switch
        {
            ReportReceipt.Busy => Problems.Unavailable("busy", "Too many reports wait to be written: send it again later.", 5),
            var receipt => TypedResults.Accepted((string?)null, new ReceiptDocument(report.Id, receipt == ReportReceipt.Repeat, leftOut)),
        };
    }

    private static RelayReportDraft Read(BodyReader body) => new()
    {
        Id = body.String("id", required: true, most: 100),
        Region = body.String("region"),
        From = body.Time("from", required: true),
        To = body.Time("to", required: true),
        Generation = body.Long("generation", 0, long.MaxValue),
        Altruists =
        [
            .. body.Inners("altruists", RelayReportDraft.MostAltruists).Select(altruist => new AltruistRelaysDraft(
                altruist.Place,
                altruist.Item.String("altruist", required: true),
                altruist.Item.String("chain", required: true),
                altruist.Item.String("servedAs", required: true),
                altruist.Item.Long("relays", 0, RelayReportDraft.MostRelays, required: true),
                ReadErrors(altruist.Item.Inner("errors")),
                altruist.Item.Counts("latencyBuckets", RelayReportDraft.MostRelays))),
        ],
        Chains =
        [
            .. body.Inners("chains", RelayReportDraft.MostChains).Select(chain => new ChainRelaysDraft(
                chain.Place,
                chain.Item.String("chain", required: true),
                chain.Item.Long("portalRelays", 0, RelayReportDraft.MostRelays),
                chain.Item.Counts("fallbackReasons", RelayReportDraft.MostRelays))),
        ],
    };

    private static RelayErrors ReadErrors(BodyReader? errors)
    {
        return new RelayErrors(Count("connect"), Count("timeout"), Count("http5xx"), Count("throttled"), Count("rpc"));

        long Count(string name) => errors?.Long(name, 0, RelayReportDraft.MostRelays) ?? 0;
    }

    private static async Task<IResult> ShowAsync(
        string? altruist, string? provider, string? chain, string? portal, string? from, string? to, Caller caller, RosterCache rosters, PortalBook portals, ReportReader reports, TimeProvider time,
        CancellationToken cancellation)
    {
        var roster = rosters.Current;
        var now = time.GetUtcNow();
        if (WhyNot(altruist, provider, chain, portal, caller, roster, portals) is { } problem)
            return problem;
        var errors = new FieldErrors();
        var oldest = now - ReportReader.Kept - TimeSpan.FromMinutes(1);
        var end = TimeOf("to", to, now, errors);
        if (end < oldest)
            errors.Add("to", $"must be within the last {ReportReader.Kept.TotalDays} days");
        if (end > now + TimeSpan.FromDays(1))
            errors.Add("to", "must not be in the future");
        var start = TimeOf("from", from, errors.Has("to") ? oldest : end - TimeSpan.FromDays(1), errors);
        if (start >= end && !errors.Has("to"))
            errors.Add("from", "must be before to");
        if (start < oldest)
            errors.Add("from", $"must be within the last {ReportReader.Kept.TotalDays} days");
        if (errors.Any)
            return Problems.BadFields(errors);

        var filter = new ReportFilter(
            altruist is null ? null : new AltruistId(altruist), provider is null ? null : new ProviderId(provider), chain is null ? null : roster.FindChain(chain)!.Id,
            caller.PortalId ?? portal, caller.Provider, start, end);
        var summary = await reports.SumAsync(filter, cancellation);
        var anomalies = await reports.AnomaliesAsync(Asked(filter, roster), cancellation);
        return TypedResults.Ok(RelayReportsDocument.Of(filter, summary, anomalies.Where(anomaly => Concerns(anomaly, filter)).Select(anomaly => AnomalyDocument.Of(anomaly, caller)), roster));
    }

    private static Problem? WhyNot(string? altruist, string? provider, string? chain, string? portal, Caller caller, Roster roster, PortalBook portals)
    {
        Altruist? asked = null;
        if (altruist is not null && !roster.Altruists.TryGetValue(new AltruistId(altruist), out asked))
            return Problems.Unknown("altruist", altruist);
        if (provider is not null && !roster.Providers.ContainsKey(new ProviderId(provider)))
            return Problems.Unknown("provider", provider);
        if (chain is not null && roster.FindChain(chain) is null)
            return Problems.Unknown("chain", chain);
        if (caller.Scope is KeyScope.Provider && (portal is not null || (provider is not null && provider != caller.Provider?.Value) || (asked is not null && asked.Provider != caller.Provider)))
            return Problems.Forbidden(portal is null ? "A provider sees its own altruists only." : "Only staff and the portal itself may ask by portal.");
        if (caller.PortalId is { } own && portal is not null && portal != own)
            return Problems.Forbidden("A portal sees its own reports only.");
        return portal is not null && !portals.All.ContainsKey(portal) ? Problems.Unknown("portal", portal) : null;
    }

    /// <summary>Of whom there may be anomalies; null for all.</summary>
    private static List<AltruistId>? Asked(ReportFilter filter, Roster roster) => filter is { Altruist: null, Provider: null, Chain: null, Owner: null }
        ? null
        : [.. roster.Altruists.Values.Where(altruist =>
            (filter.Altruist is not { } id || altruist.Id == id) && (filter.Provider is not { } provider || altruist.Provider == provider)
            && (filter.Owner is not { } owner || altruist.Provider == owner) && (filter.Chain is not { } chain || altruist.Chains.Contains(chain))).Select(altruist => altruist.Id)];

    /// <summary>A provider is told of its altruists and no portal's name, a portal of itself.</summary>
    private static bool Concerns(Anomaly anomaly, ReportFilter filter) =>
        filter.Owner is not null ? anomaly.Portal is null
        : filter.Portal is { } portal ? anomaly.Portal == portal
        : anomaly.Altruist is not null || filter is { Altruist: null, Provider: null, Chain: null };

    private static DateTimeOffset TimeOf(string name, string? text, DateTimeOffset otherwise, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(text))
            return otherwise;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return time.ToUniversalTime();
        errors.Add(name, "must be a time such as 2026-11-21T07:05:00Z");
        return otherwise;
    }
}

/// <param name="Region">The portal's; needed with <paramref name="Generation"/>.</param>
internal sealed record RelayReportBody(
    string Id, string? Region, DateTimeOffset From, DateTimeOffset To, long? Generation, IReadOnlyList<RelayReportBody.AltruistPart>? Altruists, IReadOnlyList<RelayReportBody.ChainPart>? Chains)
{
    /// <param name="ServedAs"><c>primary</c> or <c>standby</c>.</param>
    /// <param name="LatencyBuckets">Counts by upper bound in milliseconds; <c>+</c> has none.</param>
    internal sealed record AltruistPart(string Altruist, string Chain, string ServedAs, long Relays, ErrorsDocument? Errors, IReadOnlyDictionary<string, long>? LatencyBuckets);

    /// <param name="PortalRelays">By whatever way.</param>
    /// <param name="FallbackReasons">Why relays went to altruists.</param>
    internal sealed record ChainPart(string Chain, long? PortalRelays, IReadOnlyDictionary<string, long>? FallbackReasons);
}

/// <param name="Repeat">It was counted before.</param>
/// <param name="LeftOut">Parts that are not counted, because they are of what the portal may not read (any more).</param>
internal sealed record ReceiptDocument(string Id, bool Repeat, IReadOnlyList<LeftOutPart> LeftOut);

internal sealed record ErrorsDocument(long Connect, long Timeout, long Http5xx, long Throttled, long Rpc);

/// <param name="Relays">All, those that failed with them.</param>
/// <param name="AsStandby">How many of them while the altruist was a standby.</param>
/// <param name="ErrorShare">From 0 to 1.</param>
/// <param name="MedianMs">The bound within which half of those answered were; null where nobody was, and above the last bound.</param>
/// <param name="P95Ms">The same of 95 %.</param>
/// <param name="LatencyBuckets">Those answered, by upper bound in milliseconds; <c>+</c> has none.</param>
internal sealed record RelaysDocument(
    long Relays, long AsStandby, ErrorsDocument Errors, double ErrorShare, int? MedianMs, int? P95Ms, IReadOnlyDictionary<string, long> LatencyBuckets)
{
    public static RelaysDocument Of(long relays, long asStandby, RelayErrors errors, IReadOnlyList<long> latencies) => new(
        relays, asStandby, new ErrorsDocument(errors.Connect, errors.Timeout, errors.Http5xx, errors.Throttled, errors.Rpc), Share(errors.Sum, relays),
        Traffic.LatencyBuckets.QuantileMs(latencies, 0.5), Traffic.LatencyBuckets.QuantileMs(latencies, 0.95),
        latencies.Index().ToDictionary(bucket => Traffic.LatencyBuckets.NameOf(bucket.Index), bucket => bucket.Item));

    public static RelaysDocument Of(RelaySum sum) => Of(sum.Relays, sum.AsStandby, sum.Errors, sum.Latencies);

    public static double Share(long part, long whole) => whole == 0 ? 0 : Math.Round((double)part / whole, 4);
}

/// <param name="At">Begin of the interval.</param>
internal sealed record RelayPointDocument(DateTimeOffset At, RelaysDocument Served);

internal sealed record AltruistServedDocument(string Altruist, string? Provider, string? Label, RelaysDocument Served);

internal sealed record PortalServedDocument(string Portal, RelaysDocument Served);

/// <param name="PortalRelays">By whatever way; null for providers, and where an altruist or provider is asked for.</param>
/// <param name="AltruistShare">How much of them altruists served.</param>
/// <param name="FallbackReasons">Why it went to altruists.</param>
internal sealed record ChainServedDocument(
    string Chain, RelaysDocument? Served, long? PortalRelays, double? AltruistShare,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, long>? FallbackReasons);

/// <param name="Kind"><c>errors</c>: many relays to the altruist fail; <c>differs</c>: the portal sees the altruist otherwise than everybody else; <c>silent</c>: the portal used to report.</param>
internal sealed record AnomalyDocument(AnomalyKind Kind, string? Altruist, string? Portal, string Says)
{
    /// <summary>A portal is not told what others saw.</summary>
    public static AnomalyDocument Of(Anomaly anomaly, Caller caller) =>
        new(anomaly.Kind, anomaly.Altruist?.Value, anomaly.Portal, caller.PortalId is null ? anomaly.SaysInFull : anomaly.Says);
}

/// <param name="From">The begin of the minute or hour that was asked for.</param>
/// <param name="BucketSeconds">How long the interval of a point is.</param>
/// <param name="Points">Oldest first, 300 at most; intervals without reports are left out.</param>
/// <param name="Altruists">The 200 with the most relays; likewise the other lists.</param>
/// <param name="Portals">Null for providers.</param>
internal sealed record RelayReportsDocument(
    DateTimeOffset From, DateTimeOffset To, int BucketSeconds, RelaysDocument Total, IReadOnlyList<RelayPointDocument> Points, IReadOnlyList<AltruistServedDocument> Altruists,
    IReadOnlyList<PortalServedDocument>? Portals, IReadOnlyList<ChainServedDocument> Chains, IReadOnlyList<AnomalyDocument> Anomalies)
{
    public static RelayReportsDocument Of(ReportFilter filter, RelaySummary summary, IEnumerable<AnomalyDocument> anomalies, Roster roster) => new(
        summary.From,
        filter.To,
        (int)summary.Bucket.TotalSeconds,
        RelaysDocument.Of(
            summary.Points.Sum(point => point.Relays),
            summary.Points.Sum(point => point.AsStandby),
            summary.Points.Aggregate(default(RelayErrors), (errors, point) => errors + point.Errors),
            [.. Enumerable.Range(0, LatencyBuckets.Count).Select(bucket => summary.Points.Sum(point => point.Latencies[bucket]))]),
        [.. summary.Points.Select(point => new RelayPointDocument(point.At!.Value, RelaysDocument.Of(point)))],
        [
            .. summary.Altruists.Select(sum =>
            {
                var known = roster.Altruists.GetValueOrDefault(sum.Altruist!.Value);
                return new AltruistServedDocument(sum.Altruist.Value.Value, known?.Provider.Value, known?.Label, RelaysDocument.Of(sum));
            }),
        ],
        filter.Owner is null ? [.. summary.Portals.Select(sum => new PortalServedDocument(sum.Portal!, RelaysDocument.Of(sum)))] : null,
        ChainsOf(summary),
        [.. anomalies]);

    private static List<ChainServedDocument> ChainsOf(RelaySummary summary)
    {
        var served = summary.Chains.ToDictionary(sum => sum.Chain!.Value);
        var any = summary.ByAnyWay.ToDictionary(sum => sum.Chain);
        return
        [
            .. served.Keys.Union(any.Keys).Order().Select(chain =>
            {
                var (own, all) = (served.GetValueOrDefault(chain), any.GetValueOrDefault(chain));
                return new ChainServedDocument(
                    chain.Value, own is null ? null : RelaysDocument.Of(own), all?.PortalRelays, all is { PortalRelays: > 0 } ? RelaysDocument.Share(own?.Relays ?? 0, all.PortalRelays) : null, all?.FallbackReasons);
            }),
        ];
    }
}
