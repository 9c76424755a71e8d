using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Selection;

/// <summary>How far an altruist may be used; the order is the order of preference.</summary>
public enum Usability : byte
{
    Healthy,
    Failing,

    /// <summary>Only where the throttled ones are so many that few would be left (design 5.3).</summary>
    Throttled,

    /// <summary>Healthy again, but trusted only where there is nobody else.</summary>
    CoolingDown,
    No,
}

/// <summary>What a decision must know of an altruist; the same in every slot.</summary>
public readonly record struct AltruistFacts
{
    public required Usability Usability { get; init; }

    /// <summary>Its verdict is from before the start and older than two sweeps: it may stay, but is not newly picked.</summary>
    public bool Unseen { get; init; }

    /// <summary>Wrong-chain, diverged, retired or without a known endpoint: may not be kept even as the last good pick.</summary>
    public bool Revoked { get; init; }

    public required int Tier { get; init; }

    /// <summary>The same number for the same provider, within one set of facts.</summary>
    public required int Provider { get; init; }

    /// <summary>The same number for the same host.</summary>
    public required int Host { get; init; }

    /// <summary>When it was throttled, in Unix milliseconds; 0 when it is not.</summary>
    public long ThrottledSince { get; init; }

    /// <summary>Declared requests per second; 0 where it declares none or no policy asks.</summary>
    public int CapacityRps { get; init; }

    /// <summary>Its recent median latency in whole milliseconds, at least 1; 0 where it is not known or no policy asks.</summary>
    public int LatencyMs { get; init; }

    /// <summary>The share of its recent probes that succeeded; 0 where it is not known or no policy asks.</summary>
    public int SuccessPerMille { get; init; }
}

/// <summary>Who may be picked now, and why not (design 2, <c>eligible</c>; design 5.3). Altruists are given as they are in service. Pure.</summary>
public static class Eligibility
{
    /// <param name="drain">The one in force; null for none.</param>
    public static Usability Judge(Altruist altruist, Verdict verdict, Drain? drain, DateTimeOffset now) =>
        altruist.RetiredAt is not null || !altruist.Enabled || drain is not null || !altruist.Attested || altruist.Undecryptable is not null || altruist.Role == AltruistRole.Reference
            ? Usability.No
            : verdict.State switch
            {
                VerdictState.Healthy => verdict.CooldownUntil > now ? Usability.CoolingDown : verdict.Penalty is null ? Usability.Healthy : Usability.Failing,
                VerdictState.Failing => verdict.CooldownUntil > now ? Usability.CoolingDown : Usability.Failing,
                VerdictState.Throttled => Usability.Throttled,
                _ => Usability.No,
            };

    /// <summary>True for what is never kept, not even as the last good pick.</summary>
    public static bool IsRevoked(Altruist altruist, Verdict verdict) =>
        altruist.RetiredAt is not null || altruist.Undecryptable is not null || verdict.State is VerdictState.WrongChain or VerdictState.Diverged;

    /// <summary>
    /// True when the newest good probe is older than two sweeps and older than the start: what was true before a long rest is no
    /// reason to pick somebody anew.
    /// </summary>
    public static bool IsUnseen(Verdict verdict, DateTimeOffset startedAt, TimeSpan sweepInterval) =>
        !(verdict.LastGoodAt >= startedAt - 2 * sweepInterval);

    /// <summary>The altruist's own reason, in words; what a slot adds (tier, region, override, turns) stands in the decision.</summary>
    public static string Explain(Altruist altruist, Verdict verdict, Drain? drain) =>
        altruist switch
        {
            { RetiredAt: not null } => "retired",
            { Undecryptable: { } lost } => lost.ToString(),
            { Enabled: false } => "disabled by its provider or staff",
            _ when drain is not null => drain.InWords,
            { Role: AltruistRole.Reference } => "a reference: probed, never picked",
            { Attested: false } => "control of the endpoint is not proven",
            _ when verdict is { Penalty: { } penalty, State: VerdictState.Healthy or VerdictState.Failing } => $"{verdict.Reason}; goes after every healthy one: {penalty}{Unproven(altruist, verdict)}",
            _ => verdict.Reason + Unproven(altruist, verdict),
        };

    /// <summary>What of the claimed capabilities does not count, and why, to go on with; null when all does. A WebSocket is no part of what a chain is.</summary>
    private static string? Unproven(Altruist altruist, Verdict verdict)
    {
        string? said = null;
        foreach (var capability in altruist.Capabilities)
        {
            if (capability != WebsocketCheck.Capability && !verdict.Proven.Contains(capability))
                said += $"; claims {capability}, not proven yet: {verdict.Unproven.GetValueOrDefault(capability) ?? "not checked yet"}";
        }

        return said;
    }
}
