using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;

namespace AltruistManager.Tests.Probing;

/// <summary>What the meter of the service tells. Others may be measured at the same time: each test looks for names of its own.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentQueue<(string Name, double Value, string Tags)> told = new();

    public MetricsTests()
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == "AltruistManager")
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public void A_probe_is_counted_by_outcome_lane_and_protocol_with_its_duration()
    {
        var before = Stopwatch.GetTimestamp();
        var began = ProbeMetrics.Began(ProbeLane.Trial);
        ProbeMetrics.Ended(began, ProbeLane.Trial, new NetworkId("metered", "1"), ProbeOutcome.TlsInvalid);
        var took = Stopwatch.GetElapsedTime(before);
        Assert.Equal((1, "lane=trial outcome=tls-invalid protocol=metered"), Assert.Single(Of("altruist_manager.probes", "metered")));
        var duration = Assert.Single(Of("altruist_manager.probe.duration", "metered"));
        Assert.Equal("lane=trial protocol=metered", duration.Tags);
        Assert.InRange(duration.Value, 0, took.TotalSeconds);
    }

    [Fact]
    public void A_probe_that_a_fault_of_ours_broke_is_counted_as_broken()
    {
        ProbeMetrics.Broke(ProbeLane.Ahead, new NetworkId("mended", "1"));
        Assert.Equal((1, "lane=ahead outcome=broken protocol=mended"), Assert.Single(Of("altruist_manager.probes", "mended")));
    }

    [Fact]
    public void A_probe_that_was_given_up_has_no_outcome()
    {
        ProbeMetrics.Ended(ProbeMetrics.Began(ProbeLane.Check), ProbeLane.Check, new NetworkId("broken", "1"), outcome: null);
        Assert.Empty(Of("altruist_manager.probes", "protocol=broken"));
    }

    [Fact]
    public async Task Who_waits_for_a_place_is_due_and_told_how_long_it_waited()
    {
        var lane = new Lane(concurrency: 1, perHost: 4) { Name = ProbeLane.Test };
        var ends = new TaskCompletionSource<ProbeResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = lane.RunAsync(ProbeBench.Altruist("https://one.example", id: "one"), () => ends.Task, TestContext.Current.CancellationToken);
        var second = lane.RunAsync(ProbeBench.Altruist("https://two.example", id: "two"), () => Task.FromResult<ProbeResult?>(null), TestContext.Current.CancellationToken);
        Assert.Equal(1, Gauge("altruist_manager.probes.due", "lane=test"));
        ends.SetResult(null);
        await Task.WhenAll(first, second);
        Assert.Equal(0, Gauge("altruist_manager.probes.due", "lane=test"));
        var waits = Of("altruist_manager.probe.lateness", "lane=test");
        Assert.Equal(2, waits.Count);
        Assert.Equal(0, waits[0].Value);
        Assert.True(waits[1].Value > 0);
    }

    [Fact]
    public void Verdicts_freezes_picks_and_checks_are_told()
    {
        HealthMetrics.Changed(VerdictState.WrongChain, VerdictState.Suspended);
        Assert.Equal((1, "from=wrong-chain to=suspended"), Assert.Single(Of("altruist_manager.verdict.changes", "from=wrong-chain to=suspended")));
        SelectionMetrics.Picked(Trigger.Startup, 1234);
        Assert.Contains((1234, "trigger=startup"), Of("altruist_manager.picks", "startup"));
        ProbeMetrics.CheckEnded("metered-check", AltruistManager.Probing.Checks.CheckState.Passed);
        Assert.Equal((1, "check=metered-check state=passed"), Assert.Single(Of("altruist_manager.checks", "metered-check")));
        // Other tests may thaw meanwhile.
        Assert.Contains(1, Enumerable.Range(0, 50).Select(_ =>
        {
            HealthMetrics.Show(EgressSide.Private, isFrozen: true);
            return Gauge("altruist_manager.frozen", "side=private");
        }));
        HealthMetrics.Show(EgressSide.Private, isFrozen: false);
    }

    [Fact]
    public void Probes_under_way_are_told_by_lane()
    {
        var began = ProbeMetrics.Began(ProbeLane.Trial);
        Assert.True(Gauge("altruist_manager.probes.in_flight", "lane=trial") >= 1);
        ProbeMetrics.Ended(began, ProbeLane.Trial, new NetworkId("metered", "2"), outcome: null);
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        told.Enqueue((instrument.Name, value, string.Join(' ', tags.ToArray().OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}"))));

    private List<(double Value, string Tags)> Of(string name, string tag) =>
        [.. told.Where(one => one.Name == name && one.Tags.Contains(tag, StringComparison.Ordinal)).Select(one => (one.Value, one.Tags))];

    private double Gauge(string name, string tags)
    {
        listener.RecordObservableInstruments();
        return told.Last(one => one.Name == name && one.Tags == tags).Value;
    }
}
