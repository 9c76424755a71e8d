using AltruistManager.Altruists;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>The trial lane: probes changed endpoints beside those in service, which go on as if nothing were (design 5.7).</summary>
internal sealed class TrialWatch
{
    private readonly ITrials trials;
    private readonly ProbeStarter starter;
    private readonly ProbeDelivery delivery;
    private readonly ProbeWork work;
    private readonly ProbingOptions options;
    private readonly Lane lane;
    private readonly Agenda<AltruistId> agenda;

    public TrialWatch(ITrials trials, ProbeStarter starter, ProbeDelivery delivery, ProbeWork work, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.trials = trials;
        this.starter = starter;
        this.delivery = delivery;
        this.work = work;
        this.options = options.Value;
        lane = new Lane(this.options.Concurrency, this.options.PerHost) { Name = ProbeLane.Trial };
        agenda = new Agenda<AltruistId>(time, ProbeTicks.Of(this.options.RetryInterval));
    }

    /// <summary>Starts the trial probes that are due and does not wait for them.</summary>
    public void Tick()
    {
        var due = agenda.TakeDue(trials.Wishes.Select(wish => new Wish<AltruistId>(wish.Altruist, wish.Often ? options.RetryInterval : options.Interval)));
        foreach (var altruist in due.Select(starter.Find).OfType<Altruist>())
        {
            _ = work.Start(async () =>
            {
                if (await starter.StartAsync(altruist, lane, ProbeLane.Trial) is not { } result)
                    return;
                await delivery.StoreAsync([ProbeRow.Of(result)], work.Stopping);
                await trials.ObserveAsync(result, work.Stopping);
            });
        }
    }
}
