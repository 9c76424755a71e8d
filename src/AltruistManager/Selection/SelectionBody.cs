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

    /// <summary>One for each thread: after a round the bodies of thousands of slots are written one after the other.</summary>
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Output, Utf8JsonWriter Json)? scratch;

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

    /// <param name="altruists">The primaries, then the standbys.</param>
    public static byte[] Write(SlotStatus slot, Chain chain, IReadOnlyList<Altruist> altruists, string origin)
    {
        var (output, json) = scratch ??= NewScratch();
        output.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteString("chain", slot.Key.Chain.Value);
        json.WriteString("region", slot.Key.Region.Value);
        json.WriteString("state", slot.State.ToString().ToLowerInvariant());
        if (slot.Primary is { } primary)
        {
            json.WritePropertyName("primary");
            WriteAltruist(json, primary, altruists[0], chain);
        }
        else
        {
            json.WriteNull("primary");
        }

        WriteAltruists(json, "primaries", slot.Primaries, altruists, 0, chain);
        WriteAltruists(json, "standbys", slot.Standbys, altruists, slot.Primaries.Count, chain);
        json.WriteNumber("requestTimeoutMs", chain.RequestTimeoutMs);
        if (altruists.Count == 0)
            json.WriteNull("selectedAt");
        else
            json.WriteString("selectedAt", Rfc3339(slot.SelectedAt));
        json.WriteString("origin", origin);
        json.WriteNumber("generation", slot.Generation);
        json.WriteString("decision", slot.Decision.ToString());
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    public static string Rfc3339(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static (ArrayBufferWriter<byte> Output, Utf8JsonWriter Json) NewScratch()
    {
        var output = new ArrayBufferWriter<byte>(4096);
        return (output, new Utf8JsonWriter(output, Compact));
    }

    /// <param name="first">Where those of the picks begin.</param>
    private static void WriteAltruists(Utf8JsonWriter json, string name, IReadOnlyList<Pick> picks, IReadOnlyList<Altruist> altruists, int first, Chain chain)
    {
        json.WriteStartArray(name);
        for (var i = 0; i < picks.Count; i++)
            WriteAltruist(json, picks[i], altruists[first + i], chain);
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
