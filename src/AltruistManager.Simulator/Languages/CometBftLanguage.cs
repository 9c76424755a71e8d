using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal sealed class CometBftLanguage : INodeLanguage
{
    public string Name => "cometbft";

    public IReadOnlyList<string> Methods { get; } = ["status", "blockchain", "abci_query", "health"];

    public string? Subscribes => "subscribe";

    public string Notation(ReadOnlySpan<byte> hash) => Convert.ToHexString(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Status(node),
        1 => Headers(node, parameters.NumberOf("maxHeight") ?? node.Head),
        2 => State(node, parameters.NumberOf("height") is { } height and > 0 ? height : node.Head),
        _ => Spoken.Text("{}"),
    };

    public string Notification(in NodeView node, string subscription, string id) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"query":"tm.event='NewBlockHeader'","data":{"type":"tendermint/event/NewBlockHeader","value":{"header":{{{Header(node, node.Head)}}} } },"events":{} } }""";

    private static Spoken Status(in NodeView node) => Spoken.Text(
        $$"""
        {"node_info":{"protocol_version":{"p2p":"8","block":"11","app":"0"},"id":"b7c0e1","listen_addr":"tcp://0.0.0.0:26656","network":"{{node.Identity}}","version":"0.38.12","channels":"40202122","moniker":"simulated","other":{"tx_index":"on"} },
         "sync_info":{"latest_block_hash":"{{node.Hash(node.Head)}}","latest_app_hash":"{{node.Hash(Math.Max(0, node.Head - 1))}}","latest_block_height":"{{node.Head}}","latest_block_time":"{{Notations.Rfc3339(node.Time(node.Head))}}",
                      "earliest_block_hash":"{{node.Hash(node.Earliest)}}","earliest_app_hash":"","earliest_block_height":"{{node.Earliest}}","earliest_block_time":"{{Notations.Rfc3339(node.Time(node.Earliest))}}","catching_up":{{(node.IsSyncing ? "true" : "false")}}},
         "validator_info":{"address":"00","pub_key":{"type":"tendermint/PubKeyEd25519","value":"AA=="},"voting_power":"0"} }
        """);

    private static Spoken Headers(in NodeView node, long height) => node.Has(height) && height > 0
        ? Spoken.Text($$"""{"last_height":"{{node.Head}}","block_metas":[{"block_id":{"hash":"{{node.Hash(height)}}","parts":{"total":1,"hash":"00"} },"block_size":"1000","header":{{Header(node, height)}},"num_txs":"1"}]}""")
        : Spoken.Error(-32603, "Internal error", $",\"data\":\"min height {height} can't be greater than max height {node.Head}\"");

    private static string Header(in NodeView node, long height) =>
        $$"""{"version":{"block":"11"},"chain_id":"{{node.Identity}}","height":"{{height}}","time":"{{Notations.Rfc3339(node.Time(height))}}","last_block_id":{"hash":"{{LastHash(node, height)}}","parts":{"total":1,"hash":""} } }""";

    /// <summary>The very first header has none before it.</summary>
    private static string LastHash(in NodeView node, long height) => height > 1 ? node.Hash(height - 1) : "";

    private static Spoken State(in NodeView node, long height) => node.HasState(height)
        ? Spoken.Text($$"""{"response":{"code":0,"log":"","info":"","index":"0","key":null,"value":"ChoKCzE2NTgxNTc4OTY4","proofOps":null,"height":"{{height}}","codespace":""} }""")
        : Spoken.Text($$"""{"response":{"code":18,"log":"failed to load state at height {{height}}; version does not exist (latest height: {{node.Head}}): invalid request","info":"","index":"0","key":null,"value":null,"proofOps":null,"height":"0","codespace":"sdk"} }""");
}
