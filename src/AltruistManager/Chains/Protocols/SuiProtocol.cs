using System.Text.RegularExpressions;

namespace AltruistManager.Chains.Protocols;

/// <summary>Sui. Heights are checkpoints.</summary>
internal sealed partial class SuiProtocol : IChainProtocol
{
    private static readonly NodeQuestion Newest = new("sui_getLatestCheckpointSequenceNumber", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Checkpoint = new("sui_getCheckpoint", "[]", NodeQuestion.Block, ["sequenceNumber", "timestampMs", "digest"]);
    private static readonly NodeQuestion Identity = new("sui_getChainIdentifier", "[]", NodeQuestion.Scalar, []);

    public string Name => "sui";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "sui_getChainIdentifier: the first four bytes of the genesis checkpoint's digest",
        Height = "the newest checkpoint (sui_getLatestCheckpointSequenceNumber)",
        HeadTime = "timestampMs of that checkpoint (sui_getCheckpoint)",
        Syncing = null,
        Hash = "digest of a checkpoint (sui_getCheckpoint)",
    };

    [GeneratedRegex("^[0-9a-f]{8}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Identifier { get; }

    public NodeReply<string> ReadIdentity(string given) =>
        Identifier.IsMatch(given) ? NodeReply<string>.Of(given) : NodeReply<string>.Invalid("must be the chain identifier, 8 hexadecimal digits such as 35834a8a (sui_getChainIdentifier)");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Newest, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Decimal(answer.Text) is not { } number)
            return NodeReply<NodeHead>.Invalid("the newest checkpoint is not a number");
        var checkpoint = await node.AskAsync(At(number), cancellation);
        return Scalars.Decimal(checkpoint?["sequenceNumber"]) == number
            ? NodeReply<NodeHead>.Of(new NodeHead(number, Scalars.Milliseconds(Scalars.Decimal(checkpoint!["timestampMs"])), Scalars.Base58Hash(checkpoint["digest"])))
            : NodeReply<NodeHead>.Of(new NodeHead(number, null, null));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Identity, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return answer.Text is { } text && Identifier.IsMatch(text) ? NodeReply<string>.Of(text) : NodeReply<string>.Invalid("the chain identifier is not one");
    }

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<bool?>.Of(null));

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(At(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        return Scalars.Decimal(answer["sequenceNumber"]) == height && Scalars.Base58Hash(answer["digest"]) is { } digest
            ? NodeReply<string?>.Of(digest)
            : NodeReply<string?>.Invalid($"checkpoint {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    private static NodeQuestion At(long number) => Checkpoint with { Body = $"""["{number}"]""" };
}
