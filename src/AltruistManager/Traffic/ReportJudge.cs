using AltruistManager.Altruists;

namespace AltruistManager.Traffic;

/// <summary>What one portal saw of one altruist lately.</summary>
public readonly record struct PortalView(string Portal, AltruistId Altruist, long Relays, long Errors)
{
    public double ErrorShare => Relays == 0 ? 0 : (double)Errors / Relays;
}

/// <summary>What several portals saw together.</summary>
/// <param name="Weight">Relays, as far as they count.</param>
public readonly record struct SharedView(long Weight, double ErrorShare)
{
    /// <summary>Enough to say anything.</summary>
    public bool IsEnough => Weight >= ReportJudge.FewestRelays;
}

public enum AnomalyKind
{
    /// <summary>Many relays to an altruist fail.</summary>
    Errors,

    /// <summary>A portal sees an altruist otherwise than everybody else.</summary>
    Differs,

    /// <summary>A portal that used to report does not.</summary>
    Silent,
}

/// <param name="Altruist">Null where it is about the portal alone.</param>
/// <param name="Portal">Null where it is about the altruist alone.</param>
/// <param name="Says">In words; where it is about a portal, of what that saw alone.</param>
/// <param name="Others">What all others saw, which is not for the portal itself; null where nobody else is concerned.</param>
public sealed record Anomaly(AnomalyKind Kind, AltruistId? Altruist, string? Portal, string Says, string? Others = null)
{
    public string SaysInFull => Others is null ? Says : $"{Says}; {Others}";
}

/// <summary>
/// What portals' reports lead to: a probe out of turn, and a word to people; never an eviction, which only probes decide. However much a portal relays, and whatever it
/// says, it weighs no more than all others together, where those saw enough. Pure.
/// </summary>
public static class ReportJudge
{
    /// <summary>Fewer relays say nothing.</summary>
    public const long FewestRelays = 50;

    /// <summary>No portal weighs more than that many relays.</summary>
    public const long MostWeight = 1_000;

    /// <summary>From this share of failed relays on an altruist is probed out of turn.</summary>
    public const double HighShare = 0.2;

    /// <summary>Of so few altruists nothing follows for the portal that sees them fail.</summary>
    public const int FewestAltruists = 5;

    /// <summary>From this share of failing altruists on it is more likely the portal's own way out that fails.</summary>
    public const double NearlyAll = 0.8;

    /// <summary>Between two shares of failed relays.</summary>
    public const double MuchDifference = 0.2;

    /// <summary>A portal has a habit after that many reports.</summary>
    public const int FewestReports = 10;

    /// <summary>Nobody is called silent before.</summary>
    public static readonly TimeSpan ShortestSilence = TimeSpan.FromMinutes(10);

    /// <summary>After that it has gone.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromDays(7);

    /// <summary>What they saw of one altruist, each as far as it counts.</summary>
    public static SharedView Share(IReadOnlyCollection<PortalView> views)
    {
        var all = views.Sum(view => Math.Min(view.Relays, MostWeight));
        long weight = 0;
        var failed = 0.0;
        foreach (var view in views)
        {
            var own = Math.Min(view.Relays, MostWeight);
            // Where the others saw next to nothing there is nobody else to believe.
            own = Math.Min(own, Math.Max(all - own, FewestRelays));
            weight += own;
            failed += own * view.ErrorShare;
        }

        return new SharedView(weight, weight == 0 ? 0 : failed / weight);
    }

    /// <param name="views">Of one altruist.</param>
    public static bool WantsProbe(IReadOnlyCollection<PortalView> views) => Share(views) is { IsEnough: true, ErrorShare: >= HighShare };

    /// <summary>Whether a portal complains of nearly all that it relays to.</summary>
    /// <param name="views">All of one portal.</param>
    public static bool ComplainsOfNearlyAll(IReadOnlyCollection<PortalView> views)
    {
        var asked = views.Count(view => view.Relays > 0);
        return asked >= FewestAltruists && views.Count(view => view.Relays > 0 && view.ErrorShare >= HighShare) >= NearlyAll * asked;
    }

    /// <summary>Whom to probe out of turn, those with the most relays that count first.</summary>
    /// <param name="views">Of several altruists.</param>
    public static IReadOnlyList<(AltruistId Altruist, SharedView View)> Hints(IEnumerable<PortalView> views) =>
    [
        .. views.GroupBy(view => view.Altruist).Where(altruist => WantsProbe([.. altruist]))
            .Select(altruist => (Altruist: altruist.Key, View: Share([.. altruist]), Relays: altruist.Sum(view => view.Relays)))
            .OrderByDescending(hint => hint.View.Weight).ThenByDescending(hint => hint.Relays).ThenBy(hint => hint.Altruist).Select(hint => (hint.Altruist, hint.View)),
    ];

    /// <summary>What is odd about an altruist.</summary>
    /// <param name="views">All of one altruist.</param>
    /// <param name="probes">The share of the time in which probes found it bad; null while nothing is known.</param>
    public static IEnumerable<Anomaly> Of(AltruistId altruist, IReadOnlyCollection<PortalView> views, double? probes)
    {
        if (Share(views) is { IsEnough: true, ErrorShare: >= HighShare } shared)
            yield return new Anomaly(AnomalyKind.Errors, altruist, null, $"{Percent(shared.ErrorShare)} of relays fail{(probes is { } bad ? $"; probes found it bad {Percent(bad)} of the time" : "")}");
        foreach (var view in views.Where(view => view.Relays >= FewestRelays))
        {
            var others = Share([.. views.Where(other => other.Portal != view.Portal)]);
            if ((others.IsEnough || probes is not null) && (!others.IsEnough || Differ(view.ErrorShare, others.ErrorShare)) && (probes is not { } found || Differ(view.ErrorShare, found)))
                yield return new Anomaly(AnomalyKind.Differs, altruist, view.Portal, $"{Percent(view.ErrorShare)} of its relays fail", Compared(others, probes));
        }
    }

    /// <summary>Whether a portal is silent that used to report.</summary>
    public static Anomaly? Of(PortalSteadiness portal, DateTimeOffset now)
    {
        var silent = now - portal.LastAt;
        if (portal.Reports < FewestReports || silent > LongestSilence || silent <= ShortestSilence || silent <= 5 * (portal.LastAt - portal.FirstAt) / (portal.Reports - 1))
            return null;
        return new Anomaly(AnomalyKind.Silent, null, portal.Portal, $"has not reported since {portal.LastAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
    }

    private static bool Differ(double one, double other) => Math.Abs(one - other) >= MuchDifference;

    private static string Compared(SharedView others, double? probes) => (others.IsEnough, probes) switch
    {
        (true, { } bad) => $"{Percent(others.ErrorShare)} of the other portals' do, and probes found it bad {Percent(bad)} of the time",
        (true, null) => $"{Percent(others.ErrorShare)} of the other portals' do",
        _ => $"probes found it bad {Percent(probes ?? 0)} of the time",
    };

    private static string Percent(double share) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{100 * share:0.#} %");
}
