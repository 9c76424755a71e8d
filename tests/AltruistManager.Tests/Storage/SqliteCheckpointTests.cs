using Microsoft.Data.Sqlite;

namespace AltruistManager.Tests.Storage;

public sealed class SqliteCheckpointTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    [Fact]
    public async Task However_much_is_written_the_log_of_writes_stays_small()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var database = await fixture.NewDatabaseAsync(cancellation);
        for (var i = 0; i < 12; i++)
        {
            var row = new { Name = $"{i}", Value = new string('x', 10_000_000) };
            await database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values (@Name, @Value)", row), cancellation);
        }

        Assert.InRange(LogLength(database), 1, 60_000_000);
    }

    [Fact]
    public async Task The_log_of_writes_stays_small_where_every_other_write_fails()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var database = await fixture.NewDatabaseAsync(cancellation);
        // While somebody has read, whoever writes is not the last to leave, which would write the log back.
        await database.QueryAsync<string>("select name from meta", null, cancellation);
        for (var i = 0; i < 12; i++)
        {
            var row = new { Name = $"{i}", Value = new string('x', 10_000_000) };
            await database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values (@Name, @Value)", row), cancellation);
            await Assert.ThrowsAsync<SqliteException>(() => database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values (@Name, @Value)", row), cancellation));
        }

        Assert.InRange(LogLength(database), 1, 60_000_000);
    }

    private long LogLength(AltruistManager.Storage.Database database)
    {
        var file = new SqliteConnectionStringBuilder(fixture.PlaceOf(database).ConnectionString).DataSource;
        return new FileInfo(file + "-wal").Length;
    }
}
