using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

/// <summary>When we suspect ourselves (design 5.4): the limits, and random worlds.</summary>
public sealed class SelfPreservationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);
    private static readonly DateTimeOffset Now = Heads.Start;

    [Theory]
    // 15 % of all, and half of a network, are not yet more than that.
    [InlineData(100, 15, 100, 5, false)]
    [InlineData(100, 16, 100, 5, true)]
    [InlineData(100, 5, 10, 5, false)]
    [InlineData(100, 6, 10, 5, true)]
    // Too few altruists, too few providers.
    [InlineData(4, 4, 4, 4, false)]
    [InlineData(5, 5, 5, 3, true)]
    [InlineData(20, 20, 20, 2, false)]
    public void Suspect_is_more_than_half_of_a_network_or_15_per_cent_of_all(int all, int unreached, int perNetwork, int providers, bool suspect)
    {
        var reaches = Enumerable.Range(0, all).Select(number => new Reach(new ProviderId($"p{number % providers}"), new NetworkId("evm", $"{number / perNetwork}"), number < unreached)).ToList();
        Assert.Equal(suspect, SelfPreservation.Suspect(reaches) is not null);
    }

    [Fact]
    public void A_doubt_looks_for_proof_before_it_freezes()
    {
        var reaches = AllUnreached(6);
        var state = SelfPreservation.Calm.Look(Now, null, reaches, Patience, Now);
        Assert.False(state.IsFrozen);
        Assert.Equal(Now, state.DoubtedAt);
        Assert.False(state.Look(Now, Now.AddSeconds(1), reaches, Patience, Now.AddSeconds(6)).IsFrozen);
        var frozen = state.Look(Now.AddSeconds(4), Now.AddSeconds(-1), reaches, Patience, Now.AddSeconds(6));
        Assert.True(frozen.IsFrozen);
        Assert.Equal(frozen, frozen.Proven(Now.AddSeconds(6), Now.AddSeconds(7)));
        Assert.False(frozen.Proven(Now.AddSeconds(7), Now.AddSeconds(7)).IsFrozen);
    }

    [Fact]
    public void A_fall_is_held_back_for_a_bounded_time()
    {
        var (state, ruling) = SelfPreservation.Calm.Fall(Now, Short, null, Now.AddSeconds(-3), isSmall: false, AtMost, Now);
        Assert.Equal(FallRuling.Held, ruling);
        (state, ruling) = state.Fall(Now.AddSeconds(27), Short, Now, null, isSmall: false, AtMost, Now.AddSeconds(30));
        Assert.Equal(FallRuling.Held, ruling);
        // Whatever doubts ended and began meanwhile.
        (_, ruling) = SelfPreservation.Calm.Fall(Now.AddSeconds(28), Short, Now, Now.AddSeconds(-3), isSmall: false, AtMost, Now.AddSeconds(31));
        Assert.Equal(FallRuling.Counts, ruling);
        (_, ruling) = state.Fall(Now.AddSeconds(28), Short, Now.AddSeconds(20), null, isSmall: false, AtMost, Now.AddSeconds(31));
        Assert.Equal(FallRuling.Held, ruling);
    }

    [Fact]
    public void Proof_within_two_timeouts_or_since_it_was_first_held_lets_an_altruist_fall()
    {
        Assert.Equal(FallRuling.Counts, SelfPreservation.Calm.Fall(Now, Short, null, Now.AddSeconds(-2), isSmall: false, AtMost, Now.AddSeconds(2)).Ruling);
        Assert.Equal(FallRuling.Held, SelfPreservation.Calm.Fall(Now, Short, null, Now.AddSeconds(-2.1), isSmall: false, AtMost, Now.AddSeconds(2)).Ruling);
        Assert.Equal(FallRuling.Counts, SelfPreservation.Calm.Fall(Now, Short, Now.AddSeconds(-9), Now.AddSeconds(-8), isSmall: false, AtMost, Now.AddSeconds(2)).Ruling);
        Assert.Equal(FallRuling.Held, SelfPreservation.Calm.Fall(Now, Short, Now.AddSeconds(-9), Now.AddSeconds(-10), isSmall: false, AtMost, Now.AddSeconds(2)).Ruling);
    }

    [Fact]
    public void A_probe_that_began_before_a_thaw_says_nothing()
    {
        var thawed = new SelfPreservation { FrozenSince = Now }.Proven(Now.AddSeconds(2), Now.AddSeconds(2));
        Assert.Equal(FallRuling.Held, thawed.Fall(Now.AddSeconds(1), Short, null, Now.AddSeconds(2), isSmall: false, AtMost, Now.AddSeconds(3)).Ruling);
        Assert.Equal(FallRuling.Counts, thawed.Fall(Now.AddSeconds(2), Short, null, Now.AddSeconds(2), isSmall: false, AtMost, Now.AddSeconds(3)).Ruling);
    }

    /// <summary>Whatever happens: frozen only without proof and with enough of them; thawed by the first proof; held back only without proof, and never for longer than said.</summary>
    [Fact]
    public void Any_course_of_events_keeps_the_rules_of_self_preservation()
    {
        for (var seed = 1; seed <= 500; seed++)
        {
            var draw = new Random(seed);
            var size = draw.Next(1, 40);
            var providers = draw.Next(1, 6);
            var state = SelfPreservation.Calm;
            var now = Now;
            DateTimeOffset? proven = null;
            DateTimeOffset? heldSince = null;
            for (var step = 0; step < 200; step++)
            {
                now += TimeSpan.FromSeconds(draw.NextDouble() * 4);
                var before = state;
                if (draw.Next(6) == 0)
                {
                    proven = now;
                    state = state.Proven(now, now);
                    Assert.False(state.IsFrozen, $"seed {seed}, step {step}: proof did not thaw");
                    Assert.Null(state.DoubtSince);
                    heldSince = null;
                    continue;
                }

                var began = now - TimeSpan.FromSeconds(draw.NextDouble() * 5);
                var failing = draw.NextDouble();
                var eligible = Enumerable.Range(0, size).Select(number => new Reach(new ProviderId($"p{number % providers}"), new NetworkId("evm", $"{number % 3}"), draw.NextDouble() < failing)).ToList();
                state = state.Look(began, proven, eligible, Patience, now);
                if (state.IsFrozen && !before.IsFrozen)
                {
                    Assert.False(proven >= (before.DoubtSince ?? began), $"seed {seed}, step {step}: frozen although proven");
                    Assert.True(eligible.Count(reach => reach.Unreached) >= 5 && providers >= 3, $"seed {seed}, step {step}: frozen by too few");
                    Assert.False(string.IsNullOrEmpty(state.Why));
                }

                var isSmall = size < 5 || providers < 3;
                (state, var ruling) = state.Fall(began, Short, heldSince, proven, isSmall, AtMost, now);
                if (ruling == FallRuling.Counts)
                {
                    Assert.False(state.IsFrozen);
                    heldSince = null;
                    continue;
                }

                var since = heldSince ??= began;
                Assert.False(isSmall && state.ThawedAt is null && !state.IsFrozen, $"seed {seed}, step {step}: a small one was held");
                Assert.False(!state.IsFrozen && began >= state.ThawedAt && proven >= began, $"seed {seed}, step {step}: held although proven");
                Assert.True(state.IsFrozen || now - since <= AtMost + TimeSpan.FromSeconds(5), $"seed {seed}, step {step}: held for too long");
            }
        }
    }

    private static List<Reach> AllUnreached(int count) =>
        [.. Enumerable.Range(0, count).Select(number => new Reach(new ProviderId($"p{number}"), new NetworkId("evm", "1"), Unreached: true))];
}
