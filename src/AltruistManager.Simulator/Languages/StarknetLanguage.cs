using System.Text;
using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal sealed class StarknetLanguage : INodeLanguage
{
    public string Name => "starknet";

    public IReadOnlyList<string> Methods { get; } = ["starknet_getBlockWithTxHashes", "starknet_chainId", "starknet_syncing"];

    public string? Subscribes => "starknet_subscribeNewHeads";

    /// <summary>A felt has 252 bits.</summary>
    public string Notation(ReadOnlySpan<byte> hash) => "0x" + Convert.ToHexStringLower(hash[1..]).TrimStart('0');

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Block(node, parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 0 ? parameters[0].NumberOf("block_number") ?? node.Head : node.Head),
        1 => Spoken.Text($"\"{Notations.Hex(Encoding.ASCII.GetBytes(node.Identity))}\""),
        // Many nodes tell the numbers although they are in sync.
        _ => Spoken.Text($$"""{"starting_block_hash":"0x0","starting_block_num":0,"current_block_hash":"{{node.Hash(node.Head)}}","current_block_num":{{node.Head}},"highest_block_hash":"0x0","highest_block_num":{{(node.IsSyncing ? node.Chain.Height + 1 : node.Head)}}}"""),
    };

    public string Notification(in NodeView node, string subscription, string id) =>
        $$"""{"jsonrpc":"2.0","method":"starknet_subscriptionNewHeads","params":{"subscription_id":"{{subscription}}","result":{"block_hash":"{{node.Hash(node.Head)}}","block_number":{{node.Head}},"timestamp":{{node.Time(node.Head).ToUnixTimeSeconds()}} } } }""";

    private static Spoken Block(in NodeView node, long height) => node.Has(height)
        ? Spoken.Text($$"""{"status":"ACCEPTED_ON_L2","block_hash":"{{node.Hash(height)}}","parent_hash":"{{node.Hash(Math.Max(0, height - 1))}}","block_number":{{height}},"new_root":"0x1","timestamp":{{node.Time(height).ToUnixTimeSeconds()}},"sequencer_address":"0x1","transactions":[{{Notations.Many(node.Chain.TransactionsPerBlock, nth => $"\"0x{nth + 1:x64}\"")}}]}""")
        : Spoken.Error(24, "Block not found");
}
