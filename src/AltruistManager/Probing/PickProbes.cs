using AltruistManager.Altruists;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>Probes those that are about to be picked, so that nobody is picked of whom nothing was heard for minutes (design 5.5), and those that fail for users.</summary>
public interface IPickProbes
{
    /// <summary>Asks each of them all that a sweep asks; returns when the answers are judged.</summary>
    Task AskInFullAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation);

    /// <summary>The same for those of whom users complain; neither waits for the other.</summary>
    Task AskOutOfTurnAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation);

    /// <summary>Asks each of them one cheap question and does not wait for it.</summary>
    /// <param name="heard">Called whenever some of them are judged; in the end, soon and whatever came, with true.</param>
    void Ask(IReadOnlyCollection<AltruistId> altruists, Func<bool, CancellationToken, Task> heard);
}

/// <inheritdoc cref="IPickProbes"/>
internal sealed class PickProbes : IPickProbes
{
    /// <summary>Who takes longer to answer is no good target of a failover.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>With it, what it takes to get a place and to judge.</summary>
    private static readonly TimeSpan Patience = 1.5 * Timeout;

    // Who asks here is told of verdicts, which what is asked here leads to: the circle closes with the first probe.
    private readonly Lazy<ProbeStarter> starter;
    private readonly Lazy<ProbeDelivery> delivery;
    private readonly ProbeWork work;
    private readonly TimeProvider time;
    private readonly Lane ahead;
    private readonly Lane failover;
    private readonly Lane outOfTurn;

    public PickProbes(Lazy<ProbeStarter> starter, Lazy<ProbeDelivery> delivery, ProbeWork work, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.starter = starter;
        this.delivery = delivery;
        this.work = work;
        this.time = time;
        ahead = new Lane(options.Value.Concurrency, options.Value.PerHost) { Name = ProbeLane.Ahead };
        failover = new Lane(options.Value.Concurrency, options.Value.PerHost) { Name = ProbeLane.Failover };
        outOfTurn = new Lane(options.Value.Concurrency, options.Value.PerHost) { Name = ProbeLane.Ahead };
    }

    public Task AskInFullAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) =>
        StartAsync(altruists, ahead, () => Task.CompletedTask).WaitAsync(cancellation);

    public Task AskOutOfTurnAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) =>
        StartAsync(altruists, outOfTurn, () => Task.CompletedTask).WaitAsync(cancellation);

    public void Ask(IReadOnlyCollection<AltruistId> altruists, Func<bool, CancellationToken, Task> heard) => _ = work.Start(async () =>
    {
        try
        {
            await StartAsync(altruists, failover, () => heard(false, work.Stopping)).WaitAsync(Patience, time, work.Stopping);
        }
        catch (TimeoutException)
        {
            // Whoever waits goes on with what is known.
        }

        await heard(true, work.Stopping);
    });

    /// <summary>Each network by itself and in batches as the answers come, so that nobody waits for a slower one.</summary>
    private Task StartAsync(IEnumerable<AltruistId> altruists, Lane lane, Func<Task> judged) => Task.WhenAll(
        altruists.Select(starter.Value.Find).OfType<Altruist>().GroupBy(altruist => altruist.Network).Select(network => work.Start(async () =>
        {
            await foreach (var results in starter.Value.AskEachAsync([.. network], lane, lane.Name))
            {
                await delivery.Value.DeliverAsync(network.Key, results, [.. results.Select(ProbeRow.Of)], work.Stopping);
                await judged();
            }
        })).ToList());
}
