using System.Globalization;
using System.Numerics;
using System.Text;

namespace AltruistManager.Chains.Protocols;

/// <summary>Starknet. Its chain id is a short text packed into a number (a felt): 0x534e5f4d41494e is SN_MAIN.</summary>
internal sealed class StarknetProtocol : IChainProtocol
{
    /// <summary>Bytes of a felt that hold text.</summary>
    private const int LongestText = 31;

    private static readonly NodeQuestion Head = new("starknet_getBlockWithTxHashes", """["latest"]""", NodeQuestion.Block, ["block_number", "timestamp", "block_hash"]);
    private static readonly NodeQuestion Identity = new("starknet_chainId", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Syncing = new("starknet_syncing", "[]", NodeQuestion.Scalar, ["current_block_num", "highest_block_num"]);

    public string Name => "starknet";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "starknet_chainId, read as a text such as SN_MAIN",
        Height = "block_number of the latest block (starknet_getBlockWithTxHashes)",
        HeadTime = "timestamp of the latest block",
        Syncing = "starknet_syncing, advisory",
        Hash = "block_hash of the block at a height (starknet_getBlockWithTxHashes)",
        Subscription = new HeadSubscription("starknet_subscribeNewHeads", "[]", "params.result.block_number"),
    };

    public NodeReply<string> ReadIdentity(string given) => Scalars.IsHex(given)
        ? TextOf(given) is { } text ? NodeReply<string>.Of(text) : NodeReply<string>.Invalid("must be a felt")
        : Names.Read(given, "must be the chain id as a text such as SN_MAIN, or as the felt that the nodes tell");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Number(answer["block_number"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid number");
        if (Scalars.Seconds(Scalars.Number(answer["timestamp"])) is not { } time)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid timestamp");
        if (Felt(answer["block_hash"]) is not { } hash)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid hash");
        return NodeReply<NodeHead>.Of(new NodeHead(height, time, hash));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Identity, cancellation) is not { } answer)
            return NodeReply<string>.None;
        return answer.Text is { } felt && TextOf(felt) is { } text ? NodeReply<string>.Of(text) : NodeReply<string>.Invalid("the chain id is not a felt");
    }

    /// <summary>Some say false, others tell both numbers all the time, even when they are equal.</summary>
    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Syncing, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(answer.Kind switch
        {
            NodeAnswerKind.Boolean when answer.Text == "false" => false,
            NodeAnswerKind.Object when Scalars.Number(answer["current_block_num"]) is { } current && Scalars.Number(answer["highest_block_num"]) is { } highest => current < highest,
            _ => null,
        });
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head with { Body = $$"""[{"block_number":{{height}}}]""" }, cancellation) is not { } answer)
            return node.TellsNoHash();
        return Scalars.Number(answer["block_number"]) == height && Felt(answer["block_hash"]) is { } hash
            ? NodeReply<string?>.Of(hash)
            : NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    /// <summary>Nodes differ in whether they write leading zeros.</summary>
    private static string? Felt(string? text) =>
        text is { Length: <= 66 } && Scalars.IsHex(text) ? $"0x{text.AsSpan(2).TrimStart('0').ToString().ToLowerInvariant().PadLeft(1, '0')}" : null;

    /// <summary>The text in a felt; the felt itself where it holds none. Null for what is no felt.</summary>
    private static string? TextOf(string given)
    {
        if (Felt(given) is not { } felt)
            return null;
        var bytes = BigInteger.Parse($"0{felt.AsSpan(2)}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToByteArray(isUnsigned: true, isBigEndian: true);
        return bytes.Length <= LongestText && Array.TrueForAll(bytes, value => char.IsAsciiLetterOrDigit((char)value) || value == '_') ? Encoding.ASCII.GetString(bytes) : felt;
    }
}
