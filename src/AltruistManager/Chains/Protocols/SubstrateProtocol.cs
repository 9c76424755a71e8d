namespace AltruistManager.Chains.Protocols;

/// <summary>Polkadot, its parachains, and all that are built with the same kit.</summary>
internal sealed class SubstrateProtocol : IChainProtocol
{
    /// <summary>Where the timestamp pallet keeps <c>Now</c>: the two names, hashed.</summary>
    private const string TimestampNow = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

    private static readonly NodeQuestion Head = new("chain_getHeader", "[]", NodeQuestion.Scalar, ["number"]);
    private static readonly NodeQuestion Now = new("state_getStorage", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion HashAt = new("chain_getBlockHash", "[0]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Health = new("system_health", "[]", NodeQuestion.Scalar, ["isSyncing"]);

    public string Name => "substrate";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "the genesis hash (chain_getBlockHash of 0)",
        Height = "number of the best header (chain_getHeader)",
        HeadTime = "Timestamp.Now in the state of that very block (state_getStorage at its hash), where the chain keeps it",
        Syncing = "isSyncing in system_health, advisory; the number of peers is never judged",
        Hash = "chain_getBlockHash at a height",
        Calls = new QuestionCalls { Head = 3 },
        Subscription = new HeadSubscription("chain_subscribeNewHeads", "[]", "params.result.number"),
    };

    public NodeReply<string> ReadIdentity(string given) =>
        Scalars.Hash(given) is { } hash ? NodeReply<string>.Of(hash) : NodeReply<string>.Invalid("must be the genesis hash, 0x and 64 hexadecimal digits (chain_getBlockHash of 0)");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Hex(answer["number"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the best header has no valid number");
        // The newest state may be another block's by now, and behind a load balancer another node's: the time must be that of the head.
        return Scalars.Hash((await node.AskAsync(HashOf(height), cancellation))?.Text) is { } hash
            ? NodeReply<NodeHead>.Of(new NodeHead(height, Scalars.Milliseconds(Scalars.Scale64((await node.AskAsync(NowAt(hash), cancellation))?.Text)), hash))
            : NodeReply<NodeHead>.Of(new NodeHead(height, null, null));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(HashAt, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return Scalars.Hash(answer.Text) is { } hash ? NodeReply<string>.Of(hash) : NodeReply<string>.Invalid("the genesis hash is not one");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Health, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(Names.Flag(answer["isSyncing"]));
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(HashOf(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        if (answer.Kind == NodeAnswerKind.Null)
            return NodeReply<string?>.Of(null);
        return Scalars.Hash(answer.Text) is { } hash ? NodeReply<string?>.Of(hash) : NodeReply<string?>.Invalid($"the hash of block {height} is not one");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    private static NodeQuestion HashOf(long height) => HashAt with { Body = $"[{height}]" };

    private static NodeQuestion NowAt(string hash) => Now with { Body = $"""["{TimestampNow}","{hash}"]""" };
}
