using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Traffic;

/// <param name="Field">Under which errors name it, such as <c>altruists[0]</c>.</param>
/// <param name="Latencies">Counts by <see cref="LatencyBuckets"/>, as the portal named them.</param>
public sealed record AltruistRelaysDraft(string Field, string? Altruist, string? Chain, string? ServedAs, long? Relays, RelayErrors Errors, IReadOnlyDictionary<string, long>? Latencies);

/// <param name="Field">Under which errors name it, such as <c>chains[0]</c>.</param>
public sealed record ChainRelaysDraft(string Field, string? Chain, long? PortalRelays, IReadOnlyDictionary<string, long>? FallbackReasons);

/// <summary>A report as a portal sent it.</summary>
public sealed record RelayReportDraft
{
    public const int MostAltruists = 1_000;
    public const int MostChains = 2_000;
    public const int MostReasons = 50;

    /// <summary>Of all its chains together: each is a row.</summary>
    public const int MostReasonsInAll = 2_000;

    /// <summary>More than any portal relays within a minute.</summary>
    public const long MostRelays = 1_000_000_000;

    /// <summary>Clocks differ.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);

    /// <summary>A portal that could reach no manager for a day is not asked what it did before.</summary>
    internal static readonly TimeSpan Oldest = TimeSpan.FromDays(1);

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private const int LongestReason = 64;

    public required string? Id { get; init; }

    public required string? Region { get; init; }

    public required DateTimeOffset? From { get; init; }

    public required DateTimeOffset? To { get; init; }

    public required long? Generation { get; init; }

    public required IReadOnlyList<AltruistRelaysDraft> Altruists { get; init; }

    public required IReadOnlyList<ChainRelaysDraft> Chains { get; init; }

    /// <summary>
    /// Adds everything that is wrong to <paramref name="errors"/>; the answer counts only if nothing was. What the portal may not read is left out: that may have changed since it relayed, and the rest counts
    /// all the same.
    /// </summary>
    public RelayReport Check(Portal portal, Roster roster, DateTimeOffset now, FieldErrors errors, ICollection<LeftOutPart> leftOut)
    {
        if (From is { } from && To is { } to)
        {
            if (to <= from)
                errors.Add("to", "must be after from");
            else if (to - from > Longest)
                errors.Add("to", "must be within an hour of from");
        }

        if (To > now + ClockSlack)
            errors.Add("to", "must not be in the future");
        if (From < now - Oldest)
            errors.Add("from", "must be within the last 24 hours");
        if (Region is not null && !roster.Regions.ContainsKey(new RegionId(Region)))
            errors.Add("region", $"'{Region}' is not a region");
        else if (Region is not null && !portal.MayRead(new RegionId(Region)))
            errors.Add("region", $"'{Region}' is not one of this portal's");
        if (Chains.Sum(chain => chain.FallbackReasons?.Count ?? 0) > MostReasonsInAll)
            errors.Add("chains", $"must have at most {MostReasonsInAll} fallbackReasons together");
        return new RelayReport(
            portal.Id, Id ?? "", Region is null ? null : new RegionId(Region), From ?? now, To ?? now, Generation,
            [.. Altruists.Select(draft => Check(draft, portal, roster, errors, leftOut)).OfType<AltruistRelays>()],
            [.. Chains.Select(draft => Check(draft, portal, roster, errors, leftOut)).OfType<ChainRelays>()]);
    }

    private static AltruistRelays? Check(AltruistRelaysDraft draft, Portal portal, Roster roster, FieldErrors errors, ICollection<LeftOutPart> leftOut)
    {
        Altruist? altruist = null;
        if (draft.Altruist is not null && !roster.Altruists.TryGetValue(new AltruistId(draft.Altruist), out altruist))
            errors.Add($"{draft.Field}.altruist", $"'{draft.Altruist}' is not an altruist");
        var chain = ChainOf(draft.Chain, draft.Field, roster, errors);
        // Its chains may have been changed since; its network does not.
        if (altruist is not null && chain is not null && altruist.Network != chain.Network)
            errors.Add($"{draft.Field}.chain", $"is not of the network of altruist {altruist.Id}");
        if (draft.ServedAs is not (null or "primary" or "standby"))
            errors.Add($"{draft.Field}.servedAs", "must be primary or standby");

        var latencies = new long[LatencyBuckets.Count];
        foreach (var (name, count) in draft.Latencies ?? new Dictionary<string, long>())
        {
            if (LatencyBuckets.Find(name) is { } bucket)
                latencies[bucket] += count;
            else
                errors.Add($"{draft.Field}.latencyBuckets.{name}", $"must be named by an upper bound in milliseconds, or {LatencyBuckets.More}");
        }

        var relays = draft.Relays ?? 0;
        if (draft.Relays is not null && draft.Errors.Sum + latencies.Sum() is var told && told > relays)
            errors.Add($"{draft.Field}.relays", $"is less than its errors and latencyBuckets together, which are {told}");
        if (altruist is not null && !portal.MayRead(altruist, roster))
            return LeaveOut<AltruistRelays>(draft.Field, $"the altruist '{draft.Altruist}'", leftOut);
        if (chain is not null && !portal.MayRead(chain.Id))
            return LeaveOut<AltruistRelays>(draft.Field, $"the chain '{draft.Chain}'", leftOut);
        return new AltruistRelays(new AltruistId(draft.Altruist ?? ""), chain?.Id ?? default, relays, draft.ServedAs == "standby" ? relays : 0, draft.Errors, latencies);
    }

    private static ChainRelays? Check(ChainRelaysDraft draft, Portal portal, Roster roster, FieldErrors errors, ICollection<LeftOutPart> leftOut)
    {
        var chain = ChainOf(draft.Chain, draft.Field, roster, errors);
        var reasons = draft.FallbackReasons ?? new Dictionary<string, long>();
        if (reasons.Count > MostReasons)
            errors.Add($"{draft.Field}.fallbackReasons", $"must have at most {MostReasons}");
        foreach (var reason in reasons.Keys)
        {
            if (reason.Length is 0 or > LongestReason || reason.Any(char.IsControl))
                errors.Add($"{draft.Field}.fallbackReasons", $"must be named by 1 to {LongestReason} characters without control characters");
        }

        if (chain is not null && !portal.MayRead(chain.Id))
            return LeaveOut<ChainRelays>(draft.Field, $"the chain '{draft.Chain}'", leftOut);
        return new ChainRelays(chain?.Id ?? default, draft.PortalRelays ?? 0, reasons);
    }

    private static Chain? ChainOf(string? name, string field, Roster roster, FieldErrors errors)
    {
        if (name is null)
            return null;
        var chain = roster.FindChain(name);
        if (chain is null)
            errors.Add($"{field}.chain", $"'{name}' is not a chain");
        return chain;
    }

    private static T? LeaveOut<T>(string part, string what, ICollection<LeftOutPart> leftOut)
        where T : class
    {
        leftOut.Add(new LeftOutPart(part, $"{what} is not one of this portal's"));
        return null;
    }
}
