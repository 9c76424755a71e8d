using System.Buffers.Binary;
using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal sealed class SubstrateLanguage : INodeLanguage
{
    /// <summary>As many as nodes that prune keep.</summary>
    private const long KeptStates = 256;

    public string Name => "substrate";

    public IReadOnlyList<string> Methods { get; } = ["chain_getHeader", "state_getStorage", "chain_getBlockHash", "system_health"];

    public string? Subscribes => "chain_subscribeNewHeads";

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Hex(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Spoken.Text(Header(node)),
        1 => Now(node, parameters),
        2 => Hash(node, parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 0 && parameters[0].TryGetInt64Of(out var height) ? height : node.Head),
        _ => Spoken.Text($$"""{"peers":0,"isSyncing":{{(node.IsSyncing ? "true" : "false")}},"shouldHavePeers":true}"""),
    };

    public string Notification(in NodeView node, string subscription, string id) =>
        $$"""{"jsonrpc":"2.0","method":"chain_newHead","params":{"subscription":"{{subscription}}","result":{{Header(node)}}} }""";

    private static string Header(in NodeView node) =>
        $$"""{"parentHash":"{{node.Hash(Math.Max(0, node.Head - 1))}}","number":"0x{{node.Head:x}}","stateRoot":"{{node.Hash(node.Head)}}","extrinsicsRoot":"{{node.Hash(node.Head)}}","digest":{"logs":["0x0642414245"]} }""";

    /// <summary>The timestamp in the state of a block, named by its hash; of the newest where none is named.</summary>
    private static Spoken Now(in NodeView node, JsonElement parameters)
    {
        var height = node.Head;
        if (parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 1)
        {
            var hash = parameters[1].GetString();
            while (height > 0 && height > node.Head - KeptStates && node.Hash(height) != hash)
                height--;
            if (node.Hash(height) != hash)
                return Spoken.Error(4003, "Client error: UnknownBlock: Header was not found in the database");
        }

        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, node.Time(height).ToUnixTimeMilliseconds());
        return Spoken.Text($"\"{Notations.Hex(bytes)}\"");
    }

    private static Spoken Hash(in NodeView node, long height) =>
        height == 0 ? Spoken.Text($"\"{node.Identity}\"") : node.Has(height) ? Spoken.Text($"\"{node.Hash(height)}\"") : Spoken.Null;
}
