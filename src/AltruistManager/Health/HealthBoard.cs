using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Health;

/// <summary>The verdicts as last written, in memory: filled from the database at start, updated after each write.</summary>
public sealed class HealthBoard
{
    private readonly ConcurrentDictionary<AltruistId, Place> places = new();
    private Frozen? frozen;

    /// <summary>The verdict of an altruist; <see cref="Verdict.NeverProbed"/> when there is none.</summary>
    public Verdict this[AltruistId altruist] => Find(altruist)?.Verdict ?? Verdict.NeverProbed;

    /// <summary>The verdict with what <see cref="HealthMonitor"/> knows beside it; null when there is none.</summary>
    internal Watched? Find(AltruistId altruist) => places.TryGetValue(altruist, out var place) ? place.Watched : null;

    internal void Keep(AltruistId altruist, Watched watched) => PlaceOf(altruist).Watched = watched;

    /// <summary>For who looks at the verdicts of all again and again.</summary>
    internal Place PlaceOf(AltruistId altruist) => places.GetOrAdd(altruist, static _ => new Place());

    /// <summary>Since when verdicts are frozen because our own network cannot be proven to work (design 5.4); null when they are not.</summary>
    public DateTimeOffset? FrozenSince
    {
        get => Volatile.Read(ref frozen)?.Since;
        internal set => Volatile.Write(ref frozen, value is { } since ? new Frozen(since) : null);
    }

    internal void Set(AltruistId altruist, Verdict verdict) => Keep(altruist, Watched.New with { Verdict = verdict });

    /// <summary>Where the verdict of one altruist stands, whoever writes it anew.</summary>
    internal sealed class Place
    {
        private volatile Watched? watched;

        public Watched? Watched
        {
            get => watched;
            set => watched = value;
        }

        public Verdict Verdict => watched?.Verdict ?? Verdict.NeverProbed;
    }

    private sealed record Frozen(DateTimeOffset Since);
}
