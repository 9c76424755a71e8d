using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>All picks of a region as a manager told them. Immutable.</summary>
public sealed class SelectionSet
{
    private readonly Dictionary<string, ChainSelection> byChain;

    internal SelectionSet(string region, string origin, long generation, IReadOnlyList<ChainSelection> selections, IReadOnlyList<string> revoked, ReadOnlyMemory<byte> body)
    {
        Region = region;
        Origin = origin;
        Revoked = revoked;
        Body = body;
        var dropped = revoked.ToHashSet(StringComparer.Ordinal);
        Selections = [.. selections.Select(selection => selection.Without(dropped))];
        byChain = new Dictionary<string, ChainSelection>(Selections.Count, StringComparer.Ordinal);
        Generation = generation;
        foreach (var selection in Selections)
        {
            byChain[selection.Chain] = selection;
            Generation = Math.Max(Generation, selection.Generation);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body.Span, hash);
        ETag = $"\"{Convert.ToHexStringLower(hash[..16])}\"";
    }

    /// <summary>The region they are for.</summary>
    public string Region { get; }

    /// <summary>Id of the database they come from.</summary>
    public string Origin { get; }

    /// <summary>The greatest that changed a pick or the revoked ones; comparable within one origin.</summary>
    public long Generation { get; }

    /// <summary>One for each chain, in the order of their ids.</summary>
    public IReadOnlyList<ChainSelection> Selections { get; }

    /// <summary>Ids of altruists that must not be used even as last good; they are in none of <see cref="Selections"/>.</summary>
    public IReadOnlyList<string> Revoked { get; }

    /// <summary>The bulk body of the managers' API (UTF-8 JSON). Holds secrets.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>A hash of <see cref="Body"/> in quotes, as managers make it.</summary>
    public string ETag { get; }

    /// <summary>The pick of a chain; null for an unknown one.</summary>
    /// <param name="chain">Its id.</param>
    public ChainSelection? Find(string chain) => byChain.GetValueOrDefault(chain);

    /// <summary>Region, origin and generation; nothing secret.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Region} of {Origin} at {Generation}");

    /// <summary>Those of all chains that no request could be sent to.</summary>
    internal IEnumerable<PassedOver> PassedOver => Selections.SelectMany(selection => selection.PassedOver);

    /// <summary>With these picks in place of those of the same chains.</summary>
    internal SelectionSet With(IReadOnlyCollection<ChainSelection> changed, long generation)
    {
        var chains = changed.Select(selection => selection.Chain).ToHashSet(StringComparer.Ordinal);
        ChainSelection[] all = [.. Selections.Where(selection => !chains.Contains(selection.Chain)).Concat(changed).OrderBy(selection => selection.Chain, StringComparer.Ordinal)];
        generation = Math.Max(Math.Max(Generation, generation), changed.Max(selection => selection.Generation));
        return new SelectionSet(Region, Origin, generation, all, Revoked, Write(all, generation));
    }

    private byte[] Write(IReadOnlyList<ChainSelection> all, long generation)
    {
        var output = new ArrayBufferWriter<byte>(256 + all.Sum(selection => selection.Body.Length + 1));
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("region", Region);
            json.WriteString("origin", Origin);
            json.WriteNumber("generation", generation);
            json.WriteStartArray("selections");
            foreach (var selection in all)
                json.WriteRawValue(selection.Body.Span, skipInputValidation: true);
            json.WriteEndArray();
            json.WriteStartArray("revoked");
            foreach (var altruist in Revoked)
                json.WriteStringValue(altruist);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
