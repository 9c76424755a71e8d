using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks;

/// <summary>Chains, regions and altruists to select from; the same ones each time.</summary>
internal static class SelectionWorld
{
    public static Roster Roster(int chainCount, int regionCount, int altruistsPerChain, DateTimeOffset now)
    {
        var random = new Random(20261121);
        var regions = Enumerable.Range(0, regionCount).Select(number => new Region(new($"region-{number:00}"), $"Region {number}", [])).ToList();
        var providers = Enumerable.Range(0, 200).Select(number => new Provider(new($"provider-{number:000}"), $"Provider {number}", null, null, null)).ToList();
        var chains = new List<Chain>();
        var altruists = new List<Altruist>();
        for (var c = 0; c < chainCount; c++)
        {
            var chain = new Chain { Id = new($"{c:0000}"), Name = $"Chain {c}", Network = new($"evm:{c}"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000 };
            chains.Add(chain);
            var offered = new List<RegionId>[altruistsPerChain];
            for (var a = 0; a < altruistsPerChain; a++)
                offered[a] = [];
            foreach (var region in regions)
            {
                foreach (var a in Enumerable.Range(0, altruistsPerChain).OrderBy(_ => random.Next()).Take(random.Next(5, altruistsPerChain / 2 + 1)))
                    offered[a].Add(region.Id);
            }

            for (var a = 0; a < altruistsPerChain; a++)
            {
                altruists.Add(new Altruist
                {
                    Id = new(Guid.CreateVersion7(now.AddSeconds(altruists.Count)).ToString()),
                    Provider = providers[random.Next(providers.Count)].Id,
                    Network = chain.Network,
                    Chains = [chain.Id],
                    Regions = offered[a],
                    Url = $"https://node-{altruists.Count}.example/rpc",
                    MayBePrivate = false,
                    Label = $"node-{altruists.Count}",
                    Attested = true,
                    CreatedAt = now,
                });
            }
        }

        return new Roster(1, chains, regions, providers, altruists);
    }

    /// <summary>Nine in ten are healthy; the others show every reason not to be picked.</summary>
    public static HealthBoard Board(Roster roster, DateTimeOffset now)
    {
        var random = new Random(1);
        var board = new HealthBoard();
        VerdictState[] others = [VerdictState.Failing, VerdictState.Down, VerdictState.Lagging, VerdictState.Throttled];
        foreach (var altruist in roster.Live)
        {
            var state = random.Next(10) == 0 ? others[random.Next(others.Length)] : VerdictState.Healthy;
            board.Set(altruist.Id, new Verdict { State = state, Reason = VerdictNames.Of(state), Since = now, LastProbeAt = now, LastGoodAt = now, Performance = new Performance(0.9 + 0.1 * random.NextDouble(), [random.Next(20, 300)]) });
        }

        return board;
    }
}

/// <summary>Real rounds over a SQLite database of its own, with a clock that the benchmark moves.</summary>
internal sealed class SelectionRounds : IAsyncDisposable
{
    private readonly RosterCache cache = new();
    private readonly SnapshotHolder snapshots = new();
    private readonly TimeProvider clock;
    private readonly LogSigner signer;
    private readonly SelectionRound round;

    private SelectionRounds(Database database, Roster roster, HealthBoard board, TimeProvider clock)
    {
        Database = database;
        this.clock = clock;
        cache.Replace(roster);
        var ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
        signer = new LogSigner(database, ring, clock, NullLogger<LogSigner>.Instance);
        round = new SelectionRound(
            database, new SelectionStore(database, clock), new EntryLog(new EntryStore(database), signer), cache, board, new OverrideStore(database, clock), new HoldStore(database, clock),
            new DrainStore(database, clock), snapshots, new LastGoodFile(database, ring, [], NullLogger<LastGoodFile>.Instance), new NobodyAsked(),
            Wrap(Options), Wrap(new HealthOptions()), Wrap(new ProbingOptions()), clock,
            NullLogger<SelectionRound>.Instance);
    }

    public static SelectionOptions Options { get; } = new();

    public Database Database { get; }

    public static async Task<SelectionRounds> StartAsync(string file, Roster roster, HealthBoard board, TimeProvider clock, CancellationToken cancellation)
    {
        var database = new Database(Wrap(new StorageOptions { ConnectionString = $"Data Source={file}" }), clock);
        await database.PrepareAsync(create: true, cancellation);
        await new Migrator(database, clock, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);
        var rounds = new SelectionRounds(database, roster, board, clock);
        await rounds.round.StartAsync(cancellation);
        return rounds;
    }

    public Task<RoundOutcome> RunAsync(CancellationToken cancellation) => round.RunAsync(Trigger.Scheduled, clock.GetUtcNow(), cancellation);

    /// <summary>As the service does before each round.</summary>
    public Task LookAheadAsync(DateTimeOffset at, CancellationToken cancellation) => round.ForeseeAsync(at, cancellation);

    /// <summary>As portals do after a round: each region as a whole.</summary>
    public void AskForAll()
    {
        foreach (var region in snapshots.Current.RegionIds)
            _ = snapshots.Current.FindAll(region);
    }

    /// <summary><see cref="Options"/> hides the type of that name.</summary>
    private static IOptions<T> Wrap<T>(T options)
        where T : class => Microsoft.Extensions.Options.Options.Create(options);

    public async ValueTask DisposeAsync()
    {
        round.Dispose();
        signer.Dispose();
        cache.Dispose();
        await Database.DisposeAsync();
    }
}

/// <summary>There are no nodes here; nobody falls between rounds.</summary>
internal sealed class NobodyAsked : IPickProbes
{
    public Task AskInFullAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) => Task.CompletedTask;

    public Task AskOutOfTurnAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) => Task.CompletedTask;

    public void Ask(IReadOnlyCollection<AltruistId> altruists, Func<bool, CancellationToken, Task> heard)
    {
    }
}

internal sealed class MovedClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by;
}
