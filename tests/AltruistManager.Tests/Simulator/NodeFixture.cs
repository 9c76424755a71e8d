using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Tests.Simulator;

/// <summary>A world with one chain, and a client that notices everything that a node does.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        Timeout = TimeSpan.FromMinutes(2),
    };

    private SimulatedWorld? world;
    private SimulatedChain? chain;
    private int nodes;

    public SimulatedWorld World => world!;

    /// <summary>A block every 50 ms, each larger than 64 KB.</summary>
    public SimulatedChain Chain => chain!;

    public HttpClient Client => client;

    public async ValueTask InitializeAsync()
    {
        world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), TestContext.Current.CancellationToken);
        chain = world.AddChain(31337, TimeSpan.FromMilliseconds(50), 500, transactionsPerBlock: 1200);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await World.DisposeAsync();
    }

    public SimulatedNode NewNode(bool ownPort = false) =>
        World.AddNode(Chain, $"node-{Interlocked.Increment(ref nodes)}", new SimulatedNodeOptions { OwnPort = ownPort });

    public Task<HttpResponseMessage> SendAsync(SimulatedNode node, string method, string parameters = "[]", CancellationToken? cancellation = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, node.Url)
        {
            Content = new StringContent(
                $$"""{"jsonrpc":"2.0","id":7,"method":"{{method}}","params":{{parameters}}}""",
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")),
        };
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation ?? TestContext.Current.CancellationToken);
    }

    /// <summary>The whole answer.</summary>
    public async Task<JsonElement> AnswerAsync(SimulatedNode node, string method, string parameters = "[]")
    {
        using var response = await SendAsync(node, method, parameters);
        response.EnsureSuccessStatusCode();
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<JsonElement> ResultAsync(SimulatedNode node, string method, string parameters = "[]") =>
        (await AnswerAsync(node, method, parameters)).GetProperty("result");

    public async Task<long> HeightAsync(SimulatedNode node) => Number(await ResultAsync(node, "eth_blockNumber"));

    public static long Number(JsonElement hex) => Convert.ToInt64(hex.GetString(), 16);
}
