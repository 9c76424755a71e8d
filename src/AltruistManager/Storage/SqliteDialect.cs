using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AltruistManager.Storage;

/// <summary>
/// SQLite: many readers, one writer. Writes of this process queue on one connection, and those that wait together are committed together,
/// because what a commit costs is its way to the disk; the file lock <c>&lt;db&gt;.writer</c> keeps the writes and checkpoints of other
/// processes apart from ours.
/// </summary>
internal sealed class SqliteDialect : ISqlDialect, IAsyncDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    // EMFILE and ENFILE.
    private const int TooManyOpenFiles = 24;
    private const int TooManyOpenFilesOfAll = 23;

    /// <summary>So many writes are committed together, or those that were begun within this time.</summary>
    private const int GroupSize = 64;
    private static readonly TimeSpan GroupTime = TimeSpan.FromMilliseconds(25);

    /// <summary>So many pages are written back together: those of many sweeps. New rows stand side by side in table and indexes, so that few pages are needed at once.</summary>
    private const int CheckpointPages = 8000;

    /// <summary>SQLITE_DBSTATUS_CACHE_WRITE: the pages a connection wrote to the log of writes.</summary>
    private const int PagesWritten = 9;

    private readonly TimeProvider time;
    private readonly string file;
    private readonly string readConnectionString;
    private readonly string writeConnectionString;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly ConcurrentQueue<Write> waiting = new();
    private SqliteConnection? writer;

    /// <summary>Pages of the log of writes that are not known to be written back, besides those of the writer. The first write of a process writes back what others left.</summary>
    private long unwritten = CheckpointPages;
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
        var mine = new Write<T>(write, cancellation);
        waiting.Enqueue(mine);
        try
        {
            await turn.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (mine.TryTake())
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            // Somebody else is writing it just now.
            return await mine.Result;
        }

        try
        {
            // Until its own is done: turns come in another order than writes may, and whoever ran this one may find nobody to lead the rest.
            while (!mine.IsTaken)
                await WriteWaitingAsync(cancellation);
        }
        catch (Exception failed)
        {
            // Those that were begun know it already.
            if (mine.TryTake())
                mine.Fail(failed);
        }
        finally
        {
            if (IsCheckpointDue())
                _ = CheckpointAsync();
            else
                turn.Release();
        }

        return await mine.Result;
    }

    /// <summary>Holds the turn.</summary>
    private bool IsCheckpointDue()
    {
        if (writer is null)
            return false;
        _ = raw.sqlite3_db_status(writer.Handle, PagesWritten, out var pages, out _, 0);
        return unwritten + pages >= CheckpointPages;
    }

    /// <summary>
    /// Writes the log of writes back, and releases the turn. SQLite would do it within the commit that fills the log: by chance some round's, which had to wait for it
    /// before portals could be told.
    /// </summary>
    private async Task CheckpointAsync()
    {
        try
        {
            await using var exclusive = await TakeWriterLockAsync(CancellationToken.None);
            // What a reader keeps from being written back now is once the next write is done.
            await Task.Run(() =>
            {
                if (raw.sqlite3_wal_checkpoint_v2(writer!.Handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var logged, out var done) != raw.SQLITE_OK || done < logged)
                    return;
                unwritten = 0;
                _ = raw.sqlite3_db_status(writer.Handle, PagesWritten, out _, out _, 1);
            });
        }
        catch (StorageException)
        {
            // Another process is writing; the next write tries again.
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Writes what waits in one transaction. Holds the turn.</summary>
    private async Task WriteWaitingAsync(CancellationToken cancellation)
    {
        // A late write would open the file anew, with nobody left to close it.
        ObjectDisposedException.ThrowIf(isDisposed, this);
        await using var exclusive = await TakeWriterLockAsync(cancellation);
        writer ??= await OpenWriterAsync(cancellation);
        var taken = new List<Write>();
        var written = new List<Write>();
        var healthy = false;
        try
        {
            // Immediate: a read-then-write transaction that starts deferred can fail half-way with a stale snapshot.
            await using var transaction = writer.BeginTransaction(IsolationLevel.Serializable, deferred: false);
            var started = time.GetTimestamp();
            var refused = false;
            while (!refused && written.Count < GroupSize && time.GetElapsedTime(started) < GroupTime && waiting.TryDequeue(out var next))
            {
                if (!next.TryTake())
                    continue;
                taken.Add(next);
                // One that fails takes back only what is its own; alone it needs no mark for that.
                var marked = written.Count > 0 || !waiting.IsEmpty;
                if (marked)
                    await writer.ExecuteAsync("savepoint one_of_many", transaction: transaction);
                if (await next.RunAsync(writer, transaction))
                {
                    written.Add(next);
                    if (marked)
                        await writer.ExecuteAsync("release one_of_many", transaction: transaction);
                }
                else if (marked)
                {
                    await writer.ExecuteAsync("rollback to one_of_many", transaction: transaction);
                    await writer.ExecuteAsync("release one_of_many", transaction: transaction);
                    refused = true;
                }
                else
                {
                    return;
                }
            }

            await transaction.CommitAsync(CancellationToken.None);
            foreach (var done in written)
                done.Succeed();
            healthy = !refused;
        }
        catch (Exception failed)
        {
            foreach (var lost in taken)
                lost.Fail(failed);
            throw;
        }
        finally
        {
            // After any failure the connection is opened anew, so that no state of the failed write outlives it.
            if (!healthy)
                await CloseWriterAsync();
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
            await writer.ExecuteAsync(new CommandDefinition("vacuum", commandTimeout: 3600, cancellationToken: cancellation));
            // A reader that is under way keeps the log as it is, which is an answer and no error.
            if (await writer.ExecuteScalarAsync<long>(new CommandDefinition("pragma wal_checkpoint(truncate)", cancellationToken: cancellation)) != 0)
                throw new StorageException("The log of writes could not be emptied, because somebody was reading.");
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
                "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma wal_autocheckpoint = 0; pragma cache_size = -4000;");
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
        if (closing is null)
            return;
        _ = raw.sqlite3_db_status(closing.Handle, PagesWritten, out var pages, out _, 0);
        unwritten += pages;
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
            catch (IOException full) when (full.HResult is TooManyOpenFiles or TooManyOpenFilesOfAll)
            {
                throw new StorageException("There are no file handles left to write with.", full);
            }
            catch (IOException held) when (System.IO.File.Exists(file + ".writer"))
            {
                if (time.GetElapsedTime(started) > LockPatience)
                    throw new StorageException($"Another process has been writing to {file} for {LockPatience.TotalSeconds} s.", held);
                await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellation);
            }
            catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"Nothing can be written to {file}: {unusable.Message}", unusable);
            }
        }
    }

    /// <summary>One write that waits for the writer.</summary>
    private abstract class Write
    {
        private int isTaken;

        public bool IsTaken => Volatile.Read(ref isTaken) != 0;

        /// <summary>True for the one that may run it, or withdraw it.</summary>
        public bool TryTake() => Interlocked.Exchange(ref isTaken, 1) == 0;

        /// <returns>False when it failed, which its caller is told.</returns>
        public abstract Task<bool> RunAsync(SqliteConnection connection, SqliteTransaction transaction);

        /// <summary>It is committed.</summary>
        public abstract void Succeed();

        public abstract void Fail(Exception failed);
    }

    private sealed class Write<T>(Func<WriteTransaction, Task<T>> write, CancellationToken cancellation) : Write
    {
        private readonly TaskCompletionSource<T> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? result;

        public Task<T> Result => ended.Task;

        public override async Task<bool> RunAsync(SqliteConnection connection, SqliteTransaction transaction)
        {
            try
            {
                result = await write(new WriteTransaction(connection, transaction, cancellation));
                return true;
            }
            catch (Exception failed)
            {
                ended.TrySetException(failed);
                return false;
            }
        }

        public override void Succeed() => ended.TrySetResult(result!);

        public override void Fail(Exception failed) => ended.TrySetException(failed);
    }
}
