using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Altruists;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Health;

/// <summary>A changed endpoint beside the one in service, from the change to its promotion, with everything stored.</summary>
public abstract class TrialMonitorContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly NetworkId Network = new("evm", "1");

    [Fact]
    public async Task A_changed_endpoint_takes_over_once_it_passed_and_the_verdict_goes_on()
    {
        var world = await World.StartAsync(Fixture);
        var old = world.A;
        var changed = await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        Assert.Equal(("https://a.example/new", "https://a.example/rpc"), (changed.Url, changed.InService.Url));
        Assert.Equal(VerdictState.Healthy, world.Verdict.State);
        Assert.Equal([new TrialWish(changed.Id, Often: true)], world.Trials.Wishes);
        Assert.Equal("not tried yet", world.Trials.Of(changed)!.Reason);

        // What the old one does meanwhile counts; what the new one does moves no verdict.
        await world.TryAsync(ProbeOutcome.ConnectRefused);
        await world.TryAsync(ProbeOutcome.ConnectRefused);
        await world.TryAsync(ProbeOutcome.ConnectRefused);
        Assert.Equal((VerdictState.Healthy, "connection refused"), (world.Verdict.State, world.Trials.Of(world.A)!.Reason));
        await world.SweepAsync();
        Assert.Equal(VerdictState.Healthy, world.Verdict.State);
        Assert.Equal(old.Fingerprint, world.A.InService.Fingerprint);

        await world.TryAsync(ProbeOutcome.Ok);
        Assert.NotNull(world.A.Serving);
        var woken = world.Woken;
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Null(world.A.Serving);
        Assert.Equal("https://a.example/new", world.A.InService.Url);
        Assert.Equal(woken + 1, world.Woken);
        Assert.Equal(VerdictState.Healthy, world.Verdict.State);
        Assert.Empty(world.Trials.Wishes);
        Assert.Null(world.Trials.Of(world.A));

        var again = await world.RestartAsync();
        Assert.Null(again.A.Serving);
        Assert.Equal(VerdictState.Healthy, again.Verdict.State);
        Assert.Empty(again.Health.Retries);
    }

    [Fact]
    public async Task A_trial_is_known_after_a_restart()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        var before = world.Trials.Of(world.A);

        var again = await world.RestartAsync();
        Assert.Equal(before, again.Trials.Of(again.A));
        await again.TryAsync(ProbeOutcome.Ok);
        Assert.Equal("https://a.example/new", again.A.InService.Url);
    }

    [Fact]
    public async Task One_that_was_down_at_its_old_endpoint_is_healthy_at_the_new_one_and_still_cooling_down()
    {
        var world = await World.StartAsync(Fixture);
        for (var probe = 0; probe < 3; probe++)
            await world.ObserveAsync(world.Probe(ProbeOutcome.Timeout, ProbeLane.Retry, world.A));
        Assert.Equal(VerdictState.Down, world.Verdict.State);
        var cooling = world.Verdict.CooldownUntil;
        Assert.NotNull(cooling);

        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal((VerdictState.Healthy, cooling), (world.Verdict.State, world.Verdict.CooldownUntil));
        var change = (await new HealthStore(world.Database).ChangesAsync(world.A.Id, null, 1, Cancellation))[0];
        Assert.Equal((VerdictState.Down, VerdictState.Healthy), (change.From, change.To));
    }

    [Fact]
    public async Task A_new_endpoint_on_another_chain_never_takes_over()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        for (var probe = 0; probe < 5; probe++)
            await world.TryAsync(ProbeOutcome.Ok, identity: "5000");
        Assert.Equal("https://a.example/rpc", world.A.InService.Url);
        Assert.Equal("serves another chain: proves 5000, not 1; point the URL at a node of 1", world.Trials.Of(world.A)!.Reason);
        Assert.Equal(VerdictState.Healthy, world.Verdict.State);
    }

    [Fact]
    public async Task A_host_whose_control_is_not_proven_waits_for_staff()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://elsewhere.example" });
        for (var probe = 0; probe < 25; probe++)
            await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal("https://a.example/rpc", world.A.InService.Url);
        Assert.Equal([new TrialWish(world.A.Id, Often: false)], world.Trials.Wishes);

        await world.ChangeAsync(new AltruistDraft { Url = "https://elsewhere.example", Attested = true }, Actors.Staff);
        Assert.Equal([new TrialWish(world.A.Id, Often: true)], world.Trials.Wishes);
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal("https://elsewhere.example", world.A.InService.Url);
    }

    [Fact]
    public async Task What_was_proven_at_the_old_url_counts_no_longer_from_the_very_promotion_on()
    {
        var world = await World.StartAsync(Fixture);
        await world.Checks.RecordAsync(
            world.A.Id, [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), CheckRecord.PlaceOf(new CapabilityCheck("archive"), world.A, ""))], world.Now, Cancellation);
        await world.Health.CheckedAsync(world.A.Id, Cancellation);
        Assert.Equal(["archive"], world.Verdict.Proven);

        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal(["archive"], world.Verdict.Proven);
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal("https://a.example/new", world.A.InService.Url);
        Assert.Empty(world.Verdict.Proven);
    }

    [Fact]
    public async Task What_was_changed_again_while_it_was_tried_is_not_promoted_by_the_old_trial()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        var late = world.Probe(ProbeOutcome.Ok, ProbeLane.Trial, world.A with { Serving = null });
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/newer" });
        await world.Trials.ObserveAsync(late, Cancellation);
        Assert.Equal("https://a.example/rpc", world.A.InService.Url);
        Assert.Equal((0, "not tried yet"), (world.Trials.Of(world.A)!.Good, world.Trials.Of(world.A)!.Reason));
    }

    [Fact]
    public async Task A_probe_of_the_endpoint_of_before_says_nothing_after_the_change_is_in_service()
    {
        var world = await World.StartAsync(Fixture);
        var late = world.Probe(ProbeOutcome.Timeout, ProbeLane.Hot, world.A);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        await world.TryAsync(ProbeOutcome.Ok);
        await world.ObserveAsync(late with { At = world.Tick() });
        Assert.Equal(VerdictState.Healthy, world.Verdict.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_trial_ends_with_what_it_was_of(bool retired)
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        await world.TryAsync(ProbeOutcome.Ok);
        if (retired)
            await world.Registry.RetireAsync(Actors.Staff, world.A.Id, Cancellation);
        else
            await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/rpc" });
        Assert.Equal(0, await world.Database.SingleOrDefaultAsync<long>("select count(*) from trials", null, Cancellation));
        if (retired)
            return;
        Assert.Null(world.Trials.Of(world.A));
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        Assert.Equal(0, world.Trials.Of(world.A)!.Good);
    }

    [Fact]
    public async Task While_good_probes_are_counted_that_may_be_enough_it_is_tried_often()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        for (var probe = 0; probe < Trial.OftenLimit; probe++)
            await world.TryAsync(ProbeOutcome.ConnectRefused);
        Assert.Equal([new TrialWish(world.A.Id, Often: false)], world.Trials.Wishes);
        await world.TryAsync(ProbeOutcome.Ok);
        Assert.Equal([new TrialWish(world.A.Id, Often: true)], world.Trials.Wishes);
    }

    [Fact]
    public async Task A_promotion_that_cannot_be_stored_whole_is_none()
    {
        var world = await World.StartAsync(Fixture);
        await world.ChangeAsync(new AltruistDraft { Url = "https://a.example/new" });
        var tested = world.A.Fingerprint;
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Registry.PromoteAsync(world.A.Id, tested, _ => throw new InvalidOperationException("killed"), Cancellation));
        Assert.Equal("https://a.example/rpc", (await world.RestartAsync()).A.InService.Url);
        Assert.False(await world.Registry.PromoteAsync(world.A.Id, "something else", _ => Task.CompletedTask, Cancellation));
    }

    /// <summary>Three altruists of three providers, all healthy; the first one is the one that changes.</summary>
    private sealed class World : IRegistrationRules, IVerdictObserver
    {
        private readonly Clock clock;
        private readonly RosterCache rosters;
        private readonly HealthBoard board = new();
        private readonly AltruistId a;

        private World(Database database, Clock clock, AltruistId a)
        {
            Database = database;
            this.clock = clock;
            this.a = a;
            var sealing = new Sealing(database);
            rosters = new RosterCache(sealing.Rosters);
            var writer = new RegistryWriter(database, sealing.Rosters, rosters, Actors.Refusals(database), clock);
            var store = new HealthStore(database);
            Registry = new AltruistRegistry(writer, sealing.Altruists, new ControlStore(database, clock), this, store, clock);
            Checks = new CheckBook(new CheckStore(database, Options.Create(new ProbingOptions())));
            var preservation = new Preservation(board, new EgressProof(clock), store, Options.Create(new ProbingOptions()), clock, NullLogger<Preservation>.Instance);
            Health = new HealthMonitor(rosters, store, board, preservation, Checks, new CheckList([new CapabilityCheck("archive")]), new DrainStore(database, clock), [this], Options.Create(new HealthOptions()), Options.Create(new ProbingOptions()), clock, NullLogger<HealthMonitor>.Instance);
            Trials = new TrialMonitor(
                rosters, new TrialStore(database), Health, Registry, Options.Create(new HealthOptions()), Options.Create(new ProbingOptions()), clock, NullLogger<TrialMonitor>.Instance);
        }

        public Database Database { get; }

        public AltruistRegistry Registry { get; }

        public HealthMonitor Health { get; }

        public TrialMonitor Trials { get; }

        public CheckBook Checks { get; }

        public DateTimeOffset Now => clock.GetUtcNow();

        public int Woken { get; private set; }

        public Altruist A => rosters.Current.Altruists[a];

        public Verdict Verdict => board[a];

        public bool AllowHttp => false;

        public static async Task<World> StartAsync(DatabaseFixture fixture)
        {
            var database = await fixture.NewDatabaseAsync(Cancellation);
            var ticking = new Clock();
            var sealing = new Sealing(database);
            using var cache = new RosterCache(sealing.Rosters);
            var writer = new RegistryWriter(database, sealing.Rosters, cache, Actors.Refusals(database), ticking);
            var first = default(AltruistId);
            var world = new World(database, ticking, default);
            await new ChainRegistry(writer, new ChainCatalog(), new ProtocolCatalog([new EvmProtocol()]), world, ticking).PutAsync(Actors.Staff, new("0021"), new ChainDraft(), new FieldErrors(), Cancellation);
            foreach (var name in new[] { "a", "b", "c" })
            {
                await new ProviderRegistry(writer, ticking).PutAsync(Actors.Staff, new(name), new ProviderDraft(null, null, null, null), new FieldErrors(), Cancellation);
                var added = await new AltruistRegistry(writer, sealing.Altruists, new ControlStore(database, ticking), world, new HealthStore(database), ticking).AddAsync(
                    Actors.Staff, new AltruistDraft { Provider = name, Chains = ["0021"], Url = $"https://{name}.example/rpc" }, new FieldErrors(), Cancellation);
                Assert.Null(added.Refusal);
                first = name == "a" ? added.Value!.Id : first;
            }

            world = await new World(database, ticking, first).LoadAsync();
            await world.SweepAsync();
            await world.SweepAsync();
            Assert.Equal(VerdictState.Healthy, world.Verdict.State);
            return world;
        }

        public Task<World> RestartAsync() => new World(Database, clock, a).LoadAsync();

        public async Task<Altruist> ChangeAsync(AltruistDraft draft, Actor? actor = null)
        {
            var changed = await Registry.ChangeAsync(actor ?? Actors.AdminOf("a"), a, draft, new FieldErrors(), Cancellation);
            Assert.Null(changed.Refusal);
            return changed.Value!;
        }

        public Task TryAsync(ProbeOutcome outcome, string identity = "1") => Trials.ObserveAsync(Probe(outcome, ProbeLane.Trial, A with { Serving = null }, identity), Cancellation);

        public Task<IReadOnlyCollection<AltruistId>> SweepAsync() => ObserveAsync([.. rosters.Current.Live.Select(altruist => Probe(ProbeOutcome.Ok, ProbeLane.Steady, altruist.InService))]);

        public Task<IReadOnlyCollection<AltruistId>> ObserveAsync(params ProbeResult[] results) => Health.ObserveAsync(Network, results, Cancellation);

        public DateTimeOffset Tick() => clock.Now += TimeSpan.FromSeconds(3);

        public ProbeResult Probe(ProbeOutcome outcome, ProbeLane lane, Altruist asked, string identity = "1") => new()
        {
            Altruist = asked.Id,
            Lane = lane,
            At = Tick(),
            Outcome = outcome,
            Endpoint = asked.Fingerprint,
            Detail = outcome == ProbeOutcome.Ok ? null : "connection refused",
            Height = outcome == ProbeOutcome.Ok ? 1000 : null,
            HeadTime = outcome == ProbeOutcome.Ok ? Heads.Start : null,
            Identity = outcome == ProbeOutcome.Ok ? identity : null,
        };

        public Task VerdictsWrittenAsync(CancellationToken cancellation)
        {
            Woken++;
            return Task.CompletedTask;
        }

        public bool MayUse(IPAddress address, bool byStaff) => false;

        public IReadOnlyList<string> Policies => [];

        public RegionId DefaultRegion => new("global");

        private async Task<World> LoadAsync()
        {
            await rosters.RefreshAsync(Cancellation);
            await Health.LoadAsync(Cancellation);
            await Trials.LoadAsync(Cancellation);
            return this;
        }
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = Heads.Start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

public sealed class TrialMonitorOnSqlite(SqliteFixture fixture) : TrialMonitorContract(fixture), IClassFixture<SqliteFixture>;

public sealed class TrialMonitorOnPostgres(PostgresFixture fixture) : TrialMonitorContract(fixture), IClassFixture<PostgresFixture>;
