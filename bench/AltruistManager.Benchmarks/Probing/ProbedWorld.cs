using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>The altruists of a probe benchmark and where their nodes are: the process of the nodes and that of the asker agree by number.</summary>
/// <param name="SilentEvery">Every so many-th node takes requests and never answers; 0 for none.</param>
/// <param name="Scheme">How the nodes are spoken to: <c>https</c> or <c>http</c>.</param>
internal sealed record ProbedWorld(int Networks, int NodesPerNetwork, int SilentEvery, string Scheme)
{
    private const int Providers = 50;
    private const int FirstChainId = 100_000;

    public int Nodes => Networks * NodesPerNetwork;

    public static long ChainId(int network) => FirstChainId + network;

    public static string Name(int node) => $"n{node}";

    /// <summary>Each node is a host of its own.</summary>
    public static string Address(int node) => $"127.{64 + (node >> 16)}.{(node >> 8) & 255}.{node & 255}";

    public string Url(int node, int port) => $"{Scheme}://{Address(node)}:{port}/nodes/{Name(node)}";

    public bool IsSilent(int node) => SilentEvery > 0 && node % SilentEvery == SilentEvery - 1;

    /// <summary>As long as a real one: its text counts in what is measured.</summary>
    public static AltruistId Id(int node) => new($"019aa000-0000-7000-8000-{node:000000000000}");

    public static int NodeOf(AltruistId altruist) => int.Parse(altruist.Value.AsSpan(altruist.Value.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);

    public Roster Roster(int port, DateTimeOffset now)
    {
        var chains = new List<Chain>();
        var altruists = new List<Altruist>();
        // What many say alike is one object, as when the store has read it.
        var capabilities = Array.Empty<string>();
        RegionId[] regions = [RegionId.Everywhere];
        var providers = Enumerable.Range(0, Providers).Select(number => new Provider(new($"provider-{number:00}"), $"Provider {number}", null, null, null)).ToList();
        for (var network = 0; network < Networks; network++)
        {
            var chain = new Chain { Id = new($"{network:0000}"), Name = $"Chain {network}", Network = new($"evm:{ChainId(network)}"), BlockTimeSeconds = 2, LagToleranceBlocks = 5, RequestTimeoutMs = 10_000 };
            chains.Add(chain);
            ChainId[] served = [chain.Id];
            for (var number = 0; number < NodesPerNetwork; number++)
            {
                var node = (network * NodesPerNetwork) + number;
                altruists.Add(new Altruist
                {
                    Id = Id(node),
                    Provider = providers[number % Providers].Id,
                    Network = chain.Network,
                    Chains = served,
                    Regions = regions,
                    Url = Url(node, port),
                    MayBePrivate = true,
                    Label = Name(node),
                    Capabilities = capabilities,
                    Attested = true,
                    CreatedAt = now,
                });
            }
        }

        return new Roster(1, chains, [], providers, altruists);
    }
}
