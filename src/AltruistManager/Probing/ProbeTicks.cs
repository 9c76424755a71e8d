namespace AltruistManager.Probing;

/// <summary>How often a lane looks for due work: one trigger per lane, however many altruists there are.</summary>
internal static class ProbeTicks
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1);

    /// <param name="interval">The lane's own.</param>
    public static TimeSpan Of(TimeSpan interval) => interval < Usual ? interval : Usual;
}
