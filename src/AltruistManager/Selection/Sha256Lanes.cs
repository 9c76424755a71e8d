using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace AltruistManager.Selection;

/// <summary>
/// SHA-256 (FIPS 180-4) of eight short messages side by side. What the system's library does around each message costs many times the sum itself, and a large
/// installation draws half a million places when a window begins. Pure.
/// </summary>
internal static class Sha256Lanes
{
    public const int Count = 8;

    /// <summary>A longer message is the library's.</summary>
    public const int MostBytes = Room - 9;

    /// <summary>What <see cref="Put"/> needs behind a message to pad it, the message included.</summary>
    public const int Room = MostBlocks * BlockBytes;

    /// <summary>Of all lanes: the first word of each message, then the second of each, and so on.</summary>
    public const int Words = MostBlocks * BlockWords * Count;

    private const int MostBlocks = 4;
    private const int BlockBytes = 64;
    private const int BlockWords = 16;
    private const int StateWords = 8;

    private static ReadOnlySpan<uint> Start => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static ReadOnlySpan<uint> Constants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Pads a message and puts it into a lane.</summary>
    /// <param name="message">As long as <see cref="Room"/>; overwritten behind <paramref name="length"/>.</param>
    /// <returns>How many blocks it has.</returns>
    public static uint Put(Span<byte> message, int length, Span<uint> words, int lane)
    {
        var blocks = (length + 9 + BlockBytes - 1) / BlockBytes;
        var padded = message[..(blocks * BlockBytes)];
        padded[length..].Clear();
        padded[length] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(padded[^sizeof(long)..], 8L * length);
        for (var word = 0; word < blocks * BlockWords; word++)
            words[word * Count + lane] = BinaryPrimitives.ReadUInt32BigEndian(padded[(4 * word)..]);
        return (uint)blocks;
    }

    /// <param name="blocks">Of each lane; 0 for one that is not used.</param>
    /// <returns>The first and the second word of each hash.</returns>
    public static (Vector256<uint> First, Vector256<uint> Second) Hash(ReadOnlySpan<uint> words, Vector256<uint> blocks)
    {
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[StateWords];
        for (var i = 0; i < StateWords; i++)
            state[i] = Vector256.Create(Start[i]);
        for (var block = 0u; Vector256.GreaterThanAny(blocks, Vector256.Create(block)); block++)
            Compress(state, words.Slice((int)block * BlockWords * Count, BlockWords * Count), Vector256.GreaterThan(blocks, Vector256.Create(block)));
        return (state[0], state[1]);
    }

    /// <param name="concerned">The lanes whose messages are so long.</param>
    private static void Compress(Span<Vector256<uint>> state, ReadOnlySpan<uint> block, Vector256<uint> concerned)
    {
        Span<Vector256<uint>> schedule = stackalloc Vector256<uint>[BlockWords];
        for (var i = 0; i < BlockWords; i++)
            schedule[i] = Vector256.Create(block.Slice(i * Count, Count));
        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var t = 0; t < Constants.Length; t++)
        {
            ref var word = ref schedule[t % BlockWords];
            if (t >= BlockWords)
            {
                var (early, late) = (schedule[(t + 1) % BlockWords], schedule[(t + 14) % BlockWords]);
                word += schedule[(t + 9) % BlockWords] + (Rotate(early, 7) ^ Rotate(early, 18) ^ (early >>> 3)) + (Rotate(late, 17) ^ Rotate(late, 19) ^ (late >>> 10));
            }

            var one = h + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25)) + Vector256.ConditionalSelect(e, f, g) + Vector256.Create(Constants[t]) + word;
            var two = (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)) + ((a & b) | (c & (a | b)));
            (a, b, c, d, e, f, g, h) = (one + two, a, b, c, d + one, e, f, g);
        }

        ReadOnlySpan<Vector256<uint>> sums = [a, b, c, d, e, f, g, h];
        for (var i = 0; i < StateWords; i++)
            state[i] += sums[i] & concerned;
    }

    /// <summary>To the right.</summary>
    private static Vector256<uint> Rotate(Vector256<uint> words, int bits) => (words >>> bits) | (words << (32 - bits));
}
