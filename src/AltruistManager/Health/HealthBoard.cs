using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Health;

/// <summary>The verdicts as last written, in memory: filled from the database at start, updated after each write.</summary>
public sealed class HealthBoard
{
    private Frozen? frozen;

    /// <summary>The verdict of an altruist; <see cref="Verdict.NeverProbed"/> when there is none.</summary>
    public Verdict this[AltruistId altruist] => Watched.TryGetValue(altruist, out var known) ? known.Verdict : Verdict.NeverProbed;

    /// <summary>The verdicts with what <see cref="HealthMonitor"/> knows beside them.</summary>
    internal ConcurrentDictionary<AltruistId, Watched> Watched { get; } = new();

    /// <summary>Since when verdicts are frozen because our own network cannot be proven to work (design 5.4); null when they are not.</summary>
    public DateTimeOffset? FrozenSince
    {
        get => Volatile.Read(ref frozen)?.Since;
        internal set => Volatile.Write(ref frozen, value is { } since ? new Frozen(since) : null);
    }

    internal void Set(AltruistId altruist, Verdict verdict) => Watched[altruist] = Health.Watched.New with { Verdict = verdict };

    private sealed record Frozen(DateTimeOffset Since);
}
