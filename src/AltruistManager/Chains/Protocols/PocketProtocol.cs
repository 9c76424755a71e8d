namespace AltruistManager.Chains.Protocols;

/// <summary>Pocket Network's first protocol (Morse), which is asked over REST.</summary>
internal sealed class PocketProtocol : IChainProtocol
{
    private static readonly NodeQuestion Height = NodeQuestion.Post("/v1/query/height", "{}", NodeQuestion.Scalar, "height");
    private static readonly NodeQuestion BlockAt = NodeQuestion.Post("/v1/query/block", "{}", NodeQuestion.Block, "block.header.chain_id", "block.header.height", "block.header.time", "block_meta.block_id.hash");
    private static readonly NodeQuestion SupplyAt = NodeQuestion.Post("/v1/query/supply", "{}", NodeQuestion.Scalar, "total");

    public string Name => "pocket";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "chain_id in the header of the newest block (POST /v1/query/block)",
        Height = "POST /v1/query/height",
        HeadTime = "time in the header of the newest block (POST /v1/query/block)",
        Syncing = null,
        Hash = "block_meta.block_id.hash of the block at a height (POST /v1/query/block)",
        Capabilities = new Dictionary<string, string> { ["archive"] = "state of block 1 and of a block in the middle of the history (POST /v1/query/supply)" },
        Calls = new QuestionCalls { Head = 2, Syncing = 0, Capabilities = new Dictionary<string, int> { ["archive"] = 2 } },
    };

    public NodeReply<string> ReadIdentity(string given) => Names.Read(given, "must be the chain_id that stands in the blocks, such as mainnet");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Height, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Decimal(answer["height"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the height is not a number");
        var block = await node.AskAsync(At(height), cancellation);
        // A block that is not that one, as behind a load balancer, says nothing of it.
        return Scalars.Decimal(block?["block.header.height"]) == height
            ? NodeReply<NodeHead>.Of(new NodeHead(height, Scalars.Rfc3339(block!["block.header.time"]), Scalars.BareHash(block["block_meta.block_id.hash"])))
            : NodeReply<NodeHead>.Of(new NodeHead(height, null, null));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        // Height 0 stands for the newest block.
        if (await node.AskAsync(At(0), cancellation) is not { } answer)
            return NodeReply<string>.None;
        return Names.Proven(answer["block.header.chain_id"], "the newest block names no chain_id");
    }

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<bool?>.Of(null));

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(At(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        return Scalars.Decimal(answer["block.header.height"]) == height && Scalars.BareHash(answer["block_meta.block_id.hash"]) is { } hash
            ? NodeReply<string?>.Of(hash)
            : NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
    }

    public async Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation)
    {
        if (capability != "archive")
            return NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol");
        foreach (var height in ProofHeights.Between(1, head.Height))
        {
            if (await node.AskAsync(SupplyAt with { Body = Body(height) }, cancellation) is not { } answer)
                return node.Refuses($"has no state at block {height}");
            if (Scalars.WholeNumber(answer["total"]) is null)
                return NodeReply<bool>.Invalid($"has no state at block {height}: the supply there is not a number");
        }

        return NodeReply<bool>.Of(true);
    }

    private static NodeQuestion At(long height) => BlockAt with { Body = Body(height) };

    private static string Body(long height) => $$"""{"height":{{height}}}""";
}
