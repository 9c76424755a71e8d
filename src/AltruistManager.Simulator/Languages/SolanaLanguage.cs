using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>Solana: heights are slots, some of which are skipped; a block's own height is lower.</summary>
internal sealed class SolanaLanguage : INodeLanguage
{
    public string Name => "solana";

    public IReadOnlyList<string> Methods { get; } = ["getSlot", "getBlockTime", "getGenesisHash", "getBlock", "getBlocksWithLimit", "getHealth", "getBlockHeight"];

    public string? Subscribes => "slotSubscribe";

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Base58(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path)
    {
        var slot = parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 0 && parameters[0].TryGetInt64Of(out var given) ? given : -1;
        return method switch
        {
            0 => Spoken.Text(node.Head.ToString()),
            1 => node.Has(slot) ? Spoken.Text(node.Time(slot).ToUnixTimeSeconds().ToString()) : NoBlock(node, slot),
            2 => Spoken.Text($"\"{node.Identity}\""),
            3 => Block(node, slot),
            4 => Blocks(node, slot, parameters),
            // It says nothing of how far behind a node really is.
            5 => node.IsSyncing ? Spoken.Error(-32005, "Node is behind by 42 slots", ""","data":{"numSlotsBehind":42}""") : Spoken.Text("\"ok\""),
            _ => Spoken.Text(BlockHeight(node, node.Head).ToString()),
        };
    }

    public string Notification(in NodeView node, string subscription, string id) =>
        $$$"""{"jsonrpc":"2.0","method":"slotNotification","params":{"result":{"parent":{{{node.Head - 1}}},"root":{{{Math.Max(0, node.Head - 32)}}},"slot":{{{node.Head}}}},"subscription":0}}""";

    private static Spoken Block(in NodeView node, long slot) => !node.Has(slot)
        ? NoBlock(node, slot)
        : Spoken.Text($$"""{"blockHeight":{{BlockHeight(node, slot)}},"blockTime":{{node.Time(slot).ToUnixTimeSeconds()}},"blockhash":"{{node.Hash(slot)}}","parentSlot":{{slot - 1}},"previousBlockhash":"{{node.Hash(Math.Max(0, slot - 1))}}"}""");

    private static Spoken Blocks(in NodeView node, long from, JsonElement parameters)
    {
        var limit = parameters.GetArrayLength() > 1 && parameters[1].TryGetInt64Of(out var given) ? given : 1;
        var found = new List<long>();
        for (var slot = Math.Max(from, node.Earliest); slot <= node.Head && found.Count < limit; slot++)
            if (node.Has(slot))
                found.Add(slot);
        return Spoken.Text($"[{string.Join(',', found)}]");
    }

    private static Spoken NoBlock(in NodeView node, long slot) => slot switch
    {
        _ when slot > node.Head => Spoken.Error(-32004, $"Block not available for slot {slot}"),
        _ when slot < node.Earliest => Spoken.Error(-32001, $"Block {slot} cleaned up, does not exist on node. First available block: {node.Earliest}"),
        _ => Spoken.Error(-32007, $"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"),
    };

    private static long BlockHeight(in NodeView node, long slot) => node.Chain.SkippedEvery > 0 ? slot - (slot / node.Chain.SkippedEvery) : slot;
}
