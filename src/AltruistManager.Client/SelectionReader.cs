using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>Reads what managers say. Unknown fields are passed over, as are altruists that this version could not ask.</summary>
internal static class SelectionReader
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <param name="body">The bulk body.</param>
    /// <exception cref="InvalidDataException">It is none; the message holds nothing of it.</exception>
    public static SelectionSet ReadSet(ReadOnlyMemory<byte> body) => Guarded(body, static (root, whole) =>
    {
        var selections = root.GetProperty("selections").EnumerateArray().Select(ReadSelection).ToList();
        var origin = Text(root, "origin");
        if (selections.Exists(selection => selection.Origin != origin))
            throw new InvalidDataException("a pick is of another origin than the whole");
        return new SelectionSet(
            Text(root, "region"), origin, root.GetProperty("generation").GetInt64(), selections,
            root.TryGetProperty("revoked", out var revoked) ? [.. revoked.EnumerateArray().Select(id => id.GetString()!)] : [], whole);
    });

    /// <param name="body">The body of one slot.</param>
    /// <exception cref="InvalidDataException">It is none; the message holds nothing of it.</exception>
    public static ChainSelection ReadSelection(ReadOnlyMemory<byte> body) => Guarded(body, static (root, _) => ReadSelection(root));

    private static T Guarded<T>(ReadOnlyMemory<byte> body, Func<JsonElement, ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return read(document.RootElement, body);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"the picks are not in the form of the API ({malformed.GetType().Name})", malformed);
        }
    }

    private static ChainSelection ReadSelection(JsonElement slot)
    {
        var timeout = slot.TryGetProperty("requestTimeoutMs", out var ms) && ms.TryGetInt32(out var given) && given > 0 ? TimeSpan.FromMilliseconds(given) : DefaultTimeout;
        return new ChainSelection(
            Text(slot, "chain"),
            Text(slot, "state") switch
            {
                "fresh" => SelectionState.Fresh,
                "fallback" => SelectionState.Fallback,
                "override" => SelectionState.Override,
                "degraded" => SelectionState.Degraded,
                "none" => SelectionState.None,
                _ => SelectionState.Other,
            },
            ReadAltruists(slot, "primaries"),
            ReadAltruists(slot, "standbys"),
            timeout,
            slot.TryGetProperty("selectedAt", out var at) && at.ValueKind == JsonValueKind.String ? at.GetDateTimeOffset() : null,
            Text(slot, "origin"),
            slot.GetProperty("generation").GetInt64(),
            slot.TryGetProperty("decision", out var decision) ? decision.GetString() : null,
            Encoding.UTF8.GetBytes(slot.GetRawText()));
    }

    private static List<Altruist> ReadAltruists(JsonElement slot, string name)
    {
        var altruists = new List<Altruist>();
        foreach (var item in slot.GetProperty(name).EnumerateArray())
        {
            if (ReadAuth(item) is not { } auth || !Uri.TryCreate(Text(item, "url"), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                continue;
            var urls = item.TryGetProperty("urls", out var others) && others.ValueKind == JsonValueKind.Object
                ? others.EnumerateObject().ToFrozenDictionary(other => other.Name, other => other.Value.GetString() ?? "")
                : FrozenDictionary<string, string>.Empty;
            int? perSecond = item.TryGetProperty("limits", out var limits) && limits.TryGetProperty("rps", out var rps) && rps.ValueKind == JsonValueKind.Number ? rps.GetInt32() : null;
            altruists.Add(new Altruist(
                Text(item, "altruist"), Text(item, "provider"), Text(item, "label"), Text(item, "region"),
                item.TryGetProperty("weight", out var weight) ? weight.GetInt32() : 0, url, urls, auth, perSecond));
        }

        return altruists;
    }

    /// <returns>Null for a type that this version does not know.</returns>
    private static AltruistAuth? ReadAuth(JsonElement item)
    {
        if (!item.TryGetProperty("auth", out var auth))
            return null;
        return Text(auth, "type") switch
        {
            "none" => new AltruistAuth(AltruistAuthType.None, "", ""),
            "basic" => new AltruistAuth(AltruistAuthType.Basic, Text(auth, "username"), Text(auth, "password")),
            "bearer" => new AltruistAuth(AltruistAuthType.Bearer, "", Text(auth, "token")),
            "header" => new AltruistAuth(AltruistAuthType.Header, Text(auth, "name"), Text(auth, "value")),
            "query" => new AltruistAuth(AltruistAuthType.Query, Text(auth, "name"), Text(auth, "value")),
            _ => null,
        };
    }

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? throw new FormatException(name);
}
