using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Tests.Scheduling;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Tests.Probing;

public sealed class BrokenProbesTests
{
    private readonly Clock clock = new();
    private readonly ConcurrentQueue<string> log = new();

    [Fact]
    public void A_bug_of_ours_is_an_alarm_while_it_breaks_probes_and_one_line_a_minute()
    {
        var broken = new BrokenProbes(clock, new Logger<BrokenProbes>(new LoggerFactory([new ListLogger(log)])));
        Assert.Null(broken.Alarm);

        for (var number = 0; number < 50; number++)
            broken.Note(new AltruistId($"a{number % 5}"), "probe", new InvalidOperationException("bug"));
        Assert.StartsWith("probes of 5 altruists broke by a bug of ours", broken.Alarm, StringComparison.Ordinal);
        Assert.Single(log);

        clock.Advance(TimeSpan.FromMinutes(7));
        broken.Note(new AltruistId("a1"), "probe", new InvalidOperationException("bug"));
        clock.Advance(TimeSpan.FromMinutes(7));
        Assert.StartsWith("probes of 1 altruists broke", broken.Alarm, StringComparison.Ordinal);
        Assert.Equal(2, log.Count);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(broken.Alarm);
    }

    private sealed class Clock : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Advance(TimeSpan time) => now += time.Ticks;
    }
}
