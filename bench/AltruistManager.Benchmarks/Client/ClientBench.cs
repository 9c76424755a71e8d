using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AltruistManager.Benchmarks.Api;
using AltruistManager.Benchmarks.Failover;
using AltruistManager.Client;

namespace AltruistManager.Benchmarks.Client;

/// <summary>
/// What <see cref="AltruistHandler"/> adds to a call in processor time, beside a bare client over the same kind of connections, and what the death of a primary costs a request. The two clients
/// take turns in one process; the server is another one and not counted.
/// </summary>
internal static class ClientBench
{
    private const int Rounds = 61;
    private const int Workers = 8;
    private const int RequestsPerTurn = 8_000;
    private const double MostAdded = 0.10;
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Beside the timeout itself: the timer's grain, the standby's own answer (20 ms), a busy machine.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    private static readonly byte[] Question = """{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x407d73d8a49eeb85d32cf465507dd71d507100c1","latest"]}"""u8.ToArray();
    private static readonly byte[] Answer = """{"jsonrpc":"2.0","id":1,"result":"0x0234c8a3397aab58"}"""u8.ToArray();

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var added = await MeasureAddedAsync(cancellation);
        await using var nodes = await MortalNodes.StartAsync(1, 4, cancellation);
        var refusing = await MeasureDeathAsync(nodes.All[0], nodes.All[2], cancellation);
        var silent = await MeasureDeathAsync(nodes.All[1], nodes.All[2], cancellation);
        var isGood = added.Share <= MostAdded && refusing.Failed + silent.Failed == 0 && refusing.Worst <= AttemptTimeout + Grace && silent.Worst <= AttemptTimeout + Grace;
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            bench = "client",
            added_share = Math.Round(added.Share, 3),
            cpu_us_bare = Math.Round(added.Bare, 2),
            cpu_us_handler = Math.Round(added.Handler, 2),
            attempt_timeout_ms = AttemptTimeout.TotalMilliseconds,
            worst_ms_refusing = Math.Round(refusing.Worst.TotalMilliseconds),
            worst_ms_silent = Math.Round(silent.Worst.TotalMilliseconds),
            late_silent = silent.Late,
            requests_over_death = refusing.Requests + silent.Requests,
            failed = refusing.Failed + silent.Failed,
            reached = isGood,
        }));
        return isGood ? 0 : 1;
    }

    private static async Task<(double Share, double Bare, double Handler)> MeasureAddedAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var recorded = Path.Combine(folder, "answer.bin");
            await new RecordedAnswer("/", Answer, new Dictionary<string, string> { ["Content-Type"] = "application/json" }).SaveAsync(recorded, cancellation);
            var start = new ProcessStartInfo("dotnet") { ArgumentList = { typeof(ClientBench).Assembly.Location, "server", "bare", recorded, "" } };
            using var server = await ServerProcess.StartAsync("altruist", start, null, cancellation);
            var url = new Uri(server.Address, "rpc");

            await using var client = await ToldPicks.HoldAsync(url, [url], null, cancellation);
            // As AddAltruistManager makes it: the handler has a deadline of its own.
            using var handler = new HttpClient(new AltruistHandler(client) { InnerHandler = AltruistHandler.CreateTransport() }) { Timeout = Timeout.InfiniteTimeSpan };
            using var bare = new HttpClient(AltruistHandler.CreateTransport());
            var authorization = new AuthenticationHeaderValue("Bearer", "token-of-the-bench");
            Func<HttpRequestMessage> byHand = () => new HttpRequestMessage(HttpMethod.Post, url) { Content = Content(), Headers = { Authorization = authorization } };
            Func<HttpRequestMessage> byHandler = () => new AltruistRequest(ToldPicks.Chain, Content());
            await TurnAsync(bare, byHand, cancellation);
            await TurnAsync(handler, byHandler, cancellation);

            var turns = new List<(double Bare, double Handler)>();
            for (var round = 0; round < Rounds; round++)
            {
                // Each is first equally often.
                var first = round % 2 == 0 ? await TurnAsync(bare, byHand, cancellation) : 0;
                var second = await TurnAsync(handler, byHandler, cancellation);
                turns.Add((round % 2 == 0 ? first : await TurnAsync(bare, byHand, cancellation), second));
                Console.WriteLine($"round {round + 1}: bare {turns[^1].Bare:F1} µs, handler {turns[^1].Handler:F1} µs of processor time a request");
            }

            return (Median(turns.Select(turn => turn.Handler / turn.Bare)) - 1, Median(turns.Select(turn => turn.Bare)), Median(turns.Select(turn => turn.Handler)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Microseconds of this process a request.</returns>
    private static async Task<double> TurnAsync(HttpClient http, Func<HttpRequestMessage> make, CancellationToken cancellation)
    {
        GC.Collect();
        // As a portal's request has.
        using var aborted = new CancellationTokenSource();
        var before = Environment.CpuUsage.TotalTime;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < RequestsPerTurn / Workers; i++)
            {
                using var request = make();
                using var response = await http.SendAsync(request, aborted.Token);
                if (response.StatusCode != HttpStatusCode.OK || (await response.Content.ReadAsByteArrayAsync(aborted.Token)).Length != Answer.Length)
                    throw new InvalidOperationException($"The server answered {(int)response.StatusCode}.");
            }
        }, cancellation)));
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / RequestsPerTurn;
    }

    /// <summary>Steady requests, while the primary dies in their midst.</summary>
    private static async Task<Outcome> MeasureDeathAsync(MortalNode primary, MortalNode standby, CancellationToken cancellation)
    {
        await using var client = await ToldPicks.HoldAsync(primary.Url, [standby.Url], AttemptTimeout, cancellation);
        using var http = new HttpClient(new AltruistHandler(client) { InnerHandler = AltruistHandler.CreateTransport() }) { Timeout = Timeout.InfiniteTimeSpan };
        for (var i = 0; i < 20; i++)
            await AskAsync(http, cancellation);
        var asked = new List<Task<(TimeSpan Took, bool IsGood)>>();
        const int Requests = 600;
        for (var i = 0; i < Requests; i++)
        {
            if (i == Requests / 3)
                primary.Die();
            asked.Add(AskAsync(http, cancellation));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
        }

        var all = await Task.WhenAll(asked);
        primary.Revive();
        var worst = all.Max(one => one.Took);
        var late = all.Count(one => one.Took > AttemptTimeout / 2);
        Console.WriteLine($"{primary.Death}: {all.Length} requests, the slowest took {worst.TotalMilliseconds:F0} ms, {late} were late, {all.Count(one => !one.IsGood)} failed");
        return new Outcome(worst, late, all.Count(one => !one.IsGood), all.Length);
    }

    private static async Task<(TimeSpan Took, bool IsGood)> AskAsync(HttpClient http, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var request = new AltruistRequest(ToldPicks.Chain, Content());
            using var response = await http.SendAsync(request, cancellation);
            return (Stopwatch.GetElapsedTime(started), response.IsSuccessStatusCode);
        }
        catch (HttpRequestException)
        {
            return (Stopwatch.GetElapsedTime(started), false);
        }
    }

    private static ByteArrayContent Content() => new(Question) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private sealed record Outcome(TimeSpan Worst, int Late, int Failed, int Requests);
}
