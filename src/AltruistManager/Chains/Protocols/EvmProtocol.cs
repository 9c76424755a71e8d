using System.Buffers;
using System.Globalization;
using System.Numerics;

namespace AltruistManager.Chains.Protocols;

/// <summary>Ethereum and all that speak its JSON-RPC.</summary>
internal sealed class EvmProtocol : IChainProtocol
{
    private const int HashLength = 66;
    private const long LastSecond = 253_402_300_799;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private static readonly NodeQuestion Head = new("eth_getBlockByNumber", """["latest",false]""", NodeQuestion.Block, ["number", "timestamp", "hash"]);
    private static readonly NodeQuestion Identity = new("eth_chainId", "[]", NodeQuestion.Scalar, []);
    private static readonly NodeQuestion Syncing = new("eth_syncing", "[]", NodeQuestion.Scalar, ["currentBlock", "highestBlock"]);

    public string Name => "evm";

    public ProtocolFacts Facts { get; } = new()
    {
        Identity = "eth_chainId, compared as a number",
        Height = "number of the latest block (eth_getBlockByNumber)",
        HeadTime = "timestamp of the latest block",
        Syncing = "eth_syncing, advisory",
        Hash = "hash of the block at a height (eth_getBlockByNumber)",
    };

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Head, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (answer.Kind != NodeAnswerKind.Object)
            return NodeReply<NodeHead>.Invalid("the latest block is not an object");
        if (Quantity(answer["number"]) is not { } height)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid number");
        if (Quantity(answer["timestamp"]) is not { } seconds || seconds > LastSecond)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid timestamp");
        if (Hash(answer["hash"]) is not { } hash)
            return NodeReply<NodeHead>.Invalid("the latest block has no valid hash");
        return NodeReply<NodeHead>.Of(new NodeHead(height, DateTimeOffset.FromUnixTimeSeconds(seconds), hash));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Identity, cancellation) is not { } answer)
            return NodeReply<string>.None;
        // A chain id may be as wide as 256 bits. Compared as a number: 0x1 is a prefix of 0x1388.
        return answer is { Kind: NodeAnswerKind.Text, Text: { Length: <= HashLength } text } && IsHex(text)
            ? NodeReply<string>.Of(BigInteger.Parse($"0{text.AsSpan(2)}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture))
            : NodeReply<string>.Invalid("the chain id is not a hexadecimal number");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(Syncing, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        return NodeReply<bool?>.Of(answer.Kind switch
        {
            NodeAnswerKind.Boolean => answer.Text == "true",
            NodeAnswerKind.Object when Quantity(answer["currentBlock"]) is { } current && Quantity(answer["highestBlock"]) is { } highest => current < highest,
            NodeAnswerKind.Object => true,
            _ => null,
        });
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (await node.AskAsync(new NodeQuestion("eth_getBlockByNumber", $"""["0x{height:x}",false]""", NodeQuestion.Block, ["number", "hash"]), cancellation) is not { } answer)
            return NodeReply<string?>.None;
        if (answer.Kind == NodeAnswerKind.Null)
            return NodeReply<string?>.Of(null);
        if (answer.Kind != NodeAnswerKind.Object || Quantity(answer["number"]) != height || Hash(answer["hash"]) is not { } hash)
            return NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
        return NodeReply<string?>.Of(hash);
    }

    public Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation) =>
        Task.FromResult(NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol"));

    /// <summary>A non-negative number in the notation of Ethereum; null for anything else.</summary>
    private static long? Quantity(string? text) =>
        text is { Length: <= 18 } && IsHex(text) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value >= 0 ? value : null;

    private static string? Hash(string? text) => text is { Length: HashLength } && IsHex(text) ? text.ToLowerInvariant() : null;

    private static bool IsHex(string text) =>
        text.Length > 2 && text.StartsWith("0x", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAnyExcept(HexDigits);
}
