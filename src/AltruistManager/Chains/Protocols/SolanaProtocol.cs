namespace AltruistManager.Chains.Protocols;

/// <summary>
/// Solana and its forks. Heights are slots throughout: a slot may be skipped, so slots run ahead of block heights, and one must never be compared
/// with the other.
/// </summary>
internal sealed class SolanaProtocol : IChainProtocol
{
    /// <summary>Slots that may be skipped in a row before a block is found; far more were never seen.</summary>
    private const long LongestGap = 10_000;

    private static readonly NodeQuestion Head = new("getSlot", """[{"commitment":"confirmed"}]""", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion TimeOf = new("getBlockTime", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Identity = new("getGenesisHash", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion BlockAt = new("getBlock", "[]", NodeQuestion.Scalar, ["blockhash"]);
    private static readonly NodeQuestion BlocksFrom = new("getBlocksWithLimit", "[]", NodeQuestion.Scalar, ["0"]);

    public string Name => "solana";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "getGenesisHash",
        Height = "the confirmed slot (getSlot), which is not the block height",
        HeadTime = "getBlockTime of that slot, where the node still knows it",
        // getHealth is wrong both ways: it is never asked.
        Syncing = null,
        Hash = "blockhash at a slot (getBlock without transactions); a skipped slot has none and is not judged",
        Capabilities = new Dictionary<string, string>
        {
            ["archive"] = "the chain's first block and one in the middle of its history (getBlocksWithLimit, getBlock); no node serves old state",
        },
        Calls = new QuestionCalls { Head = 2, Syncing = 0, Capabilities = new Dictionary<string, int> { ["archive"] = 4 } },
        Subscription = new HeadSubscription("slotSubscribe", "[]", "params.result.slot"),
    };

    public NodeReply<string> ReadIdentity(string given) =>
        Scalars.Base58Hash(given) is { } hash ? NodeReply<string>.Of(hash) : NodeReply<string>.Invalid("must be the genesis hash in base 58 (getGenesisHash)");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (answer.Kind != NodeAnswerKind.Number || Scalars.Decimal(answer.Text) is not { } slot)
            return NodeReply<NodeHead>.Invalid("the slot is not a number");
        // Behind a load balancer the next node may not have that slot yet: then nobody knows its time.
        var time = await node.AskAsync(TimeOf with { Body = $"[{slot}]" }, cancellation);
        return NodeReply<NodeHead>.Of(new NodeHead(slot, Scalars.Seconds(Scalars.Decimal(time?.Text)), null));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Identity, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return Scalars.Base58Hash(answer.Text) is { } hash ? NodeReply<string>.Of(hash) : NodeReply<string>.Invalid("the genesis hash is not one");
    }

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<bool?>.Of(null));

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(At(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        if (answer.Kind == NodeAnswerKind.Null)
            return NodeReply<string?>.Of(null);
        return Scalars.Base58Hash(answer["blockhash"]) is { } hash ? NodeReply<string?>.Of(hash) : NodeReply<string?>.Invalid($"the block at slot {height} has no valid hash");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) => capability == "archive"
        ? ProveArchiveAsync(node, head, cancellation)
        : Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    private static async Task<NodeReply<bool>> ProveArchiveAsync(INodeClient node, NodeHead head, CancellationToken cancellation)
    {
        foreach (var from in ProofHeights.Between(1, head.Height))
        {
            if (await node.AskAsync(BlocksFrom with { Body = $$"""[{{from}},1,{"commitment":"confirmed"}]""" }, cancellation) is not { } blocks)
                return node.Refuses($"has no block at slot {from}");
            if (Scalars.Decimal(blocks["0"]) is not { } slot)
                return NodeReply<bool>.Invalid($"has no block at slot {from}");
            if (slot < from || slot > from + LongestGap)
                return NodeReply<bool>.Invalid($"has no block at slot {from}: its next one is {slot}");
            if (await node.AskAsync(At(slot), cancellation) is not { } block)
                return node.Refuses($"has no block at slot {slot}");
            if (Scalars.Base58Hash(block["blockhash"]) is null)
                return NodeReply<bool>.Invalid($"has no block at slot {slot}");
        }

        return NodeReply<bool>.Of(true);
    }

    private static NodeQuestion At(long slot) => BlockAt with
    {
        Body = $$"""[{{slot}},{"encoding":"json","transactionDetails":"none","rewards":false,"maxSupportedTransactionVersion":0,"commitment":"confirmed"}]""",
    };
}
