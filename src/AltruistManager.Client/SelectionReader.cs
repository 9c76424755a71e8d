using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>An altruist that no request is sent to, because this version could not.</summary>
/// <param name="Why">Nothing secret.</param>
internal sealed record PassedOver(string Chain, string Altruist, string Label, string Why);

/// <summary>Reads what managers say. Unknown fields are passed over, as are altruists that this version could not ask; the others stay.</summary>
internal static class SelectionReader
{
    private const int WholeWeight = 100;

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
        var chain = Text(slot, "chain");
        var passedOver = new List<PassedOver>();
        var selection = new ChainSelection(
            chain,
            Text(slot, "state") switch
            {
                "fresh" => SelectionState.Fresh,
                "fallback" => SelectionState.Fallback,
                "override" => SelectionState.Override,
                "degraded" => SelectionState.Degraded,
                "none" => SelectionState.None,
                _ => SelectionState.Other,
            },
            ReadAltruists(slot, "primaries", chain, passedOver),
            ReadAltruists(slot, "standbys", chain, passedOver),
            timeout,
            slot.TryGetProperty("selectedAt", out var at) && at.ValueKind == JsonValueKind.String ? at.GetDateTimeOffset() : null,
            Text(slot, "origin"),
            slot.GetProperty("generation").GetInt64(),
            slot.TryGetProperty("decision", out var decision) ? decision.GetString() : null,
            Encoding.UTF8.GetBytes(slot.GetRawText()));
        return passedOver.Count == 0 ? selection : selection.Without(passedOver);
    }

    private static List<Altruist> ReadAltruists(JsonElement slot, string name, string chain, List<PassedOver> passedOver)
    {
        var altruists = new List<Altruist>();
        foreach (var item in slot.GetProperty(name).EnumerateArray())
        {
            var auth = ReadAuth(item);
            if (auth is null || !CanBeSent(auth) || !Uri.TryCreate(Text(item, "url"), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                passedOver.Add(new PassedOver(chain, Name(item, "altruist"), Name(item, "label"), WhyNot(auth)));
                continue;
            }

            int? perSecond = item.TryGetProperty("limits", out var limits) && limits.TryGetProperty("rps", out var rps) && rps.ValueKind == JsonValueKind.Number ? rps.GetInt32() : null;
            altruists.Add(new Altruist(
                Text(item, "altruist"), Text(item, "provider"), Text(item, "label"), Text(item, "region"),
                ReadWeight(item), url, ReadUrls(item), auth, perSecond));
        }

        return altruists;
    }

    private static int ReadWeight(JsonElement item) =>
        !item.TryGetProperty("weight", out var weight) ? 0
        : weight.GetInt32() is >= 0 and <= WholeWeight and var percent ? percent
        : throw new FormatException("weight");

    private static FrozenDictionary<string, string> ReadUrls(JsonElement item)
    {
        if (!item.TryGetProperty("urls", out var others) || others.ValueKind != JsonValueKind.Object)
            return FrozenDictionary<string, string>.Empty;
        var urls = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var other in others.EnumerateObject())
        {
            if (!urls.TryAdd(other.Name, other.Value.GetString() ?? ""))
                throw new FormatException("urls");
        }

        return urls.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string WhyNot(AltruistAuth? auth) =>
        auth is null ? "its credentials are of a type that this version does not know"
        : !CanBeSent(auth) ? "its credentials cannot be sent in a header"
        : "its URL is not one of http or https";

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

    /// <summary>Those that cannot must be found out here, and not by each request. All others are encoded.</summary>
    private static bool CanBeSent(AltruistAuth auth) => auth.Type switch
    {
        AltruistAuthType.Bearer => CanBeSent("Authorization", auth.Secret),
        AltruistAuthType.Header => CanBeSent(auth.Name, auth.Secret),
        _ => true,
    };

    /// <summary>In a header, <see cref="SocketsHttpHandler"/> sends nothing but ASCII, and servers take no control characters.</summary>
    private static bool CanBeSent(string header, string value)
    {
        using var carrier = new HttpRequestMessage();
        return !value.AsSpan().ContainsAnyExceptInRange(' ', '~') && carrier.Headers.TryAddWithoutValidation(header, value);
    }

    /// <summary>Of whoever is passed over, whatever else is strange about it.</summary>
    private static string Name(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? throw new FormatException(name);
}
