using System.Collections.Frozen;

namespace AltruistManager.Chains.Protocols;

/// <summary>The protocols whose nodes can be probed; altruists of others are registered but not probed.</summary>
public sealed class ProtocolCatalog(IEnumerable<IChainProtocol> protocols)
{
    private readonly FrozenDictionary<string, IChainProtocol> byName = protocols.ToFrozenDictionary(protocol => protocol.Name);

    /// <summary>In the order of their names.</summary>
    public IEnumerable<IChainProtocol> All => byName.Values.OrderBy(protocol => protocol.Name, StringComparer.Ordinal);

    public IChainProtocol? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>How the nodes of a network are asked; null when nobody knows.</summary>
    /// <param name="chains">The network's, which may declare a probe of their own (<see cref="Chain.Probe"/>).</param>
    public IChainProtocol? Find(NetworkId network, IReadOnlyList<Chain> chains) =>
        network.Protocol == JsonProtocol.Family ? JsonProtocol.Of(chains) : byName.GetValueOrDefault(network.Protocol);

    /// <summary>Why the nodes of a network are not probed, in words for providers; null where they are.</summary>
    /// <param name="chains">The network's.</param>
    public string? WhyNotProbed(NetworkId network, IReadOnlyList<Chain> chains) => Find(network, chains) is not null
        ? null
        : network.Protocol == JsonProtocol.Family
            ? "not probed: no probe is declared for its chain; staff can declare one"
            : $"not probed: nobody has written down how nodes of {network.Protocol} are asked; staff can declare a probe";
}
