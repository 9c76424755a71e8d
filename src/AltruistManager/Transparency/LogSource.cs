namespace AltruistManager.Transparency;

/// <summary>A stored entry as a source gives it.</summary>
/// <param name="Compressed">Brotli; null once it is no longer kept.</param>
/// <param name="Body">The canonical bytes, where the source gives them so.</param>
/// <param name="Decisions">In the order of their ordinals; null where the source has no such rows.</param>
internal sealed record StoredEntry(LogHeader Header, byte[]? Compressed, byte[]? Body, IReadOnlyList<DecidedSlot>? Decisions)
{
    public bool IsKept => Compressed is not null || Body is not null;
}

/// <summary>Where a log is read from to be verified. What it gives is judged, never believed.</summary>
internal interface ILogSource : IDisposable
{
    /// <summary>Null when the source does not say; then that of the first entry.</summary>
    string? Origin { get; }

    /// <summary>Whether entries of before the first one given may exist, so that it need not begin the chain.</summary>
    bool MayBeginLate { get; }

    /// <summary>Opens it; before anything else is asked.</summary>
    Task OpenAsync(CancellationToken cancellation);

    /// <summary>Oldest first.</summary>
    IReadOnlyList<LogKey> Keys { get; }

    /// <summary>Oldest first: the newest one before <paramref name="from"/>, where there is one, then all up to <paramref name="to"/> that were there when asked.</summary>
    IAsyncEnumerable<StoredEntry> ReadAsync(long from, long to, CancellationToken cancellation);

    /// <summary>Whether the body of this entry, that was read before, is still kept.</summary>
    Task<bool> IsStillKeptAsync(long generation, CancellationToken cancellation);

    /// <summary>What belongs to no entry; null when nothing does.</summary>
    Task<LogDifference?> FindStrayAsync(long from, long to, CancellationToken cancellation);
}

/// <summary>A source that cannot be read at all; the message is one line for people.</summary>
public sealed class LogSourceException(string message, Exception? inner = null) : Exception(message, inner);
