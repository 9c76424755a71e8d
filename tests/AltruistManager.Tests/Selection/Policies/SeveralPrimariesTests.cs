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

    /// <summary>The newest of the primaries is what a portal uses that knows one only: it must not be the one that is least well, nor always the same.</summary>
    [Theory]
    [InlineData("least-used")]
    [InlineData("latency")]
    [InlineData("quality")]
    public void One_that_is_less_well_than_others_is_a_standby_and_the_others_take_their_turns(string policy)
    {
        var rotation = new Rotation(policy, 3, 0, 1, 2);
        for (var i = 0; i < 3; i++)
            rotation.Facts[i] = rotation.Facts[i] with { LatencyMs = 20, SuccessPerMille = 1000 };
        if (policy == "latency")
            rotation.Facts[2] = rotation.Facts[2] with { LatencyMs = 500 };
        else
            rotation.Judge(2, Usability.Failing);
        var firsts = new List<int>();
        for (var round = 0; round < 12; round++)
        {
            Assert.Equal([0, 1], rotation.Next().Order());
            firsts.Add(rotation.Primaries[0]);
            Assert.Equal(2, rotation.Outcome.Picks[^1].Altruist);
        }

        Assert.Equal(6, firsts.Count(first => first == 0));
    }

    /// <summary>Asked again every second, what is kept stays as it is.</summary>
    [Theory]
    [InlineData(98, 2)]
    [InlineData(75, 23, 2)]
    public void What_is_kept_while_nobody_is_left_does_not_drift(params int[] weights)
    {
        var rotation = new Rotation("quality", weights.Length, [.. Enumerable.Range(0, weights.Length)]);
        rotation.Question.WasState = SlotState.Fresh;
        rotation.Question.Was = [.. weights.Select((weight, number) => new IncumbentPick(number, new("us-east"), weight, MayKeep: true))];
        for (var i = 0; i < weights.Length; i++)
            rotation.Judge(i, Usability.No);
        for (var second = 0; second < 30; second++)
        {
            rotation.Settle();
            Assert.Equal(weights, rotation.Outcome.Picks.Select(pick => pick.Weight));
        }
    }

    [Fact]
    public void A_small_change_of_quality_is_no_change_for_portals()
    {
        var rotation = new Rotation("quality", 2, 0, 1);
        rotation.Facts[0] = rotation.Facts[0] with { LatencyMs = 100, SuccessPerMille = 1000 };
        rotation.Facts[1] = rotation.Facts[1] with { LatencyMs = 100, SuccessPerMille = 990 };
        rotation.Next();
        var shares = rotation.Outcome.Picks.ToDictionary(pick => pick.Altruist, pick => pick.Weight);
        rotation.Facts[1] = rotation.Facts[1] with { SuccessPerMille = 950 };
        rotation.Next();
        Assert.Equal(shares, rotation.Outcome.Picks.ToDictionary(pick => pick.Altruist, pick => pick.Weight));
        rotation.Facts[1] = rotation.Facts[1] with { SuccessPerMille = 500 };
        rotation.Settle();
        Assert.Equal(shares, rotation.Outcome.Picks.ToDictionary(pick => pick.Altruist, pick => pick.Weight));
        rotation.Next();
        Assert.Equal(88, rotation.Outcome.Picks.Single(pick => pick.Altruist == 0).Weight);
    }

    [Fact]
    public void Traffic_of_providers_follows_their_shares()
    {
        var rotation = new Rotation("least-used", 3, 0, 0, 0, 1, 1, 2, 2) { Rules = new SelectorRules(2, ByProvider: true) };
        rotation.Question.Providers[0].Shares = 3;
        var served = new int[3];
        for (var window = 0; window < 200; window++)
        {
            rotation.NextWindow();
            for (var round = 0; round < Rotation.Rounds; round++)
            {
                rotation.Next();
                foreach (var pick in rotation.Outcome.Picks)
                    served[rotation.Question.Candidates[pick.Altruist].Provider] += pick.Weight;
            }
        }

        var all = served.Sum();
        Assert.InRange(served[0], 0.55 * all, 0.65 * all);
        Assert.InRange(served[1], 0.17 * all, 0.23 * all);
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
