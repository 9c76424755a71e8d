using System.Text.RegularExpressions;

namespace AltruistManager.Chains.Protocols;

/// <summary>Sui, over its GraphQL RPC: nodes no longer have JSON-RPC. Heights are checkpoints.</summary>
internal sealed partial class SuiProtocol : IChainProtocol
{
    private static readonly NodeQuestion Newest = NodeQuestion.GraphQl(
        "{ chainIdentifier checkpoint { sequenceNumber digest timestamp } }", NodeQuestion.Scalar,
        "data.chainIdentifier", "data.checkpoint.sequenceNumber", "data.checkpoint.digest", "data.checkpoint.timestamp");

    private static readonly NodeQuestion Checkpoint = NodeQuestion.GraphQl("{}", NodeQuestion.Scalar, "data.checkpoint.sequenceNumber", "data.checkpoint.digest");

    public string Name => "sui";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "chainIdentifier (GraphQL): the first four bytes of the genesis checkpoint's digest, or that digest, of which the first four bytes are compared",
        Height = "sequenceNumber of the newest checkpoint (GraphQL)",
        HeadTime = "timestamp of that checkpoint",
        Syncing = null,
        Hash = "digest of the checkpoint with a sequence number (GraphQL)",
        Calls = new QuestionCalls { Syncing = 0 },
    };

    [GeneratedRegex("^[0-9a-f]{8}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Identifier { get; }

    public NodeReply<string> ReadIdentity(string given) => IdentifierOf(given) is { } identifier
        ? NodeReply<string>.Of(identifier)
        : NodeReply<string>.Invalid("must be the chain identifier, 8 hexadecimal digits such as 35834a8a, or the digest of the genesis checkpoint");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Newest, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Decimal(answer["data.checkpoint.sequenceNumber"]) is not { } number)
            return NodeReply<NodeHead>.Invalid("the newest checkpoint has no valid sequence number: is this the URL of a GraphQL RPC?");
        return NodeReply<NodeHead>.Of(new NodeHead(number, Scalars.Rfc3339(answer["data.checkpoint.timestamp"]), Scalars.Base58Hash(answer["data.checkpoint.digest"])));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Newest, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return IdentifierOf(answer["data.chainIdentifier"]) is { } identifier ? NodeReply<string>.Of(identifier) : NodeReply<string>.Invalid("the chain identifier is not one");
    }

    public Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation) => Task.FromResult(NodeReply<bool?>.Of(null));

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(At(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        // A checkpoint that is not there, or was pruned, is null.
        if (answer["data.checkpoint.sequenceNumber"] is null)
            return NodeReply<string?>.Of(null);
        return Scalars.Decimal(answer["data.checkpoint.sequenceNumber"]) == height && Scalars.Base58Hash(answer["data.checkpoint.digest"]) is { } digest
            ? NodeReply<string?>.Of(digest)
            : NodeReply<string?>.Invalid($"checkpoint {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    private static NodeQuestion At(long number) => Checkpoint with { Body = $$"""{"query":"{ checkpoint(sequenceNumber: {{number}}) { sequenceNumber digest } }"}""" };

    /// <summary>Older services tell four bytes in hexadecimal, newer ones the whole digest in base 58.</summary>
    private static string? IdentifierOf(string? text) =>
        text is not null && Identifier.IsMatch(text) ? text : Scalars.Base58Bytes(text) is { } digest ? Convert.ToHexStringLower(digest.AsSpan(0, 4)) : null;
}
