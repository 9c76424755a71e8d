using System.Text;
using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>How nodes of one protocol tell what they know. One file per protocol, one line in <see cref="NodeLanguages"/>.</summary>
internal interface INodeLanguage
{
    /// <summary>As the manager calls the protocol.</summary>
    string Name { get; }

    /// <summary>What can be asked: JSON-RPC methods, and paths of a REST service. Counted by their place in here.</summary>
    IReadOnlyList<string> Methods { get; }

    /// <summary>In the notation that its nodes write hashes in.</summary>
    string Notation(ReadOnlySpan<byte> hash);

    /// <param name="method">A place in <see cref="Methods"/>.</param>
    /// <param name="parameters">Of JSON-RPC, or the body of a REST call; undefined where there are none.</param>
    /// <param name="path">Of a REST call as it was asked, without the node's own; empty for JSON-RPC.</param>
    Spoken Answer(in NodeView node, int method, JsonElement parameters, string path);

    /// <summary>The place of a REST call in <see cref="Methods"/>; -1 for none.</summary>
    int PlaceOf(string verb, string path) => -1;

    /// <summary>The JSON-RPC method that subscribes to new heads over a WebSocket; null where there is none.</summary>
    string? Subscribes => null;

    /// <summary>What is sent to a subscriber for a new head.</summary>
    /// <param name="id">Of the question that subscribed, as JSON.</param>
    string Notification(in NodeView node, string subscription, string id) => "";
}

/// <summary>One answer: a result as JSON, or an error.</summary>
/// <param name="Message">Null for a result.</param>
/// <param name="Details">More fields of an error, each with a comma before it.</param>
internal readonly record struct Spoken(ReadOnlyMemory<byte> Json, int Code = 0, string? Message = null, string Details = "")
{
    private static readonly byte[] NullJson = "null"u8.ToArray();

    public static Spoken Null => new(NullJson);

    public static Spoken Text(string json) => new(Encoding.UTF8.GetBytes(json));

    public static Spoken Error(int code, string message, string details = "") => new(default, code, message, details);
}

/// <summary>The languages that simulated nodes speak.</summary>
internal static class NodeLanguages
{
    private static readonly INodeLanguage[] All =
    [
        EvmLanguage.Instance,
        new SolanaLanguage(),
        new CometBftLanguage(),
        new NearLanguage(),
        new SubstrateLanguage(),
        new PocketLanguage(),
        new SuiLanguage(),
        new StarknetLanguage(),
    ];

    /// <exception cref="ArgumentException">Nobody speaks it.</exception>
    public static INodeLanguage Of(string protocol) =>
        Array.Find(All, language => language.Name == protocol) ?? throw new ArgumentException($"No simulated node speaks {protocol}.", nameof(protocol));
}
