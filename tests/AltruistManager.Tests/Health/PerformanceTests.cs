using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

public sealed class PerformanceTests
{
    /// <summary>Those in use are asked thirty times as often as those that wait; the same outage must cost both the same.</summary>
    [Fact]
    public void The_same_outage_costs_the_same_however_often_one_is_asked()
    {
        var often = Performance.Unknown;
        var seldom = Performance.Unknown;
        for (var probe = 0; probe < 30; probe++)
            often = often.After(good: false, TimeSpan.FromSeconds(10), latencyMs: null);
        seldom = seldom.After(good: false, TimeSpan.FromMinutes(5), latencyMs: null);
        Assert.Equal(seldom.Success, often.Success, precision: 6);
        Assert.InRange(seldom.Success, 0.91, 0.93);
    }

    [Fact]
    public void A_rest_is_nobody_s_failure() => Assert.InRange(Performance.Unknown.After(good: false, TimeSpan.FromDays(3), latencyMs: null).Success, 0.91, 0.93);

    [Fact]
    public void The_latency_is_the_median_of_the_newest_answers()
    {
        var performance = Performance.Unknown;
        Assert.Equal((0, 0), (performance.MedianLatencyMs, performance.SuccessPerMille));
        foreach (var latency in new[] { 900.0, 10.2, 30, 2000, 20, 40 })
            performance = performance.After(good: true, TimeSpan.FromMinutes(5), latency);
        Assert.Equal((30, 1000), (performance.MedianLatencyMs, performance.SuccessPerMille));
    }
}
