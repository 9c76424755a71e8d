using AltruistManager.Selection;
using AltruistManager.Selection.Policies;
using AltruistManager.Tests.Architecture;

namespace AltruistManager.Tests.Selection.Policies;

/// <summary>What each policy promises, over many windows.</summary>
public sealed class PolicyTests
{
    public static TheoryData<string> Names => [.. SelectionPolicies.All.Select(policy => policy.Name)];

    [Fact]
    public void Every_policy_that_exists_can_be_configured_and_is_described()
    {
        var docs = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "log-format.md"));
        foreach (var policy in SelectionPolicies.All)
        {
            var options = new SelectionOptions { Policy = policy.Name };
            System.ComponentModel.DataAnnotations.Validator.ValidateObject(options, new(options), validateAllProperties: true);
            Assert.Contains($"| `{policy.Name}` |", docs, StringComparison.Ordinal);
        }
    }

    /// <summary>Whatever the policy: the lowest tier that has anyone alone, there healthy before failing, never what may not be picked, the same answer to the same question.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void No_policy_goes_before_tier_and_health(string policy)
    {
        var random = new Random(11);
        for (var world = 0; world < 300; world++)
        {
            var count = random.Next(1, 9);
            var rotation = new Rotation(policy, random.Next(1, 4), [.. Enumerable.Range(0, count).Select(_ => random.Next(3)), 2])
            {
                Rules = new SelectorRules(2, ByProvider: random.Next(2) == 0, ProviderCapPercent: random.Next(2) == 0 ? 100 : random.Next(20, 90)),
            };
            for (var round = 0; round < 30; round++)
            {
                for (var i = 0; i < rotation.Facts.Length; i++)
                {
                    rotation.Facts[i] = rotation.Facts[i] with
                    {
                        // Mostly as before, so that picks can stay.
                        Tier = random.Next(6) == 0 ? random.Next(1, 4) : rotation.Facts[i].Tier,
                        Usability = random.Next(4) == 0 ? Usability.No : random.Next(4) == 0 ? Usability.Failing : Usability.Healthy,
                        CapacityRps = random.Next(3) * 100,
                        LatencyMs = random.Next(4) * 60,
                        SuccessPerMille = random.Next(1001),
                    };
                }

                if (round % Rotation.Rounds == 0)
                    rotation.NextWindow();
                var primaries = random.Next(3) == 0 ? rotation.Settle() : rotation.Next();
                var usable = rotation.Facts.Count(facts => facts.Usability != Usability.No);
                if (usable == 0)
                {
                    Assert.True(rotation.Outcome.State is SlotState.Degraded or SlotState.None);
                    continue;
                }

                Assert.Equal(SlotState.Fresh, rotation.Outcome.State);
                Assert.Equal(100, rotation.Outcome.Picks.Sum(pick => pick.Weight));
                Assert.All(rotation.Outcome.Picks, pick => Assert.NotEqual(Usability.No, rotation.Facts[pick.Altruist].Usability));
                Assert.Equal(rotation.Outcome.Picks.Count, rotation.Outcome.Picks.Select(pick => pick.Altruist).Distinct().Count());
                Assert.InRange(primaries.Length, 1, rotation.Question.Primaries);
                var lowest = rotation.Facts.Where(facts => facts.Usability != Usability.No).Min(facts => facts.Tier);
                Assert.All(primaries, altruist => Assert.Equal(lowest, rotation.Facts[altruist].Tier));
                // Whoever gets a turn is as healthy as the healthiest of them, and in a round so are all that serve.
                var healthiest = rotation.Facts.Where(facts => facts.Tier == lowest).Min(facts => facts.Usability);
                Assert.All(rotation.Question.Rotate ? primaries : [.. rotation.Outcome.Turns], altruist => Assert.Equal(healthiest, rotation.Facts[altruist].Usability));
            }
        }
    }

    [Fact]
    public void Round_robin_goes_through_all_in_the_order_of_their_ids_and_on_from_where_it_was()
    {
        var rotation = new Rotation("round-robin", 1, 0, 1, 2, 3);
        Assert.Equal([0, 1, 2, 3, 0], Enumerable.Range(0, 5).Select(_ => rotation.Next()[0]));
        rotation.Judge(1, Usability.No);
        Assert.Equal([2, 3, 0, 2], Enumerable.Range(0, 4).Select(_ => rotation.Next()[0]));
    }

    [Fact]
    public void Random_gives_each_about_its_share_and_another_order_each_round()
    {
        var rotation = new Rotation("random", 1, 0, 1, 2, 3);
        var counts = new int[4];
        var repeats = 0;
        var last = -1;
        for (var window = 0; window < 500; window++)
        {
            rotation.NextWindow();
            for (var round = 0; round < Rotation.Rounds; round++)
            {
                var pick = rotation.Next()[0];
                counts[pick]++;
                repeats += pick == last ? 1 : 0;
                last = pick;
            }
        }

        Assert.All(counts, count => Assert.InRange(count, 1350, 1650));
        Assert.InRange(repeats, 1350, 1650);
    }

    [Theory]
    [InlineData(new[] { 100, 100, 100, 100 }, new[] { 1000, 1000, 1000, 1000 })]
    [InlineData(new[] { 100, 200, 300, 600 }, new[] { 166, 333, 500, 1000 })]
    // No more counts than four times the median, and nobody as less than a tenth of the greatest.
    [InlineData(new[] { 1000, 1000, 1000, 10_000_000 }, new[] { 250, 250, 250, 1000 })]
    [InlineData(new[] { 1, 1000, 1000, 1000 }, new[] { 100, 1000, 1000, 1000 })]
    // One that declares none counts as the median: a competitor that declares little takes nothing from it.
    [InlineData(new[] { 0, 1, 400, 500 }, new[] { 800, 100, 800, 1000 })]
    [InlineData(new[] { 0, 0, 0, 0 }, new[] { 1000, 1000, 1000, 1000 })]
    public void Weighted_gives_turns_in_proportion_to_capacity(int[] capacities, int[] weights)
    {
        var rotation = new Rotation("weighted", 1, 0, 1, 2, 3);
        for (var i = 0; i < capacities.Length; i++)
            rotation.Facts[i] = rotation.Facts[i] with { CapacityRps = capacities[i] };
        var counts = Count(rotation, windows: 1000);
        for (var i = 0; i < capacities.Length; i++)
        {
            var expected = 12_000.0 * weights[i] / weights.Sum();
            Assert.InRange(counts[i], expected * 0.93 - 20, expected * 1.07 + 20);
        }
    }

    [Fact]
    public void Latency_shares_equally_among_the_quick_and_leaves_the_slow_as_standbys()
    {
        var rotation = new Rotation("latency", 1, 0, 1, 2, 3, 4);
        int[] latencies = [100, 190, 210, 0, 150];
        for (var i = 0; i < latencies.Length; i++)
            rotation.Facts[i] = rotation.Facts[i] with { LatencyMs = latencies[i] };
        var counts = Count(rotation, windows: 10);
        Assert.Equal([40, 40, 0, 0, 40], counts);

        // Not below 50 ms: there it is noise.
        rotation.Facts[0] = rotation.Facts[0] with { LatencyMs = 2 };
        rotation.Facts[1] = rotation.Facts[1] with { LatencyMs = 50 };
        counts = Count(rotation, windows: 10);
        Assert.Equal([60, 60, 0, 0, 0], counts);

        rotation.Judge(0, Usability.No);
        rotation.Judge(1, Usability.No);
        rotation.Judge(4, Usability.No);
        Assert.Equal([2], rotation.Settle());
    }

    [Fact]
    public void One_that_is_quick_but_not_well_is_no_measure_for_those_that_are()
    {
        var rotation = new Rotation("latency", 2, 0, 1, 2);
        int[] latencies = [5, 60, 90];
        for (var i = 0; i < latencies.Length; i++)
            rotation.Facts[i] = rotation.Facts[i] with { LatencyMs = latencies[i] };
        rotation.Judge(0, Usability.Failing);
        Assert.Equal([1, 2], rotation.Next().Order());
        Assert.Equal([1, 2], rotation.Next().Order());
    }

    [Fact]
    public void A_primary_that_became_slow_stays_until_the_next_round()
    {
        var rotation = new Rotation("latency", 1, 0, 1);
        rotation.Facts[0] = rotation.Facts[0] with { LatencyMs = 100 };
        rotation.Facts[1] = rotation.Facts[1] with { LatencyMs = 100 };
        var was = rotation.Next()[0];
        rotation.Facts[was] = rotation.Facts[was] with { LatencyMs = 900 };
        Assert.Equal([was], rotation.Settle());
        Assert.Equal([1 - was], rotation.Next());
        Assert.Equal([1 - was], rotation.Next());
    }

    [Fact]
    public void Quality_prefers_those_that_answer_and_answer_quickly()
    {
        var rotation = new Rotation("quality", 1, 0, 1, 2, 3);
        rotation.Facts[0] = rotation.Facts[0] with { LatencyMs = 100, SuccessPerMille = 1000 };
        rotation.Facts[1] = rotation.Facts[1] with { LatencyMs = 100, SuccessPerMille = 900 };
        rotation.Facts[2] = rotation.Facts[2] with { LatencyMs = 200, SuccessPerMille = 1000 };
        var counts = Count(rotation, windows: 1000);
        // 1000 : 729 : 500 : 250
        Assert.InRange(counts[1], counts[0] * 0.729 * 0.93, counts[0] * 0.729 * 1.07);
        Assert.InRange(counts[2], counts[0] * 0.5 * 0.93, counts[0] * 0.5 * 1.07);
        Assert.InRange(counts[3], counts[0] * 0.25 * 0.9, counts[0] * 0.25 * 1.1);
    }

    /// <summary>One that comes back in the middle of a window is put level with the others for its weight: it neither floods the slot nor waits for the window's end.</summary>
    [Fact]
    public void A_newcomer_of_another_weight_starts_level_for_its_own()
    {
        var rotation = new Rotation("weighted", 1, 0, 1, 2);
        rotation.Facts[0] = rotation.Facts[0] with { CapacityRps = 100 };
        rotation.Facts[1] = rotation.Facts[1] with { CapacityRps = 100 };
        rotation.Facts[2] = rotation.Facts[2] with { CapacityRps = 400, Usability = Usability.No };
        for (var i = 0; i < 20; i++)
            rotation.Next();
        rotation.Judge(2, Usability.Healthy);
        var picks = Enumerable.Range(0, 12).Select(_ => rotation.Next()[0]).ToList();
        Assert.InRange(picks.Count(pick => pick == 2), 7, 9);
    }

    private static int[] Count(Rotation rotation, int windows)
    {
        var counts = new int[rotation.Facts.Length];
        for (var window = 0; window < windows; window++)
        {
            rotation.NextWindow();
            for (var round = 0; round < Rotation.Rounds; round++)
                counts[rotation.Next()[0]]++;
        }

        return counts;
    }
}
