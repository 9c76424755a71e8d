using System.Net.Http.Headers;
using System.Text;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// What anybody would write first: an <see cref="HttpClient"/> that posts each question, with the headers and within the time of the engine's, and takes the whole answer
/// into memory. It looks into no answer, checks no address, decides nothing and stores nothing.
/// </summary>
/// <param name="calls">How often each method is asked in one probe, on average.</param>
internal sealed class BareLoop(ProbedWorld world, int port, int concurrency, IReadOnlyDictionary<string, double> calls) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    // The same life of a connection as the engine's.
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromSeconds(60), UseProxy = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(5) };

    private static readonly (string Name, string Value)[] Headers = [("Accept", "application/json"), ("Accept-Encoding", "gzip, br"), ("User-Agent", "altruist-manager")];

    private readonly Uri[] urls = [.. Enumerable.Range(0, world.Nodes).Select(node => new Uri(world.Url(node, port)))];
    private long probes;
    private long lastId;

    /// <summary>Asks every node once.</summary>
    public Task SweepAsync(CancellationToken cancellation)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var node && node < urls.Length)
                await ProbeAsync(urls[node], cancellation);
        }, cancellation)));
    }

    public void Dispose() => http.Dispose();

    private async Task ProbeAsync(Uri url, CancellationToken cancellation)
    {
        var number = Interlocked.Increment(ref probes);
        var left = calls.Values.Sum(average => Times(average));
        foreach (var (method, average) in calls)
        {
            for (var (time, times) = (0, Times(average)); time < times; time++)
                await AskAsync(url, method, Parameters(method, time), isLast: --left == 0, cancellation);
        }

        int Times(double average) => (int)((long)Math.Floor((number * average) + 1e-6) - (long)Math.Floor(((number - 1) * average) + 1e-6));
    }

    private async Task AskAsync(Uri url, string method, string parameters, bool isLast, CancellationToken cancellation)
    {
        var id = Interlocked.Increment(ref lastId);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}"""));
        content.Headers.ContentType = Json;
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        foreach (var (name, value) in Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        // As the engine's: who is asked once in minutes is not kept waiting with a connection.
        if (isLast)
            request.Headers.ConnectionClose = true;
        using var response = await http.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync(cancellation);
    }

    private static string Parameters(string method, int time) => (method, time) switch
    {
        ("eth_getBlockByNumber", 0) => """["latest",false]""",
        ("eth_getBlockByNumber", _) => """["0xf4200",false]""",
        _ => "[]",
    };
}
