using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;

namespace AltruistManager.Benchmarks;

/// <summary>1,000 chains × 20 regions, 100,000 altruists, 5 to 50 candidates a slot: the pure decision of all slots, and whole rounds on SQLite.</summary>
internal static class SelectionBench
{
    private const int Chains = 1_000;
    private const int Regions = 20;
    private const int AltruistsPerChain = 100;
    private const int WarmUps = 5;
    private const int Runs = 15;

    /// <summary>In milliseconds, for the pure part of a decision.</summary>
    private const double PureTarget = 25;

    /// <summary>In milliseconds, for a whole round with its transaction, hash and signature.</summary>
    private const double RoundTarget = 500;

    /// <summary>The service decides all slots every second: its code is compiled in full soon.</summary>
    private const int PureWarmUps = 100;

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var clock = new MovedClock();
            var roster = SelectionWorld.Roster(Chains, Regions, AltruistsPerChain, clock.GetUtcNow());
            var board = SelectionWorld.Board(roster, clock.GetUtcNow());
            var (pureMs, allocated, candidates) = Pure(roster, board, clock, new SelectionOptions());
            Console.WriteLine($"pure selection of {Chains * Regions} slots, {candidates} candidates: median {pureMs:0.0} ms (target ≤ {PureTarget:0}), {allocated} bytes allocated");
            var all = new SelectionOptions { Policy = "quality", FairnessUnit = "provider", Primaries = 3, ProviderCapPercent = 50 };
            var (allMs, allAllocated, _) = Pure(roster, board, clock, all);
            Console.WriteLine($"the same with quality, fairness between providers, three primaries and a cap: median {allMs:0.0} ms, {allAllocated} bytes allocated");

            var (aheadMs, aheadWindowMs) = Foresee(roster, board, clock);
            Console.WriteLine($"looking ahead of a round: median {aheadMs:0.0} ms; of the first of a window, with its draws, {aheadWindowMs:0.0} ms");

            var (roundMs, windowMs, undrawnMs, bodiesMs, bytes) = await RoundsAsync(folder, roster, board, clock, cancellation);
            Console.WriteLine(
                $"whole round with its transaction: median {roundMs:0} ms (target ≤ {RoundTarget:0}); the first of a window {windowMs:0} ms, {undrawnMs:0} ms where nobody looked ahead; then all bodies for portals, which are written when they are first asked for, {bodiesMs:0} ms; entry {bytes} bytes");
            var isMet = pureMs <= PureTarget && roundMs <= RoundTarget;
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                bench = "selection",
                slots = Chains * Regions,
                altruists = Chains * AltruistsPerChain,
                candidates,
                pure_ms = Math.Round(pureMs, 2),
                target_pure_ms = PureTarget,
                pure_allocated_bytes = allocated,
                pure_with_everything_ms = Math.Round(allMs, 2),
                foresee_ms = Math.Round(aheadMs, 2),
                foresee_first_of_window_ms = Math.Round(aheadWindowMs, 2),
                round_ms = Math.Round(roundMs),
                target_round_ms = RoundTarget,
                round_first_of_window_ms = Math.Round(windowMs),
                round_first_of_window_undrawn_ms = Math.Round(undrawnMs),
                bodies_ms = Math.Round(bodiesMs),
                entry_bytes = bytes,
                met = isMet,
            }));
            return isMet ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Milliseconds, long Bytes, int Candidates) Pure(Roster roster, HealthBoard board, MovedClock clock, SelectionOptions options)
    {
        var book = new SelectionBook(options, new ProbingOptions());
        book.Prepare(roster, board, new Rulings([], [], DrainBook.Empty), clock.GetUtcNow(), clock.GetUtcNow(), new byte[32]);
        var rules = EntryParameters.Of(options, new HealthOptions(), new ProbingOptions()).Rules(1);
        var times = new List<double>();
        var bytes = new List<long>();
        for (var run = 0; run < PureWarmUps + Runs; run++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var started = Stopwatch.GetTimestamp();
            book.Decide(rotate: true, rules);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            for (var i = 0; i < book.Slots.Count; i++)
                book.Commit(book.Slots[i], new DecisionId(run + 1, i), changed: true, clock.GetUtcNow());
            if (run < PureWarmUps)
                continue;
            times.Add(elapsed);
            bytes.Add(allocated);
        }

        return (Median(times), (long)Median([.. bytes.Select(value => (double)value)]), book.Slots.Sum(slot => slot.Question.Candidates.Length));
    }

    private static (double Milliseconds, double FirstOfWindow) Foresee(Roster roster, HealthBoard board, MovedClock clock)
    {
        var options = new SelectionOptions();
        var book = new SelectionBook(options, new ProbingOptions());
        book.Prepare(roster, board, new Rulings([], [], DrainBook.Empty), clock.GetUtcNow(), clock.GetUtcNow(), new byte[32]);
        var rules = EntryParameters.Of(options, new HealthOptions(), new ProbingOptions()).Rules(1);
        return (Measure(book.Window), Measure(book.Window + 1));

        double Measure(long window)
        {
            var times = new List<double>();
            for (var run = 0; run < WarmUps + Runs; run++)
            {
                var started = Stopwatch.GetTimestamp();
                book.Foresee(rotate: true, window, new byte[32], rules);
                if (run >= WarmUps)
                    times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            return Median(times);
        }
    }

    /// <summary>Of rounds within a window; of the first of a window, looked ahead of as the service does; of the first of one that nobody looked ahead of; and of writing the bodies.</summary>
    private static async Task<(double Milliseconds, double FirstOfWindow, double Undrawn, double Bodies, long EntryBytes)> RoundsAsync(
        string folder, Roster roster, HealthBoard board, MovedClock clock, CancellationToken cancellation)
    {
        await using var rounds = await SelectionRounds.StartAsync(Path.Combine(folder, "bench.db"), roster, board, clock, cancellation);
        var times = new List<double>();
        var (firsts, undrawn, bodies) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < WarmUps + 3 * Runs; run++)
        {
            var window = SelectionRounds.Options.Window;
            // Every second one begins a window.
            var begins = run % 2 == 1;
            var step = begins ? window - TimeSpan.FromTicks(clock.GetUtcNow().Ticks % window.Ticks) : SelectionRounds.Options.Interval;
            var foreseen = run % 4 == 1;
            if (!begins || foreseen)
                await rounds.LookAheadAsync(clock.GetUtcNow() + step, cancellation);
            clock.Advance(step);
            var started = Stopwatch.GetTimestamp();
            await rounds.RunAsync(cancellation);
            var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            started = Stopwatch.GetTimestamp();
            rounds.AskForAll();
            if (run < WarmUps)
                continue;
            (!begins ? times : foreseen ? firsts : undrawn).Add(took);
            bodies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        var bytes = (await rounds.Database.QueryAsync<long>("select length(body) from log_entries order by generation desc limit 1", null, cancellation))[0];
        return (Median(times), Median(firsts), Median(undrawn), Median(bodies), bytes);
    }

    internal static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
