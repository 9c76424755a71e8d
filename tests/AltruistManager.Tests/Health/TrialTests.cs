using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Health;

public sealed class TrialTests
{
    private static readonly HeadAssessment InSync = new(HeadJudgement.InSync, 0, 3, null);
    private static readonly HeadAssessment Lagging = new(HeadJudgement.Lagging, 90, 3, "answers, but is 90 blocks (18 min) behind 3 other providers");
    private static readonly HeadAssessment Undecided = new(HeadJudgement.Undecided, null, 3, null);

    private static readonly HealthOptions Options = new();

    private Trial trial = Trial.Begin("new", Heads.Start);

    [Fact]
    public void Identity_and_enough_good_probes_in_a_row_pass_it()
    {
        Assert.False(See(InSync));
        Assert.Equal((1, "answers well: 1 of 2 good probes"), (trial.Good, trial.Reason));
        Assert.True(See(InSync));
    }

    [Fact]
    public void A_bad_probe_begins_the_count_anew_and_one_that_decides_nothing_does_not()
    {
        See(InSync);
        Assert.False(See(Undecided));
        Assert.Equal(1, trial.Good);
        Assert.False(See(null, ProbeOutcome.ResolverFailed));
        Assert.Equal((1, "could not be asked for a fault of the prober's own"), (trial.Good, trial.Reason));
        Assert.False(See(Lagging));
        Assert.Equal((0, $"{Lagging.Reason}; let the node catch up, or resync it"), (trial.Good, trial.Reason));
        Assert.False(See(InSync));
        Assert.True(See(InSync));
    }

    [Fact]
    public void Without_proof_of_control_it_waits_and_says_so()
    {
        for (var probe = 0; probe < 30; probe++)
            Assert.False(See(InSync, attested: false));
        Assert.Contains("control of the new endpoint is not proven", trial.Reason, StringComparison.Ordinal);
        Assert.Equal(Trial.OftenLimit, trial.Tries);

        Assert.True(See(InSync, attested: true));
        Assert.Equal(1, trial.Tries);
    }

    [Theory]
    [InlineData(ProbeOutcome.Unauthorized, TrialFinding.Refused)]
    [InlineData(ProbeOutcome.Throttled, TrialFinding.Undecided)]
    [InlineData(ProbeOutcome.NoSockets, TrialFinding.Undecided)]
    [InlineData(ProbeOutcome.Timeout, TrialFinding.Bad)]
    [InlineData(ProbeOutcome.ConnectRefused, TrialFinding.Bad)]
    [InlineData(ProbeOutcome.QuotaExhausted, TrialFinding.Bad)]
    public void What_a_probe_says_of_the_endpoint(ProbeOutcome outcome, TrialFinding expected) =>
        Assert.Equal(expected, Trial.Judge(Probe(outcome), null, "1").Finding);

    [Fact]
    public void Another_chain_and_no_chain_at_all_never_pass()
    {
        Assert.Equal((TrialFinding.WrongChain, "serves another chain: proves 5000, not 1; point the URL at a node of 1"), Trial.Judge(Probe(ProbeOutcome.Ok) with { Identity = "5000" }, InSync, "1"));
        Assert.Equal(TrialFinding.Bad, Trial.Judge(Probe(ProbeOutcome.Ok) with { Identity = null }, InSync, "1").Finding);
        Assert.Equal(TrialFinding.Bad, Trial.Judge(Probe(ProbeOutcome.Ok), null, "1").Finding);
    }

    [Fact]
    public void It_is_stored_whole_and_what_cannot_be_read_begins_anew()
    {
        See(InSync);
        Assert.Equal(trial, Trial.FromJson(trial.ToJson()));
        Assert.Null(Trial.FromJson("half"));
    }

    [Fact]
    public void The_memory_at_a_new_endpoint_keeps_cool_down_suspension_and_divergence()
    {
        var until = Heads.Start.AddMinutes(9);
        var memory = new Memory { Base = VerdictState.Down, Bads = 3, SameBads = 3, CooldownUntil = until, Cooldown = TimeSpan.FromMinutes(16), WrongIdentity = "5000" };
        var after = HealthEvaluator.Evaluate(
            HealthEvaluator.AtNewEndpoint(memory, Options.Rise, Options), new Assessment(Probe(ProbeOutcome.Ok), "new", "1", Attested: true, InSync), Options, Heads.Start);
        Assert.Equal((VerdictState.Healthy, "healthy; cooling down until 12:09:00 UTC"), (after.State, after.Reason));
        Assert.Equal((until, TimeSpan.FromMinutes(16), "new"), (after.Memory.CooldownUntil, after.Memory.Cooldown, after.Memory.ProvenAt));

        foreach (var grave in new[] { memory with { Suspended = true, DownSince = Heads.Start }, memory with { DivergedAt = Heads.Start } })
        {
            var still = HealthEvaluator.Evaluate(
                HealthEvaluator.AtNewEndpoint(grave, Options.Rise, Options), new Assessment(Probe(ProbeOutcome.Ok), "new", "1", Attested: true, InSync), Options, Heads.Start.AddMinutes(1));
            Assert.Equal(grave.Suspended ? VerdictState.Suspended : VerdictState.Diverged, still.State);
        }
    }

    [Theory]
    [InlineData(VerdictState.Down, VerdictState.Down)]
    [InlineData(VerdictState.Lagging, VerdictState.Lagging)]
    [InlineData(VerdictState.Unknown, VerdictState.Unknown)]
    [InlineData(VerdictState.Failing, VerdictState.Healthy)]
    [InlineData(VerdictState.Healthy, VerdictState.Healthy)]
    public void One_good_probe_of_a_new_endpoint_makes_nobody_healthy_who_was_not_well(VerdictState before, VerdictState then)
    {
        var memory = new Memory { Base = before, Goods = before == VerdictState.Healthy ? Options.Rise : Options.Rise - 1, IdentityProven = true, ProvenAt = "old" };
        Assert.Equal(then, After(memory, goods: 1).State);
        Assert.Equal(VerdictState.Healthy, After(memory, Options.Rise).State);

        static Evaluation After(Memory memory, int goods) => HealthEvaluator.Evaluate(
            HealthEvaluator.AtNewEndpoint(memory, goods, Options), new Assessment(Probe(ProbeOutcome.Ok), "new", "1", Attested: true, InSync), Options, Heads.Start);
    }

    private bool See(HeadAssessment? head, ProbeOutcome outcome = ProbeOutcome.Ok, bool attested = true)
    {
        (trial, var passed) = trial.Next(Probe(outcome), head, "1", attested, Options);
        return passed;
    }

    private static ProbeResult Probe(ProbeOutcome outcome) => new()
    {
        Altruist = new AltruistId("a1"),
        Lane = ProbeLane.Trial,
        At = Heads.Start,
        Outcome = outcome,
        Height = outcome == ProbeOutcome.Ok ? 1000 : null,
        Identity = outcome == ProbeOutcome.Ok ? "1" : null,
    };
}
