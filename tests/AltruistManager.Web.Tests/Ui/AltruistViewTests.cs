using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Pages.My;

namespace AltruistManager.Web.Tests.Ui;

public sealed class AltruistViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void No_line_has_more_than_300_points() =>
        Assert.All(AltruistView.Spans, span => Assert.InRange(TimeSpan.FromHours(span.Hours) / span.Bucket, 1, 300));

    [Fact]
    public void A_line_leaves_out_what_was_not_measured_and_is_told_in_words()
    {
        var view = AltruistView.Build(
            [new ProbeBucket(Noon, 10, 0, 20, 2), new ProbeBucket(Noon.AddMinutes(5), 10, 10, null, null), new ProbeBucket(Noon.AddMinutes(10), 20, 1, 40.26, 3)],
            [new ShareBucket(Noon, 3, 2.5)]);
        Assert.Equal([20, 40.3], view.Latency.Select(point => point.Value));
        Assert.Equal([100, 0, 95], view.Answered.Select(point => point.Value));
        Assert.Equal("40.3 ms last, between 20 and 40.3 ms", view.LatencySays);
        Assert.Equal("29 of 40 probes: 72.5 %", view.AnsweredSays);
        Assert.Equal("3 picks; an equal share would be 2.5", view.PicksSay);
    }

    [Fact]
    public void All_but_all_is_not_all() =>
        Assert.EndsWith("99.99 %", AltruistView.Build([new ProbeBucket(Noon, 1_000_000, 1, 20, null)], []).AnsweredSays, StringComparison.Ordinal);
}
