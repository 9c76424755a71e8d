using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>What is known of a network in memory, and what its next sweep asks about.</summary>
internal sealed class WatchedNetwork
{
    private static readonly TimeSpan SweepTakes = TimeSpan.FromSeconds(30);

    private readonly Lock sweepLock = new();
    private long? sweepHeight;
    private DateTimeOffset? sweepHeightAt;
    private volatile bool sweepWanted;
    private DateTimeOffset sweepWantedAt;

    /// <summary>Held while a batch or a person changes the verdicts of the network.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    public volatile ReferenceTrace Trace = ReferenceTrace.Empty;

    /// <summary>What most providers told in the last sweep; a test is compared with it.</summary>
    public AgreedHash? Agreed { get; set; }

    /// <summary>The height whose hash all altruists of a sweep are asked for, whatever other lanes see meanwhile.</summary>
    /// <param name="rules">Of the network.</param>
    public long? SweepHeight(Func<NetworkRules> rules, DateTimeOffset now)
    {
        lock (sweepLock)
        {
            if (sweepHeightAt is { } at && now - at < SweepTakes && now >= at)
                return sweepHeight;

            sweepHeightAt = now;
            sweepHeight = Trace.Height is { } head and > 1 ? head - Math.Min(rules().IntegrityOffsetBlocks, head - 1) : null;
            return sweepHeight;
        }
    }

    /// <summary>The next sweep asks about a height of its own.</summary>
    public void EndSweep()
    {
        lock (sweepLock)
            sweepHeightAt = null;
    }

    /// <summary>A sweep with the next tick, unless one was wanted just before.</summary>
    public void WantSweep(ProbingOptions options, DateTimeOffset now)
    {
        // A network that rests makes everybody look behind for a while: that is worth a sweep now and then, not a storm.
        if (now - sweepWantedAt < SweepPause(options) && now >= sweepWantedAt)
            return;
        sweepWantedAt = now;
        sweepWanted = true;
    }

    /// <summary>Between sweeps that are wanted out of turn.</summary>
    public static TimeSpan SweepPause(ProbingOptions options) => options.Interval / 10 > options.RetryInterval ? options.Interval / 10 : options.RetryInterval;

    public bool TakeSweepWanted()
    {
        if (!sweepWanted)
            return false;
        sweepWanted = false;
        return true;
    }
}
