using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Tests.Accounts;

public sealed class ApiKeyOnSqlite(SqliteFixture fixture) : ApiKeyContract(fixture), IClassFixture<SqliteFixture>;

public sealed class ApiKeyOnPostgres(PostgresFixture fixture) : ApiKeyContract(fixture), IClassFixture<PostgresFixture>;

/// <summary>Keys from the moment they are made to the moment they end, on every database.</summary>
public abstract class ApiKeyContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private readonly SettableTime time = new();

    [Fact]
    public async Task New_key_is_good_at_its_very_first_use_without_a_refresh()
    {
        using var ring = Ring();
        await ring.RefreshAsync(Cancellation);
        var key = await MakeAsync("gateway one", KeyScope.Portal, null, null, null, Cancellation);

        var check = await ring.CheckAsync(key, Cancellation);

        Assert.Equal((KeyRefusal.None, KeyScope.Portal, "gateway-one"), (check.Refusal, check.Key!.Scope, check.Key.PortalId));
        Assert.True((await ring.CheckAsync(key, Cancellation)).Key is not null);
        Assert.Equal(1, ring.Looks);
    }

    [Fact]
    public async Task Provider_and_portal_of_a_key_are_kept()
    {
        using var ring = Ring();
        var provider = await ring.CheckAsync(await MakeAsync("p", KeyScope.Provider, "acme", null, null, Cancellation), Cancellation);
        var portal = await ring.CheckAsync(await MakeAsync("q", KeyScope.Portal, null, "gateway", null, Cancellation), Cancellation);
        Assert.Equal(("acme", null), (provider.Key!.ProviderId, provider.Key.PortalId));
        Assert.Equal((null, "gateway"), (portal.Key!.ProviderId, portal.Key.PortalId));
    }

    [Fact]
    public async Task Keys_of_a_portal_that_let_in_now_are_counted_from_memory()
    {
        using var ring = Ring();
        await Store.RevokeAsync(Actors.Staff, IdOf(await MakeAsync("q", KeyScope.Portal, null, "counted", null, Cancellation)), Cancellation);
        foreach (var expiry in new DateTimeOffset?[] { time.GetUtcNow(), time.GetUtcNow().AddHours(1), null })
            await MakeAsync("q", KeyScope.Portal, null, "counted", expiry, Cancellation);
        await MakeAsync("p", KeyScope.Provider, "counted", null, null, Cancellation);
        await ring.RefreshAsync(Cancellation);
        Assert.Equal(2, ring.CountActiveByPortal()["counted"]);
    }

    [Fact]
    public async Task Right_id_with_a_wrong_secret_is_unknown_even_when_the_key_is_revoked()
    {
        using var ring = Ring();
        var key = await MakeAsync("x", KeyScope.Staff, null, null, null, Cancellation);
        var forged = key[..^1] + (key[^1] == 'A' ? 'B' : 'A');
        Assert.Equal(KeyRefusal.Unknown, (await ring.CheckAsync(forged, Cancellation)).Refusal);

        await Store.RevokeAsync(Actors.Staff, IdOf(key), Cancellation);
        await ring.RefreshAsync(Cancellation);
        Assert.Equal(KeyRefusal.Unknown, (await ring.CheckAsync(forged, Cancellation)).Refusal);
        Assert.Equal(KeyRefusal.Revoked, (await ring.CheckAsync(key, Cancellation)).Refusal);
    }

    [Fact]
    public async Task Key_revoked_by_another_process_ends_at_the_next_refresh()
    {
        using var ring = Ring();
        var key = await MakeAsync("x", KeyScope.Portal, null, null, null, Cancellation);
        Assert.NotNull((await ring.CheckAsync(key, Cancellation)).Key);

        Assert.True(await Store.RevokeAsync(Actors.Staff, IdOf(key), Cancellation));
        await ring.RefreshAsync(Cancellation);

        Assert.Equal(KeyRefusal.Revoked, (await ring.CheckAsync(key, Cancellation)).Refusal);
        Assert.False(await Store.RevokeAsync(Actors.Staff, "nobody", Cancellation));
    }

    [Fact]
    public async Task Key_ends_by_the_clock_without_anybody_asking_the_database()
    {
        using var ring = Ring();
        var key = await MakeAsync("x", KeyScope.Portal, null, null, time.GetUtcNow().AddMinutes(1), Cancellation);
        Assert.NotNull((await ring.CheckAsync(key, Cancellation)).Key);
        time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(KeyRefusal.Expired, (await ring.CheckAsync(key, Cancellation)).Refusal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("am_")]
    [InlineData("Bearer am_1")]
    [InlineData("am_0123456789abcdef_short")]
    [InlineData("xx_0123456789abcdef_0123456789012345678901234567890123456789012")]
    [InlineData("am_0123456789abcdef-0123456789012345678901234567890123456789012")]
    public async Task What_cannot_be_a_key_never_reaches_the_database(string text)
    {
        using var ring = Ring();
        Assert.Equal(KeyRefusal.Malformed, (await ring.CheckAsync(text, Cancellation)).Refusal);
        Assert.Equal(0, ring.Looks);
    }

    [Fact]
    public async Task Flood_of_invented_keys_is_no_flood_of_queries()
    {
        using var ring = Ring();
        var invented = Enumerable.Range(0, 2000).Select(_ => KeyText.Create().Text).ToList();
        var began = time.GetTimestamp();
        for (var repeat = 0; repeat < 3; repeat++)
        {
            var checks = await Task.WhenAll(invented.Select(key => ring.CheckAsync(key, Cancellation).AsTask()));
            Assert.All(checks, check => Assert.Equal(KeyRefusal.Unknown, check.Refusal));
        }

        // All that ask at once share a look, looks keep a distance of 50 ms however long the asking takes, and whoever was nobody stays so.
        Assert.InRange(ring.Looks, 1, 2 + (long)(time.GetElapsedTime(began) / TimeSpan.FromMilliseconds(40)));

        var key = await MakeAsync("x", KeyScope.Portal, null, null, null, Cancellation);
        Assert.NotNull((await ring.CheckAsync(key, Cancellation)).Key);
    }

    [Fact]
    public async Task Secret_is_stored_as_a_hash_only()
    {
        var key = await MakeAsync("x", KeyScope.Staff, null, null, null, Cancellation);
        var stored = (await Store.ListAsync(Actors.Staff, Cancellation)).Single(known => known.Id == IdOf(key));
        var secret = key.Split('_', 3)[2];
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(secret)), stored.SecretHash.ToArray());
        Assert.True(secret.Length * 6 >= 128);
    }

    [Fact]
    public async Task Portals_keys_outlive_the_database_in_an_export_and_others_do_not()
    {
        using var ring = Ring();
        var portal = await MakeAsync("one", KeyScope.Portal, null, null, time.GetUtcNow().AddHours(1), Cancellation);
        var revoked = await MakeAsync("two", KeyScope.Portal, null, null, null, Cancellation);
        var staff = await MakeAsync("three", KeyScope.Staff, null, null, null, Cancellation);
        await Store.RevokeAsync(Actors.Staff, IdOf(revoked), Cancellation);
        await ring.RefreshAsync(Cancellation);

        using var restored = new ApiKeyRing(StoreOf(await Unreachable()), Uses(), time, NullLogger<ApiKeyRing>.Instance);
        restored.Import(ring.ExportPortalKeys());

        Assert.Equal("one", (await restored.CheckAsync(portal, Cancellation)).Key!.PortalId);
        Assert.Equal(KeyRefusal.CannotTell, (await restored.CheckAsync(revoked, Cancellation)).Refusal);
        Assert.Equal(KeyRefusal.CannotTell, (await restored.CheckAsync(staff, Cancellation)).Refusal);
        time.Now += TimeSpan.FromHours(1);
        Assert.Equal(KeyRefusal.Expired, (await restored.CheckAsync(portal, Cancellation)).Refusal);
    }

    [Fact]
    public async Task First_and_last_use_of_a_key_are_known_over_all_instances_and_a_refused_one_is_none()
    {
        time.Now = UnixTime.FromMs(time.Now.ToUnixTimeMilliseconds());
        var (one, two) = (Uses(), Uses());
        using var ring = Ring(one);
        using var other = Ring(two);
        var key = await MakeAsync("x", KeyScope.Portal, null, null, null, Cancellation);
        var began = time.Now;
        Assert.Null(await one.FindAsync(IdOf(key), Cancellation));
        await ring.CheckAsync(key, Cancellation);
        time.Now += TimeSpan.FromHours(1);
        await other.CheckAsync(key, Cancellation);
        await two.SaveAsync(Cancellation);
        await one.SaveAsync(Cancellation);
        Assert.Equal(new KeyUse(began, time.Now), await Uses().FindAsync(IdOf(key), Cancellation));

        // Whoever stays connected uses it all the while; what is not written yet is known where it was noted.
        time.Now += TimeSpan.FromHours(1);
        Assert.True(ring.IsGood(IdOf(key)));
        var last = time.Now;
        Assert.Equal(last, (await one.FindAsync(IdOf(key), Cancellation))!.LastAt);
        await Store.RevokeAsync(Actors.Staff, IdOf(key), Cancellation);
        await ring.RefreshAsync(Cancellation);
        time.Now += TimeSpan.FromHours(1);
        Assert.False(ring.IsGood(IdOf(key)));
        Assert.Equal(KeyRefusal.Revoked, (await ring.CheckAsync(key, Cancellation)).Refusal);
        await ring.CheckAsync(key[..^1] + (key[^1] == 'A' ? 'B' : 'A'), Cancellation);
        await one.SaveAsync(Cancellation);
        Assert.Equal(new KeyUse(began, last), await Uses().FindAsync(IdOf(key), Cancellation));
        var several = await Uses().FindAsync([IdOf(key), "never-used"], Cancellation);
        Assert.Equal([KeyValuePair.Create(IdOf(key), new KeyUse(began, last))], several);
    }

    [Fact]
    public async Task Two_keys_of_an_owner_are_active_at_a_time_however_many_are_made_at_once()
    {
        var admin = Actors.AdminOf("crowd");
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Store.CreateAsync(admin, "x", KeyScope.Provider, "crowd", null, null, Cancellation))));
        Assert.Equal(2, made.Count(one => one.Key is not null));
        Assert.Equal(2, await Store.CountActiveAsync(KeyScope.Provider, "crowd", Cancellation));

        // One that ended makes room; others' count for themselves; programs and commands are not held to it.
        Assert.True(await Store.RevokeAsync(admin, IdOf(made.First(one => one.Key is not null).Key!), Cancellation));
        Assert.NotNull((await Store.CreateAsync(admin, "x", KeyScope.Provider, "crowd", null, time.GetUtcNow().AddMinutes(1), Cancellation)).Key);
        Assert.Null((await Store.CreateAsync(admin, "x", KeyScope.Provider, "crowd", null, null, Cancellation)).Key);
        time.Now += TimeSpan.FromMinutes(1);
        Assert.NotNull((await Store.CreateAsync(admin, "x", KeyScope.Provider, "crowd", null, null, Cancellation)).Key);
        Assert.NotNull((await Store.CreateAsync(Actors.AdminOf("alone"), "x", KeyScope.Provider, "alone", null, null, Cancellation)).Key);
        Assert.NotNull((await Store.CreateAsync(Actor.Operator, "x", KeyScope.Provider, "crowd", null, null, Cancellation)).Key);
    }

    [Fact]
    public async Task Who_gets_no_key_is_told_why_and_it_stands_in_the_audit_trail()
    {
        var refusals = Actors.Refusals(Database, time);
        var store = new ApiKeyStore(Database, refusals, time);
        var admin = Actors.AdminOf("full");
        for (var number = 0; number < ApiKeyStore.MostActive; number++)
            Assert.True((await store.CreateAsync(admin, "x", KeyScope.Provider, "full", null, null, Cancellation)).Outcome.IsDone);

        Assert.Equal("2 keys of full are active already: revoke one first.", (await store.CreateAsync(admin, "x", KeyScope.Provider, "full", null, null, Cancellation)).Outcome.Refusal);
        Assert.Equal("You may not make such a key.", (await store.CreateAsync(Actors.ViewerOf("full"), "x", KeyScope.Provider, "full", null, null, Cancellation)).Outcome.Refusal);
        await refusals.FlushAsync(Cancellation);
        var refused = await new AuditStore(Database, time).ListAsync(new AuditFilter { Provider = "full", Action = "key.create", Outcome = AuditOutcome.Refused }, null, 10, Cancellation);
        Assert.Equal(["2 keys of full are active already: revoke one first.", "may not make a key of scope provider for full"], refused.Select(line => line.Detail).Order());
    }

    [Fact]
    public async Task Keys_of_an_owner_are_read_page_by_page_newest_first_by_who_may_know_of_them()
    {
        var made = new List<string>();
        for (var number = 0; number < 5; number++)
        {
            // Two in the same millisecond are one after the other all the same.
            time.Now += TimeSpan.FromMilliseconds(number % 2);
            made.Add(IdOf((await Store.CreateAsync(Actor.Operator, $"{number}", KeyScope.Provider, "paged", null, null, Cancellation)).Key!));
        }

        await MakeAsync("other", KeyScope.Provider, "other", null, null, Cancellation);
        var read = new List<string>();
        for (string? before = null; ;)
        {
            var page = await Store.ListOfAsync(Actors.ViewerOf("paged"), KeyScope.Provider, "paged", before, 2, Cancellation);
            read.AddRange(page.Select(key => key.Id));
            if (page.Count < 2)
                break;
            before = page[^1].Id;
        }

        Assert.Equal(made.Order(), read.Order());
        Assert.Equal(read, (await Store.ListAsync(Actors.ViewerOf("paged"), Cancellation)).Select(key => key.Id));
        Assert.Empty(await Store.ListOfAsync(Actors.ViewerOf("other"), KeyScope.Provider, "paged", null, 9, Cancellation));
    }

    [Fact]
    public async Task Uses_of_several_keys_are_written_together_and_each_is_widened()
    {
        time.Now = UnixTime.FromMs(time.Now.ToUnixTimeMilliseconds());
        var uses = Uses();
        using var ring = Ring(uses);
        var (one, two) = (await MakeAsync("x", KeyScope.Staff, null, null, null, Cancellation), await MakeAsync("y", KeyScope.Staff, null, null, null, Cancellation));
        var began = time.Now;
        await ring.CheckAsync(one, Cancellation);
        await uses.SaveAsync(Cancellation);
        time.Now += TimeSpan.FromHours(1);
        await ring.CheckAsync(one, Cancellation);
        await ring.CheckAsync(two, Cancellation);
        await uses.SaveAsync(Cancellation);
        var stored = await Uses().FindAsync([IdOf(one), IdOf(two), "nobody"], Cancellation);
        Assert.Equal(2, stored.Count);
        Assert.Equal((new KeyUse(began, time.Now), new KeyUse(time.Now, time.Now)), (stored[IdOf(one)], stored[IdOf(two)]));
    }

    [Theory]
    [InlineData("EU Gateway #2", "eu-gateway-2")]
    [InlineData("ÄÖ", "fallback")]
    public void Portal_is_named_after_its_key(string name, string portal) => Assert.Equal(portal, ApiKeyStore.SlugOf(name, "fallback"));

    private async Task<string> MakeAsync(string name, KeyScope scope, string? provider, string? portal, DateTimeOffset? expiresAt, CancellationToken cancellation) =>
        (await Store.CreateAsync(Actors.Staff, name, scope, provider, portal, expiresAt, cancellation)).Key!;

    private ApiKeyStore Store => StoreOf(Database);

    private ApiKeyStore StoreOf(Database database) => new(database, Actors.Refusals(database), time);

    private ApiKeyRing Ring(KeyUses? uses = null) => new(Store, uses ?? Uses(), time, NullLogger<ApiKeyRing>.Instance);

    private KeyUses Uses() => new(new KeyUseStore(Database), time);

    private static string IdOf(string key) => key.Split('_')[1];

    /// <summary>A database whose file was never made.</summary>
    private static Task<Database> Unreachable()
    {
        var options = new StorageOptions { ConnectionString = $"Data Source={Path.Combine(Path.GetTempPath(), "altruist-manager-nowhere", "none.db")}" };
        return Task.FromResult(new Database(Microsoft.Extensions.Options.Options.Create(options), TimeProvider.System));
    }

    /// <summary>Today's time moves only by hand; waiting is real.</summary>
    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
