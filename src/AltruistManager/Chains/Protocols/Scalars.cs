using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace AltruistManager.Chains.Protocols;

/// <summary>Reads the notations that nodes write numbers, times and hashes in. Strict: what is not quite right is null, never a guess.</summary>
internal static class Scalars
{
    private const long LastSecond = 253_402_300_799;

    private const string Base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");
    private static readonly SearchValues<char> Base58Digits = SearchValues.Create(Base58);

    /// <summary>A non-negative number in hexadecimal with 0x before it.</summary>
    public static long? Hex(string? text) =>
        text is { Length: <= 18 } && IsHex(text) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value >= 0 ? value : null;

    /// <summary>A non-negative number in decimal.</summary>
    public static long? Decimal(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    public static long? Number(string? text) => text is ['0', 'x', ..] ? Hex(text) : Decimal(text);

    /// <summary>A number of any width, in decimal without leading zeros.</summary>
    public static string? WholeNumber(string? text)
    {
        if (text is null or { Length: 0 or > 78 })
            return null;
        if (IsHex(text))
            return BigInteger.Parse($"0{text.AsSpan(2)}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return text.All(char.IsAsciiDigit) ? BigInteger.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : null;
    }

    /// <summary>32 bytes in hexadecimal with 0x before it; in lower case.</summary>
    public static string? Hash(string? text) => text is { Length: 66 } && IsHex(text) ? text.ToLowerInvariant() : null;

    /// <summary>32 bytes in hexadecimal without anything before it; in lower case.</summary>
    public static string? BareHash(string? text) => text is { Length: 64 } && !text.AsSpan().ContainsAnyExcept(HexDigits) ? text.ToLowerInvariant() : null;

    /// <summary>32 bytes in base 58, whose digits have a case.</summary>
    public static string? Base58Hash(string? text) => text is { Length: >= 32 and <= 44 } && !text.AsSpan().ContainsAnyExcept(Base58Digits) ? text : null;

    /// <summary>Those 32 bytes.</summary>
    public static byte[]? Base58Bytes(string? text)
    {
        if (Base58Hash(text) is null)
            return null;
        var number = BigInteger.Zero;
        foreach (var digit in text!)
            number = (number * 58) + Base58.IndexOf(digit, StringComparison.Ordinal);
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return bytes.Length <= 32 ? [.. new byte[32 - bytes.Length], .. bytes] : null;
    }

    public static DateTimeOffset? Seconds(long? seconds) => seconds is >= 0 and <= LastSecond ? DateTimeOffset.FromUnixTimeSeconds(seconds.Value) : null;

    public static DateTimeOffset? Milliseconds(long? milliseconds) => milliseconds is >= 0 and <= LastSecond * 1000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.Value) : null;

    /// <summary>RFC 3339, to the nanosecond as Go and Rust write it.</summary>
    public static DateTimeOffset? Rfc3339(string? text) =>
        text is { Length: >= 20 and <= 40 } && text[10] is 'T' or 't'
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    /// <summary>A SCALE-encoded u64, as it stands in storage: eight bytes, the least first.</summary>
    public static long? Scale64(string? text)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (text is not { Length: 18 } || !IsHex(text) || Convert.FromHexString(text.AsSpan(2), bytes, out _, out _) != OperationStatus.Done)
            return null;
        var value = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return value >= 0 ? value : null;
    }

    public static bool IsHex(string text) =>
        text.Length > 2 && text.StartsWith("0x", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAnyExcept(HexDigits);
}
