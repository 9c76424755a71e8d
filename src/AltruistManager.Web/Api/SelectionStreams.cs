using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AltruistManager.Accounts;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Api;

/// <summary>
/// All open streams: tells them each new snapshot and that the connection lives, ends those whose key ended, and sends them away when the service stops.
/// Nothing here waits for a portal.
/// </summary>
internal sealed class SelectionStreams(
    SnapshotHolder snapshots, ApiKeyRing keys, PortalBook portals, IOptions<LimitsOptions> limits, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan BeatPeriod = TimeSpan.FromSeconds(15);

    /// <summary>With the time until a revocation is known here, less than the second within which it holds.</summary>
    private static readonly TimeSpan KeyPeriod = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan TidyPeriod = TimeSpan.FromSeconds(5);

    /// <summary>So many new streams are a crowd: rare enough that nobody else pays for it.</summary>
    private const int Crowd = 5_000;

    private readonly ConcurrentDictionary<(string Region, ChainChoice? Chains), RegionFeed> feeds = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, HashSet<PortalStream>> byKey = new(StringComparer.Ordinal);
    private int count;
    private bool stopping;

    public int Count => Volatile.Read(ref count);

    /// <summary>How many regions and choices of chains are told apart.</summary>
    internal int Feeds => feeds.Count;

    /// <summary>Opens a stream of a region that the current snapshot has. <see cref="Close"/> it.</summary>
    /// <param name="portal">Whose key that is; null for staff.</param>
    /// <param name="after">The generation that the portal says it has.</param>
    /// <param name="abort">Cuts the connection.</param>
    /// <returns>The stream, or why there is none.</returns>
    public (PortalStream? Stream, Problem? Refusal) Open(string region, string keyId, Portal? portal, long? after, Action abort)
    {
        var stream = new PortalStream(keyId, portal, abort, time);
        lock (gate)
        {
            if (stopping)
                return (null, Problems.Unavailable("stopping", "The service stops.", 1));
            if (limits.Value.Streams is > 0 and var most && count >= most)
                return (null, Problems.Unavailable("too-many-streams", $"{most} streams are open, which is as many as may be.", 10));
            if (!byKey.TryGetValue(keyId, out var own))
                byKey[keyId] = own = [];
            if (limits.Value.StreamsPerKey is > 0 and var mostOfOne && own.Count >= mostOfOne)
                return (null, Problems.TooFast("too-many-streams", $"{mostOfOne} streams of this key are open, which is as many as it may have.", 10));
            own.Add(stream);
            count++;
        }

        // What it has is of less, or of other chains: it may lack what did not change since.
        if (after <= portal?.ReadsSince)
            after = null;
        StreamMetrics.Opened(1);
        while (!FeedOf(region, portal?.Choice).Join(stream, snapshots.Current, after))
        {
            // It was given up just now: once that is done another one is made.
            Thread.Yield();
        }

        return (stream, null);
    }

    public void Close(string region, PortalStream stream)
    {
        FeedOf(region, stream.Portal?.Choice).Leave(stream);
        lock (gate)
        {
            byKey[stream.KeyId].Remove(stream);
            if (byKey[stream.KeyId].Count == 0)
                byKey.Remove(stream.KeyId);
            count--;
        }

        StreamMetrics.Opened(-1);
        stream.Dispose();
    }

    /// <summary>Says to those of this part of a period that their connections live, and forgets what nobody has listened to for long.</summary>
    internal void Beat(int part)
    {
        foreach (var feed in feeds)
        {
            if (!feed.Value.Beat(part))
                feeds.TryRemove(feed);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The server waits for open requests when it stops, and is told to before this service is.
        await using var leaving = lifetime.ApplicationStopping.Register(SendAllAway);
        await Task.WhenAll(TellAsync(stoppingToken), BeatAsync(stoppingToken), WatchKeysAsync(stoppingToken), TidyAsync(stoppingToken));
    }

    private async Task TellAsync(CancellationToken cancellation)
    {
        var told = Snapshot.Empty;
        while (true)
        {
            told = await snapshots.NextAsync(told, cancellation);
            foreach (var region in told.RegionIds)
                FeedOf(region, chains: null);
            foreach (var feed in feeds.Values)
                feed.Show(told);
        }
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        var part = BeatPeriod / RegionFeed.BeatParts;
        using var timer = new PeriodicTimer(part, time);
        var began = time.GetTimestamp();
        // A busy machine may miss ticks, but no stream its turn.
        for (long told = 0; await timer.WaitForNextTickAsync(cancellation);)
        {
            for (var due = time.GetElapsedTime(began).Ticks / part.Ticks; told < due; told++)
                Beat((int)(told % RegionFeed.BeatParts));
        }
    }

    private async Task WatchKeysAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(KeyPeriod, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            End(stream => !keys.IsGood(stream.KeyId), "the key has ended");
            End(stream => stream.Portal is { } then && !(portals.Find(then.Id) is { } now && (ReferenceEquals(now, then) || now.ReadsLike(then))), "what the portal may read was changed: reconnect", forget: true);
        }
    }

    /// <summary>
    /// What it took to answer a crowd is old by the time it is let go of, and lies about until the next full collection, with holes between what lives: with ten thousand idle
    /// streams and nothing else to do, 10 to 30 MB for hours. Once all of them are there it is collected, which holds everything up for 0.1 to 0.3 s.
    /// </summary>
    private async Task TidyAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TidyPeriod, time);
        var (before, tidied) = (0, 0);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            var now = Count;
            tidied = Math.Min(tidied, now);
            if (now - tidied >= Crowd && now == before)
            {
                tidied = now;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }

            before = now;
        }
    }

    private void SendAllAway()
    {
        lock (gate)
            stopping = true;
        End(static _ => true, "the service stops: reconnect");
    }

    private RegionFeed FeedOf(string region, ChainChoice? chains) => feeds.GetOrAdd((region, chains), static key => new RegionFeed(key.Region, key.Chains));

    private void End(Predicate<PortalStream> which, string why, bool forget = false)
    {
        lock (gate)
        {
            foreach (var streams in byKey.Values)
            {
                foreach (var stream in streams)
                {
                    if (which(stream))
                        stream.End(why, forget);
                }
            }
        }
    }
}

/// <summary>What the streams tell whoever listens to the meter of this service.</summary>
internal static class StreamMetrics
{
    private static readonly Meter Meter = new(ProbeMetrics.MeterName);
    private static readonly UpDownCounter<int> Open = Meter.CreateUpDownCounter<int>("altruist_manager.streams", "{stream}", "Open streams of portals");
    private static readonly Counter<long> TooSlow = Meter.CreateCounter<long>("altruist_manager.streams.dropped", "{stream}", "Streams that were ended because the portal did not read");

    public static void Opened(int change) => Open.Add(change);

    public static void Dropped() => TooSlow.Add(1);
}
