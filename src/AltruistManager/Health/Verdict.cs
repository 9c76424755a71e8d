using AltruistManager.Storage;

namespace AltruistManager.Health;

/// <summary>The states of design 5.3; stored and published in kebab case (<c>wrong-chain</c>).</summary>
public enum VerdictState : byte
{
    Unknown,
    Healthy,
    Failing,
    Down,
    Lagging,
    Stale,
    Throttled,
    Diverged,
    WrongChain,
    Suspended,
}

/// <summary>The health of an altruist as seen from one vantage, always with its reason.</summary>
public sealed record Verdict
{
    private static readonly Dictionary<string, string> NothingUnproven = [];

    private readonly Moment since;
    private readonly Moment cooldownUntil;
    private readonly Moment lastProbeAt;
    private readonly Moment lastGoodAt;
    private readonly Whole height;
    private readonly Whole lagBlocks;
    private readonly Real latencyMs;

    public static readonly Verdict NeverProbed = new() { State = VerdictState.Unknown, Reason = "not probed yet", Since = DateTimeOffset.UnixEpoch };

    public required VerdictState State { get; init; }

    /// <summary>In words a provider understands.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset Since { get => ((DateTimeOffset?)since).GetValueOrDefault(); init => since = value; }

    /// <summary>Until then it is picked only where there is nobody else (design 5.3, cool-down).</summary>
    public DateTimeOffset? CooldownUntil { get => cooldownUntil; init => cooldownUntil = value; }

    /// <summary>When the last probe ended, good or bad; null when there was none since it was registered.</summary>
    public DateTimeOffset? LastProbeAt { get => lastProbeAt; init => lastProbeAt = value; }

    /// <summary>When the last good probe ended.</summary>
    public DateTimeOffset? LastGoodAt { get => lastGoodAt; init => lastGoodAt = value; }

    public long? Height { get => height; init => height = value; }

    /// <summary>Blocks behind the network's head; null while nobody can tell.</summary>
    public long? LagBlocks { get => lagBlocks; init => lagBlocks = value; }

    public double? LatencyMs { get => latencyMs; init => latencyMs = value; }

    public Performance Performance { get; init; } = Performance.Unknown;

    /// <summary>The claimed capabilities that it has proven; only these count.</summary>
    public IReadOnlyList<string> Proven { get; init; } = [];

    /// <summary>Claimed capabilities that were looked for and do not count, with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unproven { get; init; } = NothingUnproven;

    /// <summary>Why it is picked only after the others although it may be picked, such as heights that differ from answer to answer; null for no reason.</summary>
    public string? Penalty { get; init; }

    /// <summary>SHA-256 of the evidence of its last change, in hex; null before the first.</summary>
    public string? Evidence { get; init; }
}
