namespace AltruistManager.Probing;

/// <summary>How often a lane looks for due work: one trigger per lane, however many altruists there are.</summary>
internal static class ProbeTicks
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1);

    /// <summary>A turn falls up to half a tick beside its time; whoever is in use is to be asked within a second of it, on a busy machine too.</summary>
    private static readonly TimeSpan UsualOfHot = TimeSpan.FromMilliseconds(250);

    /// <param name="interval">The lane's own.</param>
    public static TimeSpan Of(TimeSpan interval) => interval < Usual ? interval : Usual;

    /// <param name="interval">That of primaries.</param>
    public static TimeSpan OfHot(TimeSpan interval) => interval < UsualOfHot ? interval : UsualOfHot;
}
