using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Probing.Checks;

/// <summary>
/// Which URLs a check asked: what was found there says nothing of others. The first 16 bytes of a SHA-256, which tell places apart without saying where they are; as text 32 hex digits.
/// </summary>
public readonly record struct CheckPlace
{
    private readonly UInt128 hash;

    private CheckPlace(UInt128 hash) => this.hash = hash;

    public static CheckPlace Of(IEnumerable<string> urls) => new(BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', urls)))));

    /// <summary>What is no place is none: whatever was found there is asked again.</summary>
    public static CheckPlace Parse(string text) => UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? new(hash) : default;

    public override string ToString() => hash.ToString("x32", CultureInfo.InvariantCulture);
}
