using System.Data.Common;

namespace AltruistManager.Storage;

/// <summary>What differs between the databases. The SQL of the stores is shared; a store asks here only for list parameters and bulk inserts.</summary>
public interface ISqlDialect
{
    /// <summary><c>sqlite</c> or <c>postgres</c>; also the folder of its migrations.</summary>
    string Name { get; }

    /// <summary>Whether rows may go in by <see cref="SqliteRows"/>.</summary>
    bool IsSqlite { get; }

    /// <summary>Picks the statement for this database where one text cannot serve both.</summary>
    string Pick(string sqlite, string postgres);

    /// <summary>A condition that is true when <paramref name="column"/> is in the list parameter made by <see cref="List{T}"/>.</summary>
    string In(string column, string parameter);

    /// <summary>The value to bind for a list: a JSON array on SQLite, an array on PostgreSQL.</summary>
    object List<T>(IReadOnlyCollection<T> values);

    /// <summary>Opens a connection that only reads.</summary>
    Task<DbConnection> OpenReaderAsync(CancellationToken cancellation);

    /// <summary>Runs <paramref name="read"/> on a connection that sees one moment of the database.</summary>
    Task<T> ReadSnapshotAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellation);

    /// <summary>Runs <paramref name="write"/> in one write transaction and commits it; rolls back when it throws.</summary>
    Task<T> WriteAsync<T>(Func<WriteTransaction, Task<T>> write, CancellationToken cancellation);

    /// <summary>Creates the database's file or checks that the server answers.</summary>
    Task PrepareAsync(bool create, CancellationToken cancellation);

    /// <summary>Writes the tables anew, so that nothing of deleted or replaced rows is left in the files. Takes long on a large database.</summary>
    Task ScrubAsync(IReadOnlyList<string> tables, CancellationToken cancellation);
}
