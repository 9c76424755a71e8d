using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

public sealed class HotFoldsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly HotFolds folds = new(TimeSpan.FromMinutes(5));

    [Fact]
    public void Uneventful_probes_become_one_row_per_interval()
    {
        Assert.Single(folds.Add(Ok(0, 99)));
        for (var second = 10; second <= 300; second += 10)
            Assert.Empty(folds.Add(Ok(second, second)));

        Assert.Empty(folds.TakeDue(Noon.AddSeconds(309)));
        var row = Assert.Single(folds.TakeDue(Noon.AddSeconds(310)));

        Assert.Equal((30, 0, 10, 160, 300), (row.Probes, row.Failures, row.LatencyMinMs, row.Last.LatencyMs, row.LatencyMaxMs));
        Assert.Equal(Noon.AddSeconds(300), row.Last.At);
        Assert.Empty(folds.TakeDue(Noon.AddSeconds(311)));
    }

    [Fact]
    public void Changed_outcome_is_a_row_of_its_own_behind_what_was_folded()
    {
        folds.Add(Ok(0, 5));
        folds.Add(Ok(10, 6));

        var rows = folds.Add(Failed(20));

        Assert.Equal([ProbeOutcome.Ok, ProbeOutcome.Timeout], rows.Select(row => row.Last.Outcome));
        Assert.Equal([1, 1], rows.Select(row => row.Probes));
        Assert.Empty(folds.Add(Failed(30)));
        Assert.Equal(1, Assert.Single(folds.TakeAll(Noon)).Probes);
        Assert.Empty(folds.TakeAll(Noon));
    }

    [Fact]
    public void Failures_are_counted_and_have_no_latency()
    {
        folds.Add(Failed(0));
        folds.Add(Failed(10));
        folds.Add(Failed(20));

        var row = Assert.Single(folds.TakeAll(Noon));

        Assert.Equal((2, 2, null, null), (row.Probes, row.Failures, row.Last.LatencyMs, row.LatencyMaxMs));
    }

    [Fact]
    public void Altruist_that_is_not_hot_any_more_is_forgotten()
    {
        folds.Add(Ok(0, 5));
        folds.Add(Ok(10, 5));
        Assert.Single(folds.TakeDue(Noon.AddMinutes(6)));
        folds.TakeDue(Noon.AddMinutes(12));

        // Were it remembered, this would be folded.
        Assert.Single(folds.Add(Ok(800, 5)));
    }

    private static ProbeResult Ok(int second, double latency) =>
        new() { Altruist = new AltruistId("a"), Lane = ProbeLane.Hot, At = Noon.AddSeconds(second), Outcome = ProbeOutcome.Ok, LatencyMs = latency, Height = second };

    private static ProbeResult Failed(int second) =>
        new() { Altruist = new AltruistId("a"), Lane = ProbeLane.Hot, At = Noon.AddSeconds(second), Outcome = ProbeOutcome.Timeout };
}
