using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

/// <summary>The traps of probing that a network's trace must not fall into; most stand for something that went wrong somewhere.</summary>
public sealed class ReferenceTraceTests
{
    private const HeadJudgement InSync = HeadJudgement.InSync;
    private const HeadJudgement Lagging = HeadJudgement.Lagging;

    /// <summary>The short way of the usual case is only a short way.</summary>
    [Fact]
    public void Judgement_of_the_usual_case_is_that_of_every_case()
    {
        var random = new Random(20261121);
        for (var world = 0; world < 200; world++)
        {
            var heads = new Heads(NetworkRules.Default with { SeedBlockTimeSeconds = random.Next(1, 15), LagToleranceBlocks = random.Next(1, 6), MaxHeadAgeSeconds = random.Next(4) == 0 ? 40 : null });
            var names = Enumerable.Range(0, random.Next(1, 9)).Select(_ => $"{(char)('a' + random.Next(6))}{random.Next(3)}").Distinct().ToList();
            if (random.Next(4) == 0)
                heads.References.Add(names[0]);
            var height = 1000L;
            for (var batch = 0; batch < 15; batch++)
            {
                var second = batch * 60;
                height += random.Next(5) == 0 ? 0 : random.Next(60) / 4;
                var asked = names.Where(_ => random.Next(4) > 0).Select(name => heads.Make(
                    second + random.NextDouble() * 3,
                    name,
                    Math.Max(0, height - (random.Next(6) == 0 ? random.Next(100) : random.Next(3)) + (random.Next(30) == 0 ? 500 : 0)),
                    random.Next(8) == 0 ? null : random.Next(10) == 0 ? random.Next(-90, 200) : random.Next(12)) with { Votes = random.Next(6) > 0 }).ToArray();
                heads.See(asked);
                Assert.All(asked, seen => Assert.Equal(heads.Trace.JudgeInFull(seen, heads.Rules), heads.Trace.Judge(seen, heads.Rules)));
            }
        }
    }

    [Fact]
    public void One_block_of_jitter_is_no_lag()
    {
        var heads = new Heads(NetworkRules.Default with { LagToleranceBlocks = 1 });
        for (var sweep = 0; sweep < 10; sweep++)
        {
            var seen = heads.See(sweep * 300, ("a", 1000 + sweep * 25, 3), ("b", 1000 + sweep * 25, 3), ("c", 999 + sweep * 25, 15), ("d", 1000 + sweep * 25, 3));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        }
    }

    [Fact]
    public void One_that_is_behind_the_others_is_lagging_and_told_how_far()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "d");
        var seen = heads.See(600, ("a", 1171, 3), ("b", 1171, 3), ("c", 1171, 3), ("d", 1028, 1719));
        Assert.Equal(Lagging, seen["d"].Judgement);
        Assert.Equal("answers, but is 143 blocks (29 min) behind 3 other providers", seen["d"].Reason);
        Assert.Equal(InSync, seen["a"].Judgement);
    }

    [Fact]
    public void A_frozen_head_is_stale_while_others_move()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "d");
        heads.See(600, ("a", 1050, 3), ("b", 1050, 3), ("c", 1050, 3), ("d", 1025, 303));
        var seen = heads.See(900, ("a", 1075, 3), ("b", 1075, 3), ("c", 1075, 3), ("d", 1025, 603));
        Assert.Equal(HeadJudgement.Stale, seen["d"].Judgement);
        Assert.Contains("block 1025", seen["d"].Reason);
    }

    [Fact]
    public void One_that_rises_but_is_behind_is_lagging_however_old_its_head()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "d");
        heads.See(600, ("a", 1050, 3), ("b", 1050, 3), ("c", 1050, 3), ("d", 500, 7000));
        Assert.Equal(Lagging, heads.See(900, ("a", 1075, 3), ("b", 1075, 3), ("c", 1075, 3), ("d", 501, 7300))["d"].Judgement);
    }

    [Fact]
    public void A_halted_chain_keeps_its_pool_and_says_so()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        for (var second = 600; second <= 4200; second += 300)
        {
            var seen = heads.See(second, ("a", 1025, second - 297), ("b", 1025, second - 297), ("c", 1024, second - 285));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        }

        Assert.True(heads.Trace.Halted);
        var hot = heads.See(4210, ("a", 1025, 3913));
        Assert.Equal(InSync, hot["a"].Judgement);
        Assert.Contains("the network itself has made no block for 65 min", hot["a"].Reason);
        Assert.False(Resumed(heads).Trace.Halted);

        static Heads Resumed(Heads heads)
        {
            heads.See(4500, ("a", 1026, 2), ("b", 1026, 2), ("c", 1026, 2));
            return heads;
        }
    }

    [Fact]
    public void What_the_chain_should_have_done_since_is_a_reason_to_ask_and_no_evidence()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        // The chain has just halted; a is in use and asked alone.
        Assert.Equal(InSync, heads.See(310, ("a", 1025, 13))["a"].Judgement);
        Assert.Equal(HeadJudgement.Undecided, heads.See(380, ("a", 1025, 83))["a"].Judgement);
        Assert.All(heads.See(382, ("a", 1025, 85), ("b", 1025, 85), ("c", 1025, 85)).Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        Assert.Equal(InSync, heads.See(390, ("a", 1025, 93))["a"].Judgement);
    }

    [Fact]
    public void One_in_use_that_stops_is_found_by_the_sweep_that_its_hot_probe_asks_for()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        Assert.Equal(HeadJudgement.Undecided, heads.See(380, ("a", 1025, 83))["a"].Judgement);
        Assert.Equal(Lagging, heads.See(382, ("a", 1025, 85), ("b", 1031, 10), ("c", 1031, 10))["a"].Judgement);
        Assert.Equal(Lagging, heads.See(390, ("a", 1025, 93))["a"].Judgement);
        Assert.Equal(Lagging, heads.See(400, ("a", 1025, 103))["a"].Judgement);
    }

    [Theory]
    [InlineData(2.0)]
    [InlineData(null)]
    public void An_absurdly_high_tip_evicts_itself_and_nobody_else(double? age)
    {
        var heads = Warm(new Heads(), "a", "b", "c", "liar");
        for (var sweep = 2; sweep < 6; sweep++)
        {
            var head = 1000 + sweep * 25;
            var seen = heads.See(sweep * 300, ("a", head, 3), ("b", head, 3), ("c", head, 3), ("liar", 4_000_000_000 + head, age));
            Assert.Equal(HeadJudgement.Ahead, seen["liar"].Judgement);
            Assert.Contains("ahead of the chain", seen["liar"].Reason);
            Assert.All(["a", "b", "c"], name => Assert.Equal(InSync, seen[name].Judgement));
            Assert.Equal(head, heads.Trace.Height);
        }
    }

    [Fact]
    public void An_absurdly_high_tip_is_found_in_the_very_first_sweep()
    {
        var seen = new Heads().See(0, ("liar", 4_000_000_000, 2), ("a", 1000, 3), ("b", 1000, 3), ("c", 1000, 3));
        Assert.Equal(HeadJudgement.Ahead, seen["liar"].Judgement);
        Assert.All(["a", "b", "c"], name => Assert.Equal(InSync, seen[name].Judgement));
    }

    [Fact]
    public void A_head_from_the_future_is_ahead_of_the_chain()
    {
        var seen = Warm(new Heads(), "a", "b", "c").See(600, ("a", 1050, 3), ("b", 1050, 3), ("c", 1050, -200));
        Assert.Equal("ahead of the chain: its head is dated 3 min in the future", seen["c"].Reason);
        Assert.Equal(HeadJudgement.Ahead, seen["c"].Judgement);
        Assert.Equal(InSync, seen["a"].Judgement);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_stuck_majority_does_not_outvote_those_that_move(int stuck)
    {
        var heads = new Heads();
        string[] names = ["a", "b", "c", "d", "e"];
        heads.See(0, [.. names.Select(name => (name, 1000L, (double?)3))]);
        heads.See(300, [.. names.Select(name => (name, 1025L, (double?)3))]);
        for (var sweep = 2; sweep < 6; sweep++)
        {
            var seen = heads.See(sweep * 300, [.. names.Select((name, nth) => nth < stuck ? (name, 1025L, sweep * 300.0 - 297) : (name, 1000L + sweep * 25, (double?)3))]);
            Assert.All(names[stuck..], name => Assert.Equal(InSync, seen[name].Judgement));
            Assert.All(names[..stuck], name => Assert.NotEqual(InSync, seen[name].Judgement));
            Assert.Equal(1000 + sweep * 25, heads.Trace.Height);
        }
    }

    [Fact]
    public void A_majority_that_was_stuck_before_the_first_look_does_not_outvote_those_that_move()
    {
        var seen = new Heads().See(0, ("a", 1000, 60_000), ("b", 1000, 60_000), ("c", 1000, 60_000), ("d", 6000, 3), ("e", 6000, 4));
        Assert.Equal(InSync, seen["d"].Judgement);
        Assert.Equal(Lagging, seen["a"].Judgement);
    }

    [Theory]
    [InlineData(1100)]
    [InlineData(4_000_000_000)]
    [InlineData(500)]
    [InlineData(1)] // a chain of its own
    public void Of_two_providers_of_whom_one_lies_the_honest_one_stays(long lie)
    {
        var heads = Warm(new Heads(), "honest", "liar");
        for (var sweep = 2; sweep < 8; sweep++)
        {
            var seen = heads.See(sweep * 300, ("honest", 1000 + sweep * 25, 3), ("liar", lie + sweep * 25, 3));
            Assert.Equal(InSync, seen["honest"].Judgement);
            // Its next block is late.
            Assert.Equal(InSync, heads.See(sweep * 300 + 50, ("honest", 1000 + sweep * 25, 53), ("liar", lie + sweep * 25 + 4, 3))["honest"].Judgement);
            Assert.Equal(lie > 4_000 ? HeadJudgement.Ahead : InSync, seen["liar"].Judgement);
        }
    }

    [Theory]
    [InlineData("honest", "liar")]
    [InlineData("same1", "same2")]
    public void Of_two_the_honest_one_is_not_stale_because_its_chain_rests_while_the_other_one_lies(string honest, string liar)
    {
        var heads = Warm(new Heads(), honest, liar);
        for (var sweep = 2; sweep < 8; sweep++)
        {
            var seen = heads.See(sweep * 300, (honest, 1025, sweep * 300 - 297), (liar, 5_000_000 + sweep * 25, 3))[honest];
            Assert.Equal((InSync, null), (seen.Judgement, seen.LagBlocks));
        }
    }

    [Fact]
    public void One_of_a_lone_provider_that_stands_still_while_another_one_moves_is_stale()
    {
        var heads = Warm(new Heads(), "same1", "same2");
        heads.See(600, ("same1", 1025, 303), ("same2", 1050, 3));
        Assert.Equal(HeadJudgement.Stale, heads.See(900, ("same1", 1025, 603), ("same2", 1075, 3))["same1"].Judgement);
    }

    /// <summary>As when two of three were honest, and one of these is away for a while.</summary>
    [Fact]
    public void One_that_was_behind_three_does_not_come_back_because_the_third_one_left()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        for (var sweep = 2; sweep < 16; sweep++)
        {
            var head = 1000 + sweep * 25;
            (string, long, double?)[] two = [("a", head, 3), ("b", head - 500, 6003)];
            var seen = heads.See(sweep * 300, sweep is > 6 and < 12 ? two : [.. two, ("c", head, 3)]);
            Assert.Equal(InSync, seen["a"].Judgement);
            Assert.Equal(500, seen["b"].LagBlocks);
            Assert.False(seen["b"].CaughtUp);
            Assert.Equal(sweep is > 8 and < 12 ? InSync : Lagging, seen["b"].Judgement);
        }
    }

    [Theory]
    [InlineData(3.0)]
    [InlineData(null)]
    public void A_reference_alone_with_one_other_is_not_judged_by_it(double? age)
    {
        var heads = new Heads { References = { "ours" } };
        for (var sweep = 0; sweep < 6; sweep++)
        {
            var seen = heads.See(sweep * 300, ("ours", 90_000 + sweep * 25, age), ("a", 1000 + sweep * 25, 3));
            Assert.Equal(InSync, seen["ours"].Judgement);
        }
    }

    [Fact]
    public void Altruists_of_ones_own_provider_tell_that_one_is_behind_where_the_other_provider_is_so_too()
    {
        var heads = Warm(new Heads(), "a1", "a2", "b");
        for (var sweep = 2; sweep < 6; sweep++)
        {
            var head = 1000 + sweep * 25;
            var seen = heads.See(sweep * 300, ("a1", head, 3), ("a2", head - 500, 6003), ("b", head - 500, 6003));
            Assert.Equal((InSync, 500, "500 blocks (100 min) behind 1 altruist of its own provider; not enough others to judge"), (seen["a2"].Judgement, seen["a2"].LagBlocks, seen["a2"].Reason));
            Assert.Equal((InSync, 500, "500 blocks (100 min) behind 1 other provider; not enough others to judge"), (seen["b"].Judgement, seen["b"].LagBlocks, seen["b"].Reason));
        }
    }

    [Fact]
    public void Of_two_providers_one_whose_head_may_be_ahead_is_not_judged_by_what_the_other_had_long_ago()
    {
        var heads = new Heads();
        heads.See(0, ("dated", 1000, 3));
        heads.See(300, ("dated", 1025, 3));
        Assert.Equal(HeadJudgement.Undecided, heads.See(400, ("undated", 90_000, null))["undated"].Judgement);
        Assert.Equal(HeadJudgement.Ahead, heads.See(402, ("dated", 1033, 9), ("undated", 90_000, null))["undated"].Judgement);
    }

    [Theory]
    [InlineData(20, 25)]
    [InlineData(500, 25)]
    [InlineData(80_000, 25)]
    [InlineData(80_000, 1000)] // still catching up
    [InlineData(80_000, 1)] // says that the chain is slow
    [InlineData(80_000, 0)]
    public void Of_two_providers_whose_heads_have_no_dates_neither_is_evicted_and_both_are_told(long apart, long blocksBehind)
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 40; sweep++)
        {
            var (ahead, behind) = (1_000_000 + apart + sweep * 25, 1_000_000 + sweep * blocksBehind);
            var seen = heads.See(sweep * 300, ("ahead", ahead, null), ("behind", behind, null));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
            // What nobody can tell is no lag, which would keep one out that was lagging before.
            Assert.Equal(((long?)0, null), (seen["ahead"].LagBlocks, ahead > behind + 3 ? seen["behind"].LagBlocks : null));
            if (ahead > behind + 3)
                Assert.Matches($"^{ahead - behind} blocks \\(.+\\) behind 1 other provider; not enough others to judge$", seen["behind"].Reason);
            if (ahead > behind + 10_000 && sweep > 0)
                Assert.Matches($"^{ahead - behind} blocks \\(.+\\) ahead of 1 other provider; not enough others to judge$", seen["ahead"].Reason);

            // Alone, between two sweeps.
            Assert.Equal(InSync, heads.See(sweep * 300 + 150, ("ahead", ahead + 12, null))["ahead"].Judgement);
            if (sweep == 20)
                heads.Trace = ReferenceTrace.FromJson(heads.Trace.ToJson());
        }
    }

    [Fact]
    public void Several_altruists_of_each_of_two_providers_are_compared_with_those_of_the_other_one()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 6; sweep++)
        {
            var head = 90_000 + sweep * 25;
            var seen = heads.See(sweep * 300, ("a1", head, null), ("a2", head + 1, null), ("b1", head - 80_000, null), ("b2", head - 80_005, null));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
            Assert.StartsWith("80001 blocks (", seen["b1"].Reason, StringComparison.Ordinal);
            Assert.StartsWith("80006 blocks (", seen["b2"].Reason, StringComparison.Ordinal);
            if (sweep > 0)
                Assert.Matches("^80000 blocks .+ ahead of 1 other provider;", seen["a1"].Reason);
        }
    }

    [Fact]
    public void Of_two_providers_of_whom_one_has_several_fresh_heads_none_of_these_is_ahead_of_the_other_one()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 12; sweep++)
        {
            var (head, behind) = (90_000 + sweep * 25, 1000 + sweep * 25);
            var seen = sweep < 2
                ? heads.See(sweep * 300, ("b", behind, null))
                : heads.See(sweep * 300, ("a1", head, 3), ("a2", head, 3), ("a3", head, null), ("b", behind, null));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
            // A changed endpoint of theirs is tried as a stranger.
            var stranger = heads.Make(sweep * 300 + 1, "a7", head, 4) with { Votes = false };
            Assert.Equal(InSync, heads.Trace.Judge(stranger, heads.Rules).Judgement);
        }
    }

    [Fact]
    public void Of_two_providers_one_that_no_chain_could_be_at_is_ahead()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 20; sweep++)
        {
            var seen = heads.See(sweep * 300, ("liar", 4_000_000_000 + sweep * 25, null), ("honest", 1000 + sweep * 25, null));
            Assert.Equal(InSync, seen["honest"].Judgement);
            // As soon as the pace is known.
            Assert.Equal(sweep == 0 ? InSync : HeadJudgement.Ahead, seen["liar"].Judgement);
            Assert.Equal(sweep == 0, seen["honest"].Reason is not null);
        }
    }

    /// <summary>Heights of a chain that makes many blocks, of which nobody has said how many, beside one that hardly moves.</summary>
    [Theory]
    [InlineData(0.4)]
    [InlineData(20)]
    public void Of_two_providers_the_one_at_the_head_of_a_quick_chain_stays(double paceOfTheOther)
    {
        var heads = new Heads();
        for (var second = 0.0; second < 4000; second += second < 30 ? 3 : 300)
        {
            var seen = heads.See(second, ("ahead", 350_000_000 + (long)(second / 0.4), null), ("behind", 349_990_000 + (long)(second / paceOfTheOther), null));
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        }
    }

    [Fact]
    public void Of_two_providers_one_that_fell_deep_is_judged_as_soon_as_the_other_was_asked()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 3; sweep++)
            heads.See(sweep * 300, ("a", 1000 + sweep * 25, null), ("b", 1000 + sweep * 25, null));
        Assert.Equal(HeadJudgement.Undecided, heads.See(800, ("b", 500, null))["b"].Judgement);
        for (var sweep = 3; sweep < 12; sweep++)
            Assert.Equal(InSync, heads.See(sweep * 300, ("a", 1000 + sweep * 25, null), ("b", 500 + sweep, null))["b"].Judgement);
    }

    [Fact]
    public void One_that_fell_deep_and_is_old_by_its_own_date_needs_nobody_to_be_judged()
    {
        var heads = Warm(new Heads(NetworkRules.Default with { MaxHeadAgeSeconds = 600 }), "a", "b");
        Assert.Equal(Lagging, heads.See(400, ("b", 500, 6000))["b"].Judgement);
    }

    /// <summary>The configured block time is six times that of the chain, and one that hardly moves has not measured it.</summary>
    [Fact]
    public void Of_two_providers_one_that_crawls_and_is_a_day_behind_makes_no_newcomer_ahead()
    {
        var heads = new Heads();
        heads.See(0, ("behind", 1000, 86_400));
        heads.See(300, ("behind", 1005, 86_690));
        Assert.Equal(InSync, heads.See(600, ("behind", 1010, 86_980), ("newcomer", 44_500, null))["newcomer"].Judgement);
    }

    [Fact]
    public void A_chain_is_not_halted_between_two_looks_at_the_one_that_goes_on()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 6; sweep++)
        {
            heads.See(sweep * 300, ("a1", 1000, sweep * 300), ("a2", 1000 + sweep * 25, 3));
            heads.See(sweep * 300 + 250, ("a1", 1000, sweep * 300 + 250));
            Assert.False(heads.Trace.Halted && sweep > 0);
        }
    }

    [Fact]
    public void Of_two_providers_a_head_that_is_dated_tells_where_the_chain_is()
    {
        var above = new Heads();
        var below = new Heads();
        for (var sweep = 0; sweep < 12; sweep++)
        {
            var seen = above.See(sweep * 300, ("undated", 90_000 + sweep * 25, null), ("dated", 1000 + sweep * 25, 3));
            Assert.Equal((InSync, null), (seen["dated"].Judgement, seen["dated"].Reason));
            Assert.Equal(HeadJudgement.Ahead, seen["undated"].Judgement);
            Assert.Matches("^ahead of the chain: says block .+, 1 other provider at most", seen["undated"].Reason);

            Assert.All(below.See(sweep * 300, ("undated", 1000 + sweep * 25, null), ("dated", 90_000 + sweep * 25, 3)).Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        }
    }

    /// <summary>Whatever the pace of the one that is days behind.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(25)]
    [InlineData(1000)]
    public void Of_two_providers_one_whose_head_is_dated_days_ago_makes_nobody_ahead(long blocks)
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 20; sweep++)
        {
            var (head, behind) = (1_000_000L + sweep * 25, 920_000 + sweep * blocks);
            var seen = heads.See(sweep * 300, ("honest", head, 3), ("behind", behind, (head - behind) * 12));
            Assert.Equal(InSync, seen["honest"].Judgement);
            Assert.True(seen["behind"].Judgement == InSync || blocks == 0 && seen["behind"].Judgement == HeadJudgement.Stale, $"{seen["behind"]}");
        }
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(80_000, null)]
    [InlineData(-80_000, null)]
    [InlineData(80_000, 3.0)]
    public void A_chain_is_not_halted_because_one_of_two_stands_still(long apart, double? ageOfTheOther)
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 20; sweep++)
        {
            var frozen = ("frozen", 100_000 + Math.Min(sweep, 3) * 25L, (double?)null);
            var seen = sweep < 2 ? heads.See(sweep * 300, frozen) : heads.See(sweep * 300, frozen, ("mover", 100_000 + apart + sweep * 25, ageOfTheOther));
            Assert.All(seen.Where(_ => sweep < 4), pair => Assert.Equal(InSync, pair.Value.Judgement));
            Assert.True(sweep < 3 || seen["mover"].Judgement == InSync);
            Assert.False(heads.Trace.Halted, $"sweep {sweep}");
        }
    }

    [Fact]
    public void A_chain_is_halted_although_one_of_two_is_only_catching_up()
    {
        var heads = Warm(new Heads(NetworkRules.Default with { MaxHeadAgeSeconds = 600 }), "a", "behind");
        for (var sweep = 2; sweep < 20; sweep++)
        {
            var seen = heads.See(sweep * 300, ("a", 1025, (sweep - 1) * 300), ("behind", 50 * sweep, 20_000));
            Assert.Equal((InSync, true), (seen["a"].Judgement, heads.Trace.Halted));
        }
    }

    [Fact]
    public void A_chain_stays_halted_when_somebody_is_seen_for_the_first_time()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 10; sweep++)
            heads.See(sweep * 300, ("a", 1000 + Math.Min(sweep, 3) * 25, null));
        Assert.True(heads.Trace.Halted);

        heads.See(3000, ("a", 1075, null), ("newcomer", 1075, null));

        Assert.True(heads.Trace.Halted);
    }

    [Fact]
    public void A_chain_is_halted_although_one_of_three_says_that_it_goes_on()
    {
        var heads = new Heads();
        for (var sweep = 0; sweep < 20; sweep++)
        {
            var head = 1000 + Math.Min(sweep, 3) * 25L;
            heads.See(sweep * 300, ("a", head, null), ("b", head, null), ("liar", 90_000 + sweep * 25, null));
            Assert.Equal(sweep > 3, heads.Trace.Halted);
        }
    }

    /// <summary>It has nobody else to be compared with, which says nothing of how old its head may be.</summary>
    [Fact]
    public void One_above_others_of_its_own_provider_is_behind_by_the_age_of_its_head()
    {
        var heads = new Heads(NetworkRules.Default with { MaxHeadAgeSeconds = 3600 });
        for (var sweep = 0; sweep < 3; sweep++)
            Assert.Equal(Lagging, heads.See(sweep * 300, ("a1", 1000, 9000), ("a2", 5, 9_000_000))["a1"].Judgement);
    }

    [Fact]
    public void Lag_among_two_providers_is_told_and_evicts_nobody()
    {
        var heads = Warm(new Heads(), "a", "b");
        heads.See(600, ("a", 1050, 3), ("b", 1026, 290));
        var seen = heads.See(900, ("a", 1075, 3), ("b", 1030, 540));
        Assert.Equal(InSync, seen["b"].Judgement);
        Assert.Equal("45 blocks (9 min) behind 1 other provider; not enough others to judge", seen["b"].Reason);
    }

    [Fact]
    public void A_reference_is_enough_to_judge_by()
    {
        var heads = new Heads { References = { "ours" } };
        Warm(heads, "ours", "a");
        Assert.Equal(Lagging, heads.See(600, ("ours", 1050, 3), ("a", 1026, 290))["a"].Judgement);
    }

    [Fact]
    public void A_reference_anchors_the_head_against_a_lying_majority()
    {
        var heads = new Heads { References = { "ours" } };
        Warm(heads, "ours", "a", "b", "c");
        var seen = heads.See(600, ("ours", 1050, 3), ("a", 9_000_000, 3), ("b", 9_000_000, 3), ("c", 9_000_000, 3));
        Assert.Equal(InSync, seen["ours"].Judgement);
        Assert.Equal(HeadJudgement.Ahead, seen["a"].Judgement);
        Assert.Equal(1050, heads.Trace.Height);
    }

    [Fact]
    public void A_stuck_reference_does_not_hold_the_others_down()
    {
        var heads = new Heads { References = { "ours" } };
        Warm(heads, "ours", "a", "b", "c", "d");
        for (var sweep = 2; sweep < 5; sweep++)
        {
            var head = 1000 + sweep * 25;
            var seen = heads.See(sweep * 300, ("ours", 1025, sweep * 300 - 297), ("a", head, 3), ("b", head, 3), ("c", head, 3), ("d", head - 15, 183));
            Assert.Equal(InSync, seen["a"].Judgement);
            Assert.Equal(Lagging, seen["d"].Judgement);
            Assert.Equal(head, heads.Trace.Height);
        }
    }

    [Fact]
    public void A_node_alone_is_not_compared_with_itself()
    {
        var heads = Warm(new Heads(), "only");
        var seen = heads.See(150_000, ("only", 1025, 149_000))["only"];
        Assert.Equal((InSync, null, null), (seen.Judgement, seen.LagBlocks, seen.Reason));
    }

    [Fact]
    public void A_node_alone_whose_head_is_older_than_its_chain_allows_is_behind()
    {
        var heads = Warm(new Heads(NetworkRules.Default with { MaxHeadAgeSeconds = 3600 }), "only");
        var seen = heads.See(150_000, ("only", 1025, 148_000))["only"];
        Assert.Equal("answers, but its head is 41 h old, 60 min are allowed", seen.Reason);
        Assert.Equal(Lagging, seen.Judgement);
    }

    [Theory]
    [InlineData(12, 0.25)]
    [InlineData(12, 0.05)]
    [InlineData(0.05, 12)]
    [InlineData(1, 600)]
    public void A_wrong_configured_block_time_evicts_nobody(double configured, double real)
    {
        var heads = new Heads(NetworkRules.Default with { SeedBlockTimeSeconds = configured });
        for (var second = 0.0; second < Math.Max(3000, 10 * real); second += second < 30 ? 3 : 300)
        {
            var seen = heads.See([.. new[] { ("a", 0.0), ("b", 0.9), ("c", 1.7), ("d", 2.0) }.Select(node =>
            {
                var at = second + node.Item2;
                var height = (long)(1_000_000 + at / real);
                return heads.Make(at, node.Item1, height, (1_000_000 + at / real - height) * real);
            })]);
            Assert.All(seen.Values, assessment => Assert.Equal(InSync, assessment.Judgement));
        }

        Assert.InRange(heads.Trace.BlockTime(heads.Rules) / real, 0.8, 1.25);
    }

    [Fact]
    public void A_network_that_was_reset_evicts_nobody()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        // First seen by a hot probe, while the others were last asked before.
        Assert.Equal(HeadJudgement.Undecided, heads.See(400, ("a", 2, 5))["a"].Judgement);
        Assert.Equal(HeadJudgement.Undecided, heads.See(410, ("a", 3, 3))["a"].Judgement);
        for (var second = 420; second < 3000; second += 300)
        {
            var head = (second - 376) / 12;
            Assert.All(heads.See(second, ("a", head, 3), ("b", head, 3), ("c", head, 3)).Values, assessment => Assert.Equal(InSync, assessment.Judgement));
            Assert.Equal(head, heads.Trace.Height);
        }
    }

    [Fact]
    public void Nobody_is_ahead_because_the_others_were_reset()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "d");
        Assert.NotEqual(HeadJudgement.Ahead, heads.See(600, ("a", 10, 3), ("b", 10, 3), ("c", 10, 3), ("d", 1050, 3))["d"].Judgement);
    }

    [Fact]
    public void A_burst_seen_by_one_alone_is_not_ahead_until_the_others_were_asked()
    {
        var heads = Warm(new Heads(), "a", "b", "c");
        Assert.Equal(HeadJudgement.Undecided, heads.See(400, ("a", 5000, 100))["a"].Judgement);
        Assert.All(heads.See(402, ("a", 5000, 102), ("b", 5000, 102), ("c", 5000, 102)).Values, assessment => Assert.Equal(InSync, assessment.Judgement));
    }

    [Fact]
    public void A_trace_is_the_same_after_a_restart()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "d");
        var restarted = ReferenceTrace.FromJson(heads.Trace.ToJson());
        Assert.Equal(heads.Trace.ToJson(), restarted.ToJson());
        heads.Trace = restarted;
        Assert.Equal(Lagging, heads.See(600, ("a", 1171, 3), ("b", 1171, 3), ("c", 1171, 3), ("d", 1028, 1719))["d"].Judgement);
    }

    [Fact]
    public void One_provider_has_one_vote_however_many_altruists()
    {
        var heads = Warm(new Heads(), "a", "b", "c", "liar1", "liar2", "liar3", "liar4");
        var seen = heads.See(600, ("a", 1050, 3), ("b", 1050, 3), ("c", 1050, 3), ("liar1", 9_000_000, 3), ("liar2", 9_000_000, 3), ("liar3", 9_000_000, 3), ("liar4", 9_000_000, 3));
        Assert.Equal(1050, heads.Trace.Height);
        Assert.Equal(HeadJudgement.Ahead, seen["liar2"].Judgement);
        Assert.Equal(InSync, seen["a"].Judgement);
    }

    private static Heads Warm(Heads heads, params string[] names)
    {
        heads.See(0, [.. names.Select(name => (name, 1000L, (double?)3))]);
        heads.See(300, [.. names.Select(name => (name, 1025L, (double?)3))]);
        return heads;
    }
}
