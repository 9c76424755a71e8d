using AltruistManager.Chains.Protocols;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>Asks for a hash where a probe asks for the head.</summary>
internal sealed class HashQuestion(IChainProtocol inner, long height) : IChainProtocol
{
    public NodeReply<string?> Reply { get; private set; }

    public string Name => inner.Name;

    public ProtocolFacts Facts => inner.Facts;

    public NodeReply<string> ReadIdentity(string given) => inner.ReadIdentity(given);

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        Reply = await inner.AskHashAsync(node, height, cancellation);
        return NodeReply<NodeHead>.Of(new NodeHead(1, null, null));
    }

    public Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation) => inner.AskIdentityAsync(node, cancellation);

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => inner.AskSyncingAsync(node, cancellation);

    public Task<NodeReply<string?>> AskHashAsync(INodeClient node, long wanted, CancellationToken cancellation) => inner.AskHashAsync(node, wanted, cancellation);

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string wanted, NodeHead head, CancellationToken cancellation) => inner.AskCapabilityAsync(node, wanted, head, cancellation);
}
