using System.Globalization;

namespace AltruistManager.Selection.Policies;

/// <summary>
/// Turns in proportion to quality: the third power of the share of probes that succeeded, so that one that fails a tenth of them gets about a quarter less, times the best
/// median latency divided by its own, but not less than a quarter and not counting below 50 ms. One that was not measured yet counts as a quarter.
/// </summary>
internal sealed class Quality : ISelectionPolicy
{
    private const int AlwaysGoodMs = 50;
    private const int LeastPercentByLatency = 25;
    private const int NotMeasured = PolicyView.FullWeight / 4;

    public string Name => "quality";

    public string Ordering => "Turns in proportion to quality: the third power of the share of good probes, and the best median latency divided by its own (at least a quarter). Both are what the prober measures, from where it stands.";

    public Measures Reads => Measures.Performance;

    public void Weigh(in PolicyView view, Span<int> weights)
    {
        var best = int.MaxValue;
        for (var i = 0; i < weights.Length; i++)
        {
            if (view.IsMeasure(i) && view.FactsOf(i).LatencyMs is > 0 and var latency)
                best = Math.Min(best, latency);
        }

        best = Math.Max(best, AlwaysGoodMs);
        for (var i = 0; i < weights.Length; i++)
        {
            if (!view.IsActing(i))
                continue;
            ref readonly var facts = ref view.FactsOf(i);
            if (facts.LatencyMs <= 0)
            {
                weights[i] = NotMeasured;
                continue;
            }

            var success = (long)facts.SuccessPerMille;
            var byLatency = Math.Clamp(100L * best / facts.LatencyMs, LeastPercentByLatency, 100);
            weights[i] = (int)Math.Max(1, success * success * success / 1_000_000 * byLatency / 100);
        }
    }

    public ulong Place(in PolicyView view, int candidate, int weight) => view.PlaceByShare(candidate, weight);

    public string WhyFirst(PolicyStanding first) =>
        $"fewest turns ({first.TurnsText}) for its quality ({Measured(first.Facts)}) in this window, from a drawn start";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) =>
        $"had {standing.TurnsText} turns in this window, the picked one {first.TurnsText}: more for its quality ({Measured(standing.Facts)}), or drawn to start later";

    private static string Measured(AltruistFacts facts) =>
        facts.LatencyMs == 0 ? "not measured yet" : $"{(facts.SuccessPerMille / 10m).ToString("0.#", CultureInfo.InvariantCulture)} % good, {facts.LatencyMs} ms";
}
