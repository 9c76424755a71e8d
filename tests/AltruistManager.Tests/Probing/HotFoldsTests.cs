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
        Assert.Single(Add(Ok(0, 99)));
        for (var second = 10; second <= 300; second += 10)
            Assert.Empty(Add(Ok(second, second)));

        Assert.Empty(folds.TakeDue(Noon.AddSeconds(309)));
        var row = Assert.Single(folds.TakeDue(Noon.AddSeconds(310)));

        Assert.Equal((30, 0, 10, 160, 300), (row.Probes, row.Failures, row.LatencyMinMs, row.Last.LatencyMs, row.LatencyMaxMs));
        Assert.Equal(Noon.AddSeconds(300), row.Last.At);
        Assert.Empty(folds.TakeDue(Noon.AddSeconds(311)));
    }

    [Fact]
    public void Changed_outcome_is_a_row_of_its_own_behind_what_was_folded()
    {
        Add(Ok(0, 5));
        Add(Ok(10, 6));

        var rows = Add(Failed(20));

        Assert.Equal([ProbeOutcome.Ok, ProbeOutcome.Timeout], rows.Select(row => row.Last.Outcome));
        Assert.Equal([1, 1], rows.Select(row => row.Probes));
        Assert.Empty(Add(Failed(30)));
        Assert.Equal(1, Assert.Single(folds.TakeAll(Noon)).Probes);
        Assert.Empty(folds.TakeAll(Noon));
    }

    [Fact]
    public void Failures_are_counted_and_have_no_latency()
    {
        Add(Failed(0));
        Add(Failed(10));
        Add(Failed(20));

        var row = Assert.Single(folds.TakeAll(Noon));

        Assert.Equal((2, 2, null, null), (row.Probes, row.Failures, row.Last.LatencyMs, row.LatencyMaxMs));
    }

    [Fact]
    public void Altruist_that_is_not_hot_any_more_is_forgotten()
    {
        Add(Ok(0, 5));
        Add(Ok(10, 5));
        Assert.Single(folds.TakeDue(Noon.AddMinutes(6)));
        folds.TakeDue(Noon.AddMinutes(12));

        // Were it remembered, this would be folded.
        Assert.Single(Add(Ok(800, 5)));
    }

    [Fact]
    public void Probe_that_changed_the_verdict_is_a_row_although_its_outcome_is_the_same()
    {
        Add(Ok(0, 5));
        Add(Ok(10, 6));

        var rows = folds.Add(Ok(20, 7), changedVerdict: true);

        Assert.Equal([(10L, 1), (20L, 1)], rows.Select(row => (row.Last.Height!.Value, row.Probes)));
        Assert.Empty(Add(Ok(30, 7)));
    }

    [Fact]
    public void Calls_of_folded_probes_add_up()
    {
        Add(Ok(0, 5));
        for (var second = 10; second < 60; second += 10)
            Add(Ok(second, 5) with { Exchanges = [new Exchange("head", "1", 5, null), new Exchange("more", "1", 5, null)] });

        Assert.Equal(10, Assert.Single(folds.TakeAll(Noon)).Calls);
    }

    private IReadOnlyList<ProbeRow> Add(ProbeResult result) => folds.Add(result, changedVerdict: false);

    private static ProbeResult Ok(int second, double latency) =>
        new() { Altruist = new AltruistId("a"), Lane = ProbeLane.Hot, At = Noon.AddSeconds(second), Outcome = ProbeOutcome.Ok, LatencyMs = latency, Height = second };

    private static ProbeResult Failed(int second) =>
        new() { Altruist = new AltruistId("a"), Lane = ProbeLane.Hot, At = Noon.AddSeconds(second), Outcome = ProbeOutcome.Timeout };
}
