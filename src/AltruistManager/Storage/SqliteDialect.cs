using System.Data;
using System.Data.Common;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace AltruistManager.Storage;

/// <summary>
/// SQLite: many readers, one writer. Writes of this process queue on one connection; the file lock <c>&lt;db&gt;.writer</c> keeps
/// the writes and checkpoints of other processes apart from ours.
/// </summary>
internal sealed class SqliteDialect : ISqlDialect, IAsyncDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private readonly TimeProvider time;
    private readonly string file;
    private readonly string readConnectionString;
    private readonly string writeConnectionString;
    private readonly SemaphoreSlim turn = new(1, 1);
    private SqliteConnection? writer;
    private bool isDisposed;

    public SqliteDialect(string connectionString, TimeProvider time)
    {
        this.time = time;
        var builder = new SqliteConnectionStringBuilder(connectionString);
        file = Path.GetFullPath(builder.DataSource);
        builder.DataSource = file;
        // Readers cannot checkpoint when they close: that would be a write outside the writer lock.
        builder.Mode = SqliteOpenMode.ReadOnly;
        readConnectionString = builder.ConnectionString;
        builder.Mode = SqliteOpenMode.ReadWrite;
        builder.Pooling = false;
        writeConnectionString = builder.ConnectionString;
    }

    public string Name => "sqlite";

    /// <summary>The database's file, absolute.</summary>
    public string File => file;

    public bool IsSqlite => true;

    public string Pick(string sqlite, string postgres) => sqlite;

    public string In(string column, string parameter) => $"{column} in (select value from json_each(@{parameter}))";

    public object List<T>(IReadOnlyCollection<T> values) => JsonSerializer.Serialize(values);

    public async Task PrepareAsync(bool create, CancellationToken cancellation)
    {
        if (!System.IO.File.Exists(file))
        {
            if (!create)
                throw new StorageException($"There is no database at {file}.");

            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            if (!OperatingSystem.IsWindows())
            {
                await using var made = new FileStream(file, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
        }

        await using var connection = await OpenReaderAsync(cancellation);
    }

    public async Task<DbConnection> OpenReaderAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(readConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            await connection.ExecuteAsync("pragma busy_timeout = 5000");
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<T> ReadSnapshotAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellation)
    {
        await using var connection = await OpenReaderAsync(cancellation);
        // Not BeginTransaction: its commands would have to name the transaction, and it begins as a writer.
        await connection.ExecuteAsync("begin deferred transaction");
        try
        {
            return await read(connection);
        }
        finally
        {
            await connection.ExecuteAsync("rollback transaction");
        }
    }

    public async Task<T> WriteAsync<T>(Func<WriteTransaction, Task<T>> write, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            // A late write would open the file anew, with nobody left to close it.
            ObjectDisposedException.ThrowIf(isDisposed, this);
            await using var exclusive = await TakeWriterLockAsync(cancellation);
            writer ??= await OpenWriterAsync(cancellation);
            var healthy = false;
            try
            {
                // Immediate: a read-then-write transaction that starts deferred can fail half-way with a stale snapshot.
                await using var transaction = writer.BeginTransaction(IsolationLevel.Serializable, deferred: false);
                var result = await write(new WriteTransaction(writer, transaction, cancellation));
                await transaction.CommitAsync(CancellationToken.None);
                healthy = true;
                return result;
            }
            finally
            {
                // After any failure the connection is opened anew, so that no state of the failed write outlives it.
                if (!healthy)
                    await CloseWriterAsync();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>All tables, because freed pages of any may hold what another one left, and the log of writes as well.</summary>
    public async Task ScrubAsync(IReadOnlyList<string> tables, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            await using var exclusive = await TakeWriterLockAsync(cancellation);
            writer ??= await OpenWriterAsync(cancellation);
            await writer.ExecuteAsync(new CommandDefinition("vacuum; pragma wal_checkpoint(truncate);", commandTimeout: 3600, cancellationToken: cancellation));
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync();
        try
        {
            isDisposed = true;
            if (writer is not null)
            {
                // Closing the last connection checkpoints, which is a write.
                await using var exclusive = await TakeWriterLockAsync(CancellationToken.None);
                await CloseWriterAsync();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<SqliteConnection> OpenWriterAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(writeConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            await connection.ExecuteAsync(
                "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CloseWriterAsync()
    {
        var closing = writer;
        writer = null;
        if (closing is not null)
            await closing.DisposeAsync();
    }

    /// <summary>An exclusive handle on <c>&lt;db&gt;.writer</c>; the kernel frees it when the holder dies.</summary>
    private async Task<FileStream> TakeWriterLockAsync(CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(file + ".writer", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException held) when (System.IO.File.Exists(file + ".writer"))
            {
                if (time.GetElapsedTime(started) > LockPatience)
                    throw new StorageException($"Another process has been writing to {file} for {LockPatience.TotalSeconds} s.", held);
                await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellation);
            }
        }
    }
}
