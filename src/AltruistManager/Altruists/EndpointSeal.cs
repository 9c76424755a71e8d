using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>Why an altruist's endpoint is not known although it has one, in words.</summary>
/// <param name="UrlKey">Hash of the URL, by which it is known again.</param>
public sealed record Undecryptable(string Reason, string? UrlKey)
{
    public override string ToString() => $"its endpoint cannot be decrypted: {Reason}";
}

/// <summary>Encrypts all that is secret of an altruist as one text: URLs, credentials, and those of before while they are in service.</summary>
public sealed partial class EndpointSeal(KeyRing ring)
{
    private const string Purpose = "AltruistManager.Endpoint.1";

    public string Seal(Altruist altruist)
    {
        var body = new Body(altruist.Id.Value, Part.Of(altruist.Endpoint), altruist.Serving is { } serving ? Part.Of(serving) : null);
        return Convert.ToBase64String(ring.Protect(Purpose, JsonSerializer.SerializeToUtf8Bytes(body, BodyJson.Default.Body)));
    }

    /// <summary>For one pass over many.</summary>
    public Opener Open() => new(ring, ring.Reader(Purpose));

    public sealed class Opener(KeyRing ring, Func<byte[], byte[]> read)
    {
        /// <summary>The altruist with the endpoint that was sealed; without one, and saying why, where it cannot be decrypted.</summary>
        /// <param name="altruist">With everything else.</param>
        /// <param name="urlKey">What is stored as the hash of its URL.</param>
        public Altruist Into(Altruist altruist, string text, string? urlKey)
        {
            try
            {
                var body = JsonSerializer.Deserialize(read(Convert.FromBase64String(text)), BodyJson.Default.Body)!;
                // What was encrypted for one is not moved to another by copying it in the database.
                return body.Id != altruist.Id.Value
                    ? altruist with { Undecryptable = new Undecryptable("it belongs to another altruist", urlKey) }
                    : altruist with { Url = body.Said.Url, Urls = body.Said.Urls ?? Altruist.NoUrls, Auth = body.Said.ToAuth(), Serving = body.Serving?.ToEndpoint() };
            }
            catch (Exception failed) when (failed is CryptographicException or FormatException or JsonException)
            {
                return altruist with { Undecryptable = new Undecryptable(ring.Explain(failed), urlKey) };
            }
        }
    }

    internal sealed record Body(string Id, Part Said, Part? Serving);

    /// <param name="MayBePrivate">As <paramref name="Attested"/>, of the endpoint of before; those of the newest stand in columns.</param>
    internal sealed record Part(string Url, IReadOnlyDictionary<string, string>? Urls, AuthKind Kind, string? Name, string? Secret, bool MayBePrivate, bool Attested, string? Salt = null)
    {
        public static Part Of(Endpoint endpoint) => new(
            endpoint.Url,
            endpoint.Urls.Count == 0 ? null : endpoint.Urls,
            endpoint.Auth.Kind,
            endpoint.Auth.Name.Length == 0 ? null : endpoint.Auth.Name,
            endpoint.Auth.Secret.Length == 0 ? null : endpoint.Auth.Secret,
            endpoint.MayBePrivate,
            endpoint.Attested,
            // Versions before had none.
            endpoint.Auth.Kind == AuthKind.None ? null : endpoint.Auth.Salt.Length > 0 ? endpoint.Auth.Salt : AuthDraft.NewSalt());

        public EndpointAuth ToAuth() => Kind == AuthKind.None ? EndpointAuth.None : new EndpointAuth(Kind, Name ?? "", Secret ?? "") { Salt = Salt ?? "" };

        public Endpoint ToEndpoint() => new() { Url = Url, Urls = Urls ?? Altruist.NoUrls, Auth = ToAuth(), MayBePrivate = MayBePrivate, Attested = Attested };
    }

    [JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true)]
    [JsonSerializable(typeof(Body))]
    private sealed partial class BodyJson : JsonSerializerContext;
}
