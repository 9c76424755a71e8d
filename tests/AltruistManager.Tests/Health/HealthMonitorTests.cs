using System.Collections.Concurrent;
using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Scheduling;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Health;

public abstract class HealthMonitorContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly NetworkId Network = new("evm", "1");
    private static readonly string[] Many = ["a1", "a2", "b1", "c1", "d1", "e1"];
    private static readonly System.Net.IPAddress PublicAddress = System.Net.IPAddress.Parse("93.184.216.34");

    private readonly Clock clock = new();
    private readonly RosterCache rosters = new();
    private readonly Waking waking = new();
    private readonly ConcurrentQueue<string> logs = new();
    private HealthBoard board = new();
    private EgressProof egress = null!;
    private Preservation preservation = null!;
    private readonly CheckBook checks = new(new CheckStore(fixture.Database, Options.Create(new ProbingOptions())));
    private CheckList list = new([]);
    private DrainStore drains = null!;
    private HealthOptions options = new();

    [Fact]
    public async Task Three_good_providers_become_healthy_with_one_change_row_each()
    {
        var monitor = await StartAsync("a1", "b1", "c1");
        Assert.Equal(3, monitor.Retries.Count);
        await SweepAsync(monitor, 0, 1000);
        await SweepAsync(monitor, 3, 1000);

        Assert.All(new[] { "a1", "b1", "c1" }, name => Assert.Equal(VerdictState.Healthy, board[Id(name)].State));
        Assert.Empty(monitor.Retries);
        var change = Assert.Single(await new HealthStore(Database).ChangesAsync(Id("a1"), null, 10, Cancellation));
        Assert.Equal((VerdictState.Unknown, VerdictState.Healthy, "healthy"), (change.From, change.To, change.Reason));
        Assert.Equal((1000, 0L), (board[Id("a1")].Height, board[Id("a1")].LagBlocks));
    }

    [Fact]
    public async Task Quiet_sweeps_write_no_verdicts_and_wake_nobody()
    {
        var monitor = await StartAsync("a1", "b1", "c1");
        await SweepAsync(monitor, 0, 1000);
        await SweepAsync(monitor, 3, 1000);
        var woken = waking.Times;
        var written = await UpdatedAtAsync("a1");
        for (var sweep = 1; sweep < 20; sweep++)
            await SweepAsync(monitor, sweep * 300, 1000 + sweep * 25);

        Assert.Equal(woken, waking.Times);
        Assert.Equal(written, await UpdatedAtAsync("a1"));
        Assert.Equal(Heads.Start.AddSeconds(19 * 300), board[Id("a1")].LastGoodAt);
    }

    [Fact]
    public async Task What_a_slow_batch_brings_late_does_not_overrule_newer_probes()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await SweepAsync(monitor, 600, 1050);
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 590, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
        Assert.Equal(Heads.Start.AddSeconds(600), board[Id("a1")].LastProbeAt);
    }

    [Fact]
    public async Task A_fall_is_told_once_and_kept_over_a_restart_with_its_cool_down()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        var woken = waking.Times;
        foreach (var second in new[] { 310, 313, 316 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectRefused));

        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
        Assert.Equal(woken + 2, waking.Times);
        Assert.DoesNotContain(Id("a1"), monitor.Retries);
        var cooling = board[Id("a1")].CooldownUntil;
        Assert.Equal(Heads.Start.AddSeconds(316 + 60), cooling);

        var restarted = await RestartAsync();
        Assert.Equal((VerdictState.Down, "connection refused: nothing listens there, start the node or correct the port", cooling), (board[Id("a1")].State, board[Id("a1")].Reason, board[Id("a1")].CooldownUntil));
        await SweepAsync(restarted, 330, 1027);
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
        Assert.Contains(Id("a1"), restarted.Retries);
        await ObserveAsync(restarted, ProbeLane.Retry, Good("a1", 333, 1027));
        Assert.Equal((VerdictState.Healthy, "healthy; cooling down until 12:06:16 UTC"), (board[Id("a1")].State, board[Id("a1")].Reason));
    }

    [Fact]
    public async Task The_trace_is_kept_over_a_restart()
    {
        await HealthyAsync("a1", "b1", "c1", "d1");
        var restarted = await RestartAsync();
        Assert.Equal(1025, restarted.TraceOf(Network).Height);
        Assert.Equal(993, restarted.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Steady).IntegrityHeight);
    }

    [Fact]
    public async Task Another_chain_on_the_url_is_noticed_at_once_and_ends_with_a_fresh_check()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await SweepAsync(monitor, 600, 1050, result => result.Altruist == Id("a1") ? result with { Identity = "5000", Height = 77_000_000 } : result);
        Assert.Equal((VerdictState.WrongChain, "serves another chain: proves 5000, not 1; point the URL at a node of 1"), (board[Id("a1")].State, board[Id("a1")].Reason));
        Assert.True(monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Steady).Identity);
        Assert.Equal(VerdictState.Healthy, board[Id("b1")].State);
        Assert.Equal(1050, monitor.TraceOf(Network).Height);

        await SweepAsync(monitor, 900, 1075);
        Assert.Equal(VerdictState.Unknown, board[Id("a1")].State);
        await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", 903, 1075));
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
    }

    [Fact]
    public async Task A_jump_of_more_than_an_hours_blocks_asks_for_the_identity()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        var altruist = rosters.Current.Altruists[Id("a1")];
        Assert.False(monitor.QuestionsFor(altruist, ProbeLane.Retry).Identity);
        await ObserveAsync(monitor, ProbeLane.Hot, Good("a1", 310, 1025 + 400) with { Identity = null });
        Assert.True(monitor.QuestionsFor(altruist, ProbeLane.Retry).Identity);
    }

    [Fact]
    public async Task An_identity_is_proven_every_twelfth_sweep()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        var asked = new List<int>();
        for (var sweep = 2; sweep < 40; sweep++)
        {
            if (monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Steady).Identity)
                asked.Add(sweep);
            await SweepAsync(monitor, sweep * 300, 1000 + sweep * 25);
        }

        Assert.Equal([12, 24, 36], asked);
    }

    [Fact]
    public async Task Another_history_is_evicted_by_a_plurality_and_no_longer_votes()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1", "d1");
        await SweepAsync(monitor, 600, 1050, result => result.Altruist == Id("d1") ? result with { IntegrityHash = "0xother" } : result);
        Assert.Equal(VerdictState.Diverged, board[Id("d1")].State);
        Assert.Equal("has another block 993 than 3 providers: 0xother, not 0x993; resync the node from a trusted source", board[Id("d1")].Reason);
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
        Assert.DoesNotContain(monitor.TraceOf(Network).Votes, vote => vote.Counts && vote.Altruist == "d1");
    }

    [Fact]
    public async Task Newcomer_of_another_history_is_never_healthy_although_it_comes_between_sweeps()
    {
        var monitor = await StartAsync("a1", "b1", "c1", "d1", "e1");
        foreach (var second in new[] { 0, 300 })
        {
            clock.Now = Heads.Start.AddSeconds(second);
            await ObserveAsync(monitor, ProbeLane.Steady, [.. new[] { "a1", "b1", "c1" }.Select(name => Good(name, second, 1000 + (second / 12)) with { IntegrityHeight = 968, IntegrityHash = "0x968" })]);
        }

        var asked = monitor.QuestionsFor(rosters.Current.Altruists[Id("d1")], ProbeLane.Retry).IntegrityHeight;
        Assert.Equal(968, asked);
        foreach (var second in new[] { 301, 304 })
        {
            clock.Now = Heads.Start.AddSeconds(second);
            await ObserveAsync(monitor, ProbeLane.Retry,
                Good("d1", second, 1025) with { IntegrityHeight = asked, IntegrityHash = "0xother" },
                Good("e1", second, 1025) with { IntegrityHeight = asked, IntegrityHash = "0x968" });
            Assert.Equal(VerdictState.Diverged, board[Id("d1")].State);
            Assert.Equal("has another block 968 than 3 providers: 0xother, not 0x968; resync the node from a trusted source", board[Id("d1")].Reason);
        }

        Assert.Equal(VerdictState.Healthy, board[Id("e1")].State);
        Assert.Null(monitor.QuestionsFor(rosters.Current.Altruists[Id("e1")], ProbeLane.Retry).IntegrityHeight);
    }

    [Fact]
    public async Task Before_a_round_who_they_are_is_proven_anew_and_another_history_asks_for_a_sweep()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1", "d1");
        await SweepAsync(monitor, 600, 1050);
        monitor.TakeSweepsWanted();
        Assert.Equal(new ProbeQuestions(Identity: true, IntegrityHeight: 993, Syncing: true), monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Ahead));

        clock.Now = Heads.Start.AddSeconds(880);
        await ObserveAsync(monitor, ProbeLane.Ahead, Good("a1", 880, 1073) with { IntegrityHeight = 993, IntegrityHash = "0x993" });
        Assert.Empty(monitor.TakeSweepsWanted());
        await ObserveAsync(monitor, ProbeLane.Ahead, Good("d1", 880, 1073) with { IntegrityHeight = 993, IntegrityHash = "0xother" });
        Assert.Equal(VerdictState.Healthy, board[Id("d1")].State);
        Assert.Equal([Network], monitor.TakeSweepsWanted());
        await SweepAsync(monitor, 882, 1073, result => result.Altruist == Id("d1") ? result with { IntegrityHash = "0xother" } : result);
        Assert.Equal(VerdictState.Diverged, board[Id("d1")].State);

        await ObserveAsync(monitor, ProbeLane.Ahead, Good("b1", 884, 1073) with { Identity = "5000" });
        Assert.Equal(VerdictState.WrongChain, board[Id("b1")].State);
        await ObserveAsync(monitor, ProbeLane.Ahead, Bad("c1", 884, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Failing, board[Id("c1")].State);
    }

    [Fact]
    public async Task Every_node_its_own_dev_chain_evicts_nobody()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1", "d1");
        await SweepAsync(monitor, 600, 1050, result => result with { IntegrityHash = $"0x{result.Altruist}" });
        Assert.All(new[] { "a1", "b1", "c1", "d1" }, name =>
        {
            Assert.Equal(VerdictState.Healthy, board[Id(name)].State);
            Assert.Contains("disagree", board[Id(name)].Reason);
        });
    }

    [Fact]
    public async Task One_sweep_asks_all_about_one_height()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        Assert.Equal(993, monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Steady).IntegrityHeight);
        await ObserveAsync(monitor, ProbeLane.Hot, Good("a1", 320, 1027));
        Assert.Equal(993, monitor.QuestionsFor(rosters.Current.Altruists[Id("b1")], ProbeLane.Steady).IntegrityHeight);
        Assert.Null(monitor.QuestionsFor(rosters.Current.Altruists[Id("b1")], ProbeLane.Hot).IntegrityHeight);
        await SweepAsync(monitor, 330, 1027);
        Assert.Equal(995, monitor.QuestionsFor(rosters.Current.Altruists[Id("b1")], ProbeLane.Steady).IntegrityHeight);
    }

    [Fact]
    public async Task A_rest_of_the_network_wants_one_sweep_and_no_storm()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        for (var second = 350; second < 500; second += 10)
            await ObserveAsync(monitor, ProbeLane.Hot, Good("a1", second, 1025, age: second - 297));
        Assert.Equal([Network], monitor.TakeSweepsWanted());
        Assert.Empty(monitor.TakeSweepsWanted());
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
    }

    [Fact]
    public async Task Attested_later_it_is_healthy_with_the_next_probe()
    {
        var monitor = await StartAsync("a1", "b1", "stranger1");
        rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist => altruist.Id == Id("stranger1") ? altruist with { Attested = false } : altruist)));
        await SweepAsync(monitor, 0, 1000);
        await SweepAsync(monitor, 3, 1000);
        Assert.Equal((VerdictState.Unknown, "answers well; control of the endpoint is not proven: prove it or ask staff to attest it"), (board[Id("stranger1")].State, board[Id("stranger1")].Reason));
        Assert.Empty(monitor.Retries);

        rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist => altruist with { Attested = true })));
        Assert.Equal([Id("stranger1")], monitor.Retries);
        await ObserveAsync(monitor, ProbeLane.Retry, Good("stranger1", 6, 1000) with { Identity = null });
        Assert.Equal(VerdictState.Healthy, board[Id("stranger1")].State);
    }

    [Fact]
    public async Task Throttled_and_unauthorised_ones_see_no_storm_of_retries()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await ObserveAsync(monitor, ProbeLane.Hot, Bad("a1", 310, ProbeOutcome.Unauthorized), Bad("b1", 310, ProbeOutcome.Throttled) with { RetryAfter = TimeSpan.FromSeconds(90) }, Bad("c1", 310, ProbeOutcome.Timeout));
        Assert.Equal([Id("c1")], monitor.Retries);
        Assert.Equal(VerdictState.Throttled, board[Id("b1")].State);
    }

    [Fact]
    public async Task Retries_end_although_nothing_is_decided()
    {
        var monitor = await StartAsync("a1", "b1", "c1");
        for (var retry = 0; retry < 30; retry++)
            await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", retry * 3, 1000) with { Identity = null });
        Assert.DoesNotContain(Id("a1"), monitor.Retries);
        Assert.Equal(VerdictState.Unknown, board[Id("a1")].State);
        Assert.Contains("has not yet proven that it serves 1", board[Id("a1")].Reason);
    }

    [Fact]
    public async Task A_changed_url_must_prove_the_identity_anew()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        Move("a1");
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
        Assert.Contains(Id("a1"), monitor.Retries);
        Assert.True(monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Retry).Identity);
        await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", 310, 1025));
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);

        Move("b1");
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("b1", 310, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Unknown, board[Id("b1")].State);

        void Move(string name) => rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist =>
            altruist.Id == Id(name) ? altruist with { Url = $"https://new-{name}.example" } : altruist)));
    }

    [Fact]
    public async Task Behind_a_changed_path_of_its_chain_identity_and_capabilities_are_proven_anew()
    {
        var archive = new CapabilityCheck("archive");
        list = new CheckList([archive]);
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var name in (string[])["a1", "b1"])
        {
            await checks.RecordAsync(Id(name), [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), CheckRecord.PlaceOf(archive, Make(name), ""))], Heads.Start, Cancellation);
            await monitor.CheckedAsync(Id(name), Cancellation);
            Assert.Equal(["archive"], board[Id(name)].Proven);
        }

        rosters.Replace(RosterOf(rosters.Current.Altruists.Values, path: "/ext/bc"));
        Assert.True(monitor.QuestionsFor(rosters.Current.Altruists[Id("a1")], ProbeLane.Hot).Identity);
        // What was asked before the change and comes after it says nothing.
        await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", 309, 1025) with { Endpoint = Make("a1").Fingerprint });
        Assert.Equal(["archive"], board[Id("a1")].Proven);
        await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", 310, 1025));
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
        Assert.Empty(board[Id("a1")].Proven);
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("b1", 310, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Unknown, board[Id("b1")].State);

        await checks.RecordAsync(Id("a1"), [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), CheckRecord.PlaceOf(archive, Make("a1"), "/ext/bc"))], Heads.Start, Cancellation);
        await monitor.CheckedAsync(Id("a1"), Cancellation);
        Assert.Equal(["archive"], board[Id("a1")].Proven);
    }

    /// <summary>Gateways may lead each of their customers to other nodes; but a rotation that was tested takes nothing from portals.</summary>
    [Fact]
    public async Task Behind_new_credentials_the_identity_is_proven_anew_and_capabilities_stand_until_their_check()
    {
        var archive = new CapabilityCheck("archive");
        list = new CheckList([archive]);
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await checks.RecordAsync(Id("a1"), [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), CheckRecord.PlaceOf(archive, Make("a1"), ""))], Heads.Start, Cancellation);
        await monitor.CheckedAsync(Id("a1"), Cancellation);
        Assert.Equal(["archive"], board[Id("a1")].Proven);

        var moved = Make("a1") with { Auth = new EndpointAuth(AuthKind.Bearer, "", "another-plan") };
        rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist => altruist.Id == Id("a1") ? moved : altruist)));
        Assert.True(monitor.QuestionsFor(moved, ProbeLane.Hot).Identity);
        await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", 310, 1025));
        Assert.Equal(["archive"], board[Id("a1")].Proven);
    }

    [Fact]
    public async Task Only_who_answers_is_checked_beside_its_probes()
    {
        var monitor = await StartAsync("a1", "b1", "c1");
        Assert.False(monitor.Answers(Id("a1")));
        await SweepAsync(monitor, 0, 1000);
        Assert.True(monitor.Answers(Id("a1")));
        await SweepAsync(monitor, 300, 1025);

        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 310, ProbeOutcome.Timeout));
        Assert.Equal((VerdictState.Failing, false), (board[Id("a1")].State, monitor.Answers(Id("a1"))));
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 313, ProbeOutcome.Timeout), Bad("b1", 313, ProbeOutcome.Throttled));
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 316, ProbeOutcome.Timeout));
        Assert.Equal((VerdictState.Down, false, false), (board[Id("a1")].State, monitor.Answers(Id("a1")), monitor.Answers(Id("b1"))));

        // Until a probe of this process says otherwise, who was out is left alone and the others are not.
        var restarted = await RestartAsync();
        Assert.Equal((false, true), (restarted.Answers(Id("a1")), restarted.Answers(Id("c1"))));
        await SweepAsync(restarted, 600, 1050);
        await SweepAsync(restarted, 603, 1050);
        Assert.Equal((VerdictState.Healthy, true), (board[Id("a1")].State, restarted.Answers(Id("a1"))));
    }

    [Fact]
    public async Task Whoever_is_switched_on_or_can_be_read_again_begins_anew_and_nobody_else()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await RegisterAsync(monitor, "a1", altruist => altruist with { Enabled = false });
        await RegisterAsync(monitor, "b1", altruist => altruist with { Undecryptable = new Undecryptable("its key is gone", null) });
        await RegisterAsync(monitor, "c1", altruist => altruist with { Label = "renamed" });
        Assert.All(["a1", "b1", "c1"], name => Assert.Equal(VerdictState.Healthy, board[Id(name)].State));

        await RegisterAsync(monitor, "a1", altruist => altruist with { Enabled = true });
        await RegisterAsync(monitor, "b1", altruist => altruist with { Undecryptable = null });
        Assert.Equal((VerdictState.Unknown, "begins anew; not decided yet"), (board[Id("a1")].State, board[Id("a1")].Reason));
        Assert.Equal(VerdictState.Unknown, board[Id("b1")].State);
        Assert.Equal(VerdictState.Healthy, board[Id("c1")].State);

        // It is taken up once.
        await SweepAsync(monitor, 600, 1050);
        await SweepAsync(monitor, 900, 1075);
        await RegisterAsync(monitor, "c1", altruist => altruist with { Label = "renamed again" });
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
    }

    [Fact]
    public async Task Switching_it_off_and_on_ends_no_suspension()
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromMinutes(10) };
        var monitor = await HealthyAsync("a1", "b1", "c1");
        for (var second = 310; second < 1300; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.Timeout));
        await RegisterAsync(monitor, "a1", altruist => altruist with { Enabled = false });
        await RegisterAsync(monitor, "a1", altruist => altruist with { Enabled = true });
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
        await SweepAsync(monitor, 1500, 1125);
        await SweepAsync(monitor, 1503, 1125);
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);

        await monitor.TestPassedAsync(Id("a1"), Cancellation);
        Assert.Equal(VerdictState.Unknown, board[Id("a1")].State);
    }

    /// <summary>But for the time between them: from the last probe of the retired one or, where no process remembers that, from its retirement.</summary>
    [Theory]
    [InlineData(20, false)]
    [InlineData(1, true)]
    public async Task An_heir_is_down_for_as_long_as_the_retired_one_was(int retiredAfterHours, bool restartsMeanwhile)
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromHours(1) };
        await HealthyAsync("a1", "b1", "c1");
        await Database.WriteAsync(write => write.ExecuteAsync(
            "insert into probes (altruist_id, vantage, lane, at, outcome, probes, failures) values ('a1', 'local', 'steady', @at, 'ConnectRefused', 1, 1)",
            new { at = Heads.Start.AddDays(-30).ToUnixTimeMilliseconds() }), Cancellation);
        var monitor = await RestartAsync();
        for (var second = 310; second < 3600; second += 300)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        if (restartsMeanwhile)
        {
            clock.Now = Heads.Start.AddHours(2);
            monitor = await RestartAsync();
        }

        await Database.WriteAsync(write => new HealthStore(Database).InheritAsync(write, Id("a1"), Id("a2")), Cancellation);
        rosters.Replace(RosterOf([.. rosters.Current.Altruists.Values.Select(altruist => altruist.Id == Id("a1") ? altruist with { RetiredAt = Heads.Start.AddHours(retiredAfterHours) } : altruist), Make("a2") with { Url = Make("a1").Url }]));

        const int day = 86_400;
        await ObserveAsync(monitor, ProbeLane.Steady, Bad("a2", day, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Down, board[Id("a2")].State);
        await ObserveAsync(monitor, ProbeLane.Steady, Bad("a2", day + 600, ProbeOutcome.ConnectRefused));

        Assert.Equal(VerdictState.Suspended, board[Id("a2")].State);
        Assert.Matches("^down for 6. min", board[Id("a2")].Reason);
    }

    [Fact]
    public async Task An_heir_takes_over_the_health_of_the_retired_one()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await Database.WriteAsync(write => new HealthStore(Database).InheritAsync(write, Id("a1"), Id("a2")), Cancellation);
        rosters.Replace(RosterOf([.. rosters.Current.Altruists.Values, Make("a2") with { Url = Make("a1").Url }]));
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a2", 310, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Failing, board[Id("a2")].State);
    }

    [Fact]
    public async Task A_suspended_one_comes_back_only_by_people()
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromMinutes(10) };
        var monitor = await HealthyAsync("a1", "b1", "c1");
        for (var second = 310; second < 1300; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
        await SweepAsync(monitor, 1500, 1125);
        await SweepAsync(monitor, 1800, 1150);
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
        Assert.DoesNotContain(Id("a1"), monitor.Retries);

        await monitor.ResumeAsync(Id("a1"), Cancellation);
        Assert.Equal((VerdictState.Unknown, "resumed; not decided yet"), (board[Id("a1")].State, board[Id("a1")].Reason));
        Assert.Contains(Id("a1"), monitor.Retries);
        await SweepAsync(monitor, 2100, 1175);
        await SweepAsync(monitor, 2103, 1175);
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
    }

    [Fact]
    public async Task A_cut_of_our_own_network_evicts_nobody_and_is_frozen_until_the_first_proof()
    {
        var monitor = await HealthyAsync(Many);
        // The pick falls first, in its own lane: that is held back, and everybody is asked.
        foreach (var second in new[] { 312, 315, 318 })
            await ObserveAsync(monitor, ProbeLane.Hot, Bad("a1", second, ProbeOutcome.ConnectTimeout));
        Assert.Equal((VerdictState.Failing, "no connection in time; whether that is its fault or the prober's is being checked; 2 of 3 bad probes in a row"), (board[Id("a1")].State, board[Id("a1")].Reason));
        Assert.True(monitor.TakeCanariesWanted());
        Assert.Equal([Network], monitor.TakeSweepsWanted());

        foreach (var second in new[] { 324, 327, 330, 333, 633, 933 })
            await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout))]);
        Assert.All(Many, name => Assert.True(board[Id(name)].State is VerdictState.Healthy or VerdictState.Failing, board[Id(name)].Reason));
        Assert.NotNull(board.FrozenSince);
        Assert.Contains("6 of 6 altruists of 5 providers could not be reached at once, 6 of 6 of evm:1", Assert.Single(preservation.Alarms), StringComparison.Ordinal);
        Assert.Single(logs, line => line.Contains("frozen and every pick is kept", StringComparison.Ordinal));

        egress.Reached(PublicAddress);
        await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Good(name, 940, 1078))]);
        Assert.Null(board.FrozenSince);
        Assert.Empty(preservation.Alarms);
        Assert.Equal([Network], monitor.TakeSweepsWanted());
        Assert.Single(logs, line => line.Contains("no longer frozen", StringComparison.Ordinal));
        await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Good(name, 945, 1078))]);
        Assert.All(Many, name => Assert.Equal((VerdictState.Healthy, 1), (board[Id(name)].State, board[Id(name)].Reason.StartsWith("healthy", StringComparison.Ordinal) ? 1 : 0)));
    }

    [Fact]
    public async Task Connections_that_die_with_our_network_evict_nobody_either()
    {
        var monitor = await HealthyAsync(Many);
        for (var second = 312; second < 600; second += 3)
            await ObserveAsync(monitor, ProbeLane.Hot, [.. Many.Select(name => Bad(name, second, second < 320 ? ProbeOutcome.Timeout : ProbeOutcome.ConnectTimeout))]);
        Assert.All(Many, name => Assert.True(board[Id(name)].State is VerdictState.Healthy or VerdictState.Failing, board[Id(name)].Reason));
        Assert.NotNull(board.FrozenSince);
    }

    [Fact]
    public async Task Many_that_fail_while_our_network_is_proven_to_work_are_evicted()
    {
        var monitor = await HealthyAsync(Many);
        for (var second = 312; second < 330; second += 3)
        {
            egress.Reached(PublicAddress);
            await ObserveAsync(monitor, ProbeLane.Steady, [.. Many[..5].Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout)), Good("e1", second, 1026)]);
        }

        Assert.All(Many[..5], name => Assert.Equal(VerdictState.Down, board[Id(name)].State));
        Assert.Null(board.FrozenSince);
    }

    [Fact]
    public async Task A_single_fall_waits_only_until_a_sweep_proves_our_network()
    {
        var monitor = await HealthyAsync(Many);
        foreach (var second in new[] { 312, 315, 318 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectTimeout));
        Assert.Equal(VerdictState.Failing, board[Id("a1")].State);
        clock.Now = Heads.Start.AddSeconds(319);
        egress.Reached(PublicAddress);
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 321, ProbeOutcome.ConnectTimeout));
        Assert.Equal((VerdictState.Down, "no connection in time: check that the host is up and that its firewall lets everybody in"), (board[Id("a1")].State, board[Id("a1")].Reason));
    }

    [Fact]
    public async Task Proof_inside_says_nothing_of_the_public_side_and_the_other_way_round()
    {
        var monitor = await HealthyAsync(Many);
        for (var second = 312; second < 420; second += 3)
        {
            egress.Reached(System.Net.IPAddress.Loopback);
            await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.Unreachable))]);
        }

        Assert.NotNull(board.FrozenSince);
        Assert.All(Many, name => Assert.NotEqual(VerdictState.Down, board[Id(name)].State));
    }

    [Fact]
    public async Task Three_altruists_never_freeze_and_are_never_held()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var second in new[] { 312, 315, 318 })
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectTimeout), Bad("b1", second, ProbeOutcome.ConnectTimeout), Bad("c1", second, ProbeOutcome.ConnectTimeout));
        Assert.All(new[] { "a1", "b1", "c1" }, name => Assert.Equal(VerdictState.Down, board[Id(name)].State));
        Assert.Null(board.FrozenSince);
        Assert.False(monitor.TakeCanariesWanted());
    }

    [Fact]
    public async Task A_freeze_ends_with_a_restart_comes_back_at_once_and_is_nobodys_downtime()
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromMinutes(10) };
        var monitor = await HealthyAsync(Many);
        foreach (var second in new[] { 301, 304, 307 })
        {
            clock.Now = Heads.Start.AddSeconds(second);
            egress.Reached(PublicAddress);
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("e1", second, ProbeOutcome.ConnectTimeout));
        }

        Assert.Equal(VerdictState.Down, board[Id("e1")].State);
        for (var second = 320; second < 400; second += 5)
            await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout))]);
        Assert.NotNull(board.FrozenSince);

        var restarted = await RestartAsync();
        Assert.Null(board.FrozenSince);
        foreach (var second in new[] { 397, 402 })
            await ObserveAsync(restarted, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout))]);
        Assert.NotNull(board.FrozenSince);
        Assert.All(Many[..5], name => Assert.True(board[Id(name)].State is VerdictState.Healthy or VerdictState.Failing, board[Id(name)].Reason));
        for (var second = 410; second < 4000; second += 300)
            await ObserveAsync(restarted, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout))]);
        clock.Now = Heads.Start.AddSeconds(4000);
        egress.Reached(PublicAddress);
        foreach (var second in new[] { 4010, 4013 })
            await ObserveAsync(restarted, ProbeLane.Steady, [.. Many[..5].Select(name => Good(name, second, 1300)), Bad("e1", second, ProbeOutcome.ConnectTimeout)]);
        Assert.Equal(VerdictState.Down, board[Id("e1")].State);
        await ObserveAsync(restarted, ProbeLane.Steady, Good("a1", 4600, 1350), Bad("e1", 4600, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Suspended, board[Id("e1")].State);
        Assert.Contains("down for 10 min", board[Id("e1")].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_freeze_thaws_when_nobody_is_left_whom_it_could_keep()
    {
        var monitor = await HealthyAsync(Many);
        for (var second = 320; second < 400; second += 5)
            await ObserveAsync(monitor, ProbeLane.Steady, [.. Many.Select(name => Bad(name, second, ProbeOutcome.ConnectTimeout))]);
        monitor.TakeCanariesWanted();
        Assert.NotNull(board.FrozenSince);
        rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist => altruist with { Url = "http://10.0.0.1" })));
        monitor.TakeCanariesWanted();
        Assert.Null(board.FrozenSince);
        Assert.Empty(preservation.Alarms);
    }

    [Fact]
    public async Task Doubts_that_come_and_go_make_no_storm_of_sweeps()
    {
        var monitor = await HealthyAsync(Many);
        var sweeps = 0;
        for (var second = 312; second < 372; second += 3)
        {
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectTimeout), Good("b1", second, 1026));
            sweeps += monitor.TakeSweepsWanted().Count;
            clock.Now = Heads.Start.AddSeconds(second + 1);
            egress.Reached(PublicAddress);
            await ObserveAsync(monitor, ProbeLane.Retry, Good("a1", second + 2, 1026));
        }

        Assert.InRange(sweeps, 0, 3);
    }

    [Fact]
    public async Task Where_a_whole_network_is_dead_a_new_endpoint_is_judged_as_the_first_one()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        var altruist = rosters.Current.Altruists[Id("a1")];
        Assert.NotEqual(HeadJudgement.InSync, monitor.JudgeBeside(altruist, Good("a1", 310, 900))!.Value.Judgement);
        Assert.Equal(HeadJudgement.InSync, monitor.JudgeBeside(altruist, Good("a1", 3600, 1026))!.Value.Judgement);
    }

    [Fact]
    public async Task A_dead_resolver_is_our_fault_and_a_dead_name_server_the_altruists()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        for (var second = 312; second < 330; second += 3)
        {
            egress.NotFound("node.example");
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ResolverFailed));
        }

        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
        Assert.Contains("a fault of our own", Assert.Single(preservation.Alarms), StringComparison.Ordinal);
        Assert.Single(logs, line => line.Contains("fault of our own", StringComparison.Ordinal));
        Assert.True(monitor.TakeCanariesWanted());

        egress.Found("other.example", [PublicAddress]);
        for (var second = 332; second < 340; second += 3)
        {
            clock.Now = Heads.Start.AddSeconds(second);
            egress.Found("other.example", [PublicAddress]);
            egress.NotFound("a1.example");
            egress.Reached(PublicAddress);
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ResolverFailed));
        }

        Assert.Equal((VerdictState.Down, "the name servers of its host do not answer, those of others do: repair its DNS"), (board[Id("a1")].State, board[Id("a1")].Reason));
    }

    [Fact]
    public async Task No_sockets_left_is_our_fault_at_any_size()
    {
        var monitor = await HealthyAsync("a1", "b1");
        for (var second = 312; second < 400; second += 3)
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.NoSockets), Bad("b1", second, ProbeOutcome.NoSockets));
        Assert.All(new[] { "a1", "b1" }, name => Assert.Equal(VerdictState.Healthy, board[Id(name)].State));
        Assert.NotEmpty(preservation.Alarms);
        clock.Now = Heads.Start.AddSeconds(600);
        Assert.Empty(preservation.Alarms);
    }

    /// <summary>Whoever was down when the prober itself went away may have been well meanwhile.</summary>
    [Theory]
    [InlineData("a new process")]
    [InlineData("a new process, long after")]
    [InlineData("a clock that was set")]
    [InlineData("a resolver that was down")]
    public async Task Time_in_which_nobody_looked_is_nobodys_downtime(string after)
    {
        const int hour = 3600;
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var second in new[] { 310, 313, 316 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectRefused));
        for (var second = 600; second <= 7 * hour; second += 600)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        await Database.WriteAsync(write => write.ExecuteAsync(
            "insert into probes (altruist_id, vantage, lane, at, outcome, probes, failures) values ('a1', 'local', 'steady', @at, 'ConnectRefused', 1, 1)",
            new { at = Heads.Start.AddHours(7).ToUnixTimeMilliseconds() }), Cancellation);

        var back = (after.EndsWith("long after", StringComparison.Ordinal) ? 7 + (24 * 30) : 7 + 20) * hour;
        clock.Now = Heads.Start.AddSeconds(back);
        if (after.StartsWith("a resolver", StringComparison.Ordinal))
        {
            // And so it is of everybody else.
            for (var second = (7 * hour) + 600; second < back; second += 600)
                await ObserveAsync(monitor, ProbeLane.Steady, [.. new[] { "a1", "b1", "c1" }.Select(name => Bad(name, second, ProbeOutcome.ResolverFailed))]);
        }

        if (after.StartsWith("a new process", StringComparison.Ordinal))
            monitor = await RestartAsync();
        for (var second = 0; second <= 10 * hour; second += 600)
        {
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", back + second, ProbeOutcome.ConnectRefused));
            // Seven hours before, and what a sweep may be late.
            if (second == 9.5 * hour)
                Assert.Equal(VerdictState.Down, board[Id("a1")].State);
        }

        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
        Assert.StartsWith("down for 17 h", board[Id("a1")].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_happens_while_it_drains_is_neither_downtime_nor_a_reason_to_cool_down()
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromMinutes(10) };
        var monitor = await HealthyAsync("a1", "b1", "c1");
        await drains.AddAsync(
            Actors.Staff,
            new Drain
            {
                Id = "window", Altruist = Id("a1"), Reason = "new disks", From = Heads.Start.AddSeconds(310), Until = Heads.Start.AddSeconds(2000), CreatedAt = Heads.Start, CreatedBy = "test",
            },
            new ProviderId("a"),
            Cancellation);
        for (var second = 320; second < 1900; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
        await SweepAsync(monitor, 1900, 1150);
        await SweepAsync(monitor, 1903, 1150);
        Assert.Equal((VerdictState.Healthy, null), (board[Id("a1")].State, board[Id("a1")].CooldownUntil));

        for (var second = 1910; second < 2500; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
        for (var second = 2500; second < 2700; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
    }

    [Fact]
    public async Task A_passed_test_ends_a_cool_down_at_once_and_a_suspension_too()
    {
        options = new HealthOptions { SuspendAfter = TimeSpan.FromMinutes(10) };
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var second in new[] { 310, 313, 316 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectRefused));
        await SweepAsync(monitor, 320, 1026);
        await SweepAsync(monitor, 323, 1026);
        Assert.NotNull(board[Id("a1")].CooldownUntil);
        var woken = waking.Times;
        await monitor.TestPassedAsync(Id("a1"), Cancellation);
        Assert.Equal((null, "healthy; a passed test ended its cool-down", woken + 1), (board[Id("a1")].CooldownUntil, board[Id("a1")].Reason, waking.Times));

        for (var second = 330; second < 1300; second += 60)
            await ObserveAsync(monitor, ProbeLane.Steady, Bad("a1", second, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Suspended, board[Id("a1")].State);
        await monitor.TestPassedAsync(Id("a1"), Cancellation);
        Assert.Equal(VerdictState.Unknown, board[Id("a1")].State);
    }

    [Fact]
    public async Task After_the_clock_was_set_back_probes_go_on_to_count()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var second in new[] { -3000, -2997, -2994 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectRefused));
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
    }

    [Fact]
    public async Task Different_hashes_at_the_tip_evict_nobody()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1", "d1");
        for (var sweep = 2; sweep < 6; sweep++)
            await SweepAsync(monitor, sweep * 300, 1000 + sweep * 25, result => result with { HeadHash = $"0x{result.Altruist}" });
        Assert.All(new[] { "a1", "b1", "c1", "d1" }, name => Assert.Equal((VerdictState.Healthy, "healthy"), (board[Id(name)].State, board[Id(name)].Reason)));
    }

    [Fact]
    public async Task Never_observed_is_not_zero_lag_and_not_eligible()
    {
        var monitor = await StartAsync("a1", "b1", "c1", "d1");
        await ObserveAsync(monitor, ProbeLane.Steady, Good("a1", 0, 1000), Good("b1", 0, 1000), Good("c1", 0, 1000));
        var unseen = board[Id("d1")];
        Assert.Equal((VerdictState.Unknown, null, "not probed yet"), (unseen.State, unseen.LagBlocks, unseen.Reason));
    }

    [Fact]
    public async Task Changes_are_told_newest_first_page_by_page()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        for (var second = 310; second < 350; second += 3)
            await ObserveAsync(monitor, ProbeLane.Retry, second < 330 ? Bad("a1", second, ProbeOutcome.Timeout) : Good("a1", second, 1027));
        var store = new HealthStore(Database);
        var first = await store.ChangesAsync(Id("a1"), null, 2, Cancellation);
        var second2 = await store.ChangesAsync(Id("a1"), first[^1].Id, 2, Cancellation);

        Assert.Equal([VerdictState.Healthy, VerdictState.Down], first.Select(change => change.To));
        Assert.Equal([VerdictState.Failing, VerdictState.Healthy], second2.Select(change => change.To));
        Assert.Empty(await store.ChangesAsync(Id("a1"), second2[^1].Id, 2, Cancellation));
    }

    [Fact]
    public async Task Start_takes_up_every_verdict_however_many_there_are()
    {
        var store = new HealthStore(Database);
        var ids = Enumerable.Range(0, 2_001).Select(number => new AltruistId($"many-{number}")).ToList();
        foreach (var some in ids.Chunk(500))
            await store.WriteAsync("crowded", Heads.Start, [.. some.Select(id => new StoredVerdict(id, VerdictState.Down, "down", Heads.Start, Memory.New))], [], [], trace: null, Cancellation);

        var loaded = await store.LoadAsync("crowded", Cancellation).Select(verdict => verdict.Altruist).ToListAsync(Cancellation);

        Assert.Equal(ids.Order(), loaded.Order());
    }

    [Fact]
    public async Task Every_change_keeps_its_evidence_for_180_days_and_its_hash_for_ever()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var second in new[] { 310, 313, 316 })
            await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", second, ProbeOutcome.ConnectRefused) with { Address = "192.0.2.7", Exchanges = [new Exchange("eth_getBlockByNumber", "the connection was refused", 1.25, null)] });
        var store = new HealthStore(Database);
        var changes = await store.ChangesAsync(Id("a1"), null, 10, Cancellation);
        Assert.Equal(board[Id("a1")].Evidence, changes[0].Evidence);

        var body = (await store.EvidenceAsync(Id("a1"), changes[0].Evidence!, Cancellation))!;
        Assert.Equal(changes[0].Evidence, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(body))));
        Assert.StartsWith("""{"address":"192.0.2.7","altruist":"a1","at":""", body);
        Assert.Contains("""exchanges":[{"answered":"the connection was refused","asked":"eth_getBlockByNumber","connectUs":null,"latencyUs":1250}],"format":1,"from":"failing",""", body);
        Assert.Contains("""comparedWith":{"blockTimeMs":12000,"dataIntegrity":null,"head":1025,"height":null,"lagBlocks":null,"toleranceMs":36000,"votingProviders":3}""", body);
        Assert.DoesNotContain("/rpc", body);
        Assert.Null(await store.EvidenceAsync(Id("b1"), changes[0].Evidence!, Cancellation));

        await RestartAsync();
        Assert.Equal(changes[0].Evidence, board[Id("a1")].Evidence);
        var tidying = new EvidenceTidyJob(store, clock);
        clock.Now = changes[0].At.AddDays(180);
        await tidying.Execute(null!, Cancellation);
        Assert.NotNull(await store.EvidenceAsync(Id("a1"), changes[0].Evidence!, Cancellation));
        clock.Now += TimeSpan.FromSeconds(1);
        await tidying.Execute(null!, Cancellation);
        Assert.Null(await store.EvidenceAsync(Id("a1"), changes[0].Evidence!, Cancellation));
        Assert.Equal(changes[0].Evidence, (await store.ChangesAsync(Id("a1"), null, 10, Cancellation))[0].Evidence);
    }

    [Fact]
    public async Task What_checks_found_stands_in_the_verdict_and_wakes_those_who_pick()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        var woken = waking.Times;
        await checks.RecordAsync(Id("a1"), [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), CheckPlace.Of(["here"])), (new CheckResult("consistency", CheckState.Warned, "137 blocks apart", 1, []), CheckPlace.Of(["here"]))], Heads.Start, Cancellation);
        await monitor.CheckedAsync(Id("a1"), Cancellation);

        Assert.Equal((woken + 1, "137 blocks apart"), (waking.Times, board[Id("a1")].Penalty));
        Assert.Equal(["archive"], board[Id("a1")].Proven);
        // It stays through probes, and telling it again wakes nobody.
        await SweepAsync(monitor, 600, 1050);
        await monitor.CheckedAsync(Id("a1"), Cancellation);
        Assert.Equal(woken + 1, waking.Times);
        Assert.Equal(["archive"], board[Id("a1")].Proven);
        await RestartAsync();
        Assert.Equal(["archive"], board[Id("a1")].Proven);
    }

    [Fact]
    public async Task A_write_that_fails_changes_nothing_in_memory()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => monitor.ObserveAsync(Network, [Bad("a1", 310, ProbeOutcome.Timeout)], stopped.Token));
        Assert.Equal(VerdictState.Healthy, board[Id("a1")].State);
    }

    /// <summary>A cut of our own network meets probes of every lane at once: one silence is not three bad probes in a row.</summary>
    [Fact]
    public async Task Probes_that_waited_for_the_same_silence_count_once()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var (lane, second) in new[] { (ProbeLane.Hot, 310), (ProbeLane.Ahead, 310.4), (ProbeLane.Steady, 311.5) })
            await ObserveAsync(monitor, lane, Bad("a1", second, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Failing, board[Id("a1")].State);
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 314, ProbeOutcome.ConnectTimeout));
        Assert.Equal(VerdictState.Failing, board[Id("a1")].State);
        await ObserveAsync(monitor, ProbeLane.Retry, Bad("a1", 317, ProbeOutcome.ConnectTimeout));
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
    }

    /// <summary>What did not count is no reason for the next one not to.</summary>
    [Fact]
    public async Task Lanes_that_wait_one_after_the_other_do_not_keep_each_other_from_counting()
    {
        var monitor = await HealthyAsync("a1", "b1", "c1");
        foreach (var (lane, second) in new[] { (ProbeLane.Hot, 310), (ProbeLane.Steady, 312), (ProbeLane.Hot, 313) })
            await ObserveAsync(monitor, lane, Bad("a1", second, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Failing, board[Id("a1")].State);
        await ObserveAsync(monitor, ProbeLane.Hot, Bad("a1", 316, ProbeOutcome.Timeout));
        Assert.Equal(VerdictState.Down, board[Id("a1")].State);
    }

    [Fact]
    public async Task After_a_start_the_newest_probes_tell_when_it_was_last_good()
    {
        await HealthyAsync("a1", "b1", "c1");
        await Database.WriteAsync(write => write.ExecuteAsync(
            """
            insert into probes (altruist_id, vantage, lane, at, outcome, latency_ms, height, probes, failures)
            values ('a1', 'local', 'steady', @early, 'Ok', 20.5, 1024, 1, 0), ('a1', 'local', 'steady', @late, 'Timeout', null, null, 1, 1), ('c1', 'local', 'steady', @early, 'Ok', 20.5, 900, 1, 0)
            """, new { early = Heads.Start.AddSeconds(300).ToUnixTimeMilliseconds(), late = Heads.Start.AddSeconds(310).ToUnixTimeMilliseconds() }), Cancellation);
        await Database.WriteAsync(write => write.ExecuteAsync("update verdicts set state = 'lagging' where altruist_id = 'c1'"), Cancellation);
        await RestartAsync();

        var verdict = board[Id("a1")];
        Assert.Equal((Heads.Start.AddSeconds(310), Heads.Start.AddSeconds(300), 1024, 20.5), (verdict.LastProbeAt, verdict.LastGoodAt, verdict.Height, verdict.LatencyMs));
        Assert.Null(board[Id("b1")].LastGoodAt);
        // What it answered was not good.
        Assert.Equal((VerdictState.Lagging, Heads.Start.AddSeconds(300), null), (board[Id("c1")].State, board[Id("c1")].LastProbeAt, board[Id("c1")].LastGoodAt));
    }

    private static AltruistId Id(string name) => new(name);

    private static ProbeResult Good(string name, double second, long height, double age = 3) => new()
    {
        Altruist = Id(name),
        Lane = ProbeLane.Retry,
        At = Heads.Start.AddSeconds(second),
        Outcome = ProbeOutcome.Ok,
        Height = height,
        HeadTime = Heads.Start.AddSeconds(second - age),
        LatencyMs = 20,
        Identity = "1",
    };

    private static ProbeResult Bad(string name, double second, ProbeOutcome outcome) =>
        new() { Altruist = Id(name), Lane = ProbeLane.Retry, At = Heads.Start.AddSeconds(second), Outcome = outcome };

    private static Altruist Make(string name) => new()
    {
        Id = Id(name),
        Provider = new ProviderId(name.TrimEnd('1', '2')),
        Network = Network,
        Chains = [new ChainId("0021")],
        Regions = [RegionId.Everywhere],
        Url = $"https://{name}.example/rpc",
        MayBePrivate = false,
        Label = name,
        Attested = true,
        CreatedAt = Heads.Start,
    };

    private static Roster RosterOf(IEnumerable<Altruist> altruists, string path = "") => new(1, [new Chain
    {
        Id = new ChainId("0021"),
        Name = "Ethereum",
        Network = Network,
        BlockTimeSeconds = 12,
        LagToleranceBlocks = 3,
        RequestTimeoutMs = 10_000,
        Path = path,
    }], [], [], [.. altruists]);

    private async Task<HealthMonitor> StartAsync(params string[] names)
    {
        await Database.WriteAsync(write => write.ExecuteAsync("delete from verdicts; delete from verdict_changes; delete from network_traces; delete from probes; delete from meta where name like 'freezes:%'"), Cancellation);
        rosters.Replace(RosterOf(names.Select(Make)));
        return await RestartAsync();
    }

    private async Task<HealthMonitor> HealthyAsync(params string[] names)
    {
        var monitor = await StartAsync(names);
        await SweepAsync(monitor, 0, 1000);
        await SweepAsync(monitor, 300, 1025);
        return monitor;
    }

    /// <summary>As somebody of any process did.</summary>
    private Task RegisterAsync(HealthMonitor monitor, string name, Func<Altruist, Altruist> change)
    {
        rosters.Replace(RosterOf(rosters.Current.Altruists.Values.Select(altruist => altruist.Id == Id(name) ? change(altruist) : altruist)));
        return monitor.TakeUpReturnedAsync(Cancellation);
    }

    /// <summary>As after the start of a new process.</summary>
    private async Task<HealthMonitor> RestartAsync()
    {
        board = new HealthBoard();
        egress = new EgressProof(clock);
        var store = new HealthStore(Database);
        preservation = new Preservation(board, egress, store, Options.Create(new ProbingOptions()), clock, new Logger<Preservation>(new LoggerFactory([new ListLogger(logs)])));
        drains = new DrainStore(Database, clock);
        var monitor = new HealthMonitor(rosters, store, board, preservation, checks, list, drains, [waking], Options.Create(options), Options.Create(new ProbingOptions()), clock, NullLogger<HealthMonitor>.Instance);
        await monitor.LoadAsync(Cancellation);
        return monitor;
    }

    /// <summary>Everybody answers well what was asked, but for what <paramref name="change"/> does.</summary>
    private Task SweepAsync(HealthMonitor monitor, double second, long head, Func<ProbeResult, ProbeResult>? change = null)
    {
        clock.Now = Heads.Start.AddSeconds(second);
        return ObserveAsync(monitor, ProbeLane.Steady, [.. rosters.Current.Live.Select(altruist =>
        {
            var questions = monitor.QuestionsFor(altruist, ProbeLane.Steady);
            var result = Good(altruist.Id.Value, second, head) with
            {
                Identity = questions.Identity ? "1" : null,
                IntegrityHeight = questions.IntegrityHeight,
                IntegrityHash = questions.IntegrityHeight is { } height ? "0x" + height.ToString(CultureInfo.InvariantCulture) : null,
            };
            return change?.Invoke(result) ?? result;
        })]);
    }

    private async Task ObserveAsync(HealthMonitor monitor, ProbeLane lane, params ProbeResult[] results)
    {
        clock.Now = results.Max(result => result.At);
        await monitor.ObserveAsync(Network, [.. results.Select(result => result with { Lane = lane })], Cancellation);
    }

    private Task<long> UpdatedAtAsync(string name) =>
        Database.SingleOrDefaultAsync<long>("select updated_at from verdicts where altruist_id = @name", new { name }, Cancellation);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = Heads.Start;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;
    }

    private sealed class Waking : IVerdictObserver
    {
        public int Times { get; private set; }

        public Task VerdictsWrittenAsync(CancellationToken cancellation)
        {
            Times++;
            return Task.CompletedTask;
        }
    }
}

public sealed class HealthMonitorOnSqlite(SqliteFixture fixture) : HealthMonitorContract(fixture), IClassFixture<SqliteFixture>;

public sealed class HealthMonitorOnPostgres(PostgresFixture fixture) : HealthMonitorContract(fixture), IClassFixture<PostgresFixture>;
