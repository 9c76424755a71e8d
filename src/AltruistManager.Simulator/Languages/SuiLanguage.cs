using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>Sui: heights are checkpoints.</summary>
internal sealed class SuiLanguage : INodeLanguage
{
    public string Name => "sui";

    public IReadOnlyList<string> Methods { get; } = ["sui_getLatestCheckpointSequenceNumber", "sui_getCheckpoint", "sui_getChainIdentifier"];

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Base58(hash);

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path) => method switch
    {
        0 => Spoken.Text($"\"{node.Head}\""),
        1 => Checkpoint(node, parameters.ValueKind == JsonValueKind.Array && parameters.GetArrayLength() > 0 && parameters[0].TryGetInt64Of(out var number) ? number : -1),
        _ => Spoken.Text($"\"{node.Identity}\""),
    };

    private static Spoken Checkpoint(in NodeView node, long number) => node.Has(number)
        ? Spoken.Text($$"""{"epoch":"500","sequenceNumber":"{{number}}","digest":"{{node.Hash(number)}}","networkTotalTransactions":"1","previousDigest":"{{node.Hash(Math.Max(0, number - 1))}}","timestampMs":"{{node.Time(number).ToUnixTimeMilliseconds()}}","transactions":["x"],"checkpointCommitments":[],"validatorSignature":"AA=="}""")
        : Spoken.Error(-32602, $"Verified checkpoint not found for sequence number {number}");
}
