using System.Collections.Concurrent;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <param name="FirstAt">Of a key that is older than this record, when it was made.</param>
/// <param name="LastAt">Null of such a key until it is used again.</param>
public sealed record KeyUse(DateTimeOffset FirstAt, DateTimeOffset? LastAt);

/// <summary>When each key was used first and last. Noting it waits for nothing; what was noted is written each minute.</summary>
public sealed class KeyUses(KeyUseStore store, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Cell> cells = new(StringComparer.Ordinal);

    public void Note(string key)
    {
        var now = time.NowMs();
        if (!cells.TryGetValue(key, out var cell))
            cell = cells.GetOrAdd(key, static (_, now) => new Cell(now), now);
        cell.LastAt = now;
    }

    /// <summary>What is stored, and what was noted here since; null for a key that was never used.</summary>
    public async Task<KeyUse?> FindAsync(string key, CancellationToken cancellation) => (await FindAsync([key], cancellation)).GetValueOrDefault(key);

    /// <summary>The same of several, by key; none of one that was never used.</summary>
    public async Task<IReadOnlyDictionary<string, KeyUse>> FindAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        var uses = await store.FindAsync(keys, cancellation);
        foreach (var key in keys)
        {
            if (!cells.TryGetValue(key, out var noted))
                continue;
            var stored = uses.GetValueOrDefault(key);
            var (first, last) = (UnixTime.FromMs(noted.FirstAt), UnixTime.FromMs(noted.LastAt));
            uses[key] = new KeyUse(stored?.FirstAt < first ? stored.FirstAt : first, stored?.LastAt > last ? stored.LastAt : last);
        }

        return uses;
    }

    /// <summary>Writes what was noted since the last time. One at a time.</summary>
    public async Task SaveAsync(CancellationToken cancellation)
    {
        var news = cells.Select(cell => (Key: cell.Key, Cell: cell.Value, cell.Value.LastAt)).Where(use => use.LastAt > use.Cell.WrittenAt).ToList();
        if (news.Count == 0)
            return;
        await store.WriteAsync([.. news.Select(use => (use.Key, use.Cell.FirstAt, use.LastAt))], cancellation);
        foreach (var use in news)
            use.Cell.WrittenAt = use.LastAt;
    }

    private sealed class Cell(long firstAt)
    {
        private long lastAt = firstAt;

        public long FirstAt { get; } = firstAt;

        public long LastAt
        {
            get => Volatile.Read(ref lastAt);
            set => Volatile.Write(ref lastAt, value);
        }

        public long WrittenAt { get; set; } = long.MinValue;
    }
}
