using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>Pocket's Morse protocol, over REST.</summary>
internal sealed class PocketLanguage : INodeLanguage
{
    public string Name => "pocket";

    public IReadOnlyList<string> Methods { get; } = ["/v1/query/height", "/v1/query/block", "/v1/query/supply"];

    public string Notation(ReadOnlySpan<byte> hash) => Convert.ToHexString(hash);

    public int PlaceOf(string verb, string path) => verb == "POST" ? ((List<string>)[.. Methods]).IndexOf(path) : -1;

    public Spoken Answer(in NodeView node, int method, JsonElement parameters, string path)
    {
        var height = parameters.NumberOf("height") is { } given and > 0 ? given : node.Head;
        return method switch
        {
            0 => Spoken.Text($$"""{"height":{{node.Head}}}"""),
            1 => Block(node, height),
            _ => node.HasState(height)
                ? Spoken.Text("""{"app_staked":"1","dao":"2","node_staked":"3","total":"1650000000000000","total_staked":"4","total_unstaked":"5"}""")
                : Spoken.Error(400, $"failed to load state at height {height}"),
        };
    }

    private static Spoken Block(in NodeView node, long height) => node.Has(height)
        ? Spoken.Text($$"""{"block":{"header":{"chain_id":"{{node.Identity}}","height":"{{height}}","time":"{{Notations.Rfc3339(node.Time(height))}}","num_txs":"1","last_block_id":{"hash":"{{node.Hash(height - 1)}}"} },"data":{"txs":[{{Notations.Many(node.Chain.TransactionsPerBlock, nth => $"\"{nth:d200}\"")}}]} },"block_meta":{"block_id":{"hash":"{{node.Hash(height)}}","parts":{"hash":"00","total":"1"} },"header":{"chain_id":"{{node.Identity}}","height":"{{height}}"} } }""")
        : Spoken.Error(400, $"height {height} is not available, the lowest height is {node.Earliest} and the current blockchain height {node.Head}");
}
