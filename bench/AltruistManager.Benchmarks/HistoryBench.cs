using System.Diagnostics;
using System.Text.Json;

namespace AltruistManager.Benchmarks;

/// <summary>Whether history slows rounds down: rounds over 400 slots on a database with 30 days of them, and in turn with them on one with an hour of them.</summary>
internal static class HistoryBench
{
    private const int Chains = 40;
    private const int Regions = 10;
    private const int AltruistsPerChain = 20;
    private const int Days = 30;
    private const int Measured = 40;

    /// <summary>So many times as long a round may take with history as without.</summary>
    private const double Target = 1.2;

    private static readonly int RoundsPerHour = (int)(TimeSpan.FromHours(1) / SelectionRounds.Options.Interval);

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var (oldClock, youngClock) = (new MovedClock(), new MovedClock());
            var roster = SelectionWorld.Roster(Chains, Regions, AltruistsPerChain, oldClock.GetUtcNow());
            var board = SelectionWorld.Board(roster, oldClock.GetUtcNow());
            await using var old = await SelectionRounds.StartAsync(Path.Combine(folder, "old.db"), roster, board, oldClock, cancellation);
            var started = Stopwatch.GetTimestamp();
            for (var round = 0; round < Days * 24 * RoundsPerHour; round++)
                await RunAsync(old, oldClock, cancellation);
            var sessions = (await old.Database.QueryAsync<long>("select count(*) from sessions", null, cancellation))[0];
            Console.WriteLine($"{Days} days of rounds, {sessions} sessions, made in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; {new FileInfo(Path.Combine(folder, "old.db")).Length / 1_000_000} MB");

            await using var young = await SelectionRounds.StartAsync(Path.Combine(folder, "young.db"), roster, board, youngClock, cancellation);
            for (var round = 0; round < RoundsPerHour; round++)
                await RunAsync(young, youngClock, cancellation);

            // One of each in turn, so that the noise of the machine is that of both.
            var (withHistory, without) = (new List<double>(), new List<double>());
            for (var round = 0; round < Measured; round++)
            {
                withHistory.Add(await RunAsync(old, oldClock, cancellation));
                without.Add(await RunAsync(young, youngClock, cancellation));
            }

            var (with, bare) = (SelectionBench.Median(withHistory), SelectionBench.Median(without));
            Console.WriteLine($"a round of {Chains * Regions} slots: median {with:0.0} ms with {Days} days of sessions, {bare:0.0} ms with an hour of them: {with / bare:0.00} x (target ≤ {Target})");
            var isMet = with / bare <= Target;
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                bench = "history",
                slots = Chains * Regions,
                days = Days,
                sessions,
                with_history_ms = Math.Round(with, 2),
                without_ms = Math.Round(bare, 2),
                ratio = Math.Round(with / bare, 3),
                target_ratio = Target,
                met = isMet,
            }));
            return isMet ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> RunAsync(SelectionRounds rounds, MovedClock clock, CancellationToken cancellation)
    {
        clock.Advance(SelectionRounds.Options.Interval);
        var started = Stopwatch.GetTimestamp();
        await rounds.RunAsync(cancellation);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
