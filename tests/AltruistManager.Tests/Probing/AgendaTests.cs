using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

public sealed class AgendaTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly SetClock clock = new();
    private readonly Agenda<string> agenda;

    public AgendaTests() => agenda = new Agenda<string>(clock, Second);

    [Fact]
    public void Newcomer_has_its_turn_at_once_and_then_every_period()
    {
        List<int> turns = [];
        for (var second = 0; second <= 30; second++)
        {
            clock.Seconds = second;
            if (agenda.TakeDue([new Wish<string>("a", 10 * Second)]).Count > 0)
                turns.Add(second);
        }

        Assert.Equal([0, 10, 20, 30], turns);
    }

    [Fact]
    public void Late_ticks_do_not_add_up()
    {
        var turns = 0;
        for (var tick = 0; tick < 100; tick++)
        {
            // Each up to 0.4 s late.
            clock.Seconds = tick + (tick % 5 * 0.1);
            turns += agenda.TakeDue([new Wish<string>("a", 3 * Second)]).Count;
        }

        Assert.Equal(34, turns);
    }

    [Fact]
    public void Tick_as_long_as_the_period_serves_every_turn()
    {
        var turns = 0;
        for (var tick = 0; tick < 100; tick++)
        {
            clock.Seconds = tick + (tick % 3 * 0.1);
            turns += agenda.TakeDue([new Wish<string>("a", Second)]).Count;
        }

        Assert.Equal(100, turns);
    }

    [Fact]
    public void Missed_turns_are_not_made_up_for()
    {
        agenda.TakeDue([new Wish<string>("a", 10 * Second)]);
        clock.Seconds = 3_600;

        Assert.Single(agenda.TakeDue([new Wish<string>("a", 10 * Second)]));
        clock.Seconds = 3_601;
        Assert.Empty(agenda.TakeDue([new Wish<string>("a", 10 * Second)]));
    }

    [Fact]
    public void Standby_that_becomes_primary_does_not_wait_for_its_old_turn()
    {
        agenda.TakeDue([new Wish<string>("a", 60 * Second)]);
        clock.Seconds = 1;
        Assert.Empty(agenda.TakeDue([new Wish<string>("a", 10 * Second)]));
        clock.Seconds = 11;

        Assert.Single(agenda.TakeDue([new Wish<string>("a", 10 * Second)]));
    }

    [Fact]
    public void First_and_second_turn_may_be_elsewhere_than_the_others()
    {
        List<int> turns = [];
        for (var second = 0; second <= 800; second++)
        {
            clock.Seconds = second;
            if (agenda.TakeDue([new Wish<string>("a", 4 * Second, 200 * Second, 300 * Second)]).Count > 0)
                turns.Add(second);
        }

        Assert.Equal([4, 204, 504], turns);
    }

    [Fact]
    public void Who_left_and_returns_is_new()
    {
        agenda.TakeDue([new Wish<string>("a", 10 * Second)]);
        agenda.TakeDue([]);

        Assert.Single(agenda.TakeDue([new Wish<string>("a", 10 * Second)]));
    }

    private sealed class SetClock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => (long)(Seconds * 1_000);
    }
}
