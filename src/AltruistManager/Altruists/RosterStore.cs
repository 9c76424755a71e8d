using System.Data.Common;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Altruists;

/// <summary>Reads what is registered, and only what changed since it was read last.</summary>
public sealed class RosterStore(Database database, AltruistStore altruists)
{
    /// <summary>The revision of the newest write of any process.</summary>
    public Task<long> RevisionAsync(CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<long>("select value from counters where name = 'revision'", null, cancellation);

    /// <summary><paramref name="known"/> brought up to the newest committed revision.</summary>
    public Task<Roster> LoadAsync(Roster known, CancellationToken cancellation) =>
        database.ReadSnapshotAsync(connection => LoadAsync(known, connection, null, cancellation), cancellation);

    /// <summary><paramref name="known"/> with those altruists that could not be decrypted and can be now.</summary>
    internal async Task<Roster> ReopenAsync(Roster known, CancellationToken cancellation) =>
        await altruists.ReopenAsync(database, known.Undecryptable, cancellation) is { Count: > 0 } found ? known.With(known.Revision, [], [], [], found) : known;

    /// <summary>The same within a write transaction that has taken its revision: nobody else can change it until the commit.</summary>
    internal Task<Roster> LoadAsync(Roster known, WriteTransaction write) => LoadAsync(known, write.Connection, write.Transaction, write.Cancellation);

    private async Task<Roster> LoadAsync(Roster known, DbConnection connection, DbTransaction? transaction, CancellationToken cancellation)
    {
        var revision = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "select value from counters where name = 'revision'", null, transaction, cancellationToken: cancellation));
        if (revision == known.Revision)
            return known;

        return known.With(
            revision,
            await ChainStore.ChangedSinceAsync(connection, transaction, known.Revision, cancellation),
            await RegionStore.ChangedSinceAsync(connection, transaction, known.Revision, cancellation),
            await ProviderStore.ChangedSinceAsync(connection, transaction, known.Revision, cancellation),
            await altruists.ChangedSinceAsync(connection, transaction, known.Revision, cancellation));
    }
}
