using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Health;

public sealed class VerdictTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData(-1L)]
    [InlineData(long.MaxValue)]
    public void Verdict_tells_heights_and_lags_as_they_were(long? blocks)
    {
        var verdict = Verdict.NeverProbed with { Height = blocks, LagBlocks = blocks };
        Assert.Equal((blocks, blocks), (verdict.Height, verdict.LagBlocks));
        Assert.Equal(blocks is null, verdict == Verdict.NeverProbed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0.0)]
    [InlineData(0.125)]
    [InlineData(1e9)]
    public void Verdict_tells_its_latency_as_it_was(double? latency)
    {
        var verdict = Verdict.NeverProbed with { LatencyMs = latency };
        Assert.Equal(latency, verdict.LatencyMs);
        Assert.Equal(latency is null, verdict == Verdict.NeverProbed);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(ProbeLane.Steady, 0)]
    [InlineData(ProbeLane.Hot, 638_000_000_000_000_000)]
    public void Last_silence_is_told_as_it_was(ProbeLane? lane, long ticks)
    {
        (ProbeLane Lane, DateTimeOffset Until)? silence = lane is { } of ? (of, new DateTimeOffset(ticks, TimeSpan.Zero)) : null;
        var watched = Watched.New with { LastSilence = silence };
        Assert.Equal(silence, watched.LastSilence);
        Assert.Equal(silence is null, watched == Watched.New);
    }
}
