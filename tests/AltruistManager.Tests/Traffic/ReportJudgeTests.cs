using AltruistManager.Altruists;
using AltruistManager.Traffic;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Traffic;

/// <summary>What portals' reports lead to, and that no portal can lead there alone what others see otherwise.</summary>
public sealed class ReportJudgeTests
{
    private static readonly AltruistId Altruist = new("a1");
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2_000);

    private static readonly Gen<PortalView> View =
        from magnitude in Gen.Choose(0, 7)
        from relays in Gen.Choose(0, (int)Math.Pow(10, magnitude))
        from errors in Gen.Choose(0, relays)
        select new PortalView("", Altruist, relays, errors);

    private static readonly Gen<PortalView[]> Views =
        from number in Gen.Choose(1, 8)
        from views in View.ArrayOf(number)
        select views.Select((view, index) => view with { Portal = $"p{index}" }).ToArray();

    [Fact]
    public void No_portal_weighs_more_than_all_others_together_where_those_saw_enough() => Prop.ForAll(Views.ToArbitrary(), views =>
    {
        var others = views.Skip(1).ToList();
        if (others.Sum(view => view.Relays) < ReportJudge.FewestRelays)
            return true;
        // Whatever it says of its relays, it moves what is seen by half of the way at most.
        var allBad = ReportJudge.Share([views[0] with { Errors = views[0].Relays }, .. others]).ErrorShare;
        var allGood = ReportJudge.Share([views[0] with { Errors = 0 }, .. others]).ErrorShare;
        return allBad <= 1 && allGood >= 0 && allBad >= allGood && allBad - allGood <= 0.5 + 1e-9;
    }).Check(Many);

    [Fact]
    public void What_all_see_as_good_is_never_probed_and_what_all_see_as_bad_is() => Prop.ForAll(Views.ToArbitrary(), views =>
        !ReportJudge.WantsProbe([.. views.Select(view => view with { Errors = view.Relays / 10 })])
        && ReportJudge.WantsProbe([.. views.Select(view => view with { Errors = view.Relays })]) == views.Sum(view => view.Relays) >= ReportJudge.FewestRelays).Check(Many);

    [Fact]
    public void Order_of_portals_and_relays_beyond_the_cap_mean_nothing() => Prop.ForAll(Views.ToArbitrary(), views =>
    {
        var share = ReportJudge.Share(views).ErrorShare;
        PortalView[] busier = [.. views.Select(view => view.Relays < ReportJudge.MostWeight ? view : view with { Relays = 7 * view.Relays, Errors = 7 * view.Errors })];
        return Math.Abs(share - ReportJudge.Share([.. views.Reverse()]).ErrorShare) < 1e-9 && Math.Abs(share - ReportJudge.Share(busier).ErrorShare) < 1e-9;
    }).Check(Many);

    [Fact]
    public void Few_relays_are_no_complaint()
    {
        Assert.False(ReportJudge.WantsProbe([Seen("one", 49, 49)]));
        Assert.True(ReportJudge.WantsProbe([Seen("one", 50, 10)]));
        Assert.False(ReportJudge.WantsProbe([Seen("one", 50, 9)]));
        // A portal that saw next to nothing keeps nobody else from complaining.
        Assert.True(ReportJudge.WantsProbe([Seen("one", 1_000, 900), Seen("two", 1, 0)]));
    }

    [Fact]
    public void Portal_that_sees_an_altruist_otherwise_than_all_others_and_the_probes_is_flagged()
    {
        PortalView[] views = [Seen("odd", 500, 300), Seen("one", 400, 4), Seen("two", 100, 1)];
        var flagged = Assert.Single(ReportJudge.Of(Altruist, views, probes: 0.01), anomaly => anomaly.Kind == AnomalyKind.Differs);
        Assert.Equal(("odd", "60 % of its relays fail; 1 % of the other portals' do, and probes found it bad 1 % of the time"), (flagged.Portal, flagged.SaysInFull));
        // The probes see what it sees: it is not the odd one.
        Assert.DoesNotContain(ReportJudge.Of(Altruist, views, probes: 0.6), anomaly => anomaly.Portal == "odd");
        // Alone it is measured by the probes; with neither by nobody.
        Assert.Contains(ReportJudge.Of(Altruist, [views[0]], probes: 0), anomaly => anomaly.Portal == "odd");
        Assert.DoesNotContain(ReportJudge.Of(Altruist, [views[0]], probes: null), anomaly => anomaly.Portal == "odd");
    }

    [Fact]
    public void Altruist_that_fails_for_users_is_flagged_with_what_probes_see()
    {
        var flagged = Assert.Single(ReportJudge.Of(Altruist, [Seen("one", 400, 200), Seen("two", 400, 200)], probes: null));
        Assert.Equal((AnomalyKind.Errors, Altruist, null, "50 % of relays fail"), (flagged.Kind, flagged.Altruist, flagged.Portal, flagged.Says));
        Assert.Empty(ReportJudge.Of(Altruist, [Seen("one", 400, 40)], probes: null));
    }

    [Theory]
    [InlineData(5, 4, true)]
    [InlineData(5, 3, false)]
    // Of so few it may well be them.
    [InlineData(4, 4, false)]
    [InlineData(100, 80, true)]
    [InlineData(100, 79, false)]
    public void Portal_for_which_nearly_all_fail_is_known(int altruists, int failing, bool nearlyAll) => Assert.Equal(
        nearlyAll,
        ReportJudge.ComplainsOfNearlyAll([.. Enumerable.Range(0, altruists).Select(number => Seen("one", 10, number < failing ? 2 : 1)), Seen("one", 0, 0)]));

    [Theory]
    [InlineData(100, 60, 11, true)]
    [InlineData(100, 60, 10, false)]
    [InlineData(9, 60, 60, false)]
    [InlineData(100, 60, 10 * 24 * 60, false)]
    // Who reports every half hour is not silent after an hour.
    [InlineData(100, 99 * 30, 60, false)]
    [InlineData(100, 99 * 30, 151, true)]
    public void Portal_is_silent_that_misses_several_of_its_reports(long reports, int withinMinutes, int silentMinutes, bool flagged)
    {
        var last = Now.AddMinutes(-silentMinutes);
        var anomaly = ReportJudge.Of(new PortalSteadiness("p", reports, last.AddMinutes(-withinMinutes), last), Now);
        Assert.Equal(flagged, anomaly is { Kind: AnomalyKind.Silent, Portal: "p" });
    }

    private static PortalView Seen(string portal, long relays, long errors) => new(portal, Altruist, relays, errors);
}
