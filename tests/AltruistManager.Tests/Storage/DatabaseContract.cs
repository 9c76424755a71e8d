using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Tests.Storage;

public abstract class DatabaseContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task What_was_written_is_read_back()
    {
        await PutAsync(Database, "a", "1");
        Assert.Equal("1", await GetAsync(Database, "a"));
    }

    [Fact]
    public async Task A_write_that_throws_leaves_nothing_behind()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into meta (name, value) values ('half', 'written')");
            throw new InvalidDataException();
        }, Cancellation));

        Assert.Null(await GetAsync(Database, "half"));
        await PutAsync(Database, "after a failure", "works");
        Assert.Equal("works", await GetAsync(Database, "after a failure"));
    }

    [Fact]
    public async Task A_write_that_is_cancelled_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into meta (name, value) values ('cancelled', 'written')");
            await stop.CancelAsync();
            await write.ExecuteAsync("insert into meta (name, value) values ('cancelled too', 'written')");
        }, stop.Token));

        Assert.Null(await GetAsync(Database, "cancelled"));
    }

    [Fact]
    public async Task A_write_that_is_refused_by_a_constraint_leaves_nothing_behind()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => Database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into meta (name, value) values ('twice', '1')");
            await write.ExecuteAsync("insert into meta (name, value) values ('twice', '2')");
        }, Cancellation));

        Assert.True(Database.IsDuplicate(refused));
        Assert.Null(await GetAsync(Database, "twice"));
    }

    [Fact]
    public async Task Of_writes_that_wait_together_only_those_fail_that_should()
    {
        var blocked = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var first = Database.WriteAsync(async write =>
        {
            entered.SetResult();
            await blocked.Task;
            await write.ExecuteAsync("insert into meta (name, value) values ('together first', '1')");
        }, Cancellation);
        await entered.Task;

        using var stop = new CancellationTokenSource();
        var good = Enumerable.Range(0, 40).Select(number => PutAsync(Database, $"together {number}", "1")).ToList();
        var broken = Database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into meta (name, value) values ('together broken', '1')");
            throw new InvalidDataException();
        }, Cancellation);
        var twice = Database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values ('together 7', 'again')"), Cancellation);
        var withdrawn = Database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values ('together withdrawn', '1')"), stop.Token);
        good.AddRange(Enumerable.Range(40, 40).Select(number => PutAsync(Database, $"together {number}", "1")));
        if (Database.Dialect.IsSqlite)
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn);
        }

        blocked.SetResult();

        await first;
        await Task.WhenAll(good);
        await Assert.ThrowsAsync<InvalidDataException>(() => broken);
        var refused = await Record.ExceptionAsync(() => twice);
        for (var number = 0; number < 80; number++)
            Assert.NotNull(await GetAsync(Database, $"together {number}"));
        Assert.Null(await GetAsync(Database, "together broken"));
        if (Database.Dialect.IsSqlite)
        {
            Assert.True(Database.IsDuplicate(refused!));
            Assert.Equal("1", await GetAsync(Database, "together 7"));
            Assert.Null(await GetAsync(Database, "together withdrawn"));
        }
    }

    [Fact]
    public async Task Only_a_violated_key_is_a_duplicate()
    {
        var foreign = await Assert.ThrowsAnyAsync<Exception>(() => Database.WriteAsync(
            write => write.ExecuteAsync("insert into chain_aliases (alias, chain_id) values ('x', 'no such chain')"), Cancellation));
        var missing = await Assert.ThrowsAnyAsync<Exception>(() => Database.WriteAsync(
            write => write.ExecuteAsync("insert into meta (name, value) values ('x', null)"), Cancellation));

        Assert.False(Database.IsDuplicate(foreign));
        Assert.False(Database.IsDuplicate(missing));
    }

    [Fact]
    public async Task Writes_of_two_processes_at_once_are_all_kept()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var one = Fixture.Open(place);
        await one.PrepareAsync(create: true, Cancellation);
        await DatabaseFixture.MigratorOf(one).MigrateAsync(Cancellation);
        var other = Fixture.Open(place);
        await other.PrepareAsync(create: false, Cancellation);

        // Read, then write what was read: lost if two writers overlap.
        await Task.WhenAll(
            from database in new[] { one, other }
            from _ in Enumerable.Range(0, 25)
            select database.WriteAsync(write => write.NextRevisionAsync(), Cancellation));

        Assert.Equal(50, await one.SingleOrDefaultAsync<long>("select value from counters where name = 'revision'", null, Cancellation));
    }

    [Fact]
    public async Task Revisions_grow_by_one_and_a_failed_write_takes_none()
    {
        var first = await Database.WriteAsync(write => write.NextRevisionAsync(), Cancellation);
        await Assert.ThrowsAsync<InvalidDataException>(() => Database.WriteAsync(async write =>
        {
            await write.NextRevisionAsync();
            throw new InvalidDataException();
        }, Cancellation));

        Assert.Equal(first + 1, await Database.WriteAsync(write => write.NextRevisionAsync(), Cancellation));
    }

    [Fact]
    public async Task A_read_does_not_see_a_write_that_is_under_way()
    {
        await Database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into meta (name, value) values ('under way', '1')");
            Assert.Null(await GetAsync(Database, "under way"));
        }, Cancellation);

        Assert.Equal("1", await GetAsync(Database, "under way"));
    }

    [Fact]
    public async Task A_snapshot_shows_one_moment_however_long_it_is_read()
    {
        await PutAsync(Database, "moment", "1");

        var (before, after) = await Database.ReadSnapshotAsync(async connection =>
        {
            var first = await connection.QuerySingleAsync<string>("select value from meta where name = 'moment'");
            await PutAsync(Database, "moment", "2");
            return (first, await connection.QuerySingleAsync<string>("select value from meta where name = 'moment'"));
        }, Cancellation);

        Assert.Equal(("1", "1"), (before, after));
        Assert.Equal("2", await GetAsync(Database, "moment"));
    }

    [Fact]
    public async Task A_failed_snapshot_does_not_spoil_the_next_read()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Database.ReadSnapshotAsync<int>(async connection =>
        {
            await connection.QueryAsync("select value from meta");
            throw new InvalidDataException();
        }, Cancellation));
        await PutAsync(Database, "after a failed snapshot", "1");

        Assert.Equal("1", await Database.ReadSnapshotAsync(
            connection => connection.QuerySingleAsync<string>("select value from meta where name = 'after a failed snapshot'"), Cancellation));
    }

    [Fact]
    public async Task A_list_parameter_may_be_long_and_empty()
    {
        await PutAsync(Database, "list 1", "1");
        await PutAsync(Database, "list 2", "2");
        var sql = $"select name from meta where {Database.Dialect.In("name", "Names")} order by name";
        string[] many = [.. Enumerable.Range(0, 50_000).Select(number => $"list {number}")];

        Assert.Equal(["list 1", "list 2"], await Database.QueryAsync<string>(sql, new { Names = Database.Dialect.List(many) }, Cancellation));
        Assert.Empty(await Database.QueryAsync<string>(sql, new { Names = Database.Dialect.List(Array.Empty<string>()) }, Cancellation));
    }

    [Fact]
    public async Task Rows_bind_numbers_truths_and_nothing()
    {
        await Database.WriteAsync(write => write.ExecuteAsync(
            """
            insert into chains (id, name, network, requires, block_time_seconds, lag_tolerance_blocks, path, request_timeout_ms, enabled, revision)
            values ('rows', 'Rows', 'evm:1', '[]', @BlockTime, @Tolerance, '', 10000, @Enabled, 1)
            """,
            new { BlockTime = 12.0, Tolerance = 3, Enabled = true }), Cancellation);

        var row = (await Database.SingleOrDefaultAsync<Row>("select * from chains where id = 'rows'", null, Cancellation))!;

        Assert.Equal((12.0, 3, true, null, null), (row.BlockTimeSeconds, row.LagToleranceBlocks, row.Enabled, row.Primaries, row.RetiredAt));
    }

    [Fact]
    public void The_data_directory_is_absolute() => Assert.True(Path.IsPathRooted(Database.DataDirectory));

    protected static Task PutAsync(Database database, string name, string value) =>
        database.WriteAsync(write => write.ExecuteAsync(
            "insert into meta (name, value) values (@name, @value) on conflict (name) do update set value = excluded.value", new { name, value }), Cancellation);

    protected static Task<string?> GetAsync(Database database, string name) =>
        database.SingleOrDefaultAsync<string>("select value from meta where name = @name", new { name }, Cancellation);

    private sealed record Row
    {
        public required double BlockTimeSeconds { get; init; }
        public required int LagToleranceBlocks { get; init; }
        public required bool Enabled { get; init; }
        public required int? Primaries { get; init; }
        public required long? RetiredAt { get; init; }
    }
}

public sealed class DatabaseOnSqlite(SqliteFixture fixture) : DatabaseContract(fixture), IClassFixture<SqliteFixture>
{
    [Fact]
    public async Task While_somebody_reads_nothing_counts_as_scrubbed()
    {
        await PutAsync(Database, "scrubbed", "1");
        await Database.ReadSnapshotAsync(async connection =>
        {
            await connection.QuerySingleAsync<string>("select value from meta where name = 'scrubbed'");
            await Assert.ThrowsAsync<StorageException>(() => Database.ScrubAsync(["meta"], Cancellation));
            return 0;
        }, Cancellation);

        await Database.ScrubAsync(["meta"], Cancellation);
        Assert.Equal(0, new FileInfo(Path.Combine(Database.DataDirectory, "test.db-wal")).Length);
    }

    [Fact]
    public async Task The_file_is_for_its_owner_only()
    {
        var file = Path.Combine(Database.DataDirectory, "test.db");
        await PutAsync(Database, "mode", "1");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file + "-wal"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_not_made_unless_asked()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var refused = await Assert.ThrowsAsync<StorageException>(() => Fixture.Open(place).PrepareAsync(create: false, Cancellation));
        Assert.StartsWith("There is no database at /", refused.Message);
        Assert.False(File.Exists(place.ConnectionString["Data Source=".Length..]));
    }

    [Fact]
    public async Task A_write_waits_for_the_writer_of_another_process()
    {
        var file = Path.Combine(Database.DataDirectory, "test.db.writer");
        Task write;
        await using (File.Open(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            write = PutAsync(Database, "patient", "1");
            Assert.Null(await GetAsync(Database, "patient"));
            Assert.False(write.IsCompleted);
        }

        await write;
        Assert.Equal("1", await GetAsync(Database, "patient"));
    }

    [Fact]
    public async Task Every_write_that_waits_is_told_when_the_file_is_broken()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        await using var database = Fixture.Open(place);
        await database.PrepareAsync(create: true, Cancellation);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        var file = new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(place.ConnectionString).DataSource;
        foreach (var part in (string[])[file, $"{file}-wal", $"{file}-shm"])
        {
            await using var rubbish = new FileStream(part, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            await rubbish.WriteAsync(new byte[4096].AsMemory(), Cancellation);
        }

        foreach (var write in Enumerable.Range(0, 5).Select(number => PutAsync(database, $"{number}", "1")).ToList())
        {
            var refused = await Record.ExceptionAsync(() => write.WaitAsync(TimeSpan.FromMinutes(4), Cancellation));
            Assert.True(Database.IsFailure(Assert.IsAssignableFrom<Exception>(refused)), $"{refused}");
        }
    }

    /// <summary>A failed write ends its group: whoever led it for another must go on to its own, or nobody leads the last ones.</summary>
    [Fact]
    public async Task No_write_is_left_behind_however_turns_and_writes_are_ordered()
    {
        await using var database = await Fixture.NewDatabaseAsync(Cancellation);
        var write = database.Dialect;
        var done = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(async () =>
        {
            for (var round = 0; round < 300; round++)
                await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Assert.ThrowsAsync<InvalidDataException>(() => write.WriteAsync<int>(_ => throw new InvalidDataException(), Cancellation))));
        }, Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();
        await Task.WhenAll(done).WaitAsync(TimeSpan.FromMinutes(4), Cancellation);
    }

    [Fact]
    public async Task A_closed_database_is_not_opened_again_by_a_late_write()
    {
        var closed = await Fixture.NewDatabaseAsync(Cancellation);
        await closed.DisposeAsync();
        File.Delete(Path.Combine(closed.DataDirectory, "test.db.writer"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => PutAsync(closed, "late", "1"));
        Assert.False(File.Exists(Path.Combine(closed.DataDirectory, "test.db.writer")));
        await closed.DisposeAsync();
    }

    [Fact]
    public async Task Commits_are_durable_and_ordered_by_one_log()
    {
        var (journal, synchronous, foreignKeys) = await Database.WriteAsync(async write => (
            await write.ScalarAsync<string>("pragma journal_mode"),
            await write.ScalarAsync<long>("pragma synchronous"),
            await write.ScalarAsync<long>("pragma foreign_keys")), Cancellation);
        Assert.Equal(("wal", 2L, 1L), (journal, synchronous, foreignKeys));
    }

    [Fact]
    public async Task A_reader_cannot_write()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => Database.ReadAsync(
            connection => connection.ExecuteAsync("insert into meta (name, value) values ('reader', '1')"), Cancellation));
        Assert.Null(await GetAsync(Database, "reader"));
    }

    [Fact]
    public void The_systems_library_is_used_and_new_enough()
    {
        Assert.Equal(SqliteLibrary.Load(), Database.SqliteVersion);
        Assert.True(Database.SqliteVersion >= SqliteLibrary.Minimum);
    }

    [Fact]
    public void A_library_that_is_too_old_is_refused_with_what_to_install()
    {
        var refused = Assert.Throws<StorageException>(() => SqliteLibrary.Check(new Version(3, 37, 2)));
        Assert.Contains("3.37.2", refused.Message);
        Assert.Contains("libsqlite3-0", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void A_missing_library_is_told_in_one_line_with_what_to_install()
    {
        var refused = Assert.Throws<StorageException>(() => SqliteLibrary.LoadNative("libsqlite3-not-there.so.0"));
        Assert.Contains("libsqlite3-0", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }
}

public sealed class DatabaseOnPostgres(PostgresFixture fixture) : DatabaseContract(fixture), IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_server_that_does_not_answer_is_told_in_one_line()
    {
        var refused = await Assert.ThrowsAsync<StorageException>(() => Fixture.Open(new StorageOptions
        {
            Provider = "postgres",
            ConnectionString = "Host=127.0.0.1;Port=1;Username=nobody;Password=secret;Database=none;Timeout=5",
        }).PrepareAsync(create: true, Cancellation));
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain("secret", refused.Message);
    }
}
