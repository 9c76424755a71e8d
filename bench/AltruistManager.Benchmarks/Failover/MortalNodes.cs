using System.Net;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Benchmarks.Failover;

/// <summary>How a node dies.</summary>
internal enum Death
{
    /// <summary>Its open connections are reset and new ones refused, as when the program ends.</summary>
    Refusing,

    /// <summary>Nothing comes through any more, neither on open connections nor to make new ones, as when packets are dropped.</summary>
    Silent,
}

/// <summary>A node at an address of its own that can die in one way and be revived.</summary>
internal sealed class MortalNode(string name, int network, SimulatedNode node, CuttableLine? line)
{
    public string Name => name;

    public int Network => network;

    public Uri Url => line?.Url ?? node.Url;

    public Death Death => line is null ? Death.Refusing : Death.Silent;

    /// <summary>Null while it lives.</summary>
    public long? DiedAt { get; private set; }

    /// <summary>Where it lives, since when; 0 is always.</summary>
    public long RevivedAt { get; private set; }

    public void Die()
    {
        if (line is null)
            node.Fault = Faults.Down;
        else
            line.Cut();
        DiedAt = TimeProvider.System.GetTimestamp();
    }

    public void Revive()
    {
        if (line is null)
            node.Heal();
        else
            line.Mend();
        DiedAt = null;
        RevivedAt = TimeProvider.System.GetTimestamp();
    }
}

/// <summary>The nodes of all networks; every other one dies by silence.</summary>
internal sealed class MortalNodes : IAsyncDisposable
{
    private const int FirstChainId = 9_000;
    private static readonly TimeSpan BlockTime = TimeSpan.FromSeconds(2);

    private readonly SimulatedWorld world;
    private readonly List<CuttableLine> lines = [];

    private MortalNodes(SimulatedWorld world) => this.world = world;

    public List<MortalNode> All { get; } = [];

    public static long ChainId(int network) => FirstChainId + network;

    public static async Task<MortalNodes> StartAsync(int networks, int nodesPerNetwork, CancellationToken cancellation)
    {
        var nodes = new MortalNodes(await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation));
        for (var network = 0; network < networks; network++)
        {
            var chain = nodes.world.AddChain(ChainId(network), BlockTime);
            for (var number = 0; number < nodesPerNetwork; number++)
            {
                var address = new IPAddress([127, 90, (byte)(network + 1), (byte)(number + 1)]);
                var name = $"node-{network}-{number}";
                var node = nodes.world.AddNode(chain, name, new SimulatedNodeOptions { OwnPort = true, Address = address, Latency = TimeSpan.FromMilliseconds(20) });
                var line = number % 2 == 0 ? null : new CuttableLine(node.Url, address);
                if (line is not null)
                    nodes.lines.Add(line);
                nodes.All.Add(new MortalNode(name, network, node, line));
            }
        }

        return nodes;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var line in lines)
            await line.DisposeAsync();
        await world.DisposeAsync();
    }
}
