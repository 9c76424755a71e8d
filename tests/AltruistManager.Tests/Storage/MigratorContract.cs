using AltruistManager.Storage;

namespace AltruistManager.Tests.Storage;

public abstract class MigratorContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task Migrations_run_once_each_in_their_order()
    {
        var database = await EmptyAsync();
        Migrator.Migration[] migrations =
        [
            new("0001_first.sql", "create table steps (name text not null); insert into steps values ('first')"),
            new("0002_second.sql", "insert into steps values ('second')"),
        ];

        await MigrateAsync(database, migrations[..1]);
        await MigrateAsync(database, migrations);
        await MigrateAsync(database, migrations);

        Assert.Equal(["first", "second"], await database.QueryAsync<string>("select name from steps", null, Cancellation));
        Assert.Equal(["0001_first.sql", "0002_second.sql"], await database.QueryAsync<string>("select name from migrations order by name", null, Cancellation));
    }

    [Fact]
    public async Task A_migration_changed_after_it_was_applied_stops_by_name()
    {
        var database = await EmptyAsync();
        await MigrateAsync(database, [new("0001_first.sql", "create table steps (name text not null)")]);

        var refused = await Assert.ThrowsAsync<StorageException>(() =>
            MigrateAsync(database, [new("0001_first.sql", "create table steps (name text)"), new("0002_second.sql", "insert into steps values ('second')")]));

        Assert.Contains("0001_first.sql", refused.Message);
        Assert.Empty(await database.QueryAsync<string>("select name from steps", null, Cancellation));
    }

    [Fact]
    public async Task A_migration_of_another_version_stops_by_name()
    {
        var database = await EmptyAsync();
        Migrator.Migration first = new("0001_first.sql", "create table steps (name text not null)");
        await MigrateAsync(database, [first, new("0002_of_the_future.sql", "insert into steps values ('future')")]);

        var refused = await Assert.ThrowsAsync<StorageException>(() => MigrateAsync(database, [first]));

        Assert.Contains("0002_of_the_future.sql", refused.Message);
    }

    [Fact]
    public async Task A_migration_that_comes_before_an_applied_one_stops_by_name()
    {
        var database = await EmptyAsync();
        Migrator.Migration second = new("0002_second.sql", "create table steps (name text not null)");
        await MigrateAsync(database, [second]);

        var refused = await Assert.ThrowsAsync<StorageException>(() =>
            MigrateAsync(database, [new("0001_late.sql", "insert into steps values ('late')"), second]));

        Assert.Contains("0001_late.sql", refused.Message);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_of_itself_and_all_before_it()
    {
        var database = await EmptyAsync();
        Migrator.Migration first = new("0001_first.sql", "create table steps (name text not null)");

        await Assert.ThrowsAnyAsync<Exception>(() =>
            MigrateAsync(database, [first, new("0002_broken.sql", "insert into steps values ('half'); insert into no_such_table values (1)")]));

        Assert.Empty(await database.QueryAsync<string>("select name from steps", null, Cancellation));
        await MigrateAsync(database, [first, new("0002_broken.sql", "insert into steps values ('whole')")]);
        Assert.Equal(["whole"], await database.QueryAsync<string>("select name from steps", null, Cancellation));
    }

    [Fact]
    public async Task Two_processes_that_start_at_once_migrate_once()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        Database[] processes = [Fixture.Open(place), Fixture.Open(place), Fixture.Open(place)];
        foreach (var process in processes)
            await process.PrepareAsync(create: true, Cancellation);

        await Task.WhenAll(processes.Select(process => Task.Run(() => DatabaseFixture.MigratorOf(process).MigrateAsync(Cancellation))));

        Assert.Equal(
            Migrator.Embedded(processes[0].Dialect.Name).Select(migration => migration.Name),
            await processes[0].QueryAsync<string>("select name from migrations order by name", null, Cancellation));
    }

    [Fact]
    public void Shipped_migrations_are_numbered_without_a_gap()
    {
        var names = Migrator.Embedded(Database.Dialect.Name).Select(migration => migration.Name).ToList();
        Assert.NotEmpty(names);
        Assert.All(names.Index(), name => Assert.Matches($"^{name.Index + 1:0000}_[a-z0-9_]+\\.sql$", name.Item));
    }

    [Fact]
    public void Both_databases_have_the_same_migrations() =>
        Assert.Equal(Migrator.Embedded("sqlite").Select(migration => migration.Name), Migrator.Embedded("postgres").Select(migration => migration.Name));

    private static Task MigrateAsync(Database database, IReadOnlyList<Migrator.Migration> migrations) =>
        DatabaseFixture.MigratorOf(database).MigrateAsync(migrations, Cancellation);

    private async Task<Database> EmptyAsync()
    {
        var database = Fixture.Open(await Fixture.NewPlaceAsync(Cancellation));
        await database.PrepareAsync(create: true, Cancellation);
        return database;
    }
}

public sealed class MigratorOnSqlite(SqliteFixture fixture) : MigratorContract(fixture), IClassFixture<SqliteFixture>;

public sealed class MigratorOnPostgres(PostgresFixture fixture) : MigratorContract(fixture), IClassFixture<PostgresFixture>;
