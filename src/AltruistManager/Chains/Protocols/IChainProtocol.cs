namespace AltruistManager.Chains.Protocols;

/// <summary>How nodes of one protocol are asked for what the judgement needs. One file per protocol, one line of registration.</summary>
public interface IChainProtocol
{
    /// <summary>As in <see cref="NetworkId.Protocol"/>.</summary>
    string Name { get; }

    /// <summary>How it proves what, in words for providers and the public.</summary>
    ProtocolFacts Facts { get; }

    /// <summary>An identity as somebody wrote it, in the form that the nodes prove; a wrong one says what it must be.</summary>
    NodeReply<string> ReadIdentity(string given);

    Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>What <see cref="NetworkId.Identity"/> must equal exactly.</summary>
    Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>What the node says of itself, which is often wrong; null inside for a shape nobody knows.</summary>
    Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation);

    /// <summary>The hash of the block at a height; null inside when the node tells none, mostly for want of the block.</summary>
    Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation);

    /// <summary>
    /// Whether the node really has a capability of <see cref="ProtocolFacts.Capabilities"/> (<c>archive</c>, <c>trace</c>): true is proof, a wrong answer says
    /// what speaks against it.
    /// </summary>
    /// <param name="head">Of the same node, just asked for.</param>
    Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation);
}
