using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;

namespace AltruistManager.Publishing;

/// <summary>Whoever wants to be called when a pick of the region changes.</summary>
public sealed class WebhookOptions : PublisherOptions
{
    internal const string SecretPrefix = "whsec_";

    [Required]
    public string Url { get; set; } = "";

    /// <summary>Shared with the receiver: <c>whsec_</c> and 24 to 64 bytes in base64.</summary>
    [Required]
    public string Secret { get; set; } = "";

    internal override string Target => AltruistUrl.Redact(Url);

    internal override string Identity => $"{base.Identity}\n{Url}";

    internal override IPublisher Create(PublisherTools tools) => new Webhook(this, tools);

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        if (Url.Length > 0)
        {
            foreach (var wrong in FindWrongUrl(nameof(Url), Url, allowHttp))
                yield return wrong;
        }

        var bytes = new byte[64];
        if (Secret.Length > 0 && !(Secret.StartsWith(SecretPrefix, StringComparison.Ordinal) && Convert.TryFromBase64String(Secret[SecretPrefix.Length..], bytes, out var length) && length >= 24))
            yield return (nameof(Secret), "must be whsec_ and 24 to 64 bytes in base64");
        if (Chains.Count > 0)
            yield return (nameof(Chains), "must be left out: a webhook is told the whole region");
    }
}

/// <summary>
/// Posts the bulk body of the region, signed as Standard Webhooks says. A message has one id however often it is tried, so that the receiver can tell a repeat.
/// </summary>
internal sealed class Webhook(WebhookOptions options, PublisherTools tools) : IPublisher
{
    private readonly byte[] key = Convert.FromBase64String(options.Secret[WebhookOptions.SecretPrefix.Length..]);

    public PublisherReach Reach => PublisherReach.Everything;

    public async Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        var now = tools.Time.GetUtcNow();
        var id = $"msg_{work.Region.Stamp.Origin}_{options.Region}_{work.Region.Stamp.Generation}";
        var timestamp = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var body = Write(work.Region, now);
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Url);
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", $"v1,{Sign(key, id, timestamp, body)}");
        request.Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse("application/json") } };
        return await tools.Http.SendAsync(request, tools.Options.Timeout, cancellation) is { } status
            ? throw new PublisherException($"it answered {status}")
            : Publication.Confirmed;
    }

    internal static string Sign(byte[] key, string id, string timestamp, byte[] body) =>
        Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]));

    private static byte[] Write(PublishedRegion region, DateTimeOffset now)
    {
        var output = new ArrayBufferWriter<byte>(region.Body.Length + 128);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type", "selections.changed");
            json.WriteString("timestamp", now.UtcDateTime);
            json.WritePropertyName("data");
            json.WriteRawValue(region.Body.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
