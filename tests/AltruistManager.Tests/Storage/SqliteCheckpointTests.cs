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

        var file = new SqliteConnectionStringBuilder(fixture.PlaceOf(database).ConnectionString).DataSource;
        Assert.InRange(new FileInfo(file + "-wal").Length, 1, 60_000_000);
    }
}
