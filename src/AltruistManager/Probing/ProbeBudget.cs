using AltruistManager.Altruists;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>Calls a day of one kind.</summary>
/// <param name="Kind">sweeps, hot, retries, trial, checks, tests, ahead (before rounds), failovers.</param>
/// <param name="Probes">How many probes or runs of checks were made.</param>
/// <param name="Calls">How many calls they made.</param>
/// <param name="Expected">What the configuration makes of a day of an altruist that is well; 0 for what only happens when it is needed.</param>
public sealed record BudgetLine(string Kind, long Probes, long Calls, long Expected);

/// <summary>What probing costs an altruist's node, for its owner.</summary>
public sealed class ProbeBudget
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly ProbeStore store;
    private readonly CheckList checks;
    private readonly ProbeStarter starter;
    private readonly IHotAltruists hot;
    private readonly ProbingOptions options;
    private readonly TimeProvider time;

    internal ProbeBudget(ProbeStore store, CheckList checks, ProbeStarter starter, IHotAltruists hot, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.store = store;
        this.checks = checks;
        this.starter = starter;
        this.hot = hot;
        this.options = options.Value;
        this.time = time;
    }

    /// <summary>Over the last 24 hours, as stored; hot probes of the interval under way are still folded and not among them.</summary>
    public async Task<IReadOnlyList<BudgetLine>> OfAsync(Altruist altruist, CancellationToken cancellation)
    {
        var measured = await store.CallsSinceAsync(altruist.Id, time.GetUtcNow() - Day, cancellation);
        var subject = starter.MayProbe(altruist) ? starter.SubjectOf(altruist.InService) : null;
        var closely = hot.Primaries.Contains(altruist.Id) ? options.HotInterval : hot.FirstStandbys.Contains(altruist.Id) ? options.HotInterval * CloseWatch.StandbyFactor : (TimeSpan?)null;
        return
        [
            Line("sweeps", ProbeLane.Steady, subject is { } swept ? Times(options.Interval) * checks.OfSweeps.Sum(check => (double)check.CallsOf(swept) / (check.Pace.EverySweeps ?? 1)) : 0),
            Line("hot", ProbeLane.Hot, subject is { } watched && closely is { } interval ? Times(interval) * watched.Protocol.Facts.Calls.Head : 0),
            Line("retries", ProbeLane.Retry, 0),
            Line("trial", ProbeLane.Trial, 0),
            Line("checks", ProbeLane.Check, subject is { } checkedOne ? checks.Own.Where(check => check.Concerns(checkedOne)).Sum(check => Times(check.Pace.Interval!.Value) * (check.Foregone(checkedOne) is null ? check.CallsOf(checkedOne) : 0)) : 0),
            Line("tests", ProbeLane.Test, 0),
            Line("ahead", ProbeLane.Ahead, 0),
            Line("failovers", ProbeLane.Failover, 0),
        ];

        BudgetLine Line(string kind, ProbeLane lane, double expected)
        {
            var (probes, calls) = measured.GetValueOrDefault(lane);
            return new BudgetLine(kind, probes, calls, (long)Math.Round(expected));
        }
    }

    private static double Times(TimeSpan interval) => Day / interval;
}
