using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Altruists;

/// <summary>Where an altruist is reached, and with what.</summary>
public sealed record Endpoint
{
    public required string Url { get; init; }

    public IReadOnlyDictionary<string, string> Urls { get; init; } = Altruist.NoUrls;

    public EndpointAuth Auth { get; init; } = EndpointAuth.None;

    /// <inheritdoc cref="Altruist.MayBePrivate"/>
    public required bool MayBePrivate { get; init; }

    /// <inheritdoc cref="Altruist.Attested"/>
    public required bool Attested { get; init; }

    /// <summary>Tells two endpoints apart without saying what they are: 32 hex digits of a SHA-256 over URL and credentials.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Url}\n{Auth.Kind}\n{Auth.Name}\n{Auth.Secret}")).AsSpan(0, 16));
}
