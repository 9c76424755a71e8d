using System.Numerics;

namespace AltruistManager.Simulator.Languages;

/// <summary>In which digits protocols write bytes and times.</summary>
internal static class Notations
{
    private const string Base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    public static string Base58(ReadOnlySpan<byte> bytes)
    {
        var number = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var text = "";
        for (; !number.IsZero; number /= 58)
            text = Base58Digits[(int)(number % 58)] + text;
        return new string('1', bytes.Length - bytes.TrimStart((byte)0).Length) + text;
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>So many JSON values in a list.</summary>
    public static string Many(int count, Func<int, string> value) => string.Join(',', Enumerable.Range(0, count).Select(value));

    /// <summary>With nanoseconds, as Go and Rust write it.</summary>
    public static string Rfc3339(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'");
}
