using AltruistManager.Altruists;
using AltruistManager.Chains;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>The hot lane, which watches who is in use, and the retry lane, which asks the undecided until they are decided (design 5.1).</summary>
internal sealed class CloseWatch
{
    /// <summary>First standbys are asked so many times less often than primaries.</summary>
    public const int StandbyFactor = 6;

    private readonly IHotAltruists hotAltruists;
    private readonly IProbeDemand demand;
    private readonly ProbeStarter starter;
    private readonly ProbeDelivery delivery;
    private readonly ProbeWork work;
    private readonly TimeProvider time;
    private readonly ProbingOptions options;
    private readonly Lane hotLane;
    private readonly Lane retryLane;
    private readonly Agenda<AltruistId> hotAgenda;
    private readonly Agenda<AltruistId> retryAgenda;
    private readonly HotFolds folds;
    private readonly Lock foldsGate = new();

    public CloseWatch(IHotAltruists hotAltruists, IProbeDemand demand, ProbeStarter starter, ProbeDelivery delivery, ProbeWork work, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.hotAltruists = hotAltruists;
        this.demand = demand;
        this.starter = starter;
        this.delivery = delivery;
        this.work = work;
        this.time = time;
        this.options = options.Value;
        hotLane = new Lane(this.options.Concurrency, this.options.PerHost) { Name = ProbeLane.Hot };
        retryLane = new Lane(this.options.Concurrency, this.options.PerHost) { Name = ProbeLane.Retry };
        hotAgenda = new Agenda<AltruistId>(time, ProbeTicks.OfHot(this.options.HotInterval));
        retryAgenda = new Agenda<AltruistId>(time, ProbeTicks.Of(this.options.RetryInterval));
        folds = new HotFolds(this.options.Interval);
    }

    /// <summary>Starts the hot probes that are due and does not wait for them.</summary>
    public void TickHot()
    {
        var primaries = hotAltruists.Primaries.Select(id => new Wish<AltruistId>(id, options.HotInterval));
        var standbys = hotAltruists.FirstStandbys.Select(id => new Wish<AltruistId>(id, options.HotInterval * StandbyFactor));
        Start(hotAgenda.TakeDue(primaries.Concat(standbys).DistinctBy(wish => wish.Key)), hotLane, ProbeLane.Hot);

        IReadOnlyList<ProbeRow> due;
        lock (foldsGate)
            due = folds.TakeDue(time.GetUtcNow());
        if (due.Count > 0)
            _ = work.Start(() => delivery.StoreAsync(due, work.Stopping));
    }

    /// <summary>Starts the retries that are due and does not wait for them.</summary>
    public void TickRetry() =>
        Start(retryAgenda.TakeDue(demand.Retries.Distinct().Select(id => new Wish<AltruistId>(id, options.RetryInterval))), retryLane, ProbeLane.Retry);

    /// <summary>Stores what is still folded; the last thing before the end.</summary>
    public Task FlushAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ProbeRow> rest;
        lock (foldsGate)
            rest = folds.TakeAll(time.GetUtcNow());
        return delivery.StoreAsync(rest, cancellation);
    }

    /// <summary>Each network by itself and in batches as the answers come, so that nobody waits for a slower one.</summary>
    private void Start(IEnumerable<AltruistId> due, Lane lane, ProbeLane name)
    {
        foreach (var network in due.Select(starter.Find).OfType<Altruist>().GroupBy(altruist => altruist.Network))
        {
            _ = work.Start(async () =>
            {
                await foreach (var results in starter.AskEachAsync([.. network], lane, name))
                    await DeliverAsync(network.Key, results, name);
            });
        }
    }

    private async Task DeliverAsync(NetworkId network, List<ProbeResult> results, ProbeLane name)
    {
        if (name == ProbeLane.Retry)
        {
            await delivery.DeliverAsync(network, results, [.. results.Select(ProbeRow.Of)], work.Stopping);
            return;
        }

        // Which of them become rows depends on what became of the verdicts.
        var changed = await delivery.DeliverAsync(network, results, [], work.Stopping);
        var rows = Fold(results, changed);
        if (rows.Count > 0)
            await delivery.StoreAsync(rows, work.Stopping);
    }

    private List<ProbeRow> Fold(List<ProbeResult> results, IReadOnlyCollection<AltruistId> changed)
    {
        lock (foldsGate)
            return [.. results.SelectMany(result => folds.Add(result, changed.Contains(result.Altruist)))];
    }
}
