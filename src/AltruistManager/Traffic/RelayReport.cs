using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Traffic;

/// <summary>What a portal relayed within some time. All of it is counted in the minute, and the hour, in which it began.</summary>
/// <param name="Id">Unique among the reports of the portal: a repeat is counted once.</param>
/// <param name="Region">Where the portal was; null if it did not say.</param>
/// <param name="Generation">Of the region, that it had taken by then; null if it did not say.</param>
public sealed record RelayReport(
    string Portal, string Id, RegionId? Region, DateTimeOffset From, DateTimeOffset To, long? Generation, IReadOnlyList<AltruistRelays> Altruists, IReadOnlyList<ChainRelays> Chains)
{
    /// <summary>How many rows it adds to at most, that of its id with them.</summary>
    internal int Rows => 1 + Altruists.Count + Chains.Sum(chain => 1 + chain.FallbackReasons.Count);
}

/// <summary>A part of a report that is not counted, because it is of what the portal may not read (any more).</summary>
/// <param name="Part">Under which errors would name it, such as <c>altruists[0]</c>.</param>
public sealed record LeftOutPart(string Part, string Reason);

/// <summary>Relays that failed, by how. Each is the altruist's: what a user can cause is a good answer.</summary>
public readonly record struct RelayErrors(long Connect, long Timeout, long Http5xx, long Throttled, long Rpc)
{
    public long Sum => Connect + Timeout + Http5xx + Throttled + Rpc;

    public static RelayErrors operator +(RelayErrors one, RelayErrors other) =>
        new(one.Connect + other.Connect, one.Timeout + other.Timeout, one.Http5xx + other.Http5xx, one.Throttled + other.Throttled, one.Rpc + other.Rpc);
}

/// <summary>What went to one altruist for one chain.</summary>
/// <param name="Relays">All, those that failed with them.</param>
/// <param name="AsStandby">How many of them while it was a standby.</param>
/// <param name="Latencies">Of those answered, by <see cref="LatencyBuckets"/>.</param>
public sealed record AltruistRelays(AltruistId Altruist, ChainId Chain, long Relays, long AsStandby, RelayErrors Errors, IReadOnlyList<long> Latencies)
{
    public double ErrorShare => Relays == 0 ? 0 : (double)Errors.Sum / Relays;
}

/// <summary>What the portal relayed for a chain by whatever way.</summary>
/// <param name="FallbackReasons">Why some of it went to altruists.</param>
public sealed record ChainRelays(ChainId Chain, long PortalRelays, IReadOnlyDictionary<string, long> FallbackReasons);
