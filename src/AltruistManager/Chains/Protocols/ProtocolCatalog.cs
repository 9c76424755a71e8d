using System.Collections.Frozen;

namespace AltruistManager.Chains.Protocols;

/// <summary>The protocols whose nodes can be probed; altruists of others are registered but not probed.</summary>
public sealed class ProtocolCatalog(IEnumerable<IChainProtocol> protocols)
{
    private readonly FrozenDictionary<string, IChainProtocol> byName = protocols.ToFrozenDictionary(protocol => protocol.Name);

    /// <summary>In the order of their names.</summary>
    public IEnumerable<IChainProtocol> All => byName.Values.OrderBy(protocol => protocol.Name, StringComparer.Ordinal);

    /// <summary>How the nodes of a network are asked; null when nobody knows.</summary>
    /// <param name="chains">The network's, which may declare a probe of their own (<see cref="Chain.Probe"/>).</param>
    public IChainProtocol? Find(NetworkId network, IReadOnlyList<Chain> chains) => byName.GetValueOrDefault(network.Protocol);
}
