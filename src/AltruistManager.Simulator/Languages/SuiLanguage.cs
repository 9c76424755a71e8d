using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AltruistManager.Simulator.Languages;

/// <summary>Sui's GraphQL RPC, as far as it is asked: the newest checkpoint, and one by its number.</summary>
internal sealed partial class SuiLanguage : INodeLanguage
{
    public string Name => "sui";

    public IReadOnlyList<string> Methods { get; } = ["GraphQL"];

    [GeneratedRegex(@"checkpoint\(sequenceNumber: (?<number>\d+)\)", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Numbered { get; }

    public string Notation(ReadOnlySpan<byte> hash) => Notations.Base58(hash);

    public int PlaceOf(string verb, string path) => verb == "POST" && path is "" or "/" ? 0 : -1;

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path)
    {
        var query = parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty("query", out var given) ? given.GetString()! : "";
        var height = Numbered.Match(query) is { Success: true } match ? long.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) : node.Head;
        var identifier = query.Contains("chainIdentifier", StringComparison.Ordinal) ? $"\"chainIdentifier\":\"{node.Identity}\"," : "";
        return Spoken.Text($$"""{"data":{{{identifier}}"checkpoint":{{(node.Has(height) ? Checkpoint(node, height) : "null")}}} }""");
    }

    private static string Checkpoint(in NodeView node, long number) =>
        $$"""{"sequenceNumber":{{number}},"digest":"{{node.Hash(number)}}","timestamp":"{{Notations.Rfc3339(node.Time(number))}}"}""";
}
