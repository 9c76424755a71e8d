using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>The steady lane: sweeps, in which all altruists of a network are asked within the same second or two (design 5.1).</summary>
public sealed partial class Sweeper
{
    /// <summary>However long the interval is, nobody waits longer for the first sweep after the start, unless there are more than can be asked that fast.</summary>
    private static readonly TimeSpan FirstWithin = TimeSpan.FromSeconds(10);

    private readonly RosterCache rosters;
    private readonly ProbeStarter starter;
    private readonly ProbeDelivery delivery;
    private readonly IProbeDemand demand;
    private readonly ProbeWork work;
    private readonly TimeProvider time;
    private readonly ILogger<Sweeper> logger;
    private readonly TimeSpan interval;
    private readonly int concurrency;
    private readonly Lane lane;
    private readonly Agenda<NetworkId> agenda;
    private readonly ConcurrentDictionary<Task, byte> underWay = new();

    internal Sweeper(RosterCache rosters, ProbeStarter starter, ProbeDelivery delivery, IProbeDemand demand, ProbeWork work, IOptions<ProbingOptions> options, TimeProvider time, ILogger<Sweeper> logger)
    {
        this.rosters = rosters;
        this.starter = starter;
        this.delivery = delivery;
        this.demand = demand;
        this.work = work;
        this.time = time;
        this.logger = logger;
        interval = options.Value.Interval;
        concurrency = options.Value.Concurrency;
        lane = new Lane(options.Value.Concurrency, options.Value.PerHost) { Name = ProbeLane.Steady };
        agenda = new Agenda<NetworkId>(time, ProbeTicks.Of(interval));
    }

    /// <summary>Sweeps every network now; returns when all results are stored and judged, those of sweeps under way included.</summary>
    public Task SweepAllAsync(CancellationToken cancellation)
    {
        // The places are taken by sweeps that began before: their results belong to the answer.
        var before = underWay.Keys.ToList();
        var now = Networks().Select(Start).ToList();
        return Task.WhenAll([.. before, .. now]).WaitAsync(cancellation);
    }

    /// <summary>Starts the sweeps that are due or wanted and does not wait for them.</summary>
    internal void Tick()
    {
        var networks = Networks().ToList();
        var due = agenda.TakeDue(networks.Select(Spread)).ToHashSet();
        due.UnionWith(demand.TakeSweepsWanted().Intersect(networks));
        foreach (var network in due)
            _ = Start(network);
    }

    private IEnumerable<NetworkId> Networks() => rosters.Current.LiveByNetwork.Where(group => group.Value.Any(starter.MayProbe)).Select(group => group.Key);

    /// <summary>Soon after the start, and then at a network's own place in the interval: networks are spread, never the altruists of one.</summary>
    private Wish<NetworkId> Spread(NetworkId network)
    {
        var place = PlaceOf(network);
        var first = place * FirstsTake(rosters.Current.Live.Count, concurrency, interval);
        return new Wish<NetworkId>(network, first, (interval / 2) + (place * interval) - first, interval);
    }

    /// <summary>
    /// At most half as many altruists a second as there are places, as far as half an interval is enough for that: all at once they would only wait for each other,
    /// with their answers in memory, and delay who is in use.
    /// </summary>
    internal static TimeSpan FirstsTake(int altruists, int concurrency, TimeSpan interval)
    {
        var atThatPace = TimeSpan.FromSeconds(2.0 * altruists / concurrency);
        var most = interval / 2 < FirstWithin ? FirstWithin : interval / 2;
        var within = atThatPace < FirstWithin ? FirstWithin : atThatPace < most ? atThatPace : most;
        return interval < within ? interval : within;
    }

    /// <summary>Where in the interval, from 0 to 1.</summary>
    internal static double PlaceOf(NetworkId network) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(network.Value))) / (double)uint.MaxValue;

    private Task Start(NetworkId network)
    {
        var sweep = work.Start(() => SweepAsync(network));
        underWay.TryAdd(sweep, 0);
        _ = sweep.ContinueWith(done => underWay.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return sweep;
    }

    private async Task SweepAsync(NetworkId network)
    {
        if (!rosters.Current.LiveByNetwork.TryGetValue(network, out var altruists))
            return;
        var beganAt = time.GetTimestamp();
        var results = await starter.AskAllAsync([.. altruists.Where(starter.MayProbe)], lane, ProbeLane.Steady);
        if (results.Count == 0)
            return;
        await delivery.DeliverAsync(network, results, [.. results.Select(ProbeRow.Of)], work.Stopping);
        LogSwept(network, results.Count, results.Count(result => result.Outcome != ProbeOutcome.Ok), time.GetElapsedTime(beganAt).TotalMilliseconds);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Swept {Network}: {Count} altruists, {Failed} failed, {Milliseconds:0} ms")]
    private partial void LogSwept(NetworkId network, int count, int failed, double milliseconds);
}
