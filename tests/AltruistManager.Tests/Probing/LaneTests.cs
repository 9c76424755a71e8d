using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Scheduling;
using AltruistManager.Storage;
using AltruistManager.Tests.Scheduling;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Tests.Probing;

public sealed class LaneTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly NetworkId Ethereum = new("evm", "1");
    private static readonly NetworkId Polygon = new("evm", "137");

    /// <summary>Of all worlds of a test: no deadline ends a probe that the test does not let end.</summary>
    private readonly ManualTime time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweep_asks_a_whole_network_at_once_and_delivers_one_stored_batch()
    {
        var asked = 0;
        TaskCompletionSource[] whole = [new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously)];
        await using var node = new TestNode(async exchange =>
        {
            // Nobody is answered before all of a sweep are asked.
            var (sweep, place) = Math.DivRem(Interlocked.Increment(ref asked) - 1, 60);
            if (place == 59)
                whole[sweep].SetResult();
            await whole[sweep].Task.WaitAsync(exchange.Cancellation);
            await exchange.ReplyAsync(TestNode.Block(100));
        });
        // The test server is one host; a network is many.
        await using var world = World(options => options.PerHost = 100);
        world.Register([.. Enumerable.Range(0, 60).Select(number => At(node, $"whole{number}", Ethereum))]);
        await world.Sweeper.SweepAllAsync(Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        await world.Sweeper.SweepAllAsync(Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        Assert.Equal(2, world.Observer.Batches.Count);
        var batch = world.Observer.Batches.Last();
        Assert.Equal((Ethereum, 60), (batch.Network, batch.Results.Count));
        Assert.All(batch.Results, result => Assert.Equal(ProbeOutcome.Ok, result.Outcome));
        Assert.Equal(2, batch.RowsOfFirst);
    }

    [Fact]
    public async Task Waiting_for_a_place_at_a_host_does_not_count_against_the_timeout()
    {
        var asked = 0;
        var atOnce = 0;
        var most = 0;
        var pairs = Enumerable.Range(0, 20).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        await using var node = new TestNode(async exchange =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref atOnce));
            // Both of a pair are there when time passes, and nobody of the next: it asks when both are answered.
            var (pair, place) = Math.DivRem(Interlocked.Increment(ref asked) - 1, 2);
            if (place == 1)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                pairs[pair].SetResult();
            }

            await pairs[pair].Task.WaitAsync(exchange.Cancellation);
            Interlocked.Decrement(ref atOnce);
            await exchange.ReplyAsync(TestNode.Block(5));
        });
        await using var world = World(options =>
        {
            options.PerHost = 2;
            options.Timeout = TimeSpan.FromSeconds(3.5);
        });
        // Twenty seconds of waiting in all.
        world.Register([.. Enumerable.Range(0, 40).Select(number => At(node, $"a{number}", Ethereum))]);

        await world.Sweeper.SweepAllAsync(Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        Assert.All(world.Observer.Batches.Single().Results, result => Assert.Equal(ProbeOutcome.Ok, result.Outcome));
        Assert.Equal(2, most);
    }

    [Fact]
    public async Task Storm_of_timeouts_in_the_steady_lane_does_not_delay_hot_probes()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.Concurrency = 4);
        world.Register([.. Enumerable.Range(0, 40).Select(number => At(silent, $"s{number}", Ethereum)), At(node, "hot", Ethereum)]);
        world.Hot.Primaries = [new AltruistId("hot")];
        var sweep = world.Sweeper.SweepAllAsync(Cancellation);
        await silent.UntilAskedAsync(4);

        world.Watch.TickHot();
        var batch = await world.Observer.NextAsync();

        Assert.Equal((ProbeLane.Hot, ProbeOutcome.Ok), (batch.Results.Single().Lane, batch.Results.Single().Outcome));
        Assert.False(sweep.IsCompleted);
    }

    [Fact]
    public async Task Probe_that_a_bug_of_ours_breaks_is_nobodys_observation_but_an_alarm()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(node, "a", Ethereum));
        world.Demand.Bug = new InvalidOperationException("bug");

        await world.Sweeper.SweepAllAsync(Cancellation);

        Assert.Empty(world.Observer.Batches.SelectMany(batch => batch.Results));
        Assert.StartsWith("probes of 1 altruists broke by a bug of ours", world.BrokenAlarm, StringComparison.Ordinal);
        Assert.Contains(world.Log, line => line.StartsWith("A probe of altruist a broke", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Probe_that_still_runs_makes_the_next_one_of_its_lane_skip()
    {
        await using var silent = Silent();
        await using var world = World(options =>
        {
            options.HotInterval = TimeSpan.FromMilliseconds(100);
            options.HotTimeout = TimeSpan.FromSeconds(6);
        });
        world.Register(At(silent, "a", Ethereum));
        world.Hot.Primaries = [new AltruistId("a")];
        world.Demand.Retries = [new AltruistId("a")];

        for (var tick = 0; tick < 6; tick++)
        {
            world.Watch.TickHot();
            time.Advance(TimeSpan.FromMilliseconds(110));
        }

        await silent.UntilAskedAsync();
        // Another lane does not care; when it has asked, all that the ticks began has had its turn.
        world.Watch.TickRetry();
        await silent.UntilAskedAsync(2);
        Assert.Equal(2, silent.Requests);
        time.Advance(TimeSpan.FromSeconds(6));
        var lanes = new[] { await world.Observer.NextAsync(), await world.Observer.NextAsync() }.Select(batch => batch.Results.Single());
        Assert.Equal([ProbeLane.Hot, ProbeLane.Retry], lanes.Select(result => result.Lane).Order());
        Assert.All(lanes, result => Assert.Equal(ProbeOutcome.Timeout, result.Outcome));
    }

    [Fact]
    public async Task Hot_result_does_not_wait_for_a_slower_network()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(silent, "slow", Polygon), At(node, "quick", Ethereum));
        world.Hot.Primaries = [new AltruistId("slow"), new AltruistId("quick")];

        world.Watch.TickHot();

        Assert.Equal(Ethereum, (await world.Observer.NextAsync()).Network);
        await silent.UntilAskedAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Polygon, (await world.Observer.NextAsync()).Network);
    }

    [Fact]
    public async Task Hot_probe_asks_one_question_and_the_others_what_is_wanted()
    {
        var asked = new ConcurrentQueue<string>();
        await using var node = new TestNode(exchange =>
        {
            asked.Enqueue(exchange.Method);
            return exchange.ReplyAsync(exchange.Method == "eth_chainId" ? "\"0x1\"" : TestNode.Block(100));
        });
        await using var world = World();
        world.Register(At(node, "a", Ethereum), At(node, "b", Ethereum));
        world.Hot.Primaries = world.Demand.Retries = [new AltruistId("a")];
        world.Demand.Questions = new ProbeQuestions(Identity: false, IntegrityHeight: 50, Syncing: true);

        world.Watch.TickHot();
        await world.Observer.NextAsync();
        Assert.Equal(["eth_getBlockByNumber"], asked);

        world.Demand.Questions = new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: false);
        world.Watch.TickRetry();
        var retry = await world.Observer.NextAsync();
        Assert.Equal(["eth_getBlockByNumber", "eth_getBlockByNumber", "eth_chainId"], asked);
        Assert.Equal("1", retry.Results.Single().Identity);

        // Where it has not proven who it is, as after another instance promoted a new endpoint, a hot answer alone says nothing.
        world.Hot.Primaries = [new AltruistId("b")];
        world.Watch.TickHot();
        var hot = await world.Observer.NextAsync();
        Assert.Equal((ProbeLane.Hot, "1"), (hot.Results.Single().Lane, hot.Results.Single().Identity));
    }

    [Fact]
    public async Task Hot_probe_that_changed_the_verdict_is_stored_although_its_outcome_is_the_same()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.HotInterval = TimeSpan.FromMilliseconds(100));
        var hot = new AltruistId($"changing-{TimeProvider.System.GetTimestamp()}");
        world.Register(At(node, hot.Value, Ethereum));
        world.Hot.Primaries = [hot];
        for (var tick = 0; tick < 4; tick++)
        {
            var changed = new Looked(tick == 2 ? [hot] : []);
            world.Observer.Changed = changed;
            world.Watch.TickHot();
            // The next one is not to be folded before it.
            await changed.Through;
            time.Advance(TimeSpan.FromMilliseconds(110));
        }

        // The first, the one before the change folded, and the change; the last is still folded.
        await Wait.UntilAsync("three rows are stored", async () => (await world.Store.RecentAsync(hot, null, 10, Cancellation)).Count >= 3);
        var rows = await world.Store.RecentAsync(hot, null, 10, Cancellation);
        Assert.Equal([1, 1, 1], rows.Select(row => row.Row.Probes));
        Assert.All(rows, row => Assert.Equal((ProbeOutcome.Ok, 1), (row.Row.Last.Outcome, row.Row.Calls)));
    }

    [Fact]
    public async Task Only_live_and_enabled_altruists_of_spoken_protocols_are_probed_and_references_too()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(
            At(node, "good", Ethereum),
            At(node, "reference", Ethereum) with { Role = AltruistRole.Reference },
            At(node, "disabled", Ethereum) with { Enabled = false },
            At(node, "retired", Ethereum) with { RetiredAt = DateTimeOffset.UnixEpoch },
            At(node, "foreign", new NetworkId("unspoken", "mainnet")));
        AltruistId[] all = [.. "good,reference,disabled,retired,foreign,unknown".Split(',').Select(id => new AltruistId(id))];
        world.Hot.Primaries = world.Demand.Retries = all;

        await world.Sweeper.SweepAllAsync(Cancellation);
        world.Watch.TickHot();
        world.Watch.TickRetry();

        var asked = new List<string>();
        while (asked.Count < 6)
            asked.AddRange((await world.Observer.NextAsync()).Results.Select(result => $"{result.Lane} {result.Altruist}"));
        Assert.Equal(["Hot good", "Hot reference", "Retry good", "Retry reference", "Steady good", "Steady reference"], asked.Order());
    }

    [Fact]
    public async Task Hot_answers_do_not_wait_for_the_slowest_of_their_network()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.HotTimeout = TimeSpan.FromMinutes(1));
        world.Register(At(silent, "silent", Ethereum), At(node, "a", Ethereum), At(node, "b", Ethereum));
        world.Hot.Primaries = [new AltruistId("silent"), new AltruistId("a"), new AltruistId("b")];

        world.Watch.TickHot();

        var answered = new List<string>();
        while (answered.Count < 2)
            answered.AddRange((await world.Observer.NextAsync()).Results.Select(result => result.Altruist.Value));
        Assert.Equal(["a", "b"], answered.Order());
    }

    [Theory]
    [InlineData(20, 300, 10)]
    [InlineData(30_720, 300, 60)]
    [InlineData(100_000, 300, 150)]
    [InlineData(100_000, 12, 10)]
    [InlineData(20, 4, 4)]
    public void First_sweeps_after_a_start_are_soon_and_no_storm(int altruists, int interval, int within) =>
        Assert.Equal(TimeSpan.FromSeconds(within), Sweeper.FirstsTake(altruists, concurrency: 1_024, TimeSpan.FromSeconds(interval)));

    [Fact]
    public async Task Who_claims_a_capability_is_checked_before_all_the_others()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.PerHost = 100);
        var run = TimeProvider.System.GetTimestamp();
        Altruist[] modest = [.. Enumerable.Range(0, 60).Select(number => At(node, $"modest{number}-{run}", Ethereum))];
        Altruist[] claimants = [.. Enumerable.Range(0, 3).Select(number => At(node, $"z-claims{number}-{run}", Ethereum) with { Capabilities = ["archive"] })];
        world.Register([.. modest, .. claimants]);

        world.Checks.Tick();
        var first = new HashSet<AltruistId>();
        while (first.Count < CheckWatch.LeastPerTick)
            first.Add(await world.Checked.NextAsync());

        Assert.Superset(claimants.Select(altruist => altruist.Id).ToHashSet(), first);
    }

    [Fact]
    public async Task Who_claims_a_capability_and_was_checked_before_waits_its_turn()
    {
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        Altruist[] modest = [.. Enumerable.Range(0, 60).Select(number => At(node, $"modest{number}-{run}", Ethereum))];
        Altruist[] claimants = [.. Enumerable.Range(0, 3).Select(number => At(node, $"z-again{number}-{run}", Ethereum) with { Capabilities = ["archive"] })];
        await using (var before = World())
        {
            before.Register(claimants);
            before.Checks.Tick();
            foreach (var _ in claimants)
                await before.Checked.NextAsync();
        }

        await fixture.Database.WriteAsync(write => write.ExecuteAsync("update checks set at = 0 where altruist_id like @Like", new { Like = $"z-again%-{run}" }), Cancellation);
        // Whose turn is first is told by the clock, which must go on.
        await using var world = World(options => options.PerHost = 100, TimeProvider.System);
        await world.Book.LoadAsync(Roster.Empty, Cancellation);
        world.Register([.. modest, .. claimants]);

        world.Checks.Tick();
        var first = new HashSet<AltruistId>();
        while (first.Count < CheckWatch.LeastPerTick)
            first.Add(await world.Checked.NextAsync());

        Assert.DoesNotContain(claimants, claimant => first.Contains(claimant.Id));
    }

    /// <summary>Ten thousand that are silent would keep the places for half an hour.</summary>
    [Fact]
    public async Task Who_does_not_answer_is_not_checked_until_it_does()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        await using var world = World(options => options.Concurrency = 1);
        var returning = At(node, $"returning-{run}", Ethereum) with { Capabilities = ["archive"] };
        world.Checked.Silent = [.. Enumerable.Range(0, 40).Select(number => new AltruistId($"silent{number}-{run}")), returning.Id];
        world.Register([.. world.Checked.Silent.Where(id => id != returning.Id).Select(id => At(silent, id.Value, Polygon)), returning, At(node, $"well-{run}", Ethereum)]);

        world.Checks.Tick();
        Assert.Equal($"well-{run}", (await world.Checked.NextAsync()).Value);
        world.Checked.Silent = [.. world.Checked.Silent.Where(id => id != returning.Id)];
        world.Checks.Tick();
        Assert.Equal(returning.Id, await world.Checked.NextAsync());

        Assert.Equal(0, silent.Connections);
        Assert.Empty(await world.Store.RecentAsync(new AltruistId($"silent0-{run}"), null, 10, Cancellation));
    }

    [Fact]
    public async Task Who_falls_silent_while_it_waits_for_its_place_is_not_checked()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var slow = Gated(open);
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        await using var world = World(options => options.Concurrency = 1);
        Altruist[] altruists = [At(slow, $"a-slow-{run}", Ethereum)];
        world.Register(altruists);
        world.Checks.Tick();
        await slow.UntilAskedAsync();
        world.Register([.. altruists, At(silent, $"b-silent-{run}", Polygon)]);
        world.Checks.Tick();
        world.Register([.. altruists, At(silent, $"b-silent-{run}", Polygon), At(node, $"c-well-{run}", Ethereum)]);
        world.Checks.Tick();

        world.Checked.Silent = [new AltruistId($"b-silent-{run}")];
        open.SetResult();

        Assert.Equal([$"a-slow-{run}", $"c-well-{run}"], [(await world.Checked.NextAsync()).Value, (await world.Checked.NextAsync()).Value]);
        Assert.Equal(0, silent.Connections);
    }

    [Fact]
    public async Task Who_awaits_its_proof_gets_the_next_place()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var slow = Gated(open);
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        await using var world = World(options => (options.Concurrency, options.PerHost) = (1, 100));
        List<Altruist> altruists = [At(slow, $"slow-{run}", Ethereum)];
        world.Register([.. altruists]);
        world.Checks.Tick();
        await slow.UntilAskedAsync();
        altruists.AddRange(Enumerable.Range(0, 8).Select(number => At(node, $"modest{number}-{run}", Ethereum)));
        world.Register([.. altruists]);
        world.Checks.Tick();
        altruists.Add(At(node, $"claims-{run}", Ethereum) with { Capabilities = ["archive"] });
        world.Register([.. altruists]);
        world.Checks.Tick();
        await UntilChecksAreDueAsync(9);

        open.SetResult();

        Assert.Equal([$"slow-{run}", $"claims-{run}"], [(await world.Checked.NextAsync()).Value, (await world.Checked.NextAsync()).Value]);
    }

    [Fact]
    public async Task Claim_that_nobody_can_prove_is_said_once()
    {
        await using var near = new TestNode(exchange => exchange.ReplyAsync("{}"));
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        var claims = At(near, $"near-{run}", new NetworkId("near", "mainnet")) with { Capabilities = ["archive", "websocket"] };
        await using (var before = World())
        {
            before.Register(claims);
            before.Checks.Tick();
            await before.Checked.NextAsync();
            Assert.Equal("archive cannot be proven on near, so the claim does not count", before.Book.Find(claims.Id, "archive")!.Reason);
            Assert.Equal((CheckState.Failed, "claims websocket, but has no URL for it: set urls.websocket or take the claim back"), before.Book.Find(claims.Id, "websocket") is { } said ? (said.State, said.Reason) : default);
        }

        await fixture.Database.WriteAsync(write => write.ExecuteAsync("update checks set at = 0, since = 0 where altruist_id = @Id and name in ('archive', 'websocket')", new { Id = claims.Id.Value }), Cancellation);
        await using var world = World(options => options.Concurrency = 1);
        await world.Book.LoadAsync(Roster.Empty, Cancellation);
        world.Register(claims);
        world.Checks.Tick();
        world.Register(claims, At(node, $"other-{run}", Ethereum));
        world.Checks.Tick();

        Assert.Equal($"other-{run}", (await world.Checked.NextAsync()).Value);
        Assert.Single(await world.Store.RecentAsync(claims.Id, null, 10, Cancellation));
        var budget = (await world.Budget.OfAsync(claims, Cancellation)).Single(line => line.Kind == "checks");
        Assert.Equal(4 * 24, budget.Expected);
    }

    [Fact]
    public async Task What_does_not_get_better_is_looked_at_soon_for_an_hour_only()
    {
        await using var node = TestNode.Evm(() => 100);
        var run = TimeProvider.System.GetTimestamp();
        Altruist[] altruists = [At(node, $"a-long-{run}", Ethereum), At(node, $"b-short-{run}", Ethereum)];
        await using (var before = World())
        {
            before.Register(altruists);
            before.Checks.Tick();
            foreach (var _ in altruists)
                await before.Checked.NextAsync();
        }

        var now = time.GetUtcNow();
        foreach (var (altruist, since) in altruists.Zip([now.AddHours(-2), now.AddMinutes(-40)]))
        {
            await fixture.Database.WriteAsync(write => write.ExecuteAsync(
                "update checks set state = 'unknown', at = @At, since = @Since where altruist_id = @Id",
                new { At = now.AddMinutes(-10).ToUnixTimeMilliseconds(), Since = since.ToUnixTimeMilliseconds(), Id = altruist.Id.Value }), Cancellation);
        }

        await using var world = World(options => options.Concurrency = 1);
        await world.Book.LoadAsync(Roster.Empty, Cancellation);
        world.Register(altruists);
        world.Checks.Tick();

        Assert.Equal(altruists[1].Id, await world.Checked.NextAsync());
        Assert.Equal(CheckState.Unknown, world.Book.Find(altruists[0].Id, "consistency")!.State);
    }

    [Fact]
    public async Task The_budget_expects_the_calls_that_the_protocol_takes()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        var altruist = At(node, $"budget-{TimeProvider.System.GetTimestamp()}", new NetworkId("solana", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")) with { Capabilities = ["archive"] };
        world.Register(altruist);
        world.Hot.Primaries = [altruist.Id];

        var expected = (await world.Budget.OfAsync(altruist, Cancellation)).ToDictionary(line => line.Kind, line => line.Expected);

        // Two calls for the head and one for a hash in each sweep, the identity in every twelfth.
        Assert.Equal((288 * 3) + 24, expected["sweeps"]);
        Assert.Equal(8_640 * 2, expected["hot"]);
        // Four heads, and a head and the two blocks of the proof, each found and asked for.
        Assert.Equal(24 * (8 + 2 + 4), expected["checks"]);

        world.Hot.Primaries = [];
        world.Hot.FirstStandbys = [altruist.Id];
        Assert.Equal(1_440 * 2, (await world.Budget.OfAsync(altruist, Cancellation)).Single(line => line.Kind == "hot").Expected);
    }

    [Fact]
    public async Task Wanted_sweep_comes_with_the_next_tick_and_once()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(node, "a", Ethereum));
        world.Sweeper.Tick();
        time.Advance(TimeSpan.FromSeconds(10));
        world.Sweeper.Tick();

        await world.Observer.NextAsync();
        world.Demand.Wanted.Enqueue(Ethereum);
        world.Sweeper.Tick();
        await world.Observer.NextAsync();
        world.Sweeper.Tick();

        Assert.Equal(2, node.Requests);
    }

    [Fact]
    public async Task Refused_address_is_a_security_event_told_once()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(node, "inside", Ethereum) with { MayBePrivate = false });

        await world.Sweeper.SweepAllAsync(Cancellation);
        await world.Sweeper.SweepAllAsync(Cancellation);

        Assert.All(world.Observer.Batches, batch => Assert.Equal(ProbeOutcome.AddressRefused, batch.Results.Single().Outcome));
        Assert.DoesNotContain("127.0.0.1", world.Observer.Batches.Last().Results.Single().Detail, StringComparison.Ordinal);
        Assert.Single(world.Log, line => line.StartsWith("Security: altruist inside (inside) of acme leads to 127.0.0.1, which may not be probed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Plain_http_that_the_settings_refuse_is_no_security_event()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.AllowHttp = false);
        world.Register(At(node, "plain", Ethereum));

        await world.Sweeper.SweepAllAsync(Cancellation);

        Assert.Equal("http is not allowed here, only https", world.Observer.Batches.Single().Results.Single().Detail);
        Assert.DoesNotContain(world.Log, line => line.StartsWith("Security:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Observer_that_fails_does_not_stop_the_lanes()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(node, "a", Ethereum));
        world.Observer.Failure = new InvalidOperationException("on purpose");

        await world.Sweeper.SweepAllAsync(Cancellation);
        world.Observer.Failure = null;
        await world.Sweeper.SweepAllAsync(Cancellation);

        Assert.Equal(2, world.Observer.Batches.Count);
    }

    [Fact]
    public async Task Store_that_fails_does_not_keep_results_from_the_observer()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = new LaneWorld(fixture.Open(await fixture.NewPlaceAsync(Cancellation)), null, time);
        world.Register(At(node, "a", Ethereum));

        await world.Sweeper.SweepAllAsync(Cancellation);

        Assert.Single(world.Observer.Batches);
    }

    [Fact]
    public async Task Batches_of_one_network_are_observed_one_at_a_time()
    {
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(node, "a", Ethereum));
        world.Hot.Primaries = world.Demand.Retries = [new AltruistId("a")];
        world.Observer.Pause = TimeSpan.FromMilliseconds(100);

        world.Watch.TickHot();
        world.Watch.TickRetry();
        await world.Sweeper.SweepAllAsync(Cancellation);
        while (world.Observer.Batches.Count < 3)
            await world.Observer.NextAsync();

        Assert.Equal(1, world.Observer.MostAtOnce);
    }

    [Fact]
    public async Task Sweep_of_all_waits_for_the_sweep_that_holds_the_places()
    {
        var gate = new TaskCompletionSource();
        await using var node = new TestNode(async exchange =>
        {
            await gate.Task.WaitAsync(exchange.Cancellation);
            await exchange.ReplyAsync(TestNode.Block(5));
        });
        await using var world = World();
        world.Register(At(node, "a", Ethereum));

        var first = world.Sweeper.SweepAllAsync(Cancellation);
        await node.UntilAskedAsync();
        var second = world.Sweeper.SweepAllAsync(Cancellation);
        Assert.False(second.IsCompleted);
        gate.SetResult();
        await second;

        Assert.True(first.IsCompletedSuccessfully);
        Assert.NotEmpty(world.Observer.Batches);
    }

    [Fact]
    public async Task Schedule_runs_all_lanes_and_the_end_stores_what_is_folded()
    {
        var height = 100L;
        await using var node = TestNode.Evm(() => Interlocked.Increment(ref height));
        await using var world = World(options =>
        {
            options.Interval = TimeSpan.FromMinutes(10);
            options.HotInterval = TimeSpan.FromMilliseconds(100);
            options.HotTimeout = TimeSpan.FromMinutes(2);
            options.RetryInterval = TimeSpan.FromMilliseconds(300);
        }, TimeProvider.System);
        var hot = new AltruistId($"hot-{TimeProvider.System.GetTimestamp()}");
        world.Register(At(node, hot.Value, Ethereum), At(node, "new", Polygon));
        world.Hot.Primaries = [hot];
        world.Demand.Retries = [new AltruistId("new")];
        await world.StartAsync();

        while (world.Observer.Batches.Count(batch => batch.Results[0].Altruist == hot) < 12 || world.Observer.Batches.Count(batch => batch.Results[0].Lane == ProbeLane.Retry) < 2)
        {
            await world.Observer.NextAsync();
            Assert.InRange(world.Observer.Batches.Count, 1, 3_000);
        }

        // What is being stored when all ends is lost.
        await Wait.UntilAsync("a hot probe is stored", async () => (await world.Store.RecentAsync(hot, null, 50, Cancellation)).Any(row => row.Row.Last.Lane == ProbeLane.Hot));
        await world.DisposeAsync();

        Assert.All(world.Observer.Batches.Where(batch => batch.Network == Polygon), batch => Assert.Single(batch.Results));
        var rows = await world.Store.RecentAsync(hot, null, 50, Cancellation);
        Assert.InRange(rows.Count(row => row.Row.Last.Lane == ProbeLane.Hot), 2, 3);
        Assert.InRange(rows.Sum(row => row.Row.Probes), 12, 10_000);
    }

    [Fact]
    public async Task Checks_run_at_once_for_a_newcomer_then_rest_and_a_new_claim_is_checked_at_once()
    {
        var asked = new ConcurrentQueue<string>();
        await using var node = new TestNode(exchange =>
        {
            asked.Enqueue(exchange.Method);
            return exchange.ReplyAsync(exchange.Method switch
            {
                "eth_getBalance" => "\"0x0\"",
                "eth_getTransactionByBlockNumberAndIndex" => $$"""{"blockNumber":{{exchange.Params[0].GetRawText()}},"from":"0x{{1:x40}}","nonce":"0x5","type":"0x2"}""",
                "eth_getTransactionCount" => "\"0x5\"",
                _ => TestNode.Block(100),
            });
        });
        await using var world = World();
        var id = $"checked-{TimeProvider.System.GetTimestamp()}";
        world.Register(At(node, id, Ethereum));
        world.Checks.Tick();
        await world.Checked.NextAsync();
        Assert.Equal(CheckState.Passed, world.Book.Find(new AltruistId(id), "consistency")!.State);
        Assert.Null(world.Book.Find(new AltruistId(id), "archive"));
        var calls = asked.Count;

        world.Checks.Tick();
        world.Register(At(node, id, Ethereum) with { Capabilities = ["archive"] });
        var news = world.Checked.NextAsync();
        while (!news.IsCompleted)
        {
            // The run before may still hold its place.
            world.Checks.Tick();
            await Task.WhenAny(news, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation));
        }

        await news;

        Assert.Equal(CheckState.Passed, world.Book.Find(new AltruistId(id), "archive")!.State);
        Assert.Equal(4, calls);
        Assert.Equal(["eth_getBlockByNumber", "eth_chainId", "eth_getBalance", "eth_getTransactionByBlockNumberAndIndex", "eth_getTransactionCount"], asked.Skip(calls).Distinct());
        var proving = asked.Count - calls;
        var rows = await world.Store.RecentAsync(new AltruistId(id), null, 10, Cancellation);
        Assert.Equal([(ProbeLane.Check, proving), (ProbeLane.Check, 4)], rows.Select(row => (row.Row.Last.Lane, row.Row.Calls)));
    }

    [Fact]
    public async Task Checks_after_a_restart_run_only_where_the_stored_result_is_too_old()
    {
        await using var node = TestNode.Evm(() => 100);
        var id = $"stored-{TimeProvider.System.GetTimestamp()}";
        await using (var before = World())
        {
            before.Register(At(node, id, Ethereum));
            before.Checks.Tick();
            await before.Checked.NextAsync();
        }

        var requests = node.Requests;
        await using var world = World();
        await world.Book.LoadAsync(Roster.Empty, Cancellation);
        world.Register(At(node, id, Ethereum), At(node, $"{id}-new", Ethereum));
        world.Checks.Tick();
        Assert.Equal($"{id}-new", (await world.Checked.NextAsync()).Value);

        Assert.Equal(requests + 4, node.Requests);
    }

    [Fact]
    public async Task No_sweep_waits_for_a_check_that_hangs()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options =>
        {
            options.Concurrency = 2;
            options.PerHost = 1;
        });
        world.Register([.. Enumerable.Range(0, 8).Select(number => At(silent, $"hanging{number}", Polygon)), At(node, "swept", Ethereum)]);
        world.Checks.Tick();
        await silent.UntilAskedAsync();

        world.Register(At(node, "swept", Ethereum));
        await world.Sweeper.SweepAllAsync(Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        Assert.Equal(ProbeOutcome.Ok, world.Observer.Batches.Single().Results.Single().Outcome);
    }

    [Fact]
    public async Task Whom_the_next_round_would_pick_is_asked_in_full_while_a_sweep_holds_every_place()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.Concurrency = 4);
        world.Register([.. Enumerable.Range(0, 40).Select(number => At(silent, $"s{number}", Polygon)), At(node, "next", Ethereum)]);
        world.Demand.Questions = new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: true);
        var sweep = world.Sweeper.SweepAllAsync(Cancellation);
        await silent.UntilAskedAsync(4);

        await world.Picks.AskInFullAsync([new AltruistId("next"), new AltruistId("gone")], Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        var asked = Assert.Single(world.Observer.Batches, batch => batch.Network == Ethereum && batch.Results[0].Lane == ProbeLane.Ahead);
        Assert.Equal((ProbeOutcome.Ok, "1"), (asked.Results.Single().Outcome, asked.Results.Single().Identity));
        Assert.Contains(await world.Store.RecentAsync(new AltruistId("next"), null, 10, Cancellation), stored => stored.Row.Last.Lane == ProbeLane.Ahead);
        Assert.False(sweep.IsCompleted);
    }

    [Fact]
    public async Task Who_fails_for_users_is_asked_while_those_of_the_next_round_hold_every_place()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World(options => options.Concurrency = 4);
        Altruist[] next = [.. Enumerable.Range(0, 40).Select(number => At(silent, $"s{number}", Polygon))];
        world.Register([.. next, At(node, "doubted", Ethereum)]);
        var looking = world.Picks.AskInFullAsync([.. next.Select(altruist => altruist.Id)], Cancellation);
        await silent.UntilAskedAsync(4);

        await world.Picks.AskOutOfTurnAsync([new AltruistId("doubted")], Cancellation).WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        Assert.Equal(ProbeOutcome.Ok, Assert.Single(world.Observer.Batches, batch => batch.Network == Ethereum).Results.Single().Outcome);
        Assert.False(looking.IsCompleted);
    }

    [Fact]
    public async Task Targets_of_a_failover_are_heard_as_they_answer_and_nobody_is_waited_for_longer_than_a_second_or_two()
    {
        await using var silent = Silent();
        await using var node = TestNode.Evm(() => 100);
        await using var world = World();
        world.Register(At(silent, "silent", Ethereum), At(node, "well", Ethereum));
        await world.Picks.AskOutOfTurnAsync([new AltruistId("well")], Cancellation);
        var heard = Channel.CreateUnbounded<(bool All, int Batches)>();

        world.Picks.Ask([new AltruistId("silent"), new AltruistId("well")], (all, _) =>
        {
            heard.Writer.TryWrite((all, world.Observer.Batches.Count));
            return Task.CompletedTask;
        });

        Assert.Equal((false, 2), await NextAsync());
        var first = Assert.Single(world.Observer.Batches, batch => batch.Results[0].Lane == ProbeLane.Failover);
        Assert.Equal((new AltruistId("well"), ProbeOutcome.Ok, ProbeLane.Failover), (first.Results.Single().Altruist, first.Results.Single().Outcome, first.Results.Single().Lane));
        await silent.UntilAskedAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        while (!(await NextAsync()).All)
        {
        }

        async Task<(bool All, int Batches)> NextAsync() => await heard.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Cancellation);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private static TestNode Silent() => new(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));

    /// <summary>A node that answers when it is told to.</summary>
    private static TestNode Gated(TaskCompletionSource open) => new(async exchange =>
    {
        await open.Task.WaitAsync(exchange.Cancellation);
        await exchange.ReplyAsync(TestNode.Block(100));
    });

    /// <summary>When so many wait for a place in the lane of checks; nobody else in this process does.</summary>
    private static async Task UntilChecksAreDueAsync(int count)
    {
        var due = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == ProbeMetrics.MeterName && instrument.Name == "altruist_manager.probes.due")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            if (Equals(tags[0].Value, "check"))
                due = value;
        });
        listener.Start();
        await Wait.UntilAsync($"{count} checks are due", () =>
        {
            listener.RecordObservableInstruments();
            return due >= count;
        });
    }

    private static Altruist At(TestNode node, string id, NetworkId network) => ProbeBench.Altruist($"{node.Url}/{id}", network: network.Value, id: id);

    private LaneWorld World(Action<ProbingOptions>? configure = null, TimeProvider? clock = null) => new(fixture.Database, configure, clock ?? time);

    /// <summary>Tells when it is looked through for a first time, which is what folding a result begins with; no other is folded before that has ended.</summary>
    private sealed class Looked(IReadOnlyCollection<AltruistId> changed) : IReadOnlyCollection<AltruistId>
    {
        private readonly TaskCompletionSource through = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Through => through.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        public int Count => changed.Count;

        public IEnumerator<AltruistId> GetEnumerator()
        {
            through.TrySetResult();
            return changed.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    internal sealed record Batch(NetworkId Network, IReadOnlyList<ProbeResult> Results, int RowsOfFirst);

    internal sealed class RecordingObserver(ProbeStore store) : IProbeObserver
    {
        private readonly Channel<Batch> news = Channel.CreateUnbounded<Batch>();
        private int atOnce;

        public ConcurrentQueue<Batch> Batches { get; } = new();

        public Exception? Failure { get; set; }

        public TimeSpan Pause { get; set; }

        public int MostAtOnce { get; private set; }

        /// <summary>Whose verdicts are said to have changed.</summary>
        public IReadOnlyCollection<AltruistId> Changed { get; set; } = [];

        public async Task<IReadOnlyCollection<AltruistId>> ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref atOnce));
            try
            {
                await Task.Delay(Pause, TimeProvider.System, cancellation);
                var rows = Failure is null && results[0].Lane == ProbeLane.Steady ? await CountAsync(results[0].Altruist, cancellation) : 0;
                var batch = new Batch(network, results, rows);
                // Whoever hears of it may say something else for the next one.
                var changed = Changed;
                Batches.Enqueue(batch);
                news.Writer.TryWrite(batch);
                if (Failure is not null)
                    throw Failure;
                return changed;
            }
            finally
            {
                Interlocked.Decrement(ref atOnce);
            }
        }

        public async Task<Batch> NextAsync() => await news.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        private async Task<int> CountAsync(AltruistId altruist, CancellationToken cancellation)
        {
            try
            {
                return (await store.RecentAsync(altruist, null, 100, cancellation)).Count;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                return -1;
            }
        }
    }

    internal sealed class ChosenHot : IHotAltruists
    {
        public IReadOnlyCollection<AltruistId> Primaries { get; set; } = [];

        public IReadOnlyCollection<AltruistId> FirstStandbys { get; set; } = [];
    }

    internal sealed class ChosenDemand : IProbeDemand
    {
        public ConcurrentQueue<NetworkId> Wanted { get; } = new();

        public ProbeQuestions Questions { get; set; }

        public IReadOnlyCollection<AltruistId> Retries { get; set; } = [];

        public IReadOnlyCollection<NetworkId> TakeSweepsWanted() => Wanted.TryDequeue(out var network) ? [network] : [];

        public bool TakeCanariesWanted() => false;

        public Exception? Bug { get; set; }

        public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane) => Bug is null ? Questions : throw Bug;
    }

    internal sealed class RecordingChecks : ICheckObserver
    {
        private readonly Channel<AltruistId> news = Channel.CreateUnbounded<AltruistId>();

        /// <summary>Who does not answer.</summary>
        public IReadOnlyCollection<AltruistId> Silent { get; set; } = [];

        public bool Answers(AltruistId altruist) => !Silent.Contains(altruist);

        public Task CheckedAsync(AltruistId altruist, CancellationToken cancellation)
        {
            news.Writer.TryWrite(altruist);
            return Task.CompletedTask;
        }

        public NetworkPace PaceOf(NetworkId network) => new(BlockTimeSeconds: 12, ToleranceBlocks: 3);

        public async Task<AltruistId> NextAsync() => await news.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Cancellation);
    }

    private sealed class LaneWorld : IAsyncDisposable
    {
        private readonly ServiceProvider provider;
        private readonly List<IHostedService> started = [];
        private bool isDisposed;

        public LaneWorld(Database database, Action<ProbingOptions>? configure, TimeProvider time)
        {
            var services = new ServiceCollection();
            services.AddLogging(logging => logging.AddProvider(new ListLogger(Log)));
            services.AddSingleton(time);
            services.AddSingleton(database);
            services.AddSingleton(new RosterCache());
            services.AddOptions<ProbingOptions>().Configure(options =>
            {
                options.AllowHttp = true;
                options.AllowedPrivateNetworks = ["127.0.0.0/8"];
                configure?.Invoke(options);
            });
            services.AddScheduling();
            services.AddProbing();
            services.AddSingleton<RecordingObserver>();
            services.AddSingleton<IProbeObserver>(all => all.GetRequiredService<RecordingObserver>());
            services.AddSingleton<IHotAltruists>(Hot);
            services.AddSingleton<IProbeDemand>(Demand);
            services.AddSingleton<ICheckObserver>(Checked);
            provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
            Store = provider.GetRequiredService<ProbeStore>();
            Observer = provider.GetRequiredService<RecordingObserver>();
        }

        public ConcurrentQueue<string> Log { get; } = new();

        public ChosenHot Hot { get; } = new();

        public ChosenDemand Demand { get; } = new();

        public RecordingObserver Observer { get; }

        public RecordingChecks Checked { get; } = new();

        public CheckWatch Checks => provider.GetRequiredService<CheckWatch>();

        public string? BrokenAlarm => provider.GetRequiredService<BrokenProbes>().Alarm;

        public ProbeBudget Budget => provider.GetRequiredService<ProbeBudget>();

        public CheckBook Book => provider.GetRequiredService<CheckBook>();

        public ProbeStore Store { get; }

        public Sweeper Sweeper => provider.GetRequiredService<Sweeper>();

        public IPickProbes Picks => provider.GetRequiredService<IPickProbes>();

        public CloseWatch Watch => provider.GetRequiredService<CloseWatch>();

        public void Register(params Altruist[] altruists) => provider.GetRequiredService<RosterCache>().Replace(new Roster(1, [], [], [], altruists));

        public async Task StartAsync()
        {
            foreach (var service in provider.GetServices<IHostedService>().Where(service => service is SchedulerHost or ProbingHost))
            {
                await service.StartAsync(Cancellation);
                started.Add(service);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (isDisposed)
                return;
            isDisposed = true;
            foreach (var service in started.AsEnumerable().Reverse())
                await service.StopAsync(CancellationToken.None);
            await provider.GetRequiredService<ProbeWork>().StopAsync(CancellationToken.None);
            await provider.DisposeAsync();
        }
    }
}
