using AltruistManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Storage;

/// <summary>A migrated database for one test class, and as many more as a test asks for.</summary>
public abstract class DatabaseFixture : IAsyncLifetime
{
    private readonly List<Database> databases = [];
    private readonly Dictionary<Database, StorageOptions> places = [];
    private Database? database;

    /// <summary>The class's own database, migrated; its tests share it and run one after the other.</summary>
    public Database Database => database!;

    /// <summary>The options that lead to a new, empty place for a database.</summary>
    public abstract Task<StorageOptions> NewPlaceAsync(CancellationToken cancellation);

    /// <summary>A new migrated database.</summary>
    public async Task<Database> NewDatabaseAsync(CancellationToken cancellation)
    {
        var place = await NewPlaceAsync(cancellation);
        var made = Open(place);
        lock (databases)
            places.Add(made, place);
        await made.PrepareAsync(create: true, cancellation);
        await MigratorOf(made).MigrateAsync(cancellation);
        return made;
    }

    /// <summary>Opens a place as another process would: nothing is shared in memory.</summary>
    public Database Open(StorageOptions options)
    {
        var opened = new Database(Options.Create(options), TimeProvider.System);
        lock (databases)
            databases.Add(opened);
        return opened;
    }

    /// <summary>By which another process opens a database of <see cref="NewDatabaseAsync"/>.</summary>
    public StorageOptions PlaceOf(Database made)
    {
        lock (databases)
            return places[made];
    }

    public static Migrator MigratorOf(Database database) => new(database, TimeProvider.System, NullLogger<Migrator>.Instance);

    public async ValueTask InitializeAsync() => database = await NewDatabaseAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in databases)
            await opened.DisposeAsync();
        CleanUp();
        GC.SuppressFinalize(this);
    }

    protected virtual void CleanUp()
    {
    }
}

/// <summary>Databases in files of a folder of their own.</summary>
public sealed class SqliteFixture : DatabaseFixture
{
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
    private int places;

    public override Task<StorageOptions> NewPlaceAsync(CancellationToken cancellation) =>
        Task.FromResult(new StorageOptions
        {
            Provider = "sqlite",
            ConnectionString = $"Data Source={Path.Combine(folder, $"{Interlocked.Increment(ref places)}", "test.db")}",
        });

    protected override void CleanUp() => Directory.Delete(folder, recursive: true);
}

/// <summary>Databases on the <see cref="PostgresCluster"/> of this test run.</summary>
public sealed class PostgresFixture(PostgresCluster cluster) : DatabaseFixture
{
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
    private int places;

    public override async Task<StorageOptions> NewPlaceAsync(CancellationToken cancellation) =>
        new()
        {
            Provider = "postgres",
            ConnectionString = await cluster.CreateDatabaseAsync(cancellation),
            DataDirectory = Path.Combine(folder, $"{Interlocked.Increment(ref places)}"),
        };

    protected override void CleanUp() => Directory.Delete(folder, recursive: true);
}
