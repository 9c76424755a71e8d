using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Simulator;
using AltruistManager.Web.Commands;

namespace AltruistManager.Benchmarks.Api;

/// <summary>How many reports of portals are taken and stored in a second, by the minute and by the hour.</summary>
internal static class ReportBench
{
    private const int Portals = 16;
    private const int SendersOfOne = 2;
    private const int ReasonsOfChain = 2;

    /// <summary>Of one report: an altruist for each chain, each chain, and its reasons.</summary>
    public const int Rows = MeasuredService.Chains * (2 + ReasonsOfChain);

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(12);

    /// <param name="Median">Milliseconds from sending to 202.</param>
    /// <param name="Microseconds">Of the service's processor time for one.</param>
    public readonly record struct Figures(double PerSecond, double Median, double P99, double Microseconds);

    public static async Task<Figures> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            using var service = new MeasuredService(folder);
            await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);
            using var server = await service.SetUpAsync(world, cancellation);
            await using var database = CommandDatabase.Of(new RootCommand { TreatUnmatchedTokensAsErrors = false }.Parse(["--Storage:ConnectionString", $"Data Source={service.Database}"]));
            var roster = await database.OpenAsync(cancellation);
            var senders = new List<string>();
            for (var portal = 0; portal < Portals; portal++)
                senders.AddRange(Enumerable.Repeat((await database.Keys.CreateAsync(CommandDatabase.Operator, $"portal-{portal}", KeyScope.Portal, null, $"portal-{portal}", null, cancellation)).Key!, SendersOfOne));

            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = senders.Count });
            var address = new Uri(server.Address, "/api/v1/relay-reports");
            await SendAsync(http, address, senders, roster, WarmUp, cancellation);
            var before = server.ProcessorTime();
            var started = TimeProvider.System.GetTimestamp();
            var took = await SendAsync(http, address, senders, roster, Turn, cancellation);
            var elapsed = TimeProvider.System.GetElapsedTime(started);
            var spent = server.ProcessorTime() - before;
            took.Sort();
            var figures = new Figures(
                Math.Round(took.Count / elapsed.TotalSeconds), Math.Round(SelectionBench.Median(took), 1), Math.Round(took[took.Count * 99 / 100], 1), Math.Round(spent.TotalMicroseconds / took.Count));
            Console.WriteLine($"reports of {Rows} rows, from {Portals} portals at {senders.Count} connections: {figures.PerSecond}/s, answered after {figures.Median} ms (p99 {figures.P99} ms), {figures.Microseconds} µs of processor time each");
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static async Task<int> ShowAsync(CancellationToken cancellation)
    {
        var figures = await RunAsync(cancellation);
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["bench"] = "api reports",
            ["reports_per_second"] = figures.PerSecond,
            ["report_rows"] = Rows,
            ["report_median_ms"] = figures.Median,
            ["report_p99_ms"] = figures.P99,
            ["report_cpu_us"] = figures.Microseconds,
        }));
        return 0;
    }

    /// <returns>Milliseconds that each report took.</returns>
    private static async Task<List<double>> SendAsync(HttpClient http, Uri address, IReadOnlyList<string> senders, Roster roster, TimeSpan turn, CancellationToken cancellation)
    {
        var took = new ConcurrentQueue<double>();
        var body = BodyOf(roster);
        await Task.WhenAll(senders.Select(async key =>
        {
            var until = TimeProvider.System.GetTimestamp() + (long)(turn.TotalSeconds * TimeProvider.System.TimestampFrequency);
            while (TimeProvider.System.GetTimestamp() < until)
            {
                var now = TimeProvider.System.GetUtcNow();
                using var request = new HttpRequestMessage(HttpMethod.Post, address)
                {
                    Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
                    Content = new StringContent(
                        string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{Guid.CreateVersion7(now)}}","region":"region-1","from":"{{now.AddMinutes(-1):O}}","to":"{{now:O}}",{{body}}}"""),
                        null, "application/json"),
                };
                var sent = TimeProvider.System.GetTimestamp();
                using var response = await http.SendAsync(request, cancellation);
                if (response.StatusCode != HttpStatusCode.Accepted)
                    throw new InvalidOperationException($"A report was answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellation)}");
                took.Enqueue(TimeProvider.System.GetElapsedTime(sent).TotalMilliseconds);
            }
        }));
        return [.. took];
    }

    /// <summary>All but id, region and times: an altruist for each chain, none of which fails.</summary>
    private static string BodyOf(Roster roster)
    {
        var altruists = new JsonArray();
        var chains = new JsonArray();
        foreach (var chain in roster.Chains.Keys.Order())
        {
            altruists.Add(new JsonObject
            {
                ["altruist"] = roster.Live.First(altruist => altruist.Chains.Contains(chain)).Id.Value,
                ["chain"] = chain.Value,
                ["servedAs"] = "primary",
                ["relays"] = 1200,
                ["errors"] = new JsonObject { ["timeout"] = 1, ["throttled"] = 2 },
                ["latencyBuckets"] = new JsonObject { ["25"] = 300, ["50"] = 700, ["100"] = 150, ["250"] = 40, ["1000"] = 7 },
            });
            chains.Add(new JsonObject
            {
                ["chain"] = chain.Value,
                ["portalRelays"] = 2_000_000,
                ["fallbackReasons"] = new JsonObject { ["session-rollover"] = 1100, ["no-node"] = 100 },
            });
        }

        return $"\"altruists\":{altruists.ToJsonString()},\"chains\":{chains.ToJsonString()}";
    }
}
