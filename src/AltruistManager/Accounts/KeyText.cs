using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Accounts;

/// <summary>How a key is written: <c>am_&lt;id&gt;_&lt;secret&gt;</c>. The prefix lets scanners find leaked keys, the id is no secret.</summary>
public static class KeyText
{
    public const string Prefix = "am_";

    private const int IdLength = 16;
    private const int SecretLength = 43;

    /// <summary>A new key with 256 random bits.</summary>
    public static (string Text, string Id, byte[] SecretHash) Create()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength / 2));
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var hash = new byte[SHA256.HashSizeInBytes];
        Hash(secret, hash);
        return ($"{Prefix}{id}_{secret}", id, hash);
    }

    /// <summary>Takes a key apart without copying it; false when it cannot be one of ours.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ReadOnlySpan<char> id, out ReadOnlySpan<char> secret)
    {
        id = secret = default;
        if (text.Length != Prefix.Length + IdLength + 1 + SecretLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length + IdLength] != '_')
            return false;
        id = text.Slice(Prefix.Length, IdLength);
        secret = text[^SecretLength..];
        return true;
    }

    /// <param name="secret">Of the length that <see cref="TryParse"/> gives.</param>
    public static void Hash(ReadOnlySpan<char> secret, Span<byte> hash)
    {
        Span<byte> utf8 = stackalloc byte[SecretLength * 3];
        var length = Encoding.UTF8.GetBytes(secret, utf8);
        SHA256.HashData(utf8[..length], hash);
    }
}
