using System.Diagnostics;
using System.Text.Json;
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

/// <summary>1,000 chains × 20 regions, 100,000 altruists, 5 to 50 candidates a slot: the pure decision of all slots, and whole rounds on SQLite.</summary>
internal static class SelectionBench
{
    private const int Chains = 1_000;
    private const int Regions = 20;
    private const int AltruistsPerChain = 100;
    private const int WarmUps = 5;
    private const int Runs = 15;

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var clock = new MovedClock();
            var roster = Roster(clock.GetUtcNow());
            var board = Board(roster, clock.GetUtcNow());
            var (pureMs, allocated, candidates) = Pure(roster, board, clock);
            Console.WriteLine($"pure selection of {Chains * Regions} slots, {candidates} candidates: median {pureMs:0.0} ms, {allocated} bytes allocated");

            var (roundMs, windowMs, bytes) = await RoundsAsync(folder, roster, board, clock, cancellation);
            Console.WriteLine($"whole round with its transaction: median {roundMs:0} ms; the first of a window {windowMs:0} ms; entry {bytes} bytes");
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                bench = "selection",
                slots = Chains * Regions,
                altruists = Chains * AltruistsPerChain,
                candidates,
                pure_ms = Math.Round(pureMs, 2),
                pure_allocated_bytes = allocated,
                round_ms = Math.Round(roundMs),
                round_first_of_window_ms = Math.Round(windowMs),
                entry_bytes = bytes,
            }));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Milliseconds, long Bytes, int Candidates) Pure(Roster roster, HealthBoard board, MovedClock clock)
    {
        var book = new SelectionBook(new SelectionOptions(), new ProbingOptions());
        book.Prepare(roster, board, new Rulings([], [], DrainBook.Empty), clock.GetUtcNow(), clock.GetUtcNow(), new byte[32]);
        var rules = new SelectorRules(Standbys: 2, ByProvider: false);
        var times = new List<double>();
        var bytes = new List<long>();
        for (var run = 0; run < WarmUps + Runs; run++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var started = Stopwatch.GetTimestamp();
            book.Decide(rotate: true, rules);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            for (var i = 0; i < book.Slots.Count; i++)
                book.Commit(book.Slots[i], new DecisionId(run + 1, i), changed: true, clock.GetUtcNow());
            if (run < WarmUps)
                continue;
            times.Add(elapsed);
            bytes.Add(allocated);
        }

        return (Median(times), (long)Median([.. bytes.Select(value => (double)value)]), book.Slots.Sum(slot => slot.Question.Candidates.Length));
    }

    private static async Task<(double Milliseconds, double FirstOfWindow, long EntryBytes)> RoundsAsync(
        string folder, Roster roster, HealthBoard board, MovedClock clock, CancellationToken cancellation)
    {
        var storage = new StorageOptions { ConnectionString = $"Data Source={Path.Combine(folder, "bench.db")}" };
        await using var database = new Database(Options.Create(storage), clock);
        await database.PrepareAsync(create: true, cancellation);
        await new Migrator(database, clock, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);

        using var cache = new RosterCache();
        cache.Replace(roster);
        var ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
        using var signer = new LogSigner(database, ring, clock, NullLogger<LogSigner>.Instance);
        var log = new EntryLog(new EntryStore(database), signer);
        var options = Options.Create(new SelectionOptions());
        using var round = new SelectionRound(
            database, new SelectionStore(database, clock), log, cache, board, new OverrideStore(database, clock), new HoldStore(database, clock), new DrainStore(database, clock), new SnapshotHolder(),
            new LastGoodFile(database, ring, [], NullLogger<LastGoodFile>.Instance), options, Options.Create(new HealthOptions()), Options.Create(new ProbingOptions()), clock, NullLogger<SelectionRound>.Instance);
        await round.StartAsync(cancellation);

        var times = new List<double>();
        var firsts = new List<double>();
        var generation = 0L;
        for (var run = 0; run < WarmUps + Runs; run++)
        {
            var window = DrawOrder.WindowOf(clock.GetUtcNow(), options.Value.Window);
            clock.Advance(options.Value.Interval);
            var started = Stopwatch.GetTimestamp();
            var outcome = await round.RunAsync(Trigger.Scheduled, clock.GetUtcNow(), cancellation);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            generation = outcome.Generation;
            if (DrawOrder.WindowOf(clock.GetUtcNow(), options.Value.Window) != window)
                firsts.Add(elapsed);
            else if (run >= WarmUps)
                times.Add(elapsed);
        }

        var bytes = (await database.QueryAsync<long>("select length(body) from log_entries where generation = @Generation", new { Generation = generation }, cancellation))[0];
        return (Median(times), firsts.Count == 0 ? 0 : Median(firsts), bytes);
    }

    private static Roster Roster(DateTimeOffset now)
    {
        var random = new Random(20261121);
        var regions = Enumerable.Range(0, Regions).Select(number => new Region(new($"region-{number:00}"), $"Region {number}", [])).ToList();
        var providers = Enumerable.Range(0, 200).Select(number => new Provider(new($"provider-{number:000}"), $"Provider {number}", null, null, null)).ToList();
        var chains = new List<Chain>();
        var altruists = new List<Altruist>();
        for (var c = 0; c < Chains; c++)
        {
            var chain = new Chain { Id = new($"{c:0000}"), Name = $"Chain {c}", Network = new($"evm:{c}"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000 };
            chains.Add(chain);
            var offered = new List<RegionId>[AltruistsPerChain];
            for (var a = 0; a < AltruistsPerChain; a++)
                offered[a] = [];
            foreach (var region in regions)
            {
                foreach (var a in Enumerable.Range(0, AltruistsPerChain).OrderBy(_ => random.Next()).Take(random.Next(5, 51)))
                    offered[a].Add(region.Id);
            }

            for (var a = 0; a < AltruistsPerChain; a++)
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
    private static HealthBoard Board(Roster roster, DateTimeOffset now)
    {
        var random = new Random(1);
        var board = new HealthBoard();
        VerdictState[] others = [VerdictState.Failing, VerdictState.Down, VerdictState.Lagging, VerdictState.Throttled];
        foreach (var altruist in roster.Live)
        {
            var state = random.Next(10) == 0 ? others[random.Next(others.Length)] : VerdictState.Healthy;
            board.Set(altruist.Id, new Verdict { State = state, Reason = VerdictNames.Of(state), Since = now, LastProbeAt = now, LastGoodAt = now });
        }

        return board;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private sealed class MovedClock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => now;

        public void Advance(TimeSpan by) => now += by;
    }
}
