using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>Ethereum. Asked far more than the others, in benches too: what it says often is made once.</summary>
internal sealed class EvmLanguage : INodeLanguage
{
    private const int InvalidParameters = -32602;
    private const string NoBlock = "invalid argument 0: hex string or block tag expected";

    private static readonly byte[] No = "false"u8.ToArray();
    private static readonly byte[] Client = "\"Simulated/v1.0.0/linux-amd64\""u8.ToArray();
    private static readonly byte[] Zero = "\"0x0\""u8.ToArray();

    public static EvmLanguage Instance { get; } = new();

    public string Name => "evm";

    public IReadOnlyList<string> Methods { get; } =
    [
        "eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_syncing", "net_version", "web3_clientVersion", "eth_getBalance", "debug_traceCall", "trace_call",
        "eth_getTransactionByBlockNumberAndIndex", "eth_getTransactionCount",
    ];

    public string? Subscribes => "eth_subscribe";

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Hex(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Spoken.Text($"\"{EvmBlockJson.Hex(ChainId(node))}\""),
        1 => Spoken.Text($"\"{EvmBlockJson.Hex(node.Head)}\""),
        2 => HeightOf(node, parameters, 0) is { } height ? Block(node, height) : Spoken.Error(InvalidParameters, NoBlock),
        3 => node.IsSyncing ? Spoken.Text($$"""{"startingBlock":"0x0","currentBlock":"{{EvmBlockJson.Hex(node.Head)}}","highestBlock":"{{EvmBlockJson.Hex(Math.Max(node.Head + 1, node.Chain.Height))}}"}""") : new Spoken(No),
        4 => Spoken.Text($"\"{ChainId(node)}\""),
        5 => new Spoken(Client),
        6 => HeightOf(node, parameters, 1) is { } height ? Balance(node, height) : Spoken.Error(InvalidParameters, NoBlock),
        7 => Spoken.Text("""{"from":"0x0000000000000000000000000000000000000000","gas":"0x2fa9e78","gasUsed":"0x5208","to":"0x0000000000000000000000000000000000000000","input":"0x","value":"0x0","type":"CALL"}"""),
        8 => Spoken.Text("""{"output":"0x","stateDiff":null,"trace":[{"action":{"callType":"call","from":"0x0000000000000000000000000000000000000000","gas":"0x2fa9e78","input":"0x","to":"0x0000000000000000000000000000000000000000","value":"0x0"},"result":{"gasUsed":"0x0","output":"0x"},"subtraces":0,"traceAddress":[],"type":"call"}],"vmTrace":null}"""),
        9 => HeightOf(node, parameters, 0) is { } height ? Transaction(node, height, Index(parameters)) : Spoken.Error(InvalidParameters, NoBlock),
        _ => HeightOf(node, parameters, 1) is { } height ? Count(node, height) : Spoken.Error(InvalidParameters, NoBlock),
    };

    public string Notification(in NodeView node, string subscription, string id) =>
        $$"""{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"{{subscription}}","result":{{Encoding.UTF8.GetString(Block(node, node.Head).Json.Span)}}} }""";

    private static long ChainId(in NodeView node) => node.Fault?.ChainId ?? node.Chain.ChainId;

    private static Spoken Block(in NodeView node, long height)
    {
        if (!node.Has(height))
            return Spoken.Null;
        var fault = node.Fault;
        return new Spoken(node.Chain.BlockAt(height, BranchAt(height), BranchAt(height - 1), fault?.ClockSkew ?? TimeSpan.Zero));

        int BranchAt(long at) => at >= fault?.ForkedFrom ? fault.Branch : 0;
    }

    private static Spoken Balance(in NodeView node, long height) => NoState(node, height) ?? new Spoken(Zero);

    /// <summary>Every sender has one transaction in each block, the first in block 1.</summary>
    private static Spoken Count(in NodeView node, long height)
    {
        var sent = (node.KeepsState(height) ? OldStates.Told : node.Fault?.OldStates) switch
        {
            OldStates.AsTheNewest => node.Head,
            OldStates.Empty => 0,
            _ => height,
        };
        return NoState(node, height) ?? Spoken.Text($"\"{EvmBlockJson.Hex(sent)}\"");
    }

    private static Spoken? NoState(in NodeView node, long height) => height switch
    {
        _ when height > node.Head => Spoken.Error(-32000, "header not found"),
        _ when !node.HasState(height) => Spoken.Error(-32000, $"missing trie node 0f7b6f2e (path ) state {node.Hash(height)} is not available"),
        _ => null,
    };

    private static Spoken Transaction(in NodeView node, long height, long index) => node.Has(height) && height > 0 && index >= 0 && index < node.Chain.TransactionsPerBlock
        ? Spoken.Text($$"""{"blockHash":"{{node.Hash(height)}}","blockNumber":"{{EvmBlockJson.Hex(height)}}","from":"0x{{index + 1:x40}}","gas":"0x5208","gasPrice":"0x3b9aca00","hash":"{{node.Hash(height)}}","input":"0x","nonce":"{{EvmBlockJson.Hex(height - 1)}}","to":"0x{{0:x40}}","transactionIndex":"{{EvmBlockJson.Hex(index)}}","value":"0x1","type":"0x0","chainId":"{{EvmBlockJson.Hex(ChainId(node))}}"}""")
        : Spoken.Null;

    private static long Index(JsonElement parameters) =>
        parameters.GetArrayLength() > 1 && parameters[1].GetString() is ['0', 'x', .. var digits] && long.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var index) ? index : -1;

    /// <returns>Null when the parameters name no block.</returns>
    private static long? HeightOf(in NodeView node, JsonElement parameters, int place)
    {
        if (parameters.ValueKind != JsonValueKind.Array || parameters.GetArrayLength() <= place || parameters.GetArrayLength() > place + 2
            || parameters[place].ValueKind != JsonValueKind.String)
            return null;
        return parameters[place].GetString() switch
        {
            "latest" or "pending" => node.Head,
            "safe" => Math.Max(0, node.Head - (SimulatedChain.FinalityBlocks / 2)),
            "finalized" => Math.Max(0, node.Head - SimulatedChain.FinalityBlocks),
            "earliest" => 0,
            ['0', 'x', .. var digits] when long.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var height) && height >= 0 => height,
            _ => null,
        };
    }
}
