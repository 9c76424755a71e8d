namespace AltruistManager.Selection.Simulation;

/// <summary>Percentiles of times in seconds; all 0 where there is none.</summary>
public readonly record struct Times(int Count, double P50, double P95, double Max)
{
    public static Times Of(List<double> seconds)
    {
        if (seconds.Count == 0)
            return default;
        var sorted = seconds.Order().ToList();
        return new Times(sorted.Count, At(0.5), At(0.95), sorted[^1]);

        double At(double part) => sorted[(int)Math.Ceiling(part * sorted.Count) - 1];
    }
}

/// <summary>What one altruist or provider got, and what was due to it.</summary>
public sealed record ShareRow(string Name, string Provider, string Class, Portion Got, Portion Due, double BadMs);

/// <summary>What a simulation found.</summary>
public sealed class SimulationReport
{
    /// <summary>Fewer sessions than this are chance; the best and the worst are looked for among those to whom more were due, where there is anybody.</summary>
    private const int EnoughSessions = 50;

    public required Scenario Scenario { get; init; }

    public required double Hours { get; init; }

    public required IReadOnlyList<ShareRow> Altruists { get; init; }

    public required Portion All { get; init; }

    public required Portion Bad { get; init; }

    /// <summary>The same without the time in which nobody was eligible.</summary>
    public required Portion BadThoughEligible { get; init; }

    public required double DegradedMs { get; init; }

    public required double FallbackMs { get; init; }

    public required double NoneMs { get; init; }

    /// <summary>In rounds, while another that was as healthy could have been picked.</summary>
    public required int LongestHold { get; init; }

    /// <summary>The same while one and the same other took part all the time.</summary>
    public required int LongestHoldOfOne { get; init; }

    /// <summary>Changes of the primaries of a slot, by rounds.</summary>
    public required int RoundChanges { get; init; }

    /// <summary>The same between rounds.</summary>
    public required int SettledChanges { get; init; }

    /// <summary>Between rounds, away from one that was really well, by no order of people.</summary>
    public required int Needless { get; init; }

    /// <summary>Between rounds, back to a nearer region or a lower tier.</summary>
    public required int Nearer { get; init; }

    /// <summary>Failures of a primary that were over before it was replaced.</summary>
    public required int NotReplaced { get; init; }

    /// <summary>Failures of a primary while nobody else was eligible.</summary>
    public required int NobodyElse { get; init; }

    /// <summary>From the failure of a primary to the changed pick.</summary>
    public required IReadOnlyDictionary<Fault, Times> Failovers { get; init; }

    public required Times AllFailovers { get; init; }

    /// <summary>From the pick of one that was bad already to the changed pick.</summary>
    public required Times PickedBad { get; init; }

    public IReadOnlyList<ShareRow> Providers =>
        [.. Altruists.GroupBy(row => row.Provider).Select(rows => new ShareRow(rows.Key, rows.Key, "", Sum(rows, row => row.Got), Sum(rows, row => row.Due), rows.Sum(row => row.BadMs)))];

    /// <summary>Those whose shares are more than chance.</summary>
    public IReadOnlyList<ShareRow> Comparable
    {
        get
        {
            var enough = Altruists.Where(row => row.Due.Sessions >= EnoughSessions).ToList();
            return enough.Count > 0 ? enough : [.. Altruists.Where(row => row.Due.Sessions > 0)];
        }
    }

    public double PickChangesPerSlotAndHour => (RoundChanges + SettledChanges) / Hours / Scenario.Slots;

    private static Portion Sum(IEnumerable<ShareRow> rows, Func<ShareRow, Portion> part) => rows.Aggregate(default(Portion), (sum, row) => sum + part(row));
}
