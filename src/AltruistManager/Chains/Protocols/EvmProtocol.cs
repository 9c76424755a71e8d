namespace AltruistManager.Chains.Protocols;

/// <summary>Ethereum and all that speak its JSON-RPC.</summary>
internal sealed class EvmProtocol : IChainProtocol
{
    private const string Nobody = "0x0000000000000000000000000000000000000000";

    private static readonly NodeQuestion Head = new("eth_getBlockByNumber", """["latest",false]""", NodeQuestion.Block, ["number", "timestamp", "hash"]);
    private static readonly NodeQuestion BlockAt = new("eth_getBlockByNumber", "[]", NodeQuestion.Block, ["number", "hash"]);
    private static readonly NodeQuestion Identity = new("eth_chainId", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Syncing = new("eth_syncing", "[]", NodeQuestion.Scalar, ["currentBlock", "highestBlock"]);
    private static readonly NodeQuestion Balance = new("eth_getBalance", "[]", NodeQuestion.Scalar, []);

    /// <summary>A call of nothing, which every state can be asked for.</summary>
    private static readonly NodeQuestion DebugTrace = new("debug_traceCall", $$"""[{"from":"{{Nobody}}","to":"{{Nobody}}"},"latest",{"tracer":"callTracer"}]""", NodeQuestion.Scalar, ["type", "from"]);
    private static readonly NodeQuestion Trace = new("trace_call", $$"""[{"from":"{{Nobody}}","to":"{{Nobody}}"},["trace"],"latest"]""", NodeQuestion.Scalar, ["trace.0.type"]);

    public string Name => "evm";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "eth_chainId, compared as a number",
        Height = "number of the latest block (eth_getBlockByNumber)",
        HeadTime = "timestamp of the latest block",
        Syncing = "eth_syncing, advisory",
        Hash = "hash of the block at a height (eth_getBlockByNumber)",
        Capabilities = new Dictionary<string, string>
        {
            ["archive"] = "state of block 1 and of a block in the middle of the history (eth_getBalance)",
            ["debug"] = "debug_traceCall with the call tracer",
            ["trace"] = "trace_call",
        },
        Subscription = new HeadSubscription("eth_subscribe", """["newHeads"]""", "params.result.number"),
    };

    public NodeReply<string> ReadIdentity(string given) =>
        given.Length is > 0 and <= 78 && given.All(char.IsAsciiDigit) && given[0] != '0'
            ? NodeReply<string>.Of(given)
            : NodeReply<string>.Invalid("must be the EVM chain id in decimal, such as 1");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (answer.Kind != NodeAnswerKind.Object)
            return NodeReply<NodeHead>.Invalid("the latest block is not an object");
        if (Scalars.Hex(answer["number"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid number");
        if (Scalars.Seconds(Scalars.Hex(answer["timestamp"])) is not { } time)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid timestamp");
        if (Scalars.Hash(answer["hash"]) is not { } hash)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid hash");
        return NodeReply<NodeHead>.Of(new NodeHead(height, time, hash));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Identity, cancellation) is not { } answer)
            return NodeReply<string>.None;
        // A chain id may be as wide as 256 bits. Compared as a number: 0x1 is a prefix of 0x1388.
        return answer is { Kind: NodeAnswerKind.Text, Text: { Length: <= 66 } text } && Scalars.IsHex(text)
            ? NodeReply<string>.Of(Scalars.WholeNumber(text)!)
            : NodeReply<string>.Invalid("the chain id is not a hexadecimal number");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Syncing, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(answer.Kind switch
        {
            NodeAnswerKind.Boolean => answer.Text == "true",
            NodeAnswerKind.Object when Scalars.Hex(answer["currentBlock"]) is { } current && Scalars.Hex(answer["highestBlock"]) is { } highest => current < highest,
            NodeAnswerKind.Object => true,
            _ => null,
        });
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(BlockAt with { Body = $"""["0x{height:x}",false]""" }, cancellation) is not { } answer)
            return node.TellsNoHash();
        if (answer.Kind == NodeAnswerKind.Null)
            return NodeReply<string?>.Of(null);
        return Scalars.Hex(answer["number"]) == height && Scalars.Hash(answer["hash"]) is { } hash
            ? NodeReply<string?>.Of(hash)
            : NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) => capability switch
    {
        "archive" => ProveArchiveAsync(node, head, cancellation),
        "debug" => ProveTracingAsync(node, DebugTrace, "type", cancellation),
        "trace" => ProveTracingAsync(node, Trace, "trace.0.type", cancellation),
        _ => Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol")),
    };

    /// <summary>Headers and old blocks are held by pruned nodes too; the state at an old block is not.</summary>
    private static async Task<NodeReply<bool>> ProveArchiveAsync(INodeClient node, NodeHead head, CancellationToken cancellation)
    {
        foreach (var height in new[] { 1, Math.Max(1, head.Height / 2) }.Distinct())
        {
            if (await node.AskAsync(Balance with { Body = $"""["{Nobody}","0x{height:x}"]""" }, cancellation) is not { } answer)
                return node.Refuses($"has no state at block {height}");
            if (answer is not { Kind: NodeAnswerKind.Text, Text: { Length: <= 66 } text } || !Scalars.IsHex(text))
                return NodeReply<bool>.Invalid($"has no state at block {height}: the balance there is not a number");
        }

        return NodeReply<bool>.Of(true);
    }

    /// <summary>Two namespaces that stand in for each other nowhere: a portal that calls <c>trace_*</c> is not served by <c>debug_*</c>.</summary>
    private static async Task<NodeReply<bool>> ProveTracingAsync(INodeClient node, NodeQuestion question, string wanted, CancellationToken cancellation)
    {
        if (await node.AskAsync(question, cancellation) is not { } answer)
            return node.Refuses($"does not answer {question.Name}");
        return answer[wanted] is not null ? NodeReply<bool>.Of(true) : NodeReply<bool>.Invalid($"{question.Name} answers without a trace");
    }
}
