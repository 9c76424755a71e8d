using System.Buffers.Binary;
using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal sealed class SubstrateLanguage : INodeLanguage
{
    public string Name => "substrate";

    public IReadOnlyList<string> Methods { get; } = ["chain_getHeader", "state_getStorage", "chain_getBlockHash", "system_health"];

    public string? Subscribes => "chain_subscribeNewHeads";

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Hex(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Spoken.Text(Header(node)),
        1 => Spoken.Text($"\"{Now(node)}\""),
        2 => Hash(node, parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 0 && parameters[0].TryGetInt64Of(out var height) ? height : node.Head),
        _ => Spoken.Text($$"""{"peers":0,"isSyncing":{{(node.IsSyncing ? "true" : "false")}},"shouldHavePeers":true}"""),
    };

    public string Notification(in NodeView node, string subscription, string id) =>
        $$"""{"jsonrpc":"2.0","method":"chain_newHead","params":{"subscription":"{{subscription}}","result":{{Header(node)}}} }""";

    private static string Header(in NodeView node) =>
        $$"""{"parentHash":"{{node.Hash(Math.Max(0, node.Head - 1))}}","number":"0x{{node.Head:x}}","stateRoot":"{{node.Hash(node.Head)}}","extrinsicsRoot":"{{node.Hash(node.Head)}}","digest":{"logs":["0x0642414245"]} }""";

    private static string Now(in NodeView node)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, node.Time(node.Head).ToUnixTimeMilliseconds());
        return Notations.Hex(bytes);
    }

    private static Spoken Hash(in NodeView node, long height) =>
        height == 0 ? Spoken.Text($"\"{node.Identity}\"") : node.Has(height) ? Spoken.Text($"\"{node.Hash(height)}\"") : Spoken.Null;
}
