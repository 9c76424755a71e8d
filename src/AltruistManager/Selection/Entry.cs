using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Selection;

/// <summary>What an entry says of an altruist. No URL and no secret is part of it.</summary>
public sealed record EntryAltruist
{
    public required AltruistId Id { get; init; }

    public required ProviderId Provider { get; init; }

    public required string Label { get; init; }

    public required VerdictState State { get; init; }

    /// <summary>Why it is as usable as it is, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>Since when the verdict holds.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>SHA-256 of the evidence of the verdict's last change, in hex; null where there is none.</summary>
    public string? Evidence { get; init; }

    /// <summary>Where the probes were made that the verdict rests on.</summary>
    public IReadOnlyList<string> Vantages { get; init; } = [];

    /// <summary>Those of its claimed capabilities that a chain it serves requires.</summary>
    public IReadOnlyList<string> Claimed { get; init; } = [];

    /// <summary>Those of <see cref="Claimed"/> that it has proven.</summary>
    public IReadOnlyList<string> Proven { get; init; } = [];

    /// <summary>Why it goes after every healthy one although it is; null for no reason.</summary>
    public string? Penalty { get; init; }

    public required AltruistFacts Facts { get; init; }
}

/// <summary>One slot's part of an entry: what was asked, what was decided.</summary>
public sealed class EntrySlot
{
    public required SlotQuestion Question { get; init; }

    public required SlotOutcome Outcome { get; init; }

    public required Trigger Trigger { get; init; }

    /// <summary>The decision that last changed something a portal acts on: this one, or an earlier one that this one confirms.</summary>
    public required DecisionId Decision { get; init; }

    /// <summary>Who left it in this window, with their turns as in the question; nobody in entries before format 4, when they were forgotten.</summary>
    public Leavers Leavers { get; init; } = Leavers.None;

    /// <summary>When the primary was set; for a slot without one, when it lost the last.</summary>
    public required DateTimeOffset SelectedAt { get; init; }
}

/// <summary>What a region's portals must not use any more, and the entry that last changed it.</summary>
public sealed record RevokedInRegion(RegionId Region, long Generation, IReadOnlyList<AltruistId> Altruists);

/// <summary>The parameters in force; durations in milliseconds. What a chain has of its own stands with its slots.</summary>
/// <param name="ProviderCapPercent">100 in entries before format 3, which knew no cap.</param>
/// <param name="LatencyFactorPercent">200 in entries before format 3.</param>
/// <param name="Health">Null in entries of format 1, which did not tell.</param>
/// <param name="Probing">Null in entries of format 1.</param>
public sealed record EntryParameters(
    string Policy, string FairnessUnit, int Primaries, int Standbys, int ProviderCapPercent, int LatencyFactorPercent, long IntervalMs, long WindowMs,
    EntryHealthParameters? Health, EntryProbingParameters? Probing)
{
    /// <param name="round">The round it is, or the last one before.</param>
    public SelectorRules Rules(long round, int version = Selector.RuleVersion) => new(Standbys, FairnessUnit == "provider", ProviderCapPercent, LatencyFactorPercent, round, version);

    public static EntryParameters Of(SelectionOptions selection, HealthOptions health, ProbingOptions probing) => new(
        selection.Policy, selection.FairnessUnit, selection.Primaries, selection.Standbys, selection.ProviderCapPercent, selection.LatencyFactorPercent,
        Ms(selection.Interval), Ms(selection.Window),
        new(health.Fall, health.Rise, Ms(health.CooldownInitial), Ms(HealthEvaluator.LongestCooldown), Ms(HealthEvaluator.DivergedAtLeast), Ms(health.SuspendAfter), health.PickChangesPerHour),
        new(Ms(probing.Interval), Ms(probing.HotInterval), Ms(probing.RetryInterval), Ms(probing.Timeout), Ms(probing.HotTimeout)));

    private static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;
}

/// <summary>By what verdicts are reached (design 5.3).</summary>
/// <param name="PickChangesPerHour">Null in entries of before there was a bound.</param>
public sealed record EntryHealthParameters(int Fall, int Rise, long CooldownInitialMs, long CooldownLongestMs, long DivergedAtLeastMs, long SuspendAfterMs, int? PickChangesPerHour = null);

/// <summary>How often and how patiently altruists are asked (design 5.1).</summary>
public sealed record EntryProbingParameters(long IntervalMs, long HotIntervalMs, long RetryIntervalMs, long TimeoutMs, long HotTimeoutMs);

/// <summary>What one publishing transaction appends to the public log, numbered by its generation.</summary>
public sealed class Entry
{
    /// <summary>The form in which entries are written now.</summary>
    public const int NewestFormat = 4;

    /// <summary>The first that tells of those that left a slot, and of who gave an order.</summary>
    public const int TellsLeavers = 4;

    public int Format { get; init; } = NewestFormat;

    public required string Origin { get; init; }

    public required long Generation { get; init; }

    public required Trigger Trigger { get; init; }

    /// <summary>The round it is, or the last one before it.</summary>
    public required long Round { get; init; }

    /// <summary>Whether it is a round over all slots.</summary>
    public required bool IsRound { get; init; }

    /// <summary>When the round was due; for others the time it was made.</summary>
    public required DateTimeOffset ScheduledAt { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>See <see cref="DrawOrder.WindowOf"/>.</summary>
    public required long Window { get; init; }

    public required byte[] Seed { get; init; }

    /// <summary>Since when verdicts are frozen, because our own network cannot be proven to work: the rotation rests. Null when they are not.</summary>
    public DateTimeOffset? FrozenSince { get; init; }

    public required EntryParameters Parameters { get; init; }

    /// <summary>The version of the rules by which the slots were decided.</summary>
    public int RuleVersion { get; init; } = Selector.RuleVersion;

    /// <summary>By which <see cref="Selector"/> decided it.</summary>
    public SelectorRules Rules => Parameters.Rules(Round, RuleVersion);

    /// <summary>In the order of their ids. While an entry is being made it may hold more than its slots refer to; those are left out of the log.</summary>
    public required EntryAltruist[] Altruists { get; init; }

    public required IReadOnlyList<Override> Overrides { get; init; }

    /// <summary>Those in force.</summary>
    public IReadOnlyList<Hold> Holds { get; init; } = [];

    public required IReadOnlyList<RevokedInRegion> Revoked { get; init; }

    public required IReadOnlyList<EntrySlot> Slots { get; init; }
}
