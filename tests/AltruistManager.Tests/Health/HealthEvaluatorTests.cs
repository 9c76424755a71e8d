using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Health;

public sealed class HealthEvaluatorTests
{
    private static readonly HeadAssessment InSync = new(HeadJudgement.InSync, 0, 3, null);
    private static readonly HeadAssessment Lagging = new(HeadJudgement.Lagging, 40, 3, "answers, but is 40 blocks (8 min) behind 5 other providers");

    private readonly HealthOptions options = new();
    private Memory memory = Memory.New;
    private DateTimeOffset now = Heads.Start;
    private Evaluation last;
    private bool attested = true;

    [Fact]
    public void Never_observed_is_unknown_and_not_healthy()
    {
        Assert.Equal(VerdictState.Unknown, HealthEvaluator.StateOf(Memory.New, attested: true));
        Assert.Equal(VerdictState.Unknown, Verdict.NeverProbed.State);
        Assert.Null(Verdict.NeverProbed.LagBlocks);
    }

    [Fact]
    public void Two_good_probes_make_it_healthy()
    {
        Assert.Equal((VerdictState.Unknown, "answers well; 1 of 2 good probes"), Good());
        Assert.Equal((VerdictState.Healthy, "healthy"), Good());
    }

    [Fact]
    public void Whatever_is_good_without_a_proven_identity_is_unknown()
    {
        for (var probe = 0; probe < 5; probe++)
            Assert.Equal((VerdictState.Unknown, "answers well; has not yet proven that it serves 1"), Good(identity: null));
        Assert.Equal(VerdictState.Healthy, Good().State);
    }

    [Fact]
    public void Proof_of_identity_lapses_when_the_question_is_answered_with_errors()
    {
        MakeHealthy();
        for (var sweep = 0; sweep < 10; sweep++)
        {
            // Timeouts and busy nodes say nothing; a proof in between makes up for misses.
            Assert.Equal(VerdictState.Healthy, Good(identity: null).State);
            Assert.Equal(VerdictState.Healthy, Miss().State);
            Assert.Equal(VerdictState.Healthy, Miss().State);
            Assert.Equal(VerdictState.Healthy, Good().State);
        }

        Miss();
        Good(identity: null);
        Miss();
        Assert.Equal(
            (VerdictState.Unknown, "answers well; no longer proves that it serves 1: asked for its identity it answered 3 times in a row with an error or with none (identity: the chain id is not one)"), Miss());
        Assert.Equal(VerdictState.Unknown, Good(identity: null).State);
        Good();
        Assert.Equal(VerdictState.Healthy, Good().State);
        Assert.Equal(0, memory.IdentityMisses);
    }

    [Fact]
    public void One_that_never_answered_is_down_after_three()
    {
        Assert.Equal((VerdictState.Unknown, "connection refused: nothing listens there, start the node or correct the port; 1 of 3 bad probes in a row"), Bad());
        Bad();
        Assert.Equal((VerdictState.Down, "connection refused: nothing listens there, start the node or correct the port"), Bad());
    }

    [Fact]
    public void Healthy_fails_before_it_falls_and_needs_two_good_probes_to_return()
    {
        MakeHealthy();
        Assert.Equal((VerdictState.Failing, "connection refused: nothing listens there, start the node or correct the port; 1 of 3 bad probes in a row"), Bad());
        Assert.Equal((VerdictState.Failing, "failed before, 1 of 2 good probes since; answers well"), Good());
        Assert.Equal(VerdictState.Healthy, Good().State);
        Bad();
        Bad();
        Assert.Equal(VerdictState.Down, Bad().State);
        Assert.Equal((VerdictState.Down, "down, but recovering: 1 of 2 good probes; answers well"), Good());
        Assert.StartsWith("healthy; cooling down until ", Good().Reason);
    }

    [Fact]
    public void Our_own_fault_counts_neither_good_nor_bad()
    {
        MakeHealthy();
        for (var probe = 0; probe < 10; probe++)
            Assert.Equal(VerdictState.Healthy, See(probe % 2 == 0 ? ProbeOutcome.ResolverFailed : ProbeOutcome.NoSockets).State);
        Bad();
        Bad();
        See(ProbeOutcome.ResolverFailed);
        Assert.Equal(VerdictState.Failing, See(ProbeOutcome.NoSockets).State);
        Assert.Equal(VerdictState.Down, Bad().State);
    }

    [Fact]
    public void Undecided_looks_count_neither_good_nor_bad()
    {
        MakeHealthy();
        var undecided = new HeadAssessment(HeadJudgement.Undecided, 30, 3, null);
        for (var probe = 0; probe < 10; probe++)
            Assert.Equal(VerdictState.Healthy, See(ProbeOutcome.Ok, head: undecided).State);
        Bad();
        Bad();
        Bad();
        for (var probe = 0; probe < 10; probe++)
            Assert.Equal(VerdictState.Down, See(ProbeOutcome.Ok, head: undecided).State);
    }

    [Fact]
    public void Lagging_leaves_at_half_the_tolerance()
    {
        MakeHealthy();
        See(ProbeOutcome.Ok, head: Lagging);
        See(ProbeOutcome.Ok, head: Lagging);
        Assert.Equal((VerdictState.Lagging, $"{Lagging.Reason}; let the node catch up, or resync it"), See(ProbeOutcome.Ok, head: Lagging));
        for (var probe = 0; probe < 5; probe++)
            Assert.Equal((VerdictState.Lagging, "answers, still 2 blocks behind"), Strip(See(ProbeOutcome.Ok, head: InSync with { LagBlocks = 2 })));
        See(ProbeOutcome.Ok, head: InSync with { LagBlocks = 1 });
        Assert.Equal(VerdictState.Healthy, See(ProbeOutcome.Ok, head: InSync with { LagBlocks = 1 }).State);

        static (VerdictState, string) Strip((VerdictState State, string Reason) seen) => (seen.State, seen.Reason[(seen.Reason.IndexOf(';') + 2)..]);
    }

    /// <summary>Every state in which an altruist is not used, and what its reason tells its provider to do; what is said first stays what is the matter.</summary>
    [Fact]
    public void Every_reason_not_to_use_an_altruist_says_what_to_do()
    {
        Assert.Equal(("has not yet proven that it serves 1", VerdictState.Unknown), Ends(() => Good(identity: null)));

        Begin();
        Assert.Equal(("connection refused: nothing listens there, start the node or correct the port; 1 of 3 bad probes in a row", VerdictState.Failing), Whole(Bad()));
        Bad();
        Assert.Equal(("connection refused: nothing listens there, start the node or correct the port", VerdictState.Down), Whole(Bad()));
        now += TimeSpan.FromHours(18);
        Assert.Equal(("a passing test by its provider or staff resumes it", VerdictState.Suspended), Part(Bad(), ": ", "; last"));

        Begin();
        Assert.Equal(("let the node catch up, or resync it", VerdictState.Lagging), Ends(() => See(ProbeOutcome.Ok, head: Lagging)));
        Assert.StartsWith("answers, but is 40 blocks (8 min) behind 5 other providers; ", last.Reason, StringComparison.Ordinal);

        Begin();
        Assert.Equal(
            ("restart or resync the node, or take out the cache before it", VerdictState.Stale),
            Ends(() => See(ProbeOutcome.Ok, head: new HeadAssessment(HeadJudgement.Stale, 40, 3, "answers, but its head has been at block 5 for 5 min while 3 other altruists went on"))));

        Begin();
        Assert.Equal(
            ("correct the node's clock, or resync it on the right chain", VerdictState.Down),
            Ends(() => See(ProbeOutcome.Ok, head: new HeadAssessment(HeadJudgement.Ahead, null, 3, "ahead of the chain: says block 900, 3 other providers at most 5"))));

        Begin();
        Assert.Equal(("give the prober and the portals more room", VerdictState.Throttled), Ends(() => See(ProbeOutcome.Throttled)));

        Begin();
        Assert.Equal(("point the URL at a node of 1", VerdictState.WrongChain), Ends(() => Good(identity: "15")));

        Begin();
        Assert.Equal(("resync the node from a trusted source", VerdictState.Diverged), Ends(() => See(ProbeOutcome.Ok, integrity: IntegrityFinding.Differs)));
        // Also while there is nobody to compare it with, until it agrees again.
        Assert.Equal(("resync the node from a trusted source", VerdictState.Diverged), Ends(() => Good()));
        Assert.Equal(("1 of 2 checks agree again", VerdictState.Diverged), End(See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees)));

        Begin();
        attested = false;
        Assert.Equal(("prove it or ask staff to attest it", VerdictState.Unknown), Part(Good(), "proven: ", null));

        void Begin()
        {
            memory = Memory.New;
            attested = true;
            MakeHealthy();
        }

        // The last of so many of its kind as make a state.
        (string, VerdictState) Ends(Func<(VerdictState State, string Reason)> see)
        {
            see();
            see();
            return End(see());
        }

        static (string, VerdictState) End((VerdictState State, string Reason) seen) => (seen.Reason.Split("; ")[^1], seen.State);

        static (string, VerdictState) Whole((VerdictState State, string Reason) seen) => (seen.Reason, seen.State);

        static (string, VerdictState) Part((VerdictState State, string Reason) seen, string after, string? before)
        {
            var rest = seen.Reason[(seen.Reason.IndexOf(after, StringComparison.Ordinal) + after.Length)..];
            return (before is null ? rest : rest[..rest.IndexOf(before, StringComparison.Ordinal)], seen.State);
        }
    }

    [Fact]
    public void Syncing_is_advice_only()
    {
        MakeHealthy();
        Assert.Equal((VerdictState.Healthy, "healthy"), See(ProbeOutcome.Ok, syncing: true));
        Assert.Equal(VerdictState.Failing, See(ProbeOutcome.Ok, head: Lagging, syncing: false).State);
        See(ProbeOutcome.Ok, head: Lagging, syncing: true);
        Assert.Equal(Lagging.Reason + ", and says itself that it is syncing; let the node catch up, or resync it", See(ProbeOutcome.Ok, head: Lagging, syncing: true).Reason);
    }

    [Fact]
    public void An_answer_without_a_block_is_not_good()
    {
        See(ProbeOutcome.Ok, noHead: true);
        See(ProbeOutcome.Ok, noHead: true);
        Assert.Equal((VerdictState.Down, "answers, but without a block: something else than a node answers at this URL"), See(ProbeOutcome.Ok, noHead: true));
    }

    [Fact]
    public void Throttled_with_a_time_is_out_at_once_for_that_time()
    {
        MakeHealthy();
        Assert.Equal((VerdictState.Throttled, "throttled, asks to stay away for 5 min: too many requests; give the prober and the portals more room"), See(ProbeOutcome.Throttled, retryAfter: TimeSpan.FromMinutes(5)));
        Assert.Equal(now + TimeSpan.FromMinutes(5), memory.CooldownUntil);
    }

    [Fact]
    public void Throttled_without_a_time_is_out_after_three_and_never_down_or_suspended()
    {
        MakeHealthy();
        Assert.Equal(VerdictState.Failing, See(ProbeOutcome.Throttled).State);
        See(ProbeOutcome.Throttled);
        Assert.Equal(VerdictState.Throttled, See(ProbeOutcome.Throttled).State);
        for (var hour = 0; hour < 40; hour++)
        {
            now += TimeSpan.FromHours(1);
            Assert.Equal(VerdictState.Throttled, See(ProbeOutcome.Throttled).State);
            Assert.Null(memory.DownSince);
        }
    }

    [Fact]
    public void Throttling_that_lasts_is_told_with_its_time_and_a_recovery_ends_it()
    {
        MakeHealthy();
        See(ProbeOutcome.Throttled, retryAfter: TimeSpan.FromSeconds(1));
        now += TimeSpan.FromHours(3);
        Assert.Equal("throttled: too many requests; give the prober and the portals more room; so for 3 h, and not picked while it lasts", See(ProbeOutcome.Throttled).Reason);
        MakeHealthy();
        Assert.Null(memory.ThrottledSince);
    }

    [Fact]
    public void What_answers_that_it_is_asked_too_often_is_not_suspended()
    {
        MakeHealthy();
        for (var probe = 0; probe < 3; probe++)
            Bad();
        now += TimeSpan.FromHours(18);
        Assert.Equal(VerdictState.Down, See(ProbeOutcome.Throttled).State);
        Assert.Equal(VerdictState.Suspended, Bad().State);
    }

    [Fact]
    public void A_clock_that_is_set_back_prolongs_neither_a_cool_down_nor_a_quarantine()
    {
        MakeHealthy();
        for (var probe = 0; probe < 3; probe++)
            Bad();
        now -= TimeSpan.FromHours(1);
        Bad();
        Assert.True(memory.CooldownUntil <= now + TimeSpan.FromMinutes(2), $"{memory.CooldownUntil - now}");
        Assert.True(memory.DownSince <= now);

        MakeHealthy();
        See(ProbeOutcome.Ok, integrity: IntegrityFinding.Differs);
        now -= TimeSpan.FromHours(1);
        See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees);
        now += TimeSpan.FromMinutes(16);
        Assert.NotEqual(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
    }

    [Theory]
    [InlineData(ProbeOutcome.NameNotFound, "the host name does not exist: correct the host name or its DNS record")]
    [InlineData(ProbeOutcome.Unreachable, "the host cannot be reached: check that the host is up and that its firewall lets everybody in")]
    [InlineData(ProbeOutcome.ConnectTimeout, "no connection in time: check that the host is up and that its firewall lets everybody in")]
    [InlineData(ProbeOutcome.ConnectRefused, "connection refused: nothing listens there, start the node or correct the port")]
    [InlineData(ProbeOutcome.TlsInvalid, "the certificate is not valid: install a certificate that is valid for this host")]
    [InlineData(ProbeOutcome.Timeout, "no answer in time: the node or what stands before it is too slow")]
    [InlineData(ProbeOutcome.ConnectionLost, "the connection broke off: look into the log of what stands before the node")]
    [InlineData(ProbeOutcome.HttpError, "answered with an HTTP error: check the path of the URL and what stands before the node")]
    [InlineData(ProbeOutcome.Unauthorized, "refuses us: let the prober and the portals in or correct the credentials")]
    [InlineData(ProbeOutcome.QuotaExhausted, "the endpoint's quota is used up: top it up or raise it")]
    [InlineData(ProbeOutcome.TooLarge, "the answer is too large: something else than a node answers at this URL")]
    [InlineData(ProbeOutcome.NotJson, "the answer is not JSON: something else than a node answers at this URL")]
    [InlineData(ProbeOutcome.InvalidAnswer, "the answer is not one of a node: something else than a node answers at this URL")]
    [InlineData(ProbeOutcome.RpcError, "the node answered with an error: it does not serve what every probe asks")]
    [InlineData(ProbeOutcome.AddressRefused, "the name leads to an address that may not be probed")]
    public void Every_failure_tells_the_provider_what_to_do(ProbeOutcome outcome, string reason)
    {
        MakeHealthy();
        See(outcome);
        See(outcome);
        Assert.Equal((VerdictState.Down, reason), See(outcome));
    }

    [Fact]
    public void A_passed_test_ends_the_cool_down_and_its_level()
    {
        MakeHealthy();
        for (var probe = 0; probe < 3; probe++)
            Bad();
        MakeHealthy();
        memory = HealthEvaluator.EndCooldown(memory, options, now);
        Assert.Equal((VerdictState.Healthy, "healthy"), Good());
    }

    [Fact]
    public void One_that_flaps_is_trusted_again_an_hour_after_the_oldest_of_its_falls()
    {
        MakeHealthy();
        var falls = new List<DateTimeOffset>();
        for (var fall = 0; fall < 6; fall++)
        {
            Assert.False(memory.CooldownUntil > now);
            now += TimeSpan.FromMinutes(5);
            FallOnce();
            falls.Add(now);
            MakeHealthy();
            now += TimeSpan.FromMinutes(1);
        }

        var until = falls[0] + TimeSpan.FromHours(1);
        Assert.Equal(until, memory.CooldownUntil);
        Assert.Equal((VerdictState.Healthy, $"healthy; fell 6 times within an hour: until {until:HH:mm:ss} UTC it is used only where there is nobody else"), Good());
        Assert.EndsWith($"; fell 6 times within an hour: until {until:HH:mm:ss} UTC it is used only where there is nobody else", Bad().Reason, StringComparison.Ordinal);
        MakeHealthy();

        // A test shows that it is well now, and that is not what is in doubt; nor does a restart make up for it.
        memory = Memory.FromJson(HealthEvaluator.EndCooldown(memory, options, now).ToJson());
        Assert.Equal(until, memory.CooldownUntil);

        // Whoever is used all the same and falls again waits for the second of them.
        FallOnce();
        MakeHealthy();
        Assert.Equal(falls[1] + TimeSpan.FromHours(1), memory.CooldownUntil);

        now = falls[1] + TimeSpan.FromHours(1);
        Assert.Equal((VerdictState.Healthy, "healthy"), Good());
        now += TimeSpan.FromHours(1);
        FallOnce();
        Assert.Equal(now + TimeSpan.FromMinutes(1), memory.CooldownUntil);
    }

    /// <summary>Whatever the probes find: out of use no more often in any hour than is configured.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void However_it_flaps_it_goes_out_of_use_only_so_often_in_an_hour(int most)
    {
        options.PickChangesPerHour = most;
        for (var seed = 0; seed < 40; seed++)
        {
            var draw = new Random(seed);
            memory = Memory.New;
            var left = new List<DateTimeOffset>();
            var inUse = false;
            for (var probe = 0; probe < 4_000; probe++)
            {
                now += TimeSpan.FromSeconds(draw.Next(1, 12));
                // Long enough one way or the other to fall and to rise, or every other probe.
                var good = seed % 4 == 0 ? probe % 2 == 0 : seed % 4 == 1 ? probe % 5 > 2 : draw.Next(3) > 0 == last.Good;
                var integrity = draw.Next(200) == 0 ? IntegrityFinding.Differs : IntegrityFinding.NotJudged;
                var outcome = good ? ProbeOutcome.Ok : draw.Next(20) == 0 ? ProbeOutcome.Throttled : ProbeOutcome.Timeout;
                See(outcome, draw.Next(4) == 0 ? Lagging : null, draw.Next(300) == 0 ? "56" : "1", good ? integrity : IntegrityFinding.NotJudged);
                if (draw.Next(100) == 0)
                    memory = HealthEvaluator.EndCooldown(memory, options, now);

                var usable = last.State is VerdictState.Healthy or VerdictState.Failing && !(memory.CooldownUntil > now);
                if (inUse && !usable)
                    left.Add(now);
                inUse = usable;
            }

            for (var first = 0; first + most < left.Count; first++)
                Assert.True(left[first + most] - left[first] >= TimeSpan.FromHours(1), $"seed {seed}: {most + 1} times out of use from {left[first]} on");
        }
    }

    [Fact]
    public void Throttled_answers_do_not_add_up_to_a_fall_with_a_single_failure()
    {
        MakeHealthy();
        See(ProbeOutcome.Throttled);
        See(ProbeOutcome.Throttled);
        Assert.Equal(VerdictState.Failing, Bad().State);
    }

    [Fact]
    public void Another_identity_is_wrong_chain_at_once_and_more_than_a_prefix()
    {
        MakeHealthy();
        Assert.Equal((VerdictState.WrongChain, "serves another chain: proves 15, not 1; point the URL at a node of 1"), Good(identity: "15"));
        Assert.Equal(VerdictState.WrongChain, Good(identity: null).State);
        Assert.Equal(VerdictState.WrongChain, Good(identity: null).State);
        Assert.Equal(VerdictState.Unknown, Good(identity: "1").State);
        Assert.Equal(VerdictState.Healthy, Good(identity: null).State);
    }

    [Fact]
    public void Diverged_stays_fifteen_minutes_and_until_two_checks_agree()
    {
        MakeHealthy();
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Differs).State);
        now += TimeSpan.FromMinutes(5);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
        now += TimeSpan.FromMinutes(5);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
        now += TimeSpan.FromMinutes(6);
        Assert.Equal(VerdictState.Healthy, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);

        See(ProbeOutcome.Ok, integrity: IntegrityFinding.Differs);
        now += TimeSpan.FromMinutes(20);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Differs).State);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
        Assert.Equal(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.NotJudged).State);
        Assert.NotEqual(VerdictState.Diverged, See(ProbeOutcome.Ok, integrity: IntegrityFinding.Agrees).State);
    }

    [Fact]
    public void Cool_down_doubles_while_a_probe_at_its_end_still_fails_and_halves_per_healthy_hour()
    {
        MakeHealthy();
        Bad();
        Bad();
        Bad();
        Assert.Equal(Minutes(1), memory.CooldownUntil - now);
        now += Minutes(0.5);
        Bad();
        Assert.Equal(Minutes(0.5), memory.CooldownUntil - now);
        foreach (var length in new[] { 2, 4, 8, 16, 32, 60, 60 })
        {
            now = memory.CooldownUntil!.Value;
            Bad();
            Assert.Equal(Minutes(length), memory.CooldownUntil - now);
        }

        now = memory.CooldownUntil!.Value;
        MakeHealthy();
        now += Minutes(2 * 60 + 1);
        Bad();
        Bad();
        Bad();
        Assert.Equal(Minutes(15), memory.CooldownUntil - now);

        static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);
    }

    [Fact]
    public void A_good_probe_never_suspends_however_long_nobody_looked()
    {
        MakeHealthy();
        for (var probe = 0; probe < 3; probe++)
            Bad();
        now += TimeSpan.FromHours(20);
        Assert.Equal(VerdictState.Down, Good().State);
        Assert.Equal(VerdictState.Healthy, Good().State);
    }

    [Fact]
    public void Down_for_seventeen_hours_is_suspended_until_people_resume_it()
    {
        MakeHealthy();
        for (var hour = 0; hour < 19; hour++)
        {
            Bad();
            now += TimeSpan.FromHours(1);
        }

        // Down since the third.
        Assert.Equal(VerdictState.Down, last.State);
        Assert.Equal((VerdictState.Suspended, "down for 17 h: a passing test by its provider or staff resumes it; last: connection refused: nothing listens there, start the node or correct the port"), Bad());
        Assert.Equal(VerdictState.Suspended, Good().State);
        Assert.Equal(VerdictState.Suspended, Good().State);
        memory = HealthEvaluator.Resume(memory);
        Assert.Equal(VerdictState.Unknown, Good().State);
        Assert.Equal((VerdictState.Healthy, "healthy"), Good());
    }

    [Fact]
    public void Mixed_troubles_end_eligibility_too()
    {
        MakeHealthy();
        Bad();
        See(ProbeOutcome.Ok, head: Lagging);
        Assert.Equal(VerdictState.Lagging, See(ProbeOutcome.Ok, head: Lagging).State);
        Assert.Equal(VerdictState.Lagging, Bad().State);
        Bad();
        Assert.Equal(VerdictState.Down, Bad().State);
    }

    /// <summary>Random histories; what must hold in every one of them whatever happens.</summary>
    [Fact]
    public void Any_history_keeps_the_rules_of_the_states()
    {
        for (var seed = 1; seed <= 400; seed++)
        {
            var draw = new Random(seed);
            memory = Memory.New;
            now = Heads.Start;
            attested = true;
            var url = 0;
            var proven = false;
            var goods = 0;
            var misses = 0;
            DateTimeOffset? downSince = null;
            var calm = draw.NextDouble();
            for (var step = 0; step < 300; step++)
            {
                now += TimeSpan.FromSeconds(Math.Exp(draw.NextDouble() * 9));
                var before = last.State;
                if (draw.Next(100) == 0)
                    attested = !attested;
                if (draw.Next(100) == 0)
                    (url, proven, misses) = (url + 1, false, 0);
                if (draw.Next(150) == 0)
                    (memory, downSince) = (HealthEvaluator.Resume(memory), null);

                var outcome = draw.NextDouble() < calm ? ProbeOutcome.Ok : (ProbeOutcome)draw.Next((int)ProbeOutcome.NoSockets + 1);
                var identity = draw.Next(4) switch { 0 => "1", 1 when draw.Next(20) == 0 => "56", _ => null };
                if (outcome != ProbeOutcome.Ok)
                    identity = null;
                var missed = identity is null && outcome == ProbeOutcome.Ok && draw.Next(3) == 0;
                misses = identity is not null ? 0 : misses + (missed && proven ? 1 : 0);
                var judgement = draw.NextDouble() < calm ? HeadJudgement.InSync : (HeadJudgement)draw.Next(5);
                var integrity = draw.NextDouble() < calm ? IntegrityFinding.NotJudged : (IntegrityFinding)draw.Next(4);
                See(outcome, new HeadAssessment(judgement, draw.Next(5), 3, judgement == HeadJudgement.InSync ? null : "why"), identity, integrity,
                    retryAfter: draw.Next(3) == 0 ? TimeSpan.FromSeconds(draw.Next(100_000)) : null, url: $"https://node/{url}", missed: missed);

                proven = identity is null ? proven && misses < options.Fall : identity == "1";
                goods = last.Good ? goods + 1 : outcome is ProbeOutcome.Ok && judgement is not (HeadJudgement.Lagging or HeadJudgement.Stale or HeadJudgement.Ahead) || outcome is ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets ? goods : 0;
                downSince = memory.Base == VerdictState.Down || last.State == VerdictState.Suspended ? downSince ?? now : null;
                var message = $"seed {seed}, step {step}: {before} → {last.State} ({last.Reason}) after {outcome}, {judgement}, {identity}, {integrity}";

                Assert.False(string.IsNullOrWhiteSpace(last.Reason), message);
                var eligible = last.State is VerdictState.Healthy or VerdictState.Failing;
                Assert.False(eligible && (!proven || !attested), message);
                Assert.False(eligible && (memory.WrongIdentity is not null || memory.DivergedAt is not null), message);
                Assert.False(identity == "56" && last.State is not (VerdictState.WrongChain or VerdictState.Suspended), message);
                Assert.False(last.State == VerdictState.Suspended && now - downSince < options.SuspendAfter, message);
                var recovered = last.State == VerdictState.Healthy && before is not (VerdictState.Healthy or VerdictState.Unknown);
                Assert.False(recovered && goods < options.Rise, message);
                Assert.False(before == VerdictState.Healthy && last.State == VerdictState.Down, message);
                var neutral = outcome is ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets;
                Assert.False(neutral && last.State is VerdictState.Down && before is not (VerdictState.Down or VerdictState.WrongChain or VerdictState.Diverged), message);
                Assert.True(memory.CooldownUntil is not { } until || until <= now + HealthEvaluator.LongestCooldown, message);
                Assert.Equal(memory, Memory.FromJson(memory.ToJson()));
            }
        }
    }

    [Fact]
    public void However_the_nodes_behind_one_url_alternate_a_change_of_state_takes_many_probes()
    {
        for (var pattern = 0; pattern < 1 << 8; pattern++)
        {
            MakeHealthy();
            var (changes, before) = (0, VerdictState.Healthy);
            for (var probe = 0; probe < 240; probe++)
            {
                var state = ((pattern >> (probe % 8)) & 1) == 0 ? Good().State : See(ProbeOutcome.Ok, Lagging).State;
                changes += state == before ? 0 : 1;
                before = state;
            }

            // One bad and Rise good ones for there and back.
            Assert.InRange(changes, 0, 240 * 2 / (options.Rise + 1));
        }

        // Every second one: no change at all but the first.
        MakeHealthy();
        See(ProbeOutcome.Ok, Lagging);
        for (var probe = 0; probe < 50; probe++)
        {
            Assert.Equal(VerdictState.Failing, Good().State);
            Assert.Equal(VerdictState.Failing, See(ProbeOutcome.Ok, Lagging).State);
        }
    }

    private void FallOnce()
    {
        for (var probe = 0; probe < options.Fall; probe++)
            Bad();
    }

    private void MakeHealthy()
    {
        while (Good().State != VerdictState.Healthy)
        {
        }
    }

    private (VerdictState State, string Reason) Good(string? identity = "1") => See(ProbeOutcome.Ok, identity: identity);

    private (VerdictState State, string Reason) Miss() => See(ProbeOutcome.Ok, identity: null, missed: true);

    private (VerdictState State, string Reason) Bad() => See(ProbeOutcome.ConnectRefused);

    private (VerdictState State, string Reason) See(
        ProbeOutcome outcome,
        HeadAssessment? head = null,
        string? identity = "1",
        IntegrityFinding integrity = IntegrityFinding.NotJudged,
        TimeSpan? retryAfter = null,
        bool? syncing = null,
        bool noHead = false,
        string url = "https://node",
        bool missed = false)
    {
        var probe = new ProbeResult
        {
            Altruist = new AltruistId("a"),
            Lane = ProbeLane.Steady,
            At = now,
            Outcome = outcome,
            Identity = outcome == ProbeOutcome.Ok ? identity : null,
            IdentityMissed = missed,
            Detail = missed ? "identity: the chain id is not one" : null,
            RetryAfter = retryAfter,
            Syncing = syncing,
        };
        last = HealthEvaluator.Evaluate(memory, new Assessment(probe, url, "1", attested, outcome == ProbeOutcome.Ok && !noHead ? head ?? InSync : null, integrity, "another block"), options, now);
        memory = last.Memory;
        return (last.State, last.Reason);
    }
}
