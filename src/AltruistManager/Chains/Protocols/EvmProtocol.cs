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
    private static readonly NodeQuestion TransactionAt = new("eth_getTransactionByBlockNumberAndIndex", "[]", NodeQuestion.Block, ["blockNumber", "from", "nonce", "type"]);
    private static readonly NodeQuestion CountAt = new("eth_getTransactionCount", "[]", NodeQuestion.Scalar, []);

    /// <summary>
    /// Chains that moved to other software and left their old states behind, by their ids: no archive serves what is before. Optimism's Bedrock, as its genesis in the
    /// superchain registry has it; Arbitrum One's Nitro, its genesis block; Celo's move to a layer 2, as its operators' guide has it.
    /// </summary>
    private static readonly Dictionary<string, long> FirstStates = new() { ["10"] = 105_235_063, ["42161"] = 22_207_817, ["42220"] = 31_056_500 };

    /// <summary>
    /// Transactions that accounts signed, whose nonce is the account's: those of Ethereum, of zkSync and of Celo. Others are the protocol's own, such as the first of each block on
    /// layer 2s, and number themselves as they like.
    /// </summary>
    private static readonly HashSet<long> Signed = [0, 1, 2, 3, 4, 0x71, 0x7a, 0x7b, 0x7c];

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
            ["archive"] = "state of the first block (eth_getBalance) and of old ones, a quarter and half of the history back: how many transactions the sender of one had sent before "
                + "(eth_getTransactionCount) must be the number of that transaction (eth_getTransactionByBlockNumberAndIndex). Where none of these blocks has one, an account that sent a transaction lately must have sent some, but no more, before the middle of "
                + "the history; where there is no such account, nothing is proven. "
                + "The history of Optimism begins at block 105,235,063, of Arbitrum One at 22,207,817, of Celo at 31,056,500",
            ["debug"] = "debug_traceCall with the call tracer",
            ["trace"] = "trace_call",
        },
        Calls = new QuestionCalls { Capabilities = new Dictionary<string, int> { ["archive"] = 6, ["debug"] = 1, ["trace"] = 1 } },
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

    /// <summary>
    /// Headers and old blocks are held by pruned nodes too; the state at an old block is not. Some nodes and proxies answer for any height with the newest state or with nothing,
    /// so what the state says is checked against a transaction that was sent from it.
    /// </summary>
    private async Task<NodeReply<bool>> ProveArchiveAsync(INodeClient node, NodeHead head, CancellationToken cancellation)
    {
        var identity = await AskIdentityAsync(node, cancellation);
        var first = identity.Value is { } id ? FirstStates.GetValueOrDefault(id, 1) : 1;
        if (await node.AskAsync(Balance with { Body = $"""["{Nobody}","0x{first:x}"]""" }, cancellation) is not { } balance)
            return node.Refuses($"has no state at block {first}");
        if (NumberOf(balance) is null)
            return NodeReply<bool>.Invalid($"has no state at block {first}: the balance there is not a number");

        var isProven = false;
        NodeReply<bool>? unanswered = null;
        foreach (var candidates in OldBlocks(first, head.Height))
        {
            foreach (var height in candidates)
            {
                var found = await FindTransactionAsync(node, height, cancellation);
                if (found.Value is not { } sent)
                {
                    if (!found.IsKnown)
                        unanswered = found.Wrong is { } wrong ? NodeReply<bool>.Invalid(wrong) : NodeReply<bool>.None;
                    continue;
                }

                if (await node.AskAsync(CountAt with { Body = $"""["{sent.From}","0x{height - 1:x}"]""" }, cancellation) is not { } count)
                    return node.Refuses($"has no state at block {height - 1}");
                if (NumberOf(count) != sent.Nonce)
                    return NodeReply<bool>.Invalid($"has no state at block {height - 1}: what it answers for that height contradicts a transaction in block {height}, as the newest state or an empty one does");
                isProven = true;
                break;
            }
        }

        return isProven ? NodeReply<bool>.Of(true) : unanswered ?? await ProveByAccountAsync(node, first, head.Height, cancellation);
    }

    /// <summary>
    /// Where old blocks hold no transactions that say anything: the account of one that was sent lately had sent fewer before. More is what the newest state says; none is what
    /// an empty one says, and that of an account that was not there yet.
    /// </summary>
    private static async Task<NodeReply<bool>> ProveByAccountAsync(INodeClient node, long first, long head, CancellationToken cancellation)
    {
        var span = head - first;
        var unsettled = "none of the blocks that were looked at has a transaction to compare its old state with";
        foreach (var height in LateBlocks(head).Where(height => height > first + (span / 2)))
        {
            var found = await FindTransactionAsync(node, height, cancellation);
            if (!found.IsKnown)
                return found.Wrong is { } wrong ? NodeReply<bool>.Invalid(wrong) : NodeReply<bool>.None;
            if (found.Value is not { } sent)
                continue;
            foreach (var old in new[] { first + (span / 4), first + (span / 2) })
            {
                if (await node.AskAsync(CountAt with { Body = $"""["{sent.From}","0x{old:x}"]""" }, cancellation) is not { } count)
                    return node.Refuses($"has no state at block {old}");
                if (NumberOf(count) is not { } before || before > sent.Nonce)
                    return NodeReply<bool>.Invalid($"has no state at block {old}: what it answers for that height contradicts a transaction in block {height}, as the newest state does");
                if (before > 0)
                    return NodeReply<bool>.Of(true);
            }

            unsettled = $"old blocks have no transactions to compare its old state with, and the account of one in block {height} had sent none before";
        }

        return NodeReply<bool>.Open(unsettled);
    }

    /// <summary>The head, and each four times as far back as the one before.</summary>
    private static IEnumerable<long> LateBlocks(long head) => Enumerable.Range(0, 8).Select(nth => head - (1L << (2 * nth))).Prepend(head);

    /// <summary>Blocks to look for a transaction in: some from a quarter of the history on, then some from the middle on.</summary>
    private static IEnumerable<IEnumerable<long>> OldBlocks(long first, long head)
    {
        const int parts = 64;
        var span = Math.Max(0, head - first);
        return new[] { parts / 4, parts / 2 }.Select(from => Enumerable.Range(from, 6).Select(part => first + (span * part / parts)).Where(height => height > first && height < head).Distinct());
    }

    /// <summary>The first signed transaction of a block; null inside where it has none that says anything: an account that never sent one looks like an empty state.</summary>
    private static async Task<NodeReply<Transaction?>> FindTransactionAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        // Behind one of the protocol's own the next may be signed.
        for (var index = 0; index < 2; index++)
        {
            if (await node.AskAsync(TransactionAt with { Body = $"""["0x{height:x}","0x{index:x}"]""" }, cancellation) is not { } answer)
                return node.Error is { } error ? NodeReply<Transaction?>.Invalid($"does not tell the transactions of block {height}: {error.Words}") : NodeReply<Transaction?>.None;
            if (answer.Kind == NodeAnswerKind.Null)
                break;
            if (Scalars.Hex(answer["blockNumber"]) != height || answer["from"] is not { Length: 42 } from || !Scalars.IsHex(from))
                return NodeReply<Transaction?>.Invalid($"tells a transaction of block {height} that is not one");
            if (answer["type"] is { } type && !(Scalars.Hex(type) is { } kind && Signed.Contains(kind)))
                continue;
            return NodeReply<Transaction?>.Of(Scalars.Hex(answer["nonce"]) is { } nonce and > 0 ? new Transaction(from, nonce) : null);
        }

        return NodeReply<Transaction?>.Of(null);
    }

    /// <summary>A quantity of up to 256 bits, as far as it matters here; null for what is none.</summary>
    private static long? NumberOf(NodeAnswer answer) =>
        answer is { Kind: NodeAnswerKind.Text, Text: { Length: <= 66 } text } && Scalars.IsHex(text) ? Scalars.Hex(text) ?? long.MaxValue : null;

    /// <summary>Two namespaces that stand in for each other nowhere: a portal that calls <c>trace_*</c> is not served by <c>debug_*</c>.</summary>
    private static async Task<NodeReply<bool>> ProveTracingAsync(INodeClient node, NodeQuestion question, string wanted, CancellationToken cancellation)
    {
        if (await node.AskAsync(question, cancellation) is not { } answer)
            return node.Refuses($"does not answer {question.Name}");
        return answer[wanted] is not null ? NodeReply<bool>.Of(true) : NodeReply<bool>.Invalid($"{question.Name} answers without a trace");
    }

    /// <param name="Nonce">How many its sender had sent before.</param>
    private sealed record Transaction(string From, long Nonce);
}
