namespace AltruistManager.Chains.Protocols;

/// <summary>CometBFT, formerly Tendermint: the consensus under the Cosmos chains.</summary>
internal sealed class CometBftProtocol : IChainProtocol
{
    private static readonly NodeQuestion Status = new(
        "status", "{}", NodeQuestion.Scalar,
        ["node_info.network", "sync_info.latest_block_height", "sync_info.latest_block_time", "sync_info.latest_block_hash", "sync_info.catching_up", "sync_info.earliest_block_height"]);

    /// <summary>Headers only: a whole block may be of any size.</summary>
    private static readonly NodeQuestion HeadersAt = new(
        "blockchain", "{}", NodeQuestion.Scalar, ["block_metas.0.block_id.hash", "block_metas.0.header.height", "block_metas.0.header.last_block_id.hash"]);

    /// <summary>
    /// A query that every chain of the Cosmos SDK answers without parameters, from the state at a height. Old states are read by today's binary: what moved since, such as
    /// the staking parameters, fails there on full archives too; of the auth parameters those that are not there read as zero.
    /// </summary>
    private static readonly NodeQuestion StateAt = new("abci_query", "{}", NodeQuestion.Scalar, ["response.code", "response.value"]);

    public string Name => "cometbft";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "network (the chain id) in status",
        Height = "latest_block_height in status",
        HeadTime = "latest_block_time in status",
        Syncing = "catching_up in status, advisory",
        Hash = "block_id.hash of the header at a height (blockchain)",
        Capabilities = new Dictionary<string, string>
        {
            ["archive"] = "the chain's very first header (blockchain), and state at it and in the middle of the history (abci_query of the auth parameters, which every chain of the Cosmos SDK has; others cannot prove it)",
        },
        Calls = new QuestionCalls { Capabilities = new Dictionary<string, int> { ["archive"] = 4 } },
        Subscription = new HeadSubscription("subscribe", """{"query":"tm.event='NewBlockHeader'"}""", "result.data.value.header.height"),
    };

    public NodeReply<string> ReadIdentity(string given) => Names.Read(given, "must be the chain id that the nodes tell as their network, such as cosmoshub-4");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Decimal(answer["sync_info.latest_block_height"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the status has no valid latest block height");
        if (Scalars.Rfc3339(answer["sync_info.latest_block_time"]) is not { } time)
            return NodeReply<NodeHead>.Invalid("the status has no valid latest block time");
        return NodeReply<NodeHead>.Of(new NodeHead(height, time, Scalars.BareHash(answer["sync_info.latest_block_hash"])));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return Names.Proven(answer["node_info.network"], "the status names no network");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(Names.Flag(answer["sync_info.catching_up"]));
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(HeaderAt(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        if (answer["block_metas.0.header.height"] is null)
            return NodeReply<string?>.Of(null);
        return Scalars.Decimal(answer["block_metas.0.header.height"]) == height && Scalars.BareHash(answer["block_metas.0.block_id.hash"]) is { } hash
            ? NodeReply<string?>.Of(hash)
            : NodeReply<string?>.Invalid($"the header at {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) => capability == "archive"
        ? ProveArchiveAsync(node, head, cancellation)
        : Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    /// <summary>A chain may begin at any height, and a node only says where its own history does: the first header of all is the one without a header before it.</summary>
    private static async Task<NodeReply<bool>> ProveArchiveAsync(INodeClient node, NodeHead head, CancellationToken cancellation)
    {
        if (await node.AskAsync(Status, cancellation) is not { } status)
            return node.Refuses("does not tell its status");
        if (Scalars.Decimal(status["sync_info.earliest_block_height"]) is not { } earliest)
            return NodeReply<bool>.Invalid("does not tell its earliest block");
        if (await node.AskAsync(HeaderAt(earliest), cancellation) is not { } first)
            return node.Refuses($"has no header at {earliest}");
        if (Scalars.Decimal(first["block_metas.0.header.height"]) != earliest || first["block_metas.0.header.last_block_id.hash"] is { Length: > 0 })
            return NodeReply<bool>.Invalid($"its history begins at block {earliest}, which is not the chain's first");

        foreach (var height in ProofHeights.Between(earliest + 1, head.Height))
        {
            if (await node.AskAsync(StateAt with { Body = $$"""{"path":"/cosmos.auth.v1beta1.Query/Params","data":"","height":"{{height}}","prove":false}""" }, cancellation) is not { } state)
                return node.Refuses($"has no state at block {height}");
            if (state["response.code"] is not (null or "0") || state["response.value"] is null or "")
                return NodeReply<bool>.Invalid($"has no state at block {height}: {(Scalars.Decimal(state["response.code"]) is { } code and > 0 ? $"abci_query answers with the code {code}" : "nothing came back")}");
        }

        return NodeReply<bool>.Of(true);
    }

    private static NodeQuestion HeaderAt(long height) => HeadersAt with { Body = $$"""{"minHeight":"{{height}}","maxHeight":"{{height}}"}""" };
}
