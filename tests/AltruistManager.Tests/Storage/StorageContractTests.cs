using System.Reflection;

namespace AltruistManager.Tests.Storage;

/// <summary>That what every database must do alike is run on each.</summary>
public sealed class StorageContractTests
{
    [Fact]
    public void Every_contract_is_run_on_each_database()
    {
        var types = Assembly.GetExecutingAssembly().GetTypes().Where(type => type.IsSubclassOf(typeof(StorageContract))).ToList();
        var missing =
            from contract in types
            where contract.IsAbstract
            from fixture in new[] { typeof(SqliteFixture), typeof(PostgresFixture) }
            where !types.Exists(type => type.IsSealed && type.IsSubclassOf(contract) && typeof(IClassFixture<>).MakeGenericType(fixture).IsAssignableFrom(type))
            select $"{contract.Name} on {fixture.Name}";
        Assert.Empty(missing);
    }
}
