namespace AltruistManager.Selection.Policies;

/// <summary>
/// Turns in proportion to the declared capacity. One that declares none counts as the smallest that is declared; none counts as less than a hundredth of the greatest.
/// </summary>
internal sealed class Weighted : ISelectionPolicy
{
    private const int LeastShare = PolicyView.FullWeight / 100;

    public string Name => "weighted";

    public string Ordering => "Turns in proportion to the declared capacity. One that declares none counts as the smallest that is declared.";

    public Measures Reads => Measures.Capacity;

    public void Weigh(in PolicyView view, Span<int> weights)
    {
        var smallest = int.MaxValue;
        var greatest = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (!view.TakesPart(i) || view.FactsOf(i).CapacityRps is not (> 0 and var capacity))
                continue;
            smallest = Math.Min(smallest, capacity);
            greatest = Math.Max(greatest, capacity);
        }

        for (var i = 0; i < weights.Length && greatest > 0; i++)
        {
            if (!view.TakesPart(i))
                continue;
            var capacity = view.FactsOf(i).CapacityRps is > 0 and var declared ? declared : smallest;
            weights[i] = Math.Max(LeastShare, (int)((long)capacity * PolicyView.FullWeight / greatest));
        }
    }

    public ulong Place(in PolicyView view, int candidate, int weight) => view.PlaceByShare(candidate, weight);

    public string WhyFirst(PolicyStanding first) => $"fewest turns ({first.TurnsText}) for its capacity in this window, from a drawn start";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) =>
        $"had {standing.TurnsText} turns in this window, the picked one {first.TurnsText}: more for its capacity, or drawn to start later";
}
