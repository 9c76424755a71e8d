using System.Collections.Concurrent;
using System.Text.Json;

namespace AltruistManager.Chains.Protocols;

/// <summary>Stands for chains whose probe staff declared (<see cref="Chain.Probe"/>); each declaration is a protocol of its own.</summary>
internal sealed class JsonProtocol : IChainProtocol
{
    public const string Family = "json";

    private static readonly ConcurrentDictionary<string, DeclaredProtocol?> Known = new();

    public string Name => Family;

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "as the chain's probe declares",
        Height = "as the chain's probe declares",
        HeadTime = "as the chain's probe declares, if it does",
        Syncing = "as the chain's probe declares, if it does; advisory",
        Hash = "as the chain's probe declares, if it does",
        Capabilities = new Dictionary<string, string> { ["archive"] = "as the chain's probe declares, if it does" },
    };

    /// <summary>The protocol that the first of these chains declares; null where none does.</summary>
    public static IChainProtocol? Of(IReadOnlyList<Chain> chains)
    {
        string? probe = null;
        ChainId first = default;
        foreach (var chain in chains)
            if (chain.Probe is not null && (probe is null || chain.Id.CompareTo(first) < 0))
                (probe, first) = (chain.Probe, chain.Id);
        return probe is null ? null : Known.GetOrAdd(probe, Read);
    }

    public NodeReply<string> ReadIdentity(string given) => Names.Read(given, "must be what the nodes prove by the declared probe");

    public Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<NodeHead>.Invalid("no probe is declared for its chain"));

    public Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<string>.Invalid("no probe is declared for its chain"));

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<bool?>.Of(null));

    public Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation) => Task.FromResult(NodeReply<string?>.Of(null));

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven: no probe is declared for its chain"));

    /// <summary>Null for what is no declaration.</summary>
    public static DeclaredProtocol? Read(string probe)
    {
        using var json = JsonDocument.Parse(probe);
        return ProbeDeclaration.Read(json.RootElement, (_, _) => { }) is { } declaration ? new DeclaredProtocol(Family, declaration) : null;
    }
}
