using System.Runtime.CompilerServices;
using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>The log in the database itself, with its decisions; while the service goes on writing.</summary>
internal sealed class LogInDatabase(Database database) : ILogSource
{
    /// <summary>Bodies of large installations are megabytes.</summary>
    private const int AtOnce = 8;

    private readonly EntryStore store = new(database);

    public string? Origin { get; private set; }

    public bool MayBeginLate => false;

    public IReadOnlyList<LogKey> Keys { get; private set; } = [];

    public async Task OpenAsync(CancellationToken cancellation)
    {
        Origin = await store.OriginAsync(cancellation);
        Keys = await store.AllKeysAsync(cancellation);
    }

    public async IAsyncEnumerable<StoredEntry> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // What is appended meanwhile may need keys that were not read.
        to = Math.Min(to, await store.NewestAsync(cancellation) ?? 0);
        Keys = await store.AllKeysAsync(cancellation);
        var after = (await store.BeforeAsync(from, cancellation) ?? from) - 1;
        while (true)
        {
            var page = await store.PageAsync(after, to, AtOnce, cancellation);
            foreach (var (entry, decisions) in page)
                yield return new StoredEntry(entry.Header, entry.Body, null, decisions);
            if (page.Count < AtOnce)
                yield break;
            after = page[^1].Entry.Generation;
        }
    }

    public async Task<bool> IsStillKeptAsync(long generation, CancellationToken cancellation) =>
        await store.FindAsync(generation, cancellation) is { Body: not null };

    public async Task<LogDifference?> FindStrayAsync(long from, long to, CancellationToken cancellation)
    {
        if (await store.StrayDecisionAsync(from, to, cancellation) is { } decision)
            return new LogDifference(decision, "generation (log_decisions)", "the generation of an entry", $"{decision}");
        return await store.StrayKeyAsync(cancellation) is { } key
            ? new LogDifference(null, "from_generation (log_keys)", "the generation of an entry", $"{key}")
            : null;
    }

    public void Dispose()
    {
    }
}
