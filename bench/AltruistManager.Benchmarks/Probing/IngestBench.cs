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
/// How fast results are stored beside a prepared statement in a loop, in turns on the same file; and that neither storing nor sweeping
/// gets slower with 48 hours of history.
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
            var file = Path.Combine(folder, "ingest.db");
            await using var database = new Database(Options.Create(new StorageOptions { ConnectionString = $"Data Source={file}" }), TimeProvider.System);
            await database.PrepareAsync(create: true, cancellation);
            await new Migrator(database, TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);
            var store = new ProbeStore(database, Options.Create(new ProbingOptions()));
            using var raw = OpenRaw(file);

            var rows = new Rows();
            var (own, other) = await CompareAsync(store, raw, rows, "empty", cancellation);
            await FillAsync(raw, rows);
            var (ownLater, otherLater) = await CompareAsync(store, raw, rows, "48 h of history", cancellation);

            var ratio = ProbeBench.Median(own.Zip(other, (mine, theirs) => mine / theirs));
            var ratioLater = ProbeBench.Median(ownLater.Zip(otherLater, (mine, theirs) => mine / theirs));
            var growth = ProbeBench.Median(own) / ProbeBench.Median(ownLater);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rows per second {ratio:0.00} × raw loop, {ratioLater:0.00} × with history (target ≥ {LeastSpeed}); a row costs {growth:0.00} × with {HistoryRows} rows of history (target ≤ {MostGrowth})"));
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["bench"] = "ingest",
                ["ratio_rows_per_second"] = Math.Round(ratio, 3),
                ["ratio_rows_per_second_with_history"] = Math.Round(ratioLater, 3),
                ["target_ratio_rows_per_second"] = LeastSpeed,
                ["rows_per_second"] = Math.Round(ProbeBench.Median(own)),
                ["rows_per_second_raw"] = Math.Round(ProbeBench.Median(other)),
                ["rows_per_second_with_history"] = Math.Round(ProbeBench.Median(ownLater)),
                ["rows_per_second_raw_with_history"] = Math.Round(ProbeBench.Median(otherLater)),
                ["cost_growth_with_history"] = Math.Round(growth, 3),
                ["target_cost_growth_with_history"] = MostGrowth,
                ["history_rows"] = HistoryRows,
                ["batch"] = Batch,
            }));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(List<double> Own, List<double> Raw)> CompareAsync(ProbeStore store, SqliteConnection raw, Rows rows, string when, CancellationToken cancellation)
    {
        await StoreAsync(store, rows, cancellation);
        Loop(raw, rows);
        var own = new List<double>();
        var other = new List<double>();
        for (var turn = 0; turn < Turns; turn++)
        {
            // Each is first equally often: a checkpoint falls on either.
            if (turn % 2 == 0)
                own.Add(await StoreAsync(store, rows, cancellation));
            other.Add(Loop(raw, rows));
            if (turn % 2 != 0)
                own.Add(await StoreAsync(store, rows, cancellation));
            Console.WriteLine($"{when}, turn {turn + 1}: store {own[^1]:0} rows/s, raw loop {other[^1]:0} rows/s");
        }

        return (own, other);
    }

    private static async Task<double> StoreAsync(ProbeStore store, Rows rows, CancellationToken cancellation)
    {
        var batches = Enumerable.Range(0, BatchesPerTurn).Select(_ => rows.Take(Batch)).ToList();
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in batches)
            await store.AddAsync(batch, cancellation);
        return Batch * BatchesPerTurn / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Loop(SqliteConnection raw, Rows rows)
    {
        var batches = Enumerable.Range(0, BatchesPerTurn).Select(_ => rows.Take(Batch)).ToList();
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in batches)
            InsertBatch(raw, batch);
        return Batch * BatchesPerTurn / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static Task FillAsync(SqliteConnection raw, Rows rows)
    {
        Console.WriteLine($"storing {HistoryRows} rows of history");
        const int large = 20_000;
        for (var filled = 0; filled < HistoryRows; filled += large)
            InsertBatch(raw, rows.Take(Math.Min(large, HistoryRows - filled)));
        return Task.CompletedTask;
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
