using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Probing;
using AltruistManager.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// How fast results are stored beside a prepared statement in a loop, in turns on the same file; and that storing does not get slower
/// with 48 hours of history, in turns on a file with and one without.
/// </summary>
internal static class IngestBench
{
    private const int Batch = 100;
    private const int BatchesPerTurn = 300;
    private const int Turns = 9;
    private const int Altruists = 2_000;
    private const double LeastSpeed = 0.85;

    /// <summary>48 hours of 2,000 altruists at one probe in five minutes.</summary>
    private const int HistoryRows = Altruists * 48 * 12;

    private const double MostGrowth = 1.25;

    private const string Insert =
        """
        insert into probes (altruist_id, vantage, lane, at, outcome, detail, latency_ms, connect_ms, height, head_time, head_hash,
                            probes, failures, latency_min_ms, latency_max_ms)
        values (@altruist, @vantage, @lane, @at, @outcome, @detail, @latency, @connect, @height, @headTime, @headHash, @probes, @failures, @least, @most)
        """;

    private static readonly string[] Parameters =
        ["@altruist", "@vantage", "@lane", "@at", "@outcome", "@detail", "@latency", "@connect", "@height", "@headTime", "@headHash", "@probes", "@failures", "@least", "@most"];

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            await using var empty = await OpenAsync(Path.Combine(folder, "empty.db"), cancellation);
            await using var full = await OpenAsync(Path.Combine(folder, "full.db"), cancellation);
            Console.WriteLine($"storing {HistoryRows} rows of history");
            const int large = 20_000;
            for (var filled = 0; filled < HistoryRows; filled += large)
                InsertBatch(full.Raw, full.Rows.Take(Math.Min(large, HistoryRows - filled)));

            // In turns, so that whatever else the machine does falls on all of them; each is first equally often.
            Side[] sides = [empty, full];
            for (var turn = -1; turn < Turns; turn++)
            {
                foreach (var side in turn % 2 == 0 ? sides : sides.Reverse())
                {
                    var (own, raw) = turn % 4 < 2 ? (await StoreAsync(side, cancellation), Loop(side)) : Swap(Loop(side), await StoreAsync(side, cancellation));
                    if (turn < 0)
                        continue;
                    side.Own.Add(own);
                    side.Others.Add(raw);
                    Console.WriteLine($"{(side == full ? "48 h of history" : "empty")}, turn {turn + 1}: store {own.PerSecond:0} rows/s, raw loop {raw.PerSecond:0} rows/s");
                }
            }

            var ratio = ProbeBench.Median(empty.Own.Zip(empty.Others, (mine, theirs) => mine.PerSecond / theirs.PerSecond));
            var ratioLater = ProbeBench.Median(full.Own.Zip(full.Others, (mine, theirs) => mine.PerSecond / theirs.PerSecond));
            var growth = ProbeBench.Median(empty.Own.Zip(full.Own, (early, late) => early.PerSecond / late.PerSecond));
            var growthOfCpu = ProbeBench.Median(empty.Own.Zip(full.Own, (early, late) => late.Microseconds / early.Microseconds));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rows per second {ratio:0.00} × raw loop, {ratioLater:0.00} × with history (target ≥ {LeastSpeed}); with {HistoryRows} rows of history a row takes {growth:0.00} × as long and {growthOfCpu:0.00} × the processor time (target ≤ {MostGrowth})"));
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["bench"] = "ingest",
                ["ratio_rows_per_second"] = Math.Round(ratio, 3),
                ["ratio_rows_per_second_with_history"] = Math.Round(ratioLater, 3),
                ["target_ratio_rows_per_second"] = LeastSpeed,
                ["rows_per_second"] = Median(empty.Own, turn => turn.PerSecond),
                ["rows_per_second_raw"] = Median(empty.Others, turn => turn.PerSecond),
                ["rows_per_second_with_history"] = Median(full.Own, turn => turn.PerSecond),
                ["rows_per_second_raw_with_history"] = Median(full.Others, turn => turn.PerSecond),
                ["cpu_us_per_row"] = Median(empty.Own, turn => turn.Microseconds),
                ["cpu_us_per_row_with_history"] = Median(full.Own, turn => turn.Microseconds),
                ["time_growth_with_history"] = Math.Round(growth, 3),
                ["cpu_growth_with_history"] = Math.Round(growthOfCpu, 3),
                ["target_growth_with_history"] = MostGrowth,
                ["history_rows"] = HistoryRows,
                ["batch"] = Batch,
            }));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static (Turn Own, Turn Raw) Swap(Turn raw, Turn own) => (own, raw);

        static double Median(IEnumerable<Turn> turns, Func<Turn, double> of) => Math.Round(ProbeBench.Median(turns.Select(of)), 1);
    }

    private static async Task<Side> OpenAsync(string file, CancellationToken cancellation)
    {
        var database = new Database(Options.Create(new StorageOptions { ConnectionString = $"Data Source={file}" }), TimeProvider.System);
        await database.PrepareAsync(create: true, cancellation);
        await new Migrator(database, TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);
        return new Side(database, OpenRaw(file));
    }

    private static async Task<Turn> StoreAsync(Side side, CancellationToken cancellation)
    {
        var store = new ProbeStore(side.Database, Options.Create(new ProbingOptions()));
        var batches = Enumerable.Range(0, BatchesPerTurn).Select(_ => side.Rows.Take(Batch)).ToList();
        var watch = new Watch();
        foreach (var batch in batches)
            await store.AddAsync(batch, cancellation);
        return watch.End();
    }

    private static Turn Loop(Side side)
    {
        var batches = Enumerable.Range(0, BatchesPerTurn).Select(_ => side.Rows.Take(Batch)).ToList();
        var watch = new Watch();
        foreach (var batch in batches)
            InsertBatch(side.Raw, batch);
        return watch.End();
    }

    private static SqliteConnection OpenRaw(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var settings = connection.CreateCommand();
        settings.CommandText = "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full";
        settings.ExecuteNonQuery();
        return connection;
    }

    private static void InsertBatch(SqliteConnection raw, IEnumerable<ProbeRow> batch)
    {
        using var transaction = raw.BeginTransaction();
        using var command = raw.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = Insert;
        var parameters = Array.ConvertAll(Parameters, name =>
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
            return parameter;
        });
        command.Prepare();
        foreach (var row in batch)
        {
            var last = row.Last;
            object?[] values =
            [
                last.Altruist.Value, "local", last.Lane.ToString(), last.At.ToUnixTimeMilliseconds(), last.Outcome.ToString(), last.Detail, last.LatencyMs, last.ConnectMs,
                last.Height, last.HeadTime?.ToUnixTimeMilliseconds(), last.HeadHash, row.Probes, row.Failures, row.LatencyMinMs, row.LatencyMaxMs,
            ];
            for (var index = 0; index < values.Length; index++)
                parameters[index].Value = values[index] ?? DBNull.Value;
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>One file, and what was measured on it.</summary>
    private sealed class Side(Database database, SqliteConnection raw) : IAsyncDisposable
    {
        public Database Database => database;

        public SqliteConnection Raw => raw;

        public Rows Rows { get; } = new();

        public List<Turn> Own { get; } = [];

        public List<Turn> Others { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await raw.DisposeAsync();
            await database.DisposeAsync();
        }
    }

    private readonly record struct Turn(double PerSecond, double Microseconds);

    private sealed class Watch
    {
        private readonly TimeSpan cpu = Environment.CpuUsage.TotalTime;
        private readonly long started = Stopwatch.GetTimestamp();

        public Turn End()
        {
            const int rows = Batch * BatchesPerTurn;
            return new Turn(rows / Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / rows);
        }
    }

    /// <summary>Sweeps of one network after the other, five minutes apart.</summary>
    private sealed class Rows
    {
        private readonly DateTimeOffset start = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);
        private readonly string[] ids = [.. Enumerable.Range(0, Altruists).Select(number => Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(20_000).AddMilliseconds(number)).ToString())];
        private long next;

        public List<ProbeRow> Take(int count) => [.. Enumerable.Range(0, count).Select(_ => One(next++))];

        private ProbeRow One(long number)
        {
            var at = start.AddMilliseconds(number * 30);
            var failed = number % 10 == 9;
            return ProbeRow.Of(new ProbeResult
            {
                Altruist = new(ids[number % Altruists]),
                Lane = ProbeLane.Steady,
                At = at,
                Outcome = failed ? ProbeOutcome.Timeout : ProbeOutcome.Ok,
                Detail = failed ? "no whole answer came in time" : null,
                LatencyMs = failed ? null : 20 + (number % 100 / 10.0),
                ConnectMs = failed ? null : 35.5,
                Height = failed ? null : 20_000_000 + (number / Altruists * 25),
                HeadTime = failed ? null : at.AddSeconds(-3),
                HeadHash = failed ? null : "0x8f2b1c6d4e5a79380b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172",
            });
        }
    }
}
