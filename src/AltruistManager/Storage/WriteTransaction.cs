using System.Data.Common;
using Dapper;

namespace AltruistManager.Storage;

/// <summary>An open write transaction. Stores that take one write together or not at all.</summary>
public sealed class WriteTransaction(DbConnection connection, DbTransaction transaction, CancellationToken cancellation)
{
    public DbConnection Connection => connection;

    public DbTransaction Transaction => transaction;

    public CancellationToken Cancellation => cancellation;

    public Task<int> ExecuteAsync(string sql, object? parameters = null) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation));

    /// <summary>However long it takes, and however long it waits for locks.</summary>
    public Task<int> ExecutePatientlyAsync(string sql) =>
        connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, commandTimeout: 0, cancellationToken: cancellation));

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object? parameters = null) =>
        connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation));

    public Task<T?> SingleOrDefaultAsync<T>(string sql, object? parameters = null) =>
        connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation));

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null) =>
        (await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation)))!;

    /// <summary>
    /// Takes the next revision. Every row that other processes keep in memory (roster, keys, overrides) is stamped with the revision
    /// of the transaction that wrote it, so that they load only what changed. The counter's row orders the writers.
    /// </summary>
    public Task<long> NextRevisionAsync() =>
        ScalarAsync<long>("update counters set value = value + 1 where name = 'revision' returning value");
}
