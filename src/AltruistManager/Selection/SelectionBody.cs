using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>The JSON a portal gets for a slot (contract 3.1), and what of a chain or altruist it depends on.</summary>
internal static class SelectionBody
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Whether portals would be told the same of it.</summary>
    public static bool Same(Chain? left, Chain? right) =>
        left?.Path == right?.Path && left?.RequestTimeoutMs == right?.RequestTimeoutMs;

    /// <inheritdoc cref="Same(Chain?, Chain?)"/>
    public static bool Same(Altruist left, Altruist right) =>
        left.Id == right.Id
        && left.Provider == right.Provider
        && left.Label == right.Label
        && left.Url == right.Url
        && left.Auth == right.Auth
        && left.CapacityRps == right.CapacityRps
        && left.Visibility == right.Visibility
        && left.Urls.Count == right.Urls.Count
        && left.Urls.All(url => right.Urls.GetValueOrDefault(url.Key) == url.Value);

    /// <summary>What a slot's body is written with.</summary>
    public static Utf8JsonWriter WriterOf(IBufferWriter<byte> output) => new(output, Compact);

    /// <param name="altruists">Of <see cref="SlotMemory.Picks"/>, in the same order.</param>
    public static byte[] Write(SlotMemory slot, Chain chain, IReadOnlyList<Altruist> altruists, string origin)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = WriterOf(output))
            Write(json, slot, chain, altruists, origin);
        return output.WrittenSpan.ToArray();
    }

    /// <inheritdoc cref="Write(SlotMemory, Chain, IReadOnlyList{Altruist}, string)"/>
    public static void Write(Utf8JsonWriter json, SlotMemory slot, Chain chain, IReadOnlyList<Altruist> altruists, string origin)
    {
        json.WriteStartObject();
        json.WriteString("chain", slot.Key.Chain.Value);
        json.WriteString("region", slot.Key.Region.Value);
        json.WriteString("state", slot.State.ToString().ToLowerInvariant());
        if (altruists.Count == 0)
        {
            json.WriteNull("primary");
        }
        else
        {
            json.WritePropertyName("primary");
            WriteAltruist(json, slot.Picks[0], altruists[0], chain);
        }

        WriteAltruists(json, "primaries", slot, altruists, chain, static pick => pick.Weight > 0);
        WriteAltruists(json, "standbys", slot, altruists, chain, static pick => pick.Weight == 0);
        json.WriteNumber("requestTimeoutMs", chain.RequestTimeoutMs);
        if (altruists.Count == 0)
            json.WriteNull("selectedAt");
        else
            json.WriteString("selectedAt", Rfc3339(slot.SelectedAt));
        json.WriteString("origin", origin);
        json.WriteNumber("generation", slot.Generation);
        json.WriteString("decision", slot.Decision.ToString());
        json.WriteEndObject();
    }

    public static string Rfc3339(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static void WriteAltruists(Utf8JsonWriter json, string name, SlotMemory slot, IReadOnlyList<Altruist> altruists, Chain chain, Predicate<Pick> which)
    {
        json.WriteStartArray(name);
        for (var i = 0; i < altruists.Count; i++)
        {
            if (which(slot.Picks[i]))
                WriteAltruist(json, slot.Picks[i], altruists[i], chain);
        }

        json.WriteEndArray();
    }

    private static void WriteAltruist(Utf8JsonWriter json, Pick pick, Altruist altruist, Chain chain)
    {
        json.WriteStartObject();
        json.WriteString("altruist", altruist.Id.Value);
        json.WriteString("provider", altruist.Provider.Value);
        json.WriteString("label", altruist.Label);
        json.WriteString("region", pick.Region.Value);
        if (pick.Weight > 0)
            json.WriteNumber("weight", pick.Weight);
        json.WriteString("url", AltruistUrl.WithPath(altruist.Url, chain.Path));
        json.WriteStartObject("urls");
        if (altruist.Urls.Count > 0)
        {
            foreach (var (type, url) in altruist.Urls.OrderBy(url => url.Key, StringComparer.Ordinal))
                json.WriteString(type, url);
        }

        json.WriteEndObject();
        WriteAuth(json, altruist.Auth);
        json.WriteStartObject("limits");
        if (altruist.CapacityRps is { } rps)
            json.WriteNumber("rps", rps);
        else
            json.WriteNull("rps");
        json.WriteEndObject();
        if (altruist.Visibility == AltruistVisibility.Public)
            json.WriteString("visibility", "public");
        json.WriteEndObject();
    }

    private static void WriteAuth(Utf8JsonWriter json, EndpointAuth auth)
    {
        json.WriteStartObject("auth");
        json.WriteString("type", auth.ToString());
        var (name, secret) = auth.Kind switch
        {
            AuthKind.Basic => ("username", "password"),
            AuthKind.Bearer => (null, "token"),
            AuthKind.Header or AuthKind.Query => ("name", "value"),
            _ => (null, (string?)null),
        };
        if (name is not null)
            json.WriteString(name, auth.Name);
        if (secret is not null)
            json.WriteString(secret, auth.Secret);
        json.WriteEndObject();
    }
}
