using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal sealed class NearLanguage : INodeLanguage
{
    public string Name => "near";

    public IReadOnlyList<string> Methods { get; } = ["status", "block"];

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Base58(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) =>
        method == 0 ? Status(node) : Block(node, parameters.NumberOf("block_id") ?? node.Head);

    private static Spoken Status(in NodeView node) => Spoken.Text(
        $$"""
        {"chain_id":"{{node.Identity}}","latest_protocol_version":73,"protocol_version":73,"rpc_addr":"0.0.0.0:3030","node_public_key":"ed25519:x","uptime_sec":99,"version":{"version":"2.3.0","build":"2.3.0"},
         {{(node.Fault is { ErrorInResult: true } ? "\"error\":\"wasm execution failed with error: MethodNotFound\"," : "")}}
         "sync_info":{"earliest_block_hash":"{{node.Hash(node.Earliest)}}","earliest_block_height":{{node.Earliest}},"latest_block_hash":"{{node.Hash(node.Head)}}","latest_block_height":{{node.Head}},
                      "latest_block_time":"{{Notations.Rfc3339(node.Time(node.Head))}}","latest_state_root":"{{node.Hash(Math.Max(0, node.Head - 1))}}","syncing":{{(node.IsSyncing ? "true" : "false")}}},
         "validators":[],"validator_account_id":null}
        """);

    private static Spoken Block(in NodeView node, long height) => node.Has(height)
        ? Spoken.Text($$"""{"author":"simulated.near","chunks":[{"chunk_hash":"x","height_created":{{height}}}],"header":{"height":{{height}},"prev_height":{{height - 1}},"hash":"{{node.Hash(height)}}","approvals":[{{Notations.Many(node.Chain.TransactionsPerBlock, nth => $"\"ed25519:{nth:d88}\"")}}],"prev_hash":"{{node.Hash(Math.Max(0, height - 1))}}","timestamp":{{node.Time(height).ToUnixTimeMilliseconds()}}000000} }""")
        : Spoken.Error(-32000, "Server error", $$""","name":"HANDLER_ERROR","cause":{"name":"UNKNOWN_BLOCK","info":{} },"data":"DB Not Found Error: BLOCK HEIGHT: {{height}} \n Cause: Unknown" """);
}
