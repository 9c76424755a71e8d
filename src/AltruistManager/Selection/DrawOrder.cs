using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>
/// The order drawn anew each window among those with equally many turns (design 5.5). It follows from the public log, so that nobody
/// can choose it and everybody can check it.
/// </summary>
public static class DrawOrder
{
    public const int SeedBytes = 32;

    /// <summary>The window a moment belongs to, counted from the epoch.</summary>
    public static long WindowOf(DateTimeOffset at, TimeSpan window) => at.ToUnixTimeMilliseconds() / (long)window.TotalMilliseconds;

    /// <summary>SHA-256 of the hash of the last entry before the window and the window's number (8 bytes, big-endian).</summary>
    public static byte[] Seed(ReadOnlySpan<byte> lastHash, long window)
    {
        Span<byte> input = stackalloc byte[lastHash.Length + sizeof(long)];
        lastHash.CopyTo(input);
        BinaryPrimitives.WriteInt64BigEndian(input[lastHash.Length..], window);
        return SHA256.HashData(input);
    }

    /// <summary>An altruist's place in a slot: the first 8 bytes of SHA-256(seed ‖ chain ‖ 0 ‖ region ‖ 0 ‖ altruist), big-endian; lower comes first.</summary>
    public static ulong Draw(ReadOnlySpan<byte> seed, SlotKey slot, AltruistId altruist) => Draw(seed, slot, altruist.Value);

    /// <summary>A provider's place, where turns of providers are evened out first.</summary>
    public static ulong Draw(ReadOnlySpan<byte> seed, SlotKey slot, ProviderId provider) => Draw(seed, slot, provider.Value);

    private static ulong Draw(ReadOnlySpan<byte> seed, SlotKey slot, string id)
    {
        var chain = slot.Chain.Value;
        var region = slot.Region.Value;
        var most = seed.Length + 2 + Encoding.UTF8.GetMaxByteCount(chain.Length + region.Length + id.Length);
        Span<byte> input = most <= 1024 ? stackalloc byte[most] : new byte[most];
        seed.CopyTo(input);
        var length = seed.Length;
        length += Encoding.UTF8.GetBytes(chain, input[length..]);
        input[length++] = 0;
        length += Encoding.UTF8.GetBytes(region, input[length..]);
        input[length++] = 0;
        length += Encoding.UTF8.GetBytes(id, input[length..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..length], hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
