using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Transparency;

/// <summary>A public key and from which entry on it signed; until the next one began.</summary>
public sealed record LogKey
{
    public required string Origin { get; init; }

    /// <summary>The first entry that it signed.</summary>
    public required long FromGeneration { get; init; }

    /// <summary>SubjectPublicKeyInfo (DER) in base64.</summary>
    public required string PublicKey { get; init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo in lower-case hex.</summary>
    public string Id => IdOf(PublicKey);

    public string Pem => PemEncoding.WriteString("PUBLIC KEY", Convert.FromBase64String(PublicKey)) + "\n";

    public static string IdOf(string publicKey) => Convert.ToHexStringLower(SHA256.HashData(Convert.FromBase64String(publicKey)));

    /// <summary>The one that signs the entry of this generation; null before the first.</summary>
    /// <param name="keys">Oldest first.</param>
    public static LogKey? Of(IReadOnlyList<LogKey> keys, long generation) => keys.LastOrDefault(key => key.FromGeneration <= generation);

    /// <returns>Null when it is no key of this kind.</returns>
    internal ECDsa? Open()
    {
        var key = ECDsa.Create();
        try
        {
            var bytes = Convert.FromBase64String(PublicKey);
            key.ImportSubjectPublicKeyInfo(bytes, out var read);
            // Only the one way to write it is taken.
            if (read == bytes.Length && key.KeySize == 256 && Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()) == PublicKey)
                return key;
        }
        catch (Exception malformed) when (malformed is CryptographicException or FormatException)
        {
            // Told by the null.
        }

        key.Dispose();
        return null;
    }

    internal static bool IsSigned(ECDsa key, LogHeader header)
    {
        if (header.Signature is not { } text)
            return false;
        try
        {
            var signature = Convert.FromBase64String(text);
            return Convert.ToBase64String(signature) == text
                && key.VerifyData(Encoding.UTF8.GetBytes(header.ToText()), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
