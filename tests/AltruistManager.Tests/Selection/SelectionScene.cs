using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Tests.Simulator;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Selection;

/// <summary>A selection over a real database, with a roster, verdicts and a clock that the test moves.</summary>
internal sealed class SelectionScene : IAsyncDisposable
{
    private readonly Dictionary<string, Chain> chains = [];
    private readonly Dictionary<string, Region> regions = [];
    private readonly Dictionary<string, Altruist> altruists = [];
    private readonly List<Provider> providers = [];
    private SelectionOptions options;
    private int revision;

    public SelectionScene(Database database, SelectionOptions? options = null, ManualClock? clock = null, IEntryLog? log = null)
    {
        Database = database;
        this.options = options ?? new SelectionOptions();
        Clock = clock ?? new ManualClock();
        Store = new SelectionStore(database, Clock);
        Ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
        Signer = new LogSigner(database, Ring, Clock, NullLogger<LogSigner>.Instance);
        Log = log ?? new EntryLog(new EntryStore(database), Signer);
        Overrides = new OverrideStore(database, Clock);
        Holds = new HoldStore(database, Clock);
        Drains = new DrainStore(database, Clock);
        Decisions = new DecisionLog(Store, Log, Clock);
        Restart();
    }

    public Database Database { get; }

    public ManualClock Clock { get; }

    public RosterCache Roster { get; } = new();

    public HealthBoard Board { get; } = new();

    public SelectionStore Store { get; }

    public KeyRing Ring { get; }

    public LogSigner Signer { get; }

    public IEntryLog Log { get; }

    public OverrideStore Overrides { get; }

    public HoldStore Holds { get; }

    public DrainStore Drains { get; }

    public DecisionLog Decisions { get; }

    public SnapshotHolder Snapshots { get; private set; } = new();

    public SelectionRound Round { get; private set; } = null!;

    public LastGoodFile LastGood { get; private set; } = null!;

    public StandingReader Standings => new(Store, Roster, Round, Clock);

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Forgets everything that is only in memory, as a new process would.</summary>
    /// <param name="changed">Null for those before.</param>
    public void Restart(SelectionOptions? changed = null)
    {
        options = changed ?? options;
        Snapshots = new SnapshotHolder();
        LastGood = new LastGoodFile(Database, new KeyRing(Database, NullLogger<KeyRing>.Instance), [], NullLogger<LastGoodFile>.Instance);
        Round = new SelectionRound(
            Database, Store, Log, Roster, Board, Overrides, Holds, Drains, Snapshots, LastGood, Options.Create(options), Options.Create(new HealthOptions()), Options.Create(new ProbingOptions()), Clock,
            NullLogger<SelectionRound>.Instance);
    }

    public SelectionScene Region(string id, params string[] fallbacks)
    {
        regions[id] = new Region(new(id), id, [.. fallbacks.Select(fallback => new RegionId(fallback))]);
        return Publish();
    }

    public SelectionScene Chain(string id, string network = "evm:1")
    {
        chains[id] = new Chain { Id = new(id), Name = id, Network = new(network), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10000 };
        return Publish();
    }

    public SelectionScene Edit(string chain, Func<Chain, Chain> edit)
    {
        chains[chain] = edit(chains[chain]);
        return Publish();
    }

    /// <summary>Healthy from the start, unless a verdict is given.</summary>
    public SelectionScene Altruist(
        string id, string provider = "acme", string chain = "0021", string region = "us-east", int tier = 1, string? host = null, VerdictState state = VerdictState.Healthy)
    {
        if (providers.TrueForAll(known => known.Id.Value != provider))
            providers.Add(new Provider(new(provider), provider, null, null, null));
        altruists[id] = new Altruist
        {
            Id = new(id),
            Provider = new(provider),
            Network = chains[chain].Network,
            Chains = [new(chain)],
            Regions = [new(region)],
            Url = $"https://{host ?? id}.example/rpc",
            MayBePrivate = false,
            Label = id,
            Tier = tier,
            Attested = true,
            CreatedAt = Clock.GetUtcNow(),
        };
        Judge(id, state);
        return Publish();
    }

    public SelectionScene Edit(string altruist, Func<Altruist, Altruist> edit)
    {
        altruists[altruist] = edit(altruists[altruist]);
        return Publish();
    }

    public void Judge(string altruist, VerdictState state, DateTimeOffset? cooldownUntil = null) =>
        Board.Set(new(altruist), new Verdict
        {
            State = state,
            Reason = state.ToString(),
            Since = Clock.GetUtcNow(),
            CooldownUntil = cooldownUntil,
            LastProbeAt = Clock.GetUtcNow(),
            LastGoodAt = state is VerdictState.Healthy or VerdictState.Failing or VerdictState.Throttled ? Clock.GetUtcNow() : null,
            Performance = Board[new(altruist)].Performance,
        });

    public void Measure(string altruist, double success, double latencyMs) =>
        Board.Set(new(altruist), Board[new(altruist)] with { Performance = new Performance(success, [latencyMs]) });

    public void Prove(string altruist, string capability) => Board.Set(new(altruist), Board[new(altruist)] with { Proven = [capability], Unproven = new Dictionary<string, string>() });

    public void Disprove(string altruist, string capability, string reason) =>
        Board.Set(new(altruist), Board[new(altruist)] with { Proven = [], Unproven = new Dictionary<string, string> { [capability] = reason } });

    public async Task<SelectionScene> StartAsync()
    {
        await Round.StartAsync(Cancellation);
        return this;
    }

    public Task<RoundOutcome> RunAsync() => Round.RunAsync(Trigger.Scheduled, Clock.GetUtcNow(), Cancellation);

    public Task<RoundOutcome> SettleAsync(Trigger cause = Trigger.Failover) => Round.SettleAsync(cause, Cancellation);

    public SlotStatus Slot(string chain = "0021", string region = "us-east") => Snapshots.Current.Slots[new SlotKey(new(chain), new(region))];

    public string? Primary(string chain = "0021", string region = "us-east") => Slot(chain, region).Primary?.Altruist.Value;

    public async Task<Decision> LastDecisionAsync(string chain = "0021", string region = "us-east") =>
        (await Decisions.ListAsync(new ChainId(chain), new RegionId(region), null, 1, Cancellation))[0];

    public Task OverrideAsync(
        OverrideKind kind, string altruist, TimeSpan? lasting = null, string? chain = null, string? region = null, bool force = false, bool revoke = false) =>
        Overrides.AddAsync(
            new Override
            {
                Id = Guid.CreateVersion7(Clock.GetUtcNow()).ToString(),
                Kind = kind,
                Altruist = new(altruist),
                Chain = chain is null ? null : new ChainId(chain),
                Region = region is null ? null : new RegionId(region),
                Reason = "because the test says so",
                ExpiresAt = Clock.GetUtcNow() + (lasting ?? TimeSpan.FromHours(1)),
                Force = force,
                Revoke = revoke,
                CreatedAt = Clock.GetUtcNow(),
                CreatedBy = "test",
            },
            Cancellation);

    public async Task<Hold> HoldAsync(TimeSpan lasting, string? chain = null, string? region = null, string reason = "an incident")
    {
        var hold = new Hold
        {
            Id = Guid.CreateVersion7(Clock.GetUtcNow()).ToString(),
            Chain = chain is null ? null : new ChainId(chain),
            Region = region is null ? null : new RegionId(region),
            Reason = reason,
            Until = Clock.GetUtcNow() + lasting,
            CreatedAt = Clock.GetUtcNow(),
            CreatedBy = "test",
        };
        await Holds.AddAsync(hold, Cancellation);
        return hold;
    }

    /// <param name="lasting">Null until it is resumed.</param>
    public Task DrainAsync(string altruist, TimeSpan? lasting, TimeSpan startsIn = default, string reason = "new disks") =>
        Drains.AddAsync(
            new Drain
            {
                Id = Guid.CreateVersion7(Clock.GetUtcNow()).ToString(),
                Altruist = new(altruist),
                Reason = reason,
                From = Clock.GetUtcNow() + startsIn,
                Until = Clock.GetUtcNow() + startsIn + lasting,
                CreatedAt = Clock.GetUtcNow(),
                CreatedBy = "test",
            },
            Cancellation);

    /// <summary>Registers and judges there what is registered and judged here.</summary>
    public void CopyTo(SelectionScene other)
    {
        foreach (var id in altruists.Keys)
            other.Board.Set(new(id), Board[new(id)]);
        other.Roster.Replace(Roster.Current);
    }

    public ValueTask DisposeAsync()
    {
        Round.Dispose();
        Roster.Dispose();
        Signer.Dispose();
        return ValueTask.CompletedTask;
    }

    private SelectionScene Publish()
    {
        Roster.Replace(new Roster(++revision, chains.Values, regions.Values, providers, altruists.Values));
        return this;
    }
}
