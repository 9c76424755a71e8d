namespace AltruistManager.Chains.Protocols;

/// <summary>How nodes of one protocol are asked for what the judgement needs. One file per protocol, one line of registration.</summary>
public interface IChainProtocol
{
    /// <summary>As in <see cref="NetworkId.Protocol"/>.</summary>
    string Name { get; }

    Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>What <see cref="NetworkId.Identity"/> must equal exactly.</summary>
    Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>What the node says of itself, which is often wrong; null inside for a shape nobody knows.</summary>
    Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>The hash of the block at a height; null inside when the node has no such block.</summary>
    Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation);
}
