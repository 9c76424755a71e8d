using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace AltruistManager.Storage;

/// <summary>The one way to the data: reads on connections of their own, writes one transaction at a time.</summary>
public sealed class Database : IAsyncDisposable
{
    private readonly ISqlDialect dialect;

    // A setting of Dapper for the whole process: block_time_seconds fills BlockTimeSeconds.
    static Database() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    public Database(IOptions<StorageOptions> options, TimeProvider time)
    {
        var storage = options.Value;
        if (storage.Provider == "postgres")
        {
            dialect = new PostgresDialect(storage.ConnectionString);
            DataDirectory = Path.GetFullPath(storage.DataDirectory ?? "data");
        }
        else
        {
            SqliteVersion = SqliteLibrary.Load();
            dialect = new SqliteDialect(storage.ConnectionString, time);
            DataDirectory = Path.GetFullPath(storage.DataDirectory ?? Path.GetDirectoryName(((SqliteDialect)dialect).File)!);
        }
    }

    public ISqlDialect Dialect => dialect;

    /// <summary>What is wrong with the connection string, to go on after its name; null when nothing is. Does not connect.</summary>
    public static string? WrongWith(StorageOptions storage)
    {
        try
        {
            if (storage.Provider == "postgres")
                return string.IsNullOrEmpty(new Npgsql.NpgsqlConnectionStringBuilder(storage.ConnectionString).Host) ? "must name a Host" : null;
            var sqlite = new SqliteConnectionStringBuilder(storage.ConnectionString);
            if (string.IsNullOrWhiteSpace(sqlite.DataSource))
                return "must name a file as Data Source";
            return sqlite.DataSource == ":memory:" || sqlite.Mode is SqliteOpenMode.Memory ? "must name a file: what is only in memory is lost with the process" : null;
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or KeyNotFoundException)
        {
            return $"cannot be read: {malformed.Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>Folder of the last-good file and what else must outlive the process beside the database.</summary>
    public string DataDirectory { get; }

    /// <summary>Null on PostgreSQL.</summary>
    public Version? SqliteVersion { get; }

    /// <param name="create">Whether a database that does not exist may be made.</param>
    /// <exception cref="StorageException">There is none and <paramref name="create"/> is false.</exception>
    public Task PrepareAsync(bool create, CancellationToken cancellation) => dialect.PrepareAsync(create, cancellation);

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellation)
    {
        await using var connection = await dialect.OpenReaderAsync(cancellation);
        return await read(connection);
    }

    /// <summary>Several queries that all see the database as it was at the first one.</summary>
    public Task<T> ReadSnapshotAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellation) => dialect.ReadSnapshotAsync(read, cancellation);

    public Task<List<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellation) =>
        ReadAsync(async connection => (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellation))).AsList(), cancellation);

    public Task<T?> SingleOrDefaultAsync<T>(string sql, object? parameters, CancellationToken cancellation) =>
        ReadAsync(connection => connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellation)), cancellation);

    /// <summary>Runs <paramref name="write"/> in one transaction: all of it is stored, or none.</summary>
    public Task<T> WriteAsync<T>(Func<WriteTransaction, Task<T>> write, CancellationToken cancellation) => dialect.WriteAsync(write, cancellation);

    public Task WriteAsync(Func<WriteTransaction, Task> write, CancellationToken cancellation) =>
        dialect.WriteAsync(async transaction =>
        {
            await write(transaction);
            return true;
        }, cancellation);

    /// <summary>Leaves nothing in the database's files of what these tables held before.</summary>
    public Task ScrubAsync(IReadOnlyList<string> tables, CancellationToken cancellation) => dialect.ScrubAsync(tables, cancellation);

    /// <summary>True for what a database that is broken, busy or out of reach throws.</summary>
    public static bool IsFailure(Exception exception) => exception is DbException or StorageException;

    /// <summary>True for a violated unique or primary key, the race that a check before the insert cannot exclude.</summary>
    public static bool IsDuplicate(Exception exception) => exception switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode == 19 && sqlite.SqliteExtendedErrorCode is 1555 or 2067,
        Npgsql.PostgresException postgres => postgres.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation,
        _ => false,
    };

    public async ValueTask DisposeAsync()
    {
        if (dialect is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}
