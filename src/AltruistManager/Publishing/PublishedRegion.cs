using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Publishing;

/// <summary>An altruist as portals are told of it. The URL and the credentials are never printed.</summary>
/// <param name="Url">Whole: what a request is sent to.</param>
/// <param name="Urls">More by RPC type.</param>
/// <param name="IsPublic">Its owner lets the URL be told to everybody.</param>
public sealed record PublishedAltruist(string Id, string Label, string Url, IReadOnlyDictionary<string, string> Urls, EndpointAuth Auth, bool IsPublic)
{
    internal static PublishedAltruist Of(Altruist altruist, Chain chain) => new(
        altruist.Id.Value, altruist.Label, AltruistUrl.WithPath(altruist.Url, chain.Path), altruist.Urls, altruist.Auth, altruist.Visibility == AltruistVisibility.Public);

    public override string ToString() => Id;

    internal static PublishedAltruist Read(JsonElement json) => new(
        json.GetProperty("altruist").GetString()!,
        json.GetProperty("label").GetString()!,
        json.GetProperty("url").GetString()!,
        json.GetProperty("urls").EnumerateObject().ToDictionary(url => url.Name, url => url.Value.GetString()!),
        ReadAuth(json.GetProperty("auth")),
        json.TryGetProperty("visibility", out var visibility) && visibility.ValueEquals("public"));

    private static EndpointAuth ReadAuth(JsonElement json)
    {
        return json.GetProperty("type").GetString() switch
        {
            "none" => EndpointAuth.None,
            "basic" => new EndpointAuth(AuthKind.Basic, Text("username"), Text("password")),
            "bearer" => new EndpointAuth(AuthKind.Bearer, "", Text("token")),
            "header" => new EndpointAuth(AuthKind.Header, Text("name"), Text("value")),
            "query" => new EndpointAuth(AuthKind.Query, Text("name"), Text("value")),
            var other => throw new JsonException($"'{other}' is no type of credentials."),
        };

        string Text(string field) => json.GetProperty(field).GetString()!;
    }
}

/// <param name="Generation">That last changed it.</param>
/// <param name="Picks">The primaries, newest first, then the standbys in their order; empty where nobody may be used.</param>
internal sealed record PublishedSlot(string Chain, long Generation, IReadOnlyList<PublishedAltruist> Picks, int Primaries);

/// <summary>Which state of a region it is; comparable within one origin.</summary>
public readonly record struct PickStamp(string Origin, long Generation)
{
    /// <summary>Of a bulk body; reads no further than its head.</summary>
    public static PickStamp Of(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        string? origin = null;
        long? generation = null;
        while ((origin is null || generation is null) && json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName)
                continue;
            var isOrigin = json.ValueTextEquals("origin");
            var isGeneration = json.ValueTextEquals("generation");
            json.Read();
            if (isOrigin)
                origin = json.GetString();
            else if (isGeneration)
                generation = json.GetInt64();
            else
                json.Skip();
        }

        return new PickStamp(origin ?? throw new JsonException("A bulk body names its origin."), generation ?? throw new JsonException("A bulk body names its generation."));
    }
}

/// <summary>What the bulk call says of a region.</summary>
/// <param name="Body">As it was told; holds secrets.</param>
internal sealed record PublishedRegion(PickStamp Stamp, IReadOnlyDictionary<string, PublishedSlot> Slots, IReadOnlySet<string> Revoked, ReadOnlyMemory<byte> Body)
{
    /// <param name="chains">Those to be read; the rest is passed over.</param>
    public static PublishedRegion Read(ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> chains)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var slots = new Dictionary<string, PublishedSlot>();
        foreach (var slot in root.GetProperty("selections").EnumerateArray())
        {
            var chain = slot.GetProperty("chain").GetString()!;
            if (!chains.ContainsKey(chain))
                continue;
            var primaries = slot.GetProperty("primaries").EnumerateArray().Select(PublishedAltruist.Read).ToList();
            var standbys = slot.GetProperty("standbys").EnumerateArray().Select(PublishedAltruist.Read);
            slots[chain] = new PublishedSlot(chain, slot.GetProperty("generation").GetInt64(), [.. primaries, .. standbys], primaries.Count);
        }

        return new PublishedRegion(
            new PickStamp(root.GetProperty("origin").GetString()!, root.GetProperty("generation").GetInt64()),
            slots,
            root.GetProperty("revoked").EnumerateArray().Select(id => id.GetString()!).ToHashSet(),
            body);
    }
}
