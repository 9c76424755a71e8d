using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Altruists;

public abstract class RosterContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 7, 5, 0, TimeSpan.Zero);

    private static readonly Chain Ethereum = new()
    {
        Id = new("0022"),
        Name = "Ethereum Archival",
        Network = new("evm:1"),
        Requires = ["archive"],
        BlockTimeSeconds = 12.5,
        LagToleranceBlocks = 3,
        MaxHeadAgeSeconds = 90,
        IntegrityOffsetBlocks = 8,
        Aliases = ["a", "b"],
        Path = "/ext",
        Policy = "least-used",
        Primaries = 2,
        RequestTimeoutMs = 9000,
        MinEligible = 4,
        Enabled = false,
        Successor = new("0021"),
        RetiredAt = Now,
    };

    private static readonly Chain Plain = new()
    {
        Id = new("0021"), Name = "Ethereum", Network = new("evm:1"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10000,
    };

    private static readonly Altruist Full = new()
    {
        Id = new("019a-1"),
        Provider = new("acme"),
        Network = new("evm:1"),
        Chains = [new("0021"), new("0022")],
        Regions = [new("us-east"), RegionId.Everywhere],
        Url = "https://eth1.acme.example/rpc",
        Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example" },
        MayBePrivate = true,
        Auth = new EndpointAuth(AuthKind.Basic, "me", "s3cret ☂") { Salt = "5a17" },
        Serving = new Endpoint
        {
            Url = "https://old.acme.example/rpc",
            Urls = new Dictionary<string, string> { ["rest"] = "https://old.acme.example/rest" },
            Auth = new EndpointAuth(AuthKind.Query, "key", "0ld") { Salt = "5a17" },
            MayBePrivate = false,
            Attested = false,
        },
        Label = "acme ☂ 'quoted'",
        Capabilities = ["archive"],
        CapacityRps = 100,
        Tier = 2,
        Role = AltruistRole.Reference,
        Enabled = false,
        Attested = true,
        CreatedAt = Now,
        RetiredAt = null,
    };

    [Fact]
    public async Task Everything_written_is_read_back_in_all_its_fields()
    {
        var database = await FilledAsync();
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await cache.RefreshAsync(Cancellation);
        var roster = cache.Current;

        Assert.Equivalent(Ethereum, roster.Chains[Ethereum.Id], strict: true);
        Assert.Equivalent(Plain, roster.Chains[Plain.Id], strict: true);
        Assert.EquivalentWithExclusions(Full, roster.Altruists[Full.Id], strict: true, altruist => altruist.InService);
        Assert.EquivalentWithExclusions(Full.InService, roster.Altruists[Full.Id].InService, strict: true, altruist => altruist.InService);
        Assert.Equivalent(new Region(new("us-east"), "US East", [new("us-west")]), roster.Regions[new("us-east")], strict: true);
        Assert.Equal(new Provider(new("acme"), "Acme", "https://acme.example", "ops@acme.example", "pokt1"), roster.Providers[new("acme")]);
    }

    [Fact]
    public async Task A_refresh_after_a_write_sees_it_and_reads_nothing_else()
    {
        var database = await FilledAsync();
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await cache.RefreshAsync(Cancellation);
        var before = cache.Current;
        Assert.True(await cache.IsCurrentAsync(Cancellation));

        await database.WriteAsync(async write => await new Sealing(database).Altruists.PutAsync(write, Full with { Id = new("019a-0"), Url = "https://other.example" }, await write.NextRevisionAsync()), Cancellation);
        Assert.False(await cache.IsCurrentAsync(Cancellation));
        await cache.RefreshAsync(Cancellation);

        Assert.Equal(["019a-0", "019a-1"], cache.Current.Live.Select(altruist => altruist.Id.Value));
        Assert.Same(before.Altruists[Full.Id], cache.Current.Altruists[Full.Id]);
        Assert.Same(before.Chains, cache.Current.Chains);
        Assert.True(await cache.IsCurrentAsync(Cancellation));
        Assert.Single(before.Live);
    }

    [Fact]
    public async Task A_refresh_with_nothing_new_keeps_the_roster()
    {
        var database = await FilledAsync();
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await cache.RefreshAsync(Cancellation);
        var before = cache.Current;
        await cache.RefreshAsync(Cancellation);
        Assert.Same(before, cache.Current);
    }

    [Fact]
    public async Task A_retired_altruist_stays_in_the_roster_but_not_among_the_living_and_frees_its_url()
    {
        var database = await FilledAsync();
        await database.WriteAsync(async write =>
        {
            await new Sealing(database).Altruists.PutAsync(write, Full with { RetiredAt = Now }, await write.NextRevisionAsync());
            await new Sealing(database).Altruists.PutAsync(write, Full with { Id = new("019a-2") }, await write.NextRevisionAsync());
        }, Cancellation);
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await cache.RefreshAsync(Cancellation);

        Assert.Equal(Now, cache.Current.Altruists[Full.Id].RetiredAt);
        Assert.Equal(["019a-2"], cache.Current.Live.Select(altruist => altruist.Id.Value));
    }

    [Fact]
    public async Task The_database_itself_refuses_one_url_twice_among_the_living()
    {
        var database = await FilledAsync();
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => database.WriteAsync(
            async write => await new Sealing(database).Altruists.PutAsync(write, Full with { Id = new("019a-2") }, await write.NextRevisionAsync()), Cancellation));
        Assert.True(Database.IsDuplicate(refused));
    }

    [Fact]
    public async Task Aliases_are_replaced_with_their_chain()
    {
        var database = await FilledAsync();
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await cache.RefreshAsync(Cancellation);
        await database.WriteAsync(async write => await ChainStore.PutAsync(write, Ethereum with { Aliases = ["c"], RetiredAt = null }, await write.NextRevisionAsync()), Cancellation);
        await cache.RefreshAsync(Cancellation);

        Assert.Equal(Ethereum.Id, cache.Current.FindChain("c")?.Id);
        Assert.Null(cache.Current.FindChain("a"));
    }

    [Fact]
    public async Task Refreshes_at_once_all_see_the_writes_before_them()
    {
        var database = await FilledAsync();
        using var cache = new RosterCache(new Sealing(database).Rosters);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            var id = new AltruistId($"019b-{number:00}");
            await database.WriteAsync(async write => await new Sealing(database).Altruists.PutAsync(write, Full with { Id = id, Url = $"https://n{number}.example" }, await write.NextRevisionAsync()), Cancellation);
            await cache.RefreshAsync(Cancellation);
            Assert.Contains(id, cache.Current.Altruists);
        }));
        Assert.Equal(21, cache.Current.Live.Count);
        Assert.Equal(cache.Current.Live.OrderBy(altruist => altruist.Id), cache.Current.Live);
    }

    private async Task<Database> FilledAsync()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            await RegionStore.PutAsync(write, new Region(new("us-east"), "US East", [new("us-west")]), revision);
            await ProviderStore.PutAsync(write, new Provider(new("acme"), "Acme", "https://acme.example", "ops@acme.example", "pokt1"), Now, revision);
            await ChainStore.PutAsync(write, Plain, revision);
            await ChainStore.PutAsync(write, Ethereum, revision);
            await new Sealing(database).Altruists.PutAsync(write, Full, revision);
        }, Cancellation);
        return database;
    }
}

public sealed class RosterOnSqlite(SqliteFixture fixture) : RosterContract(fixture), IClassFixture<SqliteFixture>;

public sealed class RosterOnPostgres(PostgresFixture fixture) : RosterContract(fixture), IClassFixture<PostgresFixture>;
