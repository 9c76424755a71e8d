using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Tests.Probing.Checks;

/// <summary>What the checks of a sweep say of a probe, in the words its provider reads.</summary>
public sealed class SweepJudgementTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly HeadAssessment InSync = new(HeadJudgement.InSync, 0, 3, null);

    [Fact]
    public void Fast_failures_do_not_look_fast()
    {
        var refused = new ProbeResult { Altruist = new AltruistId("a"), Lane = ProbeLane.Steady, At = Noon, Outcome = ProbeOutcome.ConnectRefused, Detail = "the connection was refused", LatencyMs = 0.2 };

        var judged = Latency(refused, head: null);

        Assert.Equal((CheckState.Skipped, "not judged: the last probe brought no head"), (judged.State, judged.Reason));
        Assert.Equal((CheckState.Failed, "the connection was refused"), Said(new HeightCheck(), refused, null));
    }

    [Fact]
    public void First_request_pays_dns_and_tls_apart_from_the_latency()
    {
        Assert.Equal((CheckState.Passed, "answers within 20 ms; opening the connection took 4300 ms more"), Said(new LatencyCheck(), Good() with { ConnectMs = 4_300 }, InSync));
        Assert.Equal(CheckState.Warned, Latency(Good() with { LatencyMs = 1_500 }, InSync).State);
    }

    [Fact]
    public void Latency_before_the_first_probe_is_unknown() =>
        Assert.Equal(new Judged(CheckState.Unknown, "not probed since the service started", null), new LatencyCheck().Judge(new SweepFacts { ExpectedIdentity = "1" }));

    [Fact]
    public void Missing_method_leaves_the_identity_open_and_the_height_good()
    {
        var probe = Good() with { Detail = "identity: eth_chainId: error -32601 the method does not exist" };

        Assert.Equal((CheckState.Unknown, "has not proven that it serves 1: identity: eth_chainId: error -32601 the method does not exist"), Said(new IdentityCheck(), probe, InSync));
        Assert.Equal((CheckState.Passed, "answers with block 1000, as the others do"), Said(new HeightCheck(), probe, InSync));
    }

    [Fact]
    public void Another_chain_says_what_to_do() =>
        Assert.Equal((CheckState.Failed, "serves another chain: proves 137, not 1; point the URL at a node of 1"), Said(new IdentityCheck(), Good() with { Identity = "137" }, InSync));

    [Fact]
    public void Identity_stays_known_through_probes_that_did_not_ask_for_it()
    {
        var first = Found(null, Good() with { Identity = "1" }, InSync);
        var second = Found(first, Good() with { At = Noon.AddMinutes(5) }, InSync);

        Assert.Equal((CheckState.Passed, Noon), (new IdentityCheck().Judge(second.Facts("1")).State, new IdentityCheck().Judge(second.Facts("1")).At));
    }

    [Fact]
    public void Lag_concerns_the_height_and_age_the_head_age()
    {
        var lagging = new HeadAssessment(HeadJudgement.Lagging, 143, 3, "answers, but is 143 blocks (28 min) behind five other providers");
        Assert.Equal((CheckState.Failed, $"{lagging.Reason}; let the node catch up, or resync it"), Said(new HeightCheck(), Good(), lagging));
        Assert.Equal(CheckState.Passed, Said(new HeadAgeCheck(), Good(), lagging).State);

        var old = new HeadAssessment(HeadJudgement.Lagging, 0, 3, "answers, but its head is 41 h old, 5 min are allowed");
        Assert.Equal((CheckState.Failed, $"{old.Reason}; let the node catch up, or resync it; it says itself that it is syncing"), Said(new HeadAgeCheck(), Good() with { Syncing = true }, old));
        Assert.Equal(CheckState.Passed, Said(new HeightCheck(), Good(), old).State);

        var stale = new HeadAssessment(HeadJudgement.Stale, 20, 3, "answers, but its head has been at block 1000 for 5 min while 3 other altruists went on");
        Assert.Equal((CheckState.Failed, $"{stale.Reason}; restart or resync the node, or take out the cache before it"), Said(new HeadAgeCheck(), Good(), stale));

        var ahead = new HeadAssessment(HeadJudgement.Ahead, null, 3, "ahead of the chain: says block 1000, 3 other providers at most 900");
        Assert.Equal((CheckState.Failed, $"{ahead.Reason}; correct the node's clock, or resync it on the right chain"), Said(new HeightCheck(), Good(), ahead));
    }

    [Fact]
    public void Integrity_is_told_until_the_next_comparison()
    {
        var compared = Found(null, Good() with { IntegrityHeight = 968, IntegrityHash = "0x1" }, InSync, IntegrityFinding.Agrees);
        var later = Found(compared, Good() with { At = Noon.AddSeconds(10) }, InSync);
        Assert.Equal(new Judged(CheckState.Passed, "has the same block 968 as the others", Noon), new DataIntegrityCheck().Judge(later.Facts("1")));

        var without = Found(later, Good() with { IntegrityHeight = 968 }, InSync);
        Assert.Equal(new Judged(CheckState.Unknown, "does not have block 968, so it is not judged by it", Noon), new DataIntegrityCheck().Judge(without.Facts("1")));
    }

    private static ProbeResult Good() => new()
    {
        Altruist = new AltruistId("a"), Lane = ProbeLane.Steady, At = Noon, Outcome = ProbeOutcome.Ok, LatencyMs = 20, Height = 1_000, HeadTime = Noon.AddSeconds(-3),
    };

    private static Judged Latency(ProbeResult probe, HeadAssessment? head) => new LatencyCheck().Judge(Found(null, probe, head).Facts("1"));

    private static (CheckState State, string? Reason) Said(ISweepCheck check, ProbeResult probe, HeadAssessment? head)
    {
        var judged = check.Judge(Found(null, probe, head).Facts("1"));
        return (judged.State, judged.Reason);
    }

    private static SweepFindings Found(SweepFindings? before, ProbeResult probe, HeadAssessment? head, IntegrityFinding finding = IntegrityFinding.NotJudged) =>
        SweepFindings.After(before, probe, head, finding, integrity: null);
}
