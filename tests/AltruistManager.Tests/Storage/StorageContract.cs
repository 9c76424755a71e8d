using AltruistManager.Storage;

namespace AltruistManager.Tests.Storage;

/// <summary>
/// What every database must do alike. A suite derives from this; one sealed class per database gives it its fixture:
/// <c>public sealed class HealthStoreOnSqlite(SqliteFixture fixture) : HealthStoreContract(fixture), IClassFixture&lt;SqliteFixture&gt;;</c>
/// </summary>
public abstract class StorageContract(DatabaseFixture fixture)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected DatabaseFixture Fixture => fixture;

    /// <summary>Migrated; shared by the tests of the class.</summary>
    protected Database Database => fixture.Database;
}
