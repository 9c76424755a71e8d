using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AltruistManager.Benchmarks.Api;

/// <summary>What the service answered, to be given again by the servers it is compared with.</summary>
internal sealed record RecordedAnswer(string Path, byte[] Body, Dictionary<string, string> Headers)
{
    /// <summary>Of an answer to a poll; other answers have none.</summary>
    [JsonIgnore]
    public long Generation => long.Parse(Headers["Altruist-Generation"], System.Globalization.CultureInfo.InvariantCulture);

    // Kestrel writes these itself.
    private static readonly string[] OfTheServer = ["Date", "Server", "Content-Length", "Transfer-Encoding", "Connection"];

    public static async Task<RecordedAnswer> RecordAsync(HttpClient http, Uri address, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(address, cancellation);
        response.EnsureSuccessStatusCode();
        var headers = Flatten(response.Headers).Concat(Flatten(response.Content.Headers))
            .Where(header => !OfTheServer.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .ToDictionary(header => header.Key, header => header.Value);
        return new RecordedAnswer(address.PathAndQuery, await response.Content.ReadAsByteArrayAsync(cancellation), headers);
    }

    public async Task SaveAsync(string file, CancellationToken cancellation) =>
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(this), cancellation);

    public static RecordedAnswer Load(string file) => JsonSerializer.Deserialize<RecordedAnswer>(File.ReadAllBytes(file))!;

    private static IEnumerable<KeyValuePair<string, string>> Flatten(HttpHeaders headers) =>
        headers.Select(header => KeyValuePair.Create(header.Key, string.Join(", ", header.Value)));
}
