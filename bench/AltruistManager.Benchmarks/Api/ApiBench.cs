using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace AltruistManager.Benchmarks.Api;

/// <summary>
/// What a portal's poll costs, in processor time of the server, beside servers that give the same bytes. The servers are measured in
/// turns, each in a process of its own, so that whatever else the machine does falls on all of them.
/// </summary>
internal static class ApiBench
{
    private const int Rounds = 9;
    private const int Connections = 32;
    private const int Starts = 7;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            using var service = new MeasuredService(folder);
            await service.SetUpAsync(cancellation);

            var starts = new List<double>();
            for (var start = 0; start < Starts; start++)
                starts.Add((await service.StartToFirstAnswerAsync(cancellation)).TotalMilliseconds);
            Console.WriteLine($"start to first answer: {string.Join(", ", starts.Select(milliseconds => $"{milliseconds:F0} ms"))}");

            var changes = await ChangeBench.RunAsync(cancellation);
            var reports = await ReportBench.RunAsync(cancellation);
            var streams = await StreamBench.RunAsync(service, cancellation);
            var bulk = await BulkBench.RunAsync(Directory.CreateDirectory(Path.Combine(folder, "bulk")).FullName, cancellation);

            using var real = await service.StartAsync(cancellation);
            var answer = await service.RecordAsync(cancellation);
            var recorded = Path.Combine(folder, "answer.bin");
            await answer.SaveAsync(recorded, cancellation);
            using var stack = await StartOwnAsync("stack", recorded, service.Database, cancellation);
            using var bare = await StartOwnAsync("bare", recorded, service.Database, cancellation);
            using var nginx = await NginxServer.StartAsync(answer, folder, cancellation);
            ServerProcess[] servers = [real, stack, bare, nginx];

            var measured = await MeasureAsync(servers, answer.Path, $"Bearer {service.PortalKey}", cancellation);
            var isGood = changes.AreReached && streams.AreReached;
            var answeredWithoutDatabase = await AnswersWithoutDatabaseAsync(service, real, answer, cancellation);

            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["bench"] = "api",
                ["ratio_same_stack"] = Ratio(measured, real, stack),
                ["ratio_bare"] = Ratio(measured, real, bare),
                ["ratio_nginx"] = Ratio(measured, real, nginx),
                ["cpu_us_per_request"] = Math.Round(Median(measured[real].Select(turn => turn.Microseconds)), 2),
                ["cpu_us_per_request_same_stack"] = Math.Round(Median(measured[stack].Select(turn => turn.Microseconds)), 2),
                ["cpu_us_per_request_bare"] = Math.Round(Median(measured[bare].Select(turn => turn.Microseconds)), 2),
                ["cpu_us_per_request_nginx"] = Math.Round(Median(measured[nginx].Select(turn => turn.Microseconds)), 2),
                ["rps"] = Math.Round(Median(measured[real].Select(turn => turn.RequestsPerSecond))),
                ["answered_without_database"] = answeredWithoutDatabase,
                ["database_calls"] = 0,
                ["start_to_first_answer_ms"] = Math.Round(Median(starts)),
                ["body_bytes"] = answer.Body.Length,
                ["bulk_chains"] = BulkBench.Chains,
                ["bulk_bytes"] = bulk.Plain.Bytes,
                ["bulk_cpu_us_per_request"] = bulk.Plain.Microseconds,
                ["bulk_rps"] = bulk.Plain.RequestsPerSecond,
                ["bulk_gzip_bytes"] = bulk.Gzip.Bytes,
                ["bulk_gzip_cpu_us_per_request"] = bulk.Gzip.Microseconds,
                ["bulk_gzip_rps"] = bulk.Gzip.RequestsPerSecond,
                ["bulk_brotli_bytes"] = bulk.Brotli.Bytes,
                ["bulk_brotli_cpu_us_per_request"] = bulk.Brotli.Microseconds,
                ["bulk_brotli_rps"] = bulk.Brotli.RequestsPerSecond,
                ["not_modified_cpu_us_per_request"] = bulk.NotModified.Microseconds,
                ["not_modified_rps"] = bulk.NotModified.RequestsPerSecond,
                ["streams"] = StreamBench.Streams,
                ["streams_resident_mb"] = streams.ResidentMegabytes,
                ["streams_connected_ms"] = streams.ConnectedMilliseconds,
                ["change_to_first_ms"] = streams.FirstMilliseconds,
                ["change_to_all_ms"] = streams.AllMilliseconds,
                ["change_to_all_worst_ms"] = streams.WorstMilliseconds,
                ["other_process_change_ms"] = changes.Median,
                ["other_process_change_worst_ms"] = changes.Worst,
                ["other_process_changes_in_a_row_ms"] = changes.InARowMedian,
                ["other_process_changes_in_a_row_worst_ms"] = changes.InARowWorst,
                ["reports_per_second"] = reports.PerSecond,
                ["report_rows"] = ReportBench.Rows,
                ["report_median_ms"] = reports.Median,
                ["report_p99_ms"] = reports.P99,
                ["report_cpu_us"] = reports.Microseconds,
                ["reached"] = isGood,
            }));
            return isGood ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The streams alone.</summary>
    public static async Task<int> RunStreamsAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            using var service = new MeasuredService(folder);
            await service.SetUpAsync(cancellation);
            return (await StreamBench.RunAsync(service, cancellation)).AreReached ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Dictionary<ServerProcess, List<Measured>>> MeasureAsync(ServerProcess[] servers, string path, string authorization, CancellationToken cancellation)
    {
        foreach (var server in servers)
            await Wrk.RunAsync(new Uri(server.Address, path), authorization, Connections, WarmUp, cancellation);

        var measured = servers.ToDictionary(server => server, _ => new List<Measured>());
        for (var round = 0; round < Rounds; round++)
        {
            // Each server is first, second, … equally often.
            foreach (var server in servers.Skip(round % servers.Length).Concat(servers.Take(round % servers.Length)))
            {
                var before = server.ProcessorTime();
                var load = await Wrk.RunAsync(new Uri(server.Address, path), authorization, Connections, Turn, cancellation);
                var spent = server.ProcessorTime() - before;
                measured[server].Add(new Measured(spent.TotalMicroseconds / load.Requests, load.Requests / load.Seconds));
            }

            Console.WriteLine($"round {round + 1}: {string.Join(", ", servers.Select(server => $"{server.Name} {measured[server][^1].Microseconds:F1} µs at {measured[server][^1].RequestsPerSecond:F0}/s"))}");
        }

        return measured;
    }

    /// <summary>Writes rubbish over the whole database while the service runs. What asks the database fails from then on; selections may not.</summary>
    /// <returns>How many requests were answered after that, all of them well.</returns>
    private static async Task<long> AnswersWithoutDatabaseAsync(MeasuredService service, ServerProcess real, RecordedAnswer answer, CancellationToken cancellation)
    {
        foreach (var file in (string[])[service.Database, $"{service.Database}-wal", $"{service.Database}-shm"])
            if (File.Exists(file))
                await OverwriteAsync(file, cancellation);
        if (await service.StatusOfAsync("/api/v1/decisions", cancellation) is HttpStatusCode.OK)
            throw new InvalidOperationException("The database can still be read: this proves nothing.");

        var load = await Wrk.RunAsync(new Uri(real.Address, answer.Path), $"Bearer {service.PortalKey}", Connections, Turn, cancellation);
        var after = await service.RecordAsync(cancellation);
        return after.Body.AsSpan().SequenceEqual(answer.Body)
            ? load.Requests
            : throw new InvalidOperationException("The answer changed when the database was gone.");
    }

    /// <summary>In place, so that open handles see it.</summary>
    private static async Task OverwriteAsync(string file, CancellationToken cancellation)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var rubbish = new byte[stream.Length];
        new Random(1).NextBytes(rubbish);
        await stream.WriteAsync(rubbish, cancellation);
    }

    private static Task<ServerProcess> StartOwnAsync(string kind, string recorded, string database, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { typeof(ApiBench).Assembly.Location, "server", kind, recorded, database } };
        return ServerProcess.StartAsync(kind, start, null, cancellation);
    }

    /// <summary>The median of the ratios of each round: what disturbed a round disturbed both.</summary>
    private static double Ratio(Dictionary<ServerProcess, List<Measured>> measured, ServerProcess one, ServerProcess other) =>
        Math.Round(Median(measured[one].Zip(measured[other], (a, b) => a.Microseconds / b.Microseconds)), 3);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private readonly record struct Measured(double Microseconds, double RequestsPerSecond);
}
