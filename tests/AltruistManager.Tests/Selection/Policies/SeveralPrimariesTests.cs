using AltruistManager.Selection;

namespace AltruistManager.Tests.Selection.Policies;

/// <summary>Several altruists in use at once (design 5.5): replaced one at a time, so that portals never move all of their traffic.</summary>
public sealed class SeveralPrimariesTests
{
    [Theory]
    [InlineData(2, 5)]
    [InlineData(3, 7)]
    [InlineData(8, 9)]
    [InlineData(3, 3)]
    [InlineData(4, 2)]
    public void A_round_replaces_one_and_turns_stay_even(int primaries, int altruists)
    {
        var rotation = new Rotation("least-used", primaries, [.. Enumerable.Range(0, altruists)]);
        var before = rotation.Next();
        var inUse = Math.Min(primaries, altruists);
        Assert.Equal(inUse, before.Length);
        for (var window = 0; window < 50; window++)
        {
            for (var round = 0; round < Rotation.Rounds; round++)
            {
                var now = rotation.Next();
                Assert.Equal(inUse, now.Length);
                Assert.True(now.Except(before).Count() <= 1, "more than one was replaced");
                // The newest is the primary; the others keep their order behind it.
                Assert.Equal(before[..(inUse - 1)], now[1..]);
                Assert.Equal(100, rotation.Outcome.Picks.Sum(pick => pick.Weight));
                Assert.All(rotation.Outcome.Picks.Take(inUse), pick => Assert.InRange(pick.Weight, 100 / inUse, 100 / inUse + 1));
                before = now;
            }

            var turns = rotation.Question.Candidates.Select(candidate => candidate.Turns).ToList();
            Assert.True(turns.Max() - turns.Min() <= SlotQuestion.WholeTurn, string.Join(' ', turns));
            rotation.NextWindow();
        }
    }

    [Fact]
    public void Everybody_serves_equally_much_traffic_over_a_month()
    {
        var rotation = new Rotation("least-used", 3, [.. Enumerable.Range(0, 7)]);
        var served = new int[7];
        for (var window = 0; window < 30 * 24; window++)
        {
            rotation.NextWindow();
            for (var round = 0; round < Rotation.Rounds; round++)
            {
                rotation.Next();
                foreach (var pick in rotation.Outcome.Picks)
                    served[pick.Altruist] += pick.Weight;
            }
        }

        var expected = 30 * 24 * Rotation.Rounds * 100 / 7.0;
        Assert.All(served, share => Assert.InRange(share, expected * 0.97, expected * 1.03));
    }

    [Fact]
    public void One_that_falls_is_replaced_in_its_place_and_nobody_else_moves()
    {
        var rotation = new Rotation("least-used", 3, [.. Enumerable.Range(0, 6)]);
        rotation.Next();
        var before = rotation.Next();
        rotation.Judge(before[1], Usability.No);
        var after = rotation.Settle();
        Assert.Equal((before[0], before[2]), (after[0], after[2]));
        Assert.NotEqual(before[1], after[1]);
        Assert.Single(rotation.Outcome.Turns);

        // Back again: no reason to move anybody before the next round.
        rotation.Judge(before[1], Usability.Healthy);
        Assert.Equal(after, rotation.Settle());
        Assert.Empty(rotation.Outcome.Turns);
    }

    [Fact]
    public void Traffic_follows_the_weights_of_the_policy()
    {
        var rotation = new Rotation("weighted", 2, 0, 1);
        rotation.Facts[0] = rotation.Facts[0] with { CapacityRps = 300 };
        rotation.Facts[1] = rotation.Facts[1] with { CapacityRps = 100 };
        rotation.Next();
        Assert.Equal([(0, 75), (1, 25)], rotation.Outcome.Picks.Select(pick => (pick.Altruist, pick.Weight)).Order());
    }

    [Fact]
    public void With_fairness_between_providers_those_in_use_at_once_are_of_different_ones()
    {
        var rotation = new Rotation("least-used", 3, 0, 0, 0, 0, 1, 2) { Rules = new SelectorRules(2, ByProvider: true) };
        for (var round = 0; round < 30; round++)
            Assert.Equal([0, 1, 2], rotation.Next().Select(altruist => (int)rotation.Question.Candidates[altruist].Provider).Order());
    }

    [Fact]
    public void When_nobody_is_left_those_that_may_be_kept_are_kept_with_all_of_the_traffic()
    {
        var rotation = new Rotation("least-used", 3, 0, 1, 2, 3);
        rotation.Next();
        rotation.Question.Was[1] = rotation.Question.Was[1] with { MayKeep = false };
        var kept = rotation.Question.Was.Where(was => was is { Weight: > 0, MayKeep: true }).Select(was => was.Altruist).ToList();
        for (var i = 0; i < 4; i++)
            rotation.Judge(i, Usability.No);
        Assert.Equal(kept, rotation.Settle());
        Assert.Equal(SlotState.Degraded, rotation.Outcome.State);
        Assert.Equal(100, rotation.Outcome.Picks.Sum(pick => pick.Weight));
        Assert.All(rotation.Outcome.Picks.Take(2), pick => Assert.InRange(pick.Weight, 49, 51));
    }

    [Fact]
    public void A_pin_takes_all_of_the_traffic()
    {
        var rotation = new Rotation("least-used", 3, 0, 1, 2, 3);
        rotation.Next();
        rotation.Question.Pins = [new Pin(2, 0, Force: false)];
        Assert.Equal([2], rotation.Settle());
        Assert.Equal(100, rotation.Outcome.Picks[0].Weight);
        rotation.Question.Pins = [];
        Assert.Equal(3, rotation.Next().Length);
    }
}
