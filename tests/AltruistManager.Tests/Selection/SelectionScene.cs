using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging;
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

    public SelectionScene(Database database, SelectionOptions? options = null, ManualTime? clock = null, IEntryLog? log = null)
    {
        Database = database;
        this.options = options ?? new SelectionOptions();
        Clock = clock ?? new ManualTime();
        Store = new SelectionStore(database, Clock);
        Ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
        Signer = new LogSigner(database, Ring, Clock, NullLogger<LogSigner>.Instance);
        Log = new WatchedLog(log ?? new EntryLog(new EntryStore(database), Signer), () => Happened(Moment.Decided), () => Happened(Moment.Appended));
        Probes = new ScriptedProbes(this);
        Overrides = new OverrideStore(database, Clock);
        Holds = new HoldStore(database, Clock);
        Drains = new DrainStore(database, Clock);
        Decisions = new DecisionLog(Store, Log, Clock);
        Restart();
    }

    public Database Database { get; }

    public ManualTime Clock { get; }

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

    /// <summary>Stands for the lanes; whoever was asked is judged when the test lets it.</summary>
    public ScriptedProbes Probes { get; }

    /// <summary>What the test does while a publication is under way, on the thread that publishes.</summary>
    public Action<Moment> Happened { get; set; } = _ => { };

    /// <summary>What selecting logged.</summary>
    public ConcurrentQueue<string> Logged { get; } = new();

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
            Database, Store, Log, Roster, Board, Overrides, Holds, Drains, Snapshots, LastGood, Probes, Options.Create(options), Options.Create(new HealthOptions()), Options.Create(new ProbingOptions()), Clock,
            new WatchingLogger(Logged, () => Happened(Moment.Committed)));
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

    public async Task<RoundOutcome> RunAsync()
    {
        var outcome = await Round.RunAsync(Trigger.Scheduled, Clock.GetUtcNow(), Cancellation);
        await Probes.AnswerAllAsync();
        return outcome;
    }

    /// <summary>With all that follows once the targets of failovers have answered.</summary>
    public async Task<RoundOutcome> SettleAsync(Trigger cause = Trigger.Failover)
    {
        var outcome = await Round.SettleAsync(cause, Cancellation);
        await Probes.AnswerAllAsync();
        return outcome;
    }

    public SlotStatus Slot(string chain = "0021", string region = "us-east") => Snapshots.Current.Slots[new SlotKey(new(chain), new(region))];

    public string? Primary(string chain = "0021", string region = "us-east") => Slot(chain, region).Primary?.Altruist.Value;

    public async Task<Decision> LastDecisionAsync(string chain = "0021", string region = "us-east") =>
        (await Decisions.ListAsync(new ChainId(chain), new RegionId(region), null, 1, Cancellation))[0];

    public Task OverrideAsync(
        OverrideKind kind, string altruist, TimeSpan? lasting = null, string? chain = null, string? region = null, bool force = false, bool revoke = false) =>
        Overrides.AddAsync(
            Actors.Staff,
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
            provider: null,
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
        await Holds.AddAsync(Actors.Staff, hold, Cancellation);
        return hold;
    }

    /// <param name="lasting">Null until it is resumed.</param>
    public Task DrainAsync(string altruist, TimeSpan? lasting, TimeSpan startsIn = default, string reason = "new disks") =>
        Drains.AddAsync(
            Actors.Staff,
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
            new ProviderId("test"),
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

    /// <summary>Who is asked waits until the test lets them answer; the dead among them are judged failing then.</summary>
    internal sealed class ScriptedProbes(SelectionScene scene) : IPickProbes
    {
        private readonly ConcurrentQueue<(IReadOnlyCollection<AltruistId> Altruists, Func<bool, CancellationToken, Task> Heard)> waiting = new();

        /// <summary>Altruists that do not answer.</summary>
        public HashSet<string> Dead { get; } = [];

        /// <summary>Altruists of whose probes nothing can be said, because the prober itself had no socket for them.</summary>
        public HashSet<string> Unproven { get; } = [];

        /// <summary>Those asked before a failover, each time in alphabetical order.</summary>
        public List<string[]> Asked { get; } = [];

        /// <summary>Those asked in full, each time in alphabetical order.</summary>
        public List<string[]> AskedInFull { get; } = [];

        public Task AskOutOfTurnAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) => AskInFullAsync(altruists, cancellation);

        public Task AskInFullAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation)
        {
            AskedInFull.Add([.. altruists.Select(id => id.Value).Order()]);
            Judge(altruists);
            return scene.Round.SettleAsync(Trigger.Failover, cancellation);
        }

        public void Ask(IReadOnlyCollection<AltruistId> altruists, Func<bool, CancellationToken, Task> heard)
        {
            Asked.Add([.. altruists.Select(id => id.Value).Order()]);
            waiting.Enqueue((altruists, heard));
        }

        /// <summary>All that were asked answer or fail to, and those that are asked in consequence.</summary>
        public async Task AnswerAllAsync()
        {
            while (await AnswerAsync())
            {
            }
        }

        /// <returns>False when nobody was asked.</returns>
        public async Task<bool> AnswerAsync()
        {
            if (!waiting.TryDequeue(out var asked))
                return false;
            Judge(asked.Altruists);
            await asked.Heard(true, Cancellation);
            return true;
        }

        /// <summary>Nothing is heard of them within the time there is.</summary>
        public Task GiveUpAsync() => waiting.TryDequeue(out var asked) ? asked.Heard(true, Cancellation) : Task.CompletedTask;

        private void Judge(IEnumerable<AltruistId> asked)
        {
            foreach (var id in asked)
            {
                var verdict = scene.Board[id];
                var falls = Dead.Contains(id.Value) && verdict.State == VerdictState.Healthy;
                var isGood = !Dead.Contains(id.Value) && !Unproven.Contains(id.Value);
                scene.Board.Set(id, verdict with { LastProbeAt = scene.Clock.GetUtcNow(), LastGoodAt = isGood ? scene.Clock.GetUtcNow() : verdict.LastGoodAt, State = falls ? VerdictState.Failing : verdict.State, Reason = falls ? "no answer" : verdict.Reason });
            }
        }
    }

    private sealed class WatchedLog(IEntryLog log, Action decided, Action appended) : IEntryLog
    {
        public PackedEntry Pack(Entry entry, byte[] previousHash)
        {
            decided();
            return log.Pack(entry, previousHash);
        }

        public async Task AppendAsync(WriteTransaction write, long generation, IReadOnlyList<int> slotIds, Task<PackedEntry> packing)
        {
            await log.AppendAsync(write, generation, slotIds, packing);
            appended();
        }

        public Task<IReadOnlyList<LoggedEntry>> TailAsync(string origin, CancellationToken cancellation) => log.TailAsync(origin, cancellation);

        public IAsyncEnumerable<LoggedEntry> ReadAsync(IReadOnlyCollection<long> generations, CancellationToken cancellation) => log.ReadAsync(generations, cancellation);
    }

    private sealed class WatchingLogger(ConcurrentQueue<string> lines, Action committed) : ILogger<SelectionRound>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lines.Enqueue(formatter(state, exception));
            if (eventId.Name == "LogCommitted")
                committed();
        }
    }
}
