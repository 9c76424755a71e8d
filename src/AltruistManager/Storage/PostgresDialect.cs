using System.Data;
using System.Data.Common;
using Npgsql;

namespace AltruistManager.Storage;

/// <summary>PostgreSQL: for more load or more instances than one machine should carry.</summary>
internal sealed class PostgresDialect(string connectionString) : ISqlDialect, IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

    public string Name => "postgres";

    public bool IsSqlite => false;

    public string Pick(string sqlite, string postgres) => postgres;

    public string In(string column, string parameter) => $"{column} = any(@{parameter})";

    public object List<T>(IReadOnlyCollection<T> values) => values.ToArray();

    public async Task PrepareAsync(bool create, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellation);
        }
        catch (NpgsqlException refused)
        {
            var line = refused.Message.ReplaceLineEndings(" ");
            throw new StorageException($"PostgreSQL cannot be used: {line} (Storage:ConnectionString)", refused);
        }
    }

    public async Task<DbConnection> OpenReaderAsync(CancellationToken cancellation) => await source.OpenConnectionAsync(cancellation);

    public async Task<T> ReadSnapshotAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        return await read(connection);
    }

    public async Task<T> WriteAsync<T>(Func<WriteTransaction, Task<T>> write, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var result = await write(new WriteTransaction(connection, transaction, cancellation));
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    public async Task ScrubAsync(IReadOnlyList<string> tables, CancellationToken cancellation)
    {
        foreach (var table in tables)
        {
            await using var command = source.CreateCommand($"vacuum full {table}");
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
