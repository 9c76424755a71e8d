using System.Diagnostics;
using System.Net;
using System.Text.Json;
using AltruistManager.Benchmarks.Api;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>The simulated nodes in a process of their own, so that only the asker's processor time counts. It also tells how often it was asked.</summary>
internal static class NodesProcess
{
    private const string ClosePath = "/close";

    /// <summary>Where the asker looks for whom to trust. It reads the file when it first shakes hands, so that the nodes can write it.</summary>
    private static string Authority => Environment.GetEnvironmentVariable("SSL_CERT_FILE") ?? throw new InvalidOperationException("SSL_CERT_FILE must name a file that may be written; eng/bench.sh sets it.");

    private static readonly string[] Methods = ["eth_getBlockByNumber", "eth_chainId", "eth_syncing", "eth_blockNumber"];

    public static Task<ServerProcess> StartAsync(ProbedWorld world, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        foreach (var argument in (string[])[typeof(NodesProcess).Assembly.Location, "nodes", $"{world.Networks}", $"{world.NodesPerNetwork}", $"{world.SilentEvery}", world.Scheme])
            start.ArgumentList.Add(argument);
        return ServerProcess.StartAsync("nodes", start, null, cancellation);
    }

    /// <summary>The entry of the child: prints where the nodes are, and tells on a port of its own how often each method was called.</summary>
    public static async Task<int> RunAsync(ProbedWorld world)
    {
        var options = new SimulatedWorldOptions { AllOfLoopback = true };
        if (world.Scheme == Uri.UriSchemeHttps)
        {
            using var authority = new ChaosAuthority(TimeProvider.System);
            await File.WriteAllTextAsync(Authority, authority.Pem);
            var certificates = Enumerable.Range(0, world.Nodes).Select(ProbedWorld.Address).ToDictionary(IPAddress.Parse, address => authority.Issue(address, TimeSpan.FromDays(1)));
            options.CertificateOf = address => certificates[address];
        }

        await using var simulated = await SimulatedWorld.StartAsync(options, CancellationToken.None);
        for (var network = 0; network < world.Networks; network++)
        {
            var chain = simulated.AddChain(ProbedWorld.ChainId(network), TimeSpan.FromSeconds(2));
            for (var number = 0; number < world.NodesPerNetwork; number++)
            {
                var node = (network * world.NodesPerNetwork) + number;
                var added = simulated.AddNode(chain, ProbedWorld.Name(node), new SimulatedNodeOptions { Address = IPAddress.Parse(ProbedWorld.Address(node)) });
                if (world.IsSilent(node))
                    added.Fault = Faults.Silent;
            }
        }

        using var counter = new HttpListener();
        counter.Prefixes.Add(CounterOf(simulated.Address).ToString());
        counter.Start();
        Console.WriteLine(simulated.Address.GetLeftPart(UriPartial.Authority));
        _ = EndWithParentAsync();
        while (true)
        {
            var context = await counter.GetContextAsync();
            if (context.Request.Url!.AbsolutePath == ClosePath)
                await simulated.CloseConnectionsAsync(CancellationToken.None);
            var counts = Methods.ToDictionary(method => method, method => simulated.Nodes.Sum(node => node.Calls(method)));
            await JsonSerializer.SerializeAsync(context.Response.OutputStream, counts);
            context.Response.Close();
        }
    }

    /// <summary>A benchmark that is interrupted leaves nothing behind.</summary>
    private static async Task EndWithParentAsync()
    {
        var parent = Parent();
        while (Parent() == parent)
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        Environment.Exit(1);

        static string Parent() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal));
    }

    public static async Task<Dictionary<string, long>> CallsAsync(ServerProcess nodes, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        return JsonSerializer.Deserialize<Dictionary<string, long>>(await http.GetStringAsync(CounterOf(nodes.Address), cancellation))!;
    }

    /// <summary>Closes all connections, as they are after 60 s of rest.</summary>
    public static async Task CloseConnectionsAsync(ServerProcess nodes, HttpClient http, CancellationToken cancellation) =>
        await http.GetStringAsync(new Uri(CounterOf(nodes.Address), ClosePath), cancellation);

    private static Uri CounterOf(Uri nodes) => new($"http://127.0.0.1:{nodes.Port - 20_000}/");
}
