using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Client.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Every_wait_is_within_its_bounds_and_can_be_three_times_the_one_before() => Prop.ForAll(
        Gen.ArrayOf(Gen.Choose(0, 999_999).Select(ppm => ppm / 1e6), 40).ToArbitrary(),
        chances =>
        {
            var wait = TimeSpan.Zero;
            foreach (var chance in chances)
            {
                var before = wait;
                wait = Backoff.Next(wait, chance);
                if (wait < Backoff.Shortest || wait > Backoff.Longest || wait > 3 * (before > Backoff.Shortest ? before : Backoff.Shortest))
                    return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Manager_that_stays_away_is_asked_every_half_minute_at_most_and_soon_again_after_it_was_there()
    {
        var wait = TimeSpan.Zero;
        for (var i = 0; i < 10; i++)
            wait = Backoff.Next(wait, 0.999);
        Assert.Equal(Backoff.Longest, wait);
        Assert.InRange(Backoff.Next(TimeSpan.Zero, 0.999), Backoff.Shortest, 3 * Backoff.Shortest);
    }

    [Fact]
    public void Thousand_portals_that_lost_a_manager_together_do_not_come_back_together()
    {
        var random = new Random(1);
        var returns = Enumerable.Range(0, 1000).Select(_ =>
        {
            var (at, wait) = (TimeSpan.Zero, TimeSpan.Zero);
            for (var i = 0; i < 6; i++)
                at += wait = Backoff.Next(wait, random.NextDouble());
            return (int)at.TotalSeconds;
        }).ToList();
        Assert.True(returns.GroupBy(second => second).Max(group => group.Count()) < 150, "too many came back in one second");
    }
}
