namespace AltruistManager.Chains.Protocols;

/// <summary>NEAR. Only a top-level error is one: NEAR also puts an <c>error</c> string inside results.</summary>
internal sealed class NearProtocol : IChainProtocol
{
    private static readonly NodeQuestion Status = new(
        "status", "[]", NodeQuestion.Scalar,
        ["chain_id", "sync_info.latest_block_height", "sync_info.latest_block_time", "sync_info.latest_block_hash", "sync_info.syncing"]);

    private static readonly NodeQuestion BlockAt = new("block", "{}", NodeQuestion.Block, ["header.height", "header.hash"]);

    public string Name => "near";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "chain_id in status",
        Height = "latest_block_height in status",
        HeadTime = "latest_block_time in status",
        Syncing = "syncing in status, advisory",
        Hash = "hash in the header of the block at a height (block); a skipped height has none and is not judged",
    };

    public NodeReply<string> ReadIdentity(string given) => Names.Read(given, "must be the chain_id that the nodes tell, such as mainnet");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Decimal(answer["sync_info.latest_block_height"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the status has no valid latest block height");
        if (Scalars.Rfc3339(answer["sync_info.latest_block_time"]) is not { } time)
            return NodeReply<NodeHead>.Invalid("the status has no valid latest block time");
        return NodeReply<NodeHead>.Of(new NodeHead(height, time, Scalars.Base58Hash(answer["sync_info.latest_block_hash"])));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return Names.Proven(answer["chain_id"], "the status names no chain_id");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(Names.Flag(answer["sync_info.syncing"]));
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(BlockAt with { Body = $$"""{"block_id":{{height}}}""" }, cancellation) is not { } answer)
            return node.TellsNoHash();
        // What is no block, such as a result that holds an error, is none.
        if (answer["header.height"] is null)
            return NodeReply<string?>.Of(null);
        return Scalars.Decimal(answer["header.height"]) == height && Scalars.Base58Hash(answer["header.hash"]) is { } hash
            ? NodeReply<string?>.Of(hash)
            : NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));
}
