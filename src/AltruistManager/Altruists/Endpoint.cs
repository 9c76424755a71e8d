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

    /// <summary>
    /// Tells two endpoints apart without saying what they are: 32 hex digits of a SHA-256 over URL and credentials, with a salt that is stored encrypted with these,
    /// so that nobody who reads the database without the key ring can try passwords.
    /// </summary>
    public string Fingerprint => FingerprintOf(Url, Auth);

    /// <inheritdoc cref="Fingerprint"/>
    public static string FingerprintOf(string url, EndpointAuth auth) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{url}\n{auth.Kind}\n{auth.Name}\n{auth.Secret}{(auth.Salt.Length == 0 ? "" : $"\n{auth.Salt}")}")).AsSpan(0, 16));

    /// <param name="path">Of the chain, behind the URL.</param>
    internal static string PlaceOf(string fingerprint, string path) => path.Length == 0 ? fingerprint : $"{fingerprint}{path}";

    /// <summary>Never printed: the text form tells it apart and no more.</summary>
    public override string ToString() => Fingerprint;
}
