namespace AltruistManager.Selection.Policies;

/// <summary>
/// Turns in proportion to the declared capacity, of which no more counts than four times the median of those declared, so that nobody takes a slot by declaring much. One that
/// declares none counts as the median, and nobody as less than a tenth of the greatest, so that nobody loses it by another declaring little.
/// </summary>
internal sealed class Weighted : ISelectionPolicy
{
    private const int MostMedians = 4;
    private const int LeastShare = PolicyView.FullWeight / 10;
    private const int OnStack = 256;

    public string Name => "weighted";

    public string Ordering => "Turns in proportion to the declared capacity, counted up to four times the median of those declared. One that declares none counts as the median, and nobody as less than a tenth of the greatest.";

    public Measures Reads => Measures.Capacity;

    public void Weigh(in PolicyView view, Span<int> weights)
    {
        Span<int> declared = weights.Length <= OnStack ? stackalloc int[weights.Length] : new int[weights.Length];
        var count = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (view.IsMeasure(i) && view.FactsOf(i).CapacityRps is > 0 and var capacity)
                declared[count++] = capacity;
        }

        if (count == 0)
            return;
        declared = declared[..count];
        declared.Sort();
        var median = (long)declared[(count - 1) / 2];
        var greatest = Math.Min(declared[^1], MostMedians * median);
        for (var i = 0; i < weights.Length; i++)
        {
            if (!view.IsActing(i))
                continue;
            var capacity = view.FactsOf(i).CapacityRps is > 0 and var own ? own : median;
            weights[i] = (int)Math.Clamp(capacity * PolicyView.FullWeight / greatest, LeastShare, PolicyView.FullWeight);
        }
    }

    public ulong Place(in PolicyView view, int candidate, int weight) => view.PlaceByShare(candidate, weight);

    public string WhyFirst(PolicyStanding first) => $"fewest turns ({first.TurnsText}) for its capacity in this window, from a drawn start";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) =>
        $"had {standing.TurnsText} turns in this window, the picked one {first.TurnsText}: more for its capacity, or drawn to start later";
}
