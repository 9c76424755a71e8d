using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>An entry in its canonical form, hashed and compressed, ready to be appended.</summary>
/// <param name="Hash">Of the entry, chained to the one before.</param>
public sealed record PackedEntry(Entry Entry, byte[] BodyHash, byte[] PreviousHash, byte[] Hash, byte[] Compressed);

/// <summary>An entry read back, with the hashes of its header; hex in lower case.</summary>
public sealed record LoggedEntry(Entry Entry, string Hash, string PreviousHash);

/// <summary>The log that a round appends to. Implemented by Transparency.</summary>
public interface IEntryLog
{
    /// <summary>Canonical form, hashes and compression; pure and expensive, so done outside the transaction.</summary>
    PackedEntry Pack(Entry entry, byte[] previousHash);

    /// <summary>Appends the entry's decisions and, once it is packed, the entry.</summary>
    /// <param name="slotIds">Row ids of the entry's slots, in the same order.</param>
    Task AppendAsync(WriteTransaction write, long generation, IReadOnlyList<int> slotIds, Task<PackedEntry> packing);

    /// <summary>The entries from the newest round on, oldest first: together they hold the whole state.</summary>
    Task<IReadOnlyList<LoggedEntry>> TailAsync(string origin, CancellationToken cancellation);

    /// <summary>Those of these entries whose bodies are kept, one after the other, by one look into the database: they may have megabytes each.</summary>
    IAsyncEnumerable<LoggedEntry> ReadAsync(IReadOnlyCollection<long> generations, CancellationToken cancellation);
}
