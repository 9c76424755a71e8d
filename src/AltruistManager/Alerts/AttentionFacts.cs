using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Publishing;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Traffic;

namespace AltruistManager.Alerts;

/// <summary>What <see cref="Attention"/> decides on, all of it from memory.</summary>
public sealed record AttentionFacts
{
    public required DateTimeOffset Now { get; init; }

    public Roster Roster { get; init; } = Roster.Empty;

    public IReadOnlyDictionary<SlotKey, SlotStatus> Slots { get; init; } = new Dictionary<SlotKey, SlotStatus>();

    public HealthBoard Health { get; init; } = new();

    public DrainBook Drains { get; init; } = DrainBook.Empty;

    public IReadOnlyList<Override> Overrides { get; init; } = [];

    public IReadOnlyList<Hold> Holds { get; init; } = [];

    public IReadOnlyList<PublisherStatus> Publishers { get; init; } = [];

    /// <summary>A target that is behind for longer is an alarm.</summary>
    public TimeSpan PublisherBehindAfter { get; init; } = TimeSpan.MaxValue;

    /// <summary>When the last round was committed; before the first, when the process started.</summary>
    public required DateTimeOffset LastRoundAt { get; init; }

    public required TimeSpan RoundInterval { get; init; }

    /// <summary>The job of the rounds; null while it is not known.</summary>
    public JobTime? Rounds { get; init; }

    /// <summary>Why the prober's own probes fail; null when they do not.</summary>
    public string? OwnFault { get; init; }

    /// <summary>Which probes a bug of ours breaks; null for none.</summary>
    public string? BrokenProbes { get; init; }

    /// <summary>Since when verdicts are frozen; null when they are not.</summary>
    public DateTimeOffset? FrozenSince { get; init; }

    /// <summary>What is wrong with the ring that encrypts what is stored; null when nothing is.</summary>
    public string? RingTrouble { get; init; }

    /// <summary>What is wrong with the key that signs the log; null when nothing is.</summary>
    public string? SignerTrouble { get; init; }

    /// <summary>As of at most a minute ago.</summary>
    public IReadOnlyList<Anomaly> Anomalies { get; init; } = [];
}
