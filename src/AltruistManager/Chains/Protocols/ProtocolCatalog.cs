using System.Collections.Frozen;

namespace AltruistManager.Chains.Protocols;

/// <summary>The protocols whose nodes can be probed; altruists of others are registered but not probed.</summary>
public sealed class ProtocolCatalog(IEnumerable<IChainProtocol> protocols)
{
    private readonly FrozenDictionary<string, IChainProtocol> byName = protocols.ToFrozenDictionary(protocol => protocol.Name);

    public IChainProtocol? Find(string name) => byName.GetValueOrDefault(name);
}
