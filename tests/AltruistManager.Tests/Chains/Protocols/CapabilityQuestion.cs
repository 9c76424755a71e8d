using AltruistManager.Chains.Protocols;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>Asks about a capability where a probe asks for the head.</summary>
internal sealed class CapabilityQuestion(IChainProtocol inner, string capability) : IChainProtocol
{
    public NodeReply<bool> Reply { get; private set; }

    public string Name => inner.Name;

    public ProtocolFacts Facts => inner.Facts;

    public NodeReply<string> ReadIdentity(string given) => inner.ReadIdentity(given);

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        var head = await inner.AskHeadAsync(node, cancellation);
        Reply = await inner.AskCapabilityAsync(node, capability, head.Value, cancellation);
        return head;
    }

    public Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation) => inner.AskIdentityAsync(node, cancellation);

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => inner.AskSyncingAsync(node, cancellation);

    public Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation) => inner.AskHashAsync(node, height, cancellation);

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string wanted, NodeHead head, CancellationToken cancellation) => inner.AskCapabilityAsync(node, wanted, head, cancellation);
}
