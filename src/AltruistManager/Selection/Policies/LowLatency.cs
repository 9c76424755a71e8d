namespace AltruistManager.Selection.Policies;

/// <summary>
/// Fewest turns among those whose median latency is within a factor of the best one's (<c>Selection:LatencyFactorPercent</c>), and at least among those below 50 ms. The others,
/// and those whose latency is not known, go after them.
/// </summary>
internal sealed class LowLatency : ISelectionPolicy
{
    /// <summary>Below this nobody is told apart: it is noise of the prober's own.</summary>
    private const int AlwaysGoodMs = 50;

    public string Name => "latency";

    public string Ordering => "The fewest turns among those with a median latency of at most a factor of the best one's, or 50 ms; the others go after them. Latency is what the prober measures, from where it stands.";

    public Measures Reads => Measures.Performance;

    public void Weigh(in PolicyView view, Span<int> weights)
    {
        var best = int.MaxValue;
        for (var i = 0; i < weights.Length; i++)
        {
            if (view.IsMeasure(i) && view.FactsOf(i).LatencyMs is > 0 and var latency)
                best = Math.Min(best, latency);
        }

        if (best == int.MaxValue)
            return;
        var limit = Math.Max(AlwaysGoodMs, (long)best * view.Rules.LatencyFactorPercent / 100);
        for (var i = 0; i < weights.Length; i++)
        {
            if (view.IsActing(i) && !(view.FactsOf(i).LatencyMs is > 0 and var latency && latency <= limit))
                weights[i] = 0;
        }
    }

    public string WhyFirst(PolicyStanding first) =>
        $"fewest turns ({first.TurnsText}) in this window among those with a low latency ({first.Facts.LatencyMs} ms), first in the drawn order among equals";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) =>
        !standing.HasWeight && standing.Facts.LatencyMs == 0 ? "its latency is not known yet, and those with a low one go first"
        : !standing.HasWeight ? $"its latency is {standing.Facts.LatencyMs} ms, and those with a low one go first"
        : standing.Turns > first.Turns ? $"had {standing.TurnsText} turns in this window, the picked one {first.TurnsText}"
        : $"as few turns ({standing.TurnsText}) as the picked one, later in the drawn order";
}
