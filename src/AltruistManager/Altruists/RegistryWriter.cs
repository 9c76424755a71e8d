using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>
/// Runs a change of what is registered: decided on the roster as it is while nobody else can write, stored in the same transaction,
/// and in memory before the caller hears of it.
/// </summary>
public sealed class RegistryWriter(Database database, RosterStore rosters, RosterCache cache)
{
    /// <param name="decide">Pure; may be asked twice, and the answer on the later roster counts.</param>
    /// <param name="store">Writes what was decided, stamped with the revision.</param>
    internal async Task<Registered<T>> ChangeAsync<T>(Func<Roster, Registered<T>> decide, Func<WriteTransaction, T, long, Task> store, CancellationToken cancellation)
        where T : class
    {
        // What is refused on the newest known state costs no write.
        await cache.RefreshAsync(cancellation);
        var known = cache.Current;
        var early = decide(known);
        if (early.Refusal is not null)
            return early;

        var outcome = await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            var decided = revision == known.Revision + 1 ? early : decide(await rosters.LoadAsync(known, write));
            if (decided.Refusal is null)
                await store(write, decided.Value!, revision);
            return decided;
        }, cancellation);

        // What is stored is done, whether or not the caller still waits.
        await cache.RefreshAsync(CancellationToken.None);
        return outcome;
    }

    /// <summary>What would become of a change, without making it.</summary>
    internal async Task<Registered<T>> PreviewAsync<T>(Func<Roster, Registered<T>> decide, CancellationToken cancellation)
        where T : class
    {
        await cache.RefreshAsync(cancellation);
        return decide(cache.Current);
    }
}
