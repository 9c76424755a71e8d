using System.Buffers.Binary;
using System.Runtime.Intrinsics;
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

    /// <summary>The places of many altruists, or providers, in one slot, each as it is drawn alone.</summary>
    public static ulong[] Draw(ReadOnlySpan<byte> seed, SlotKey slot, IReadOnlyList<string> ids)
    {
        var draws = new ulong[ids.Count];
        var longest = 0;
        for (var i = 0; i < draws.Length; i++)
            longest = Math.Max(longest, ids[i].Length);
        if (MostBytes(seed, slot, longest) > Sha256Lanes.MostBytes)
        {
            for (var i = 0; i < draws.Length; i++)
                draws[i] = Draw(seed, slot, ids[i]);
            return draws;
        }

        Span<byte> input = stackalloc byte[Sha256Lanes.Room];
        Span<uint> words = stackalloc uint[Sha256Lanes.Words];
        var start = Begin(seed, slot, input);
        for (var first = 0; first < draws.Length; first += Sha256Lanes.Count)
        {
            var blocks = Vector256<uint>.Zero;
            var taken = Math.Min(Sha256Lanes.Count, draws.Length - first);
            for (var lane = 0; lane < taken; lane++)
                blocks = blocks.WithElement(lane, Sha256Lanes.Put(input, start + Encoding.UTF8.GetBytes(ids[first + lane], input[start..]), words, lane));
            var hashes = Sha256Lanes.Hash(words, blocks);
            for (var lane = 0; lane < taken; lane++)
                draws[first + lane] = ((ulong)hashes.First[lane] << 32) | hashes.Second[lane];
        }

        return draws;
    }

    private static ulong Draw(ReadOnlySpan<byte> seed, SlotKey slot, string id)
    {
        var most = MostBytes(seed, slot, id.Length);
        Span<byte> input = most <= 1024 ? stackalloc byte[most] : new byte[most];
        var length = Begin(seed, slot, input);
        length += Encoding.UTF8.GetBytes(id, input[length..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..length], hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    private static int MostBytes(ReadOnlySpan<byte> seed, SlotKey slot, int idLength) =>
        seed.Length + 2 + Encoding.UTF8.GetMaxByteCount(slot.Chain.Value.Length + slot.Region.Value.Length + idLength);

    /// <summary>Writes what all draws of a slot begin with, and returns how long it is.</summary>
    private static int Begin(ReadOnlySpan<byte> seed, SlotKey slot, Span<byte> input)
    {
        seed.CopyTo(input);
        var length = seed.Length;
        length += Encoding.UTF8.GetBytes(slot.Chain.Value, input[length..]);
        input[length++] = 0;
        length += Encoding.UTF8.GetBytes(slot.Region.Value, input[length..]);
        input[length++] = 0;
        return length;
    }
}
