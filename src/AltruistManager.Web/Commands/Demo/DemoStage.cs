using System.Net;
using System.Net.Sockets;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Commands.Demo;

/// <summary>The simulated networks of the cast, with a port of its own for every node.</summary>
internal sealed class DemoStage(SimulatedWorld world) : IAsyncDisposable
{
    public SimulatedNode Node(string label) => world.Node(label);

    public static async Task<DemoStage> StartAsync(int seed, TimeProvider clock, CancellationToken cancellation)
    {
        var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions { Seed = seed, Clock = clock }, cancellation);
        var networks = DemoCast.Chains
            .DistinctBy(chain => chain.Network)
            .ToDictionary(
                chain => chain.Network,
                chain => world.AddChain(chain.Protocol, chain.Identity, TimeSpan.FromSeconds(chain.BlockTimeSeconds), chain.StartHeight, transactionsPerBlock: 150));
        var everyLoopback = HasEveryLoopbackAddress();
        foreach (var altruist in DemoCast.Altruists)
        {
            var network = networks[DemoCast.Chains.First(chain => chain.Id == altruist.Chains[0]).Network];
            var place = Array.FindIndex(DemoCast.Providers, provider => provider.Id == altruist.Provider);
            world.AddNode(network, altruist.Label, new SimulatedNodeOptions
            {
                OwnPort = true,
                Address = everyLoopback ? new IPAddress([127, 0, 0, (byte)(11 + place)]) : IPAddress.Loopback,
                Latency = TimeSpan.FromMilliseconds(altruist.LatencyMs),
                Jitter = TimeSpan.FromMilliseconds(altruist.LatencyMs / 2.0),
                Propagation = TimeSpan.FromMilliseconds(altruist.LatencyMs * 2.0),
            });
        }

        return new DemoStage(world);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    /// <summary>Whether 127.0.0.11 and the like can be bound, so that each provider has a host of its own; macOS has 127.0.0.1 only.</summary>
    private static bool HasEveryLoopbackAddress()
    {
        try
        {
            using var listener = new TcpListener(new IPAddress([127, 0, 0, 11]), 0);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
