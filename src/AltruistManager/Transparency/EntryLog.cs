using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AltruistManager.Selection;
using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>The public log: every publication in its canonical form, each chained to the one before by its hash (design 5.6).</summary>
internal sealed class EntryLog(EntryStore store, LogSigner signer) : IEntryLog
{
    private const int Remembered = 32;

    private readonly Lock gate = new();
    private readonly LinkedList<LoggedEntry> remembered = new();

    /// <summary>Megabytes in large installations, each time as many as the last: made once.</summary>
    private readonly ArrayBufferWriter<byte> canonical = new();

    public PackedEntry Pack(Entry entry, byte[] previousHash)
    {
        lock (canonical)
        {
            canonical.ResetWrittenCount();
            CanonicalEntry.Write(canonical, entry);
            var hashing = Task.Run(() => SHA256.HashData(canonical.WrittenSpan));
            var compressed = Compress(canonical.WrittenSpan);
            var bodyHash = hashing.GetAwaiter().GetResult();
            return new PackedEntry(entry, bodyHash, previousHash, Chain(previousHash, bodyHash), compressed);
        }
    }

    public async Task AppendAsync(WriteTransaction write, long generation, IReadOnlyList<int> slotIds, Task<PackedEntry> packing)
    {
        await store.AppendDecisionsAsync(write, generation, slotIds);
        var packed = await packing;
        var header = HeaderOf(packed);
        var (signature, publicKey) = await signer.SignAsync(write, header);
        await EntryStore.AppendAsync(write, header with { Signature = signature }, publicKey, packed.Compressed);
    }

    public Task<IReadOnlyList<LoggedEntry>> TailAsync(string origin, CancellationToken cancellation) => TailOfAsync(store, origin, cancellation);

    /// <inheritdoc cref="IEntryLog.TailAsync"/>
    public static async Task<IReadOnlyList<LoggedEntry>> TailOfAsync(EntryStore store, string origin, CancellationToken cancellation)
    {
        var entries = new List<LoggedEntry>();
        foreach (var row in await store.TailAsync(origin, cancellation))
        {
            var body = row.Body ?? throw new StorageException($"The body of entry {row.Generation} is missing, without which the picks cannot be restored.");
            entries.Add(Read(row, body));
        }

        return entries;
    }

    public async IAsyncEnumerable<LoggedEntry> ReadAsync(IReadOnlyCollection<long> generations, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var others = new List<long>();
        foreach (var generation in generations)
        {
            if (Recall(generation) is { } known)
                yield return known;
            else
                others.Add(generation);
        }

        if (others.Count == 0)
            yield break;
        await foreach (var row in store.FindAsync(others, cancellation))
        {
            if (row.Body is { } body)
                yield return Remember(Read(row, body));
        }
    }

    private LoggedEntry? Recall(long generation)
    {
        lock (gate)
            return remembered.FirstOrDefault(logged => logged.Entry.Generation == generation);
    }

    private LoggedEntry Remember(LoggedEntry logged)
    {
        lock (gate)
        {
            remembered.AddFirst(logged);
            if (remembered.Count > Remembered)
                remembered.RemoveLast();
        }

        return logged;
    }

    private static LogHeader HeaderOf(PackedEntry packed)
    {
        var entry = packed.Entry;
        return new LogHeader
        {
            Origin = entry.Origin,
            Generation = entry.Generation,
            Trigger = CanonicalEntry.Name(entry.Trigger),
            Round = entry.Round,
            IsRound = entry.IsRound,
            ScheduledAt = entry.ScheduledAt.ToUnixTimeMilliseconds(),
            At = entry.At.ToUnixTimeMilliseconds(),
            BodyHash = Convert.ToHexStringLower(packed.BodyHash),
            PreviousHash = Convert.ToHexStringLower(packed.PreviousHash),
            Hash = Convert.ToHexStringLower(packed.Hash),
        };
    }

    private static LoggedEntry Read(EntryStore.EntryRow row, byte[] body)
    {
        try
        {
            return new LoggedEntry(CanonicalEntry.Read(Decompress(body)), row.Hash, row.PreviousHash);
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            throw new StorageException($"The entry {row.Generation} of the log is damaged: restore a backup.", damaged);
        }
    }

    /// <summary>What reading bytes throws that are no entry.</summary>
    internal static bool IsDamage(Exception exception) =>
        exception is InvalidDataException or System.Text.Json.JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException or IndexOutOfRangeException or OverflowException;

    /// <summary>SHA-256(previous hash ‖ SHA-256 of the canonical bytes).</summary>
    internal static byte[] Chain(ReadOnlySpan<byte> previousHash, ReadOnlySpan<byte> bodyHash)
    {
        Span<byte> both = stackalloc byte[2 * SHA256.HashSizeInBytes];
        previousHash.CopyTo(both);
        bodyHash.CopyTo(both[SHA256.HashSizeInBytes..]);
        return SHA256.HashData(both);
    }

    internal static byte[] Compress(ReadOnlySpan<byte> body)
    {
        var output = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(body.Length));
        try
        {
            return BrotliEncoder.TryCompress(body, output, out var written, quality: 1, window: 22)
                ? output[..written]
                : throw new InvalidOperationException("Brotli refused a buffer of the size it asked for.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    internal static byte[] Decompress(byte[] compressed)
    {
        using var input = new MemoryStream(compressed);
        using var brotli = new BrotliStream(input, CompressionMode.Decompress);
        using var output = new MemoryStream(compressed.Length * 8);
        brotli.CopyTo(output);
        return output.ToArray();
    }
}
