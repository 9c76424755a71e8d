using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>
/// Real EVM nodes with one history: they share the time of the first block, mine nothing by themselves, and get every block as the same
/// <c>evm_mine</c> with the same time. A node that is started again mines the whole history anew, to the same hashes.
/// </summary>
internal sealed partial class AnvilNetwork : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly IPAddress address = OwnAddress.Draw();
    private readonly SemaphoreSlim mining = new(1);
    private readonly CancellationTokenSource stopping = new();
    private readonly List<long> blockTimes = [];
    private readonly List<Node> nodes = [];
    private readonly long chainId;
    private readonly long firstTime;
    private Task miner = Task.CompletedTask;

    private AnvilNetwork(long chainId, int age)
    {
        this.chainId = chainId;
        firstTime = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - age;
    }

    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>Starts the nodes with a few blocks behind them and a new one each second.</summary>
    /// <param name="age">Seconds since the first block, at least 60: two networks of the same chain id and another age have no block in common.</param>
    public static async Task<AnvilNetwork> StartAsync(long chainId, int count, int age = 60)
    {
        var network = new AnvilNetwork(chainId, age);
        network.nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => network.LaunchAsync(0))));
        for (var second = 1; second <= 50; second++)
            await network.MineAsync(network.firstTime + second);
        network.miner = network.MineEachSecondAsync();
        return network;
    }

    /// <summary>Kills the node as the kernel does.</summary>
    public async Task KillAsync(Node node)
    {
        await mining.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            node.Process.Kill();
            node.IsRunning = false;
        }
        finally
        {
            mining.Release();
        }
    }

    /// <summary>Starts a killed node at its port and lets it catch up before it is asked to mine with the others.</summary>
    public async Task StartAgainAsync(Node node)
    {
        await mining.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            node.Process.Dispose();
            node.Process = (await LaunchAsync(node.Port)).Process;
            node.IsRunning = true;
            foreach (var time in blockTimes)
                await MineAsync(node, time);
        }
        finally
        {
            mining.Release();
        }
    }

    public async Task<string> HeadHashAsync(Node node)
    {
        var answer = await CallAsync(node, "eth_getBlockByNumber", "latest", false);
        return answer["result"]!["hash"]!.GetValue<string>();
    }

    /// <summary>Asks all of them between two blocks.</summary>
    public async Task<string[]> HeadHashesAsync()
    {
        await mining.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return await Task.WhenAll(nodes.Where(node => node.IsRunning).Select(HeadHashAsync));
        }
        finally
        {
            mining.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await miner;
        foreach (var node in nodes)
            node.Process.Dispose();
        http.Dispose();
        mining.Dispose();
        stopping.Dispose();
    }

    private async Task MineEachSecondAsync()
    {
        try
        {
            using var second = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
            while (await second.WaitForNextTickAsync(stopping.Token))
                await MineAsync(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task MineAsync(long time)
    {
        await mining.WaitAsync(stopping.Token);
        try
        {
            // A block is later than its parent.
            if (blockTimes.Count > 0 && time <= blockTimes[^1])
                return;
            blockTimes.Add(time);
            await Task.WhenAll(nodes.Where(node => node.IsRunning).Select(node => MineAsync(node, time)));
        }
        finally
        {
            mining.Release();
        }
    }

    private Task<JsonNode> MineAsync(Node node, long time) => CallAsync(node, "evm_mine", time);

    private async Task<JsonNode> CallAsync(Node node, string method, params JsonNode[] parameters)
    {
        var question = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = new JsonArray(parameters) };
        using var response = await http.PostAsJsonAsync(node.Url, question);
        var answer = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
        return answer["error"] is { } error ? throw new InvalidOperationException($"{method}: {error}") : answer;
    }

    private async Task<Node> LaunchAsync(int port)
    {
        var start = new ProcessStartInfo(Checkout.Anvil)
        {
            ArgumentList =
            {
                "--host", $"{address}", "--port", $"{port}", "--chain-id", $"{chainId}", "--timestamp", $"{firstTime}",
                "--no-mining", "--accounts", "1", "--threads", "2",
            },
        };
        var process = await ChildProcess.StartAsync(start, Listening());
        return new Node(process, address);
    }

    [GeneratedRegex(@"Listening on 127[0-9.]+:(\d+)")]
    private static partial Regex Listening();

    internal sealed class Node(ChildProcess process, IPAddress address)
    {
        public ChildProcess Process { get; set; } = process;

        public bool IsRunning { get; set; } = true;

        public int Port { get; } = process.Port;

        public string Url => $"http://{address}:{Port}";
    }
}
