using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Tests.Altruists;

/// <summary>Endpoints at rest: encrypted, with a ring beside the database, and out of service alone where the ring is gone.</summary>
public abstract class SealedEndpointContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 7, 5, 0, TimeSpan.Zero);

    private static readonly Altruist Secretive = new()
    {
        Id = new("019a-1"),
        Provider = new("acme"),
        Network = new("evm:1"),
        Chains = [new("0021")],
        Regions = [RegionId.Everywhere],
        Url = "https://eth1.acme.example/canary-path",
        Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example/canary-socket" },
        Auth = new EndpointAuth(AuthKind.Bearer, "", "canary-token") { Salt = "5a17" },
        Serving = new Endpoint { Url = "https://eth0.acme.example/canary-old", Auth = new EndpointAuth(AuthKind.Basic, "me", "canary-password") { Salt = "5a17" }, MayBePrivate = false, Attested = true },
        MayBePrivate = false,
        Label = "one",
        Attested = true,
        CreatedAt = Now,
    };

    [Fact]
    public async Task No_secret_of_an_endpoint_is_in_the_database_and_another_process_reads_it_all_the_same()
    {
        var database = await FilledAsync(Secretive);
        foreach (var row in await database.QueryAsync<string>("select url || urls || auth || endpoint || url_key from altruists", null, Cancellation))
            Assert.DoesNotContain("canary", row, StringComparison.OrdinalIgnoreCase);
        foreach (var text in await database.QueryAsync<string>("select endpoint from altruists", null, Cancellation))
            Assert.DoesNotContain("canary", Encoding.Latin1.GetString(Convert.FromBase64String(text)), StringComparison.OrdinalIgnoreCase);

        var read = (await LoadAsync(new Sealing(database))).Altruists[Secretive.Id];
        Assert.EquivalentWithExclusions(Secretive, read, strict: true, altruist => altruist.InService);
    }

    [Fact]
    public async Task From_a_fingerprint_nobody_can_guess_a_password_without_the_ring()
    {
        var database = await FilledAsync(Secretive);
        var read = (await LoadAsync(new Sealing(database))).Altruists[Secretive.Id];
        var guessed = new EndpointAuth(read.Auth.Kind, read.Auth.Name, read.Auth.Secret);
        Assert.Equal(guessed, read.Auth);
        Assert.NotEqual(Endpoint.FingerprintOf(read.Url, guessed), read.Fingerprint);
        Assert.NotEqual(Endpoint.FingerprintOf(read.Serving!.Url, read.Serving.Auth with { Salt = "" }), read.Serving.Fingerprint);

        // Every instance gives it, and a write of something else leaves it.
        await PutAsync(database, new Sealing(database), read with { Label = "two" });
        Assert.Equal(read.Fingerprint, (await LoadAsync(new Sealing(database))).Altruists[Secretive.Id].Fingerprint);
    }

    [Fact]
    public async Task Only_the_owner_of_the_process_may_read_the_ring()
    {
        var database = await FilledAsync(Secretive);
        var folder = KeysOf(database);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Assert.All(Directory.GetFiles(folder), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.NotEmpty(Directory.GetFiles(folder, "key-*.xml"));
    }

    [Fact]
    public async Task A_ring_that_is_gone_costs_what_it_encrypted_and_nothing_else()
    {
        var database = await FilledAsync(Secretive);
        await LoseRingAsync(database);
        var lines = new Lines();
        var sealing = new Sealing(database, lines);
        await sealing.Ring.LoadAsync(Cancellation);
        var lost = Assert.Single((await LoadAsync(sealing)).Undecryptable);

        Assert.Equal(("", EndpointAuth.None, (Endpoint?)null, "one"), (lost.Url, lost.Auth, lost.Serving, lost.Label));
        Assert.Contains("its endpoint cannot be decrypted: its key is not in the key ring", lost.Undecryptable!.ToString());
        Assert.Contains(lines.All, line => line.StartsWith("Error: 1 altruists are out of service", StringComparison.Ordinal));

        // A new ring serves whoever comes, and says that it was made.
        await PutAsync(database, sealing, Secretive with { Id = new("019a-2"), Url = "https://eth2.acme.example" });
        var roster = await LoadAsync(new Sealing(database));
        Assert.Equal("https://eth2.acme.example", roster.Altruists[new("019a-2")].Url);
        Assert.Single(roster.Undecryptable);
        Assert.Contains(lines.All, line => line.StartsWith("Warning: The encryption key key-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_decrypted_survives_other_changes_and_is_there_again_with_its_ring()
    {
        var database = await FilledAsync(Secretive);
        var kept = await LoseRingAsync(database);
        var sealing = new Sealing(database);
        await sealing.Ring.LoadAsync(Cancellation);
        var lost = (await LoadAsync(sealing)).Altruists[Secretive.Id];
        await PutAsync(database, sealing, lost with { Label = "renamed" });
        await GiveRingAsync(database, kept);

        var back = new Sealing(database);
        await back.Ring.LoadAsync(Cancellation);
        var found = (await LoadAsync(back)).Altruists[Secretive.Id];
        Assert.EquivalentWithExclusions(Secretive with { Label = "renamed" }, found, strict: true, altruist => altruist.InService);
    }

    [Fact]
    public async Task A_ring_that_is_put_back_is_taken_up_without_a_restart_and_nobody_made_another_meanwhile()
    {
        var database = await FilledAsync(Secretive);
        var kept = await LoseRingAsync(database);
        var sealing = new Sealing(database);
        await sealing.Ring.LoadAsync(Cancellation);
        using var cache = new RosterCache(sealing.Rosters);
        await cache.RefreshAsync(Cancellation);
        Assert.Single(cache.Current.Undecryptable);
        Assert.False(await cache.ReopenAsync(Cancellation));
        Assert.False(Directory.Exists(KeysOf(database)));

        await GiveRingAsync(database, kept);
        Assert.True(await cache.ReopenAsync(Cancellation));
        Assert.Empty(cache.Current.Undecryptable);
        Assert.Equal(Secretive.Url, cache.Current.Altruists[Secretive.Id].Url);
        Assert.False(await cache.ReopenAsync(Cancellation));
    }

    [Fact]
    public async Task The_url_of_one_that_cannot_be_decrypted_is_still_taken()
    {
        var database = await FilledAsync(Secretive);
        await LoseRingAsync(database);
        var sealing = new Sealing(database);
        await sealing.Ring.LoadAsync(Cancellation);
        await PutAsync(database, sealing, (await LoadAsync(sealing)).Altruists[Secretive.Id] with { Label = "renamed" });
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => PutAsync(database, sealing, Secretive with { Id = new("019a-2") }));
        Assert.True(Database.IsDuplicate(refused));
    }

    [Theory]
    [InlineData("a file in its place")]
    [InlineData("a broken key")]
    public async Task A_ring_that_cannot_be_read_is_not_replaced(string how)
    {
        var database = await FilledAsync(Secretive);
        if (database.Dialect.Name == "postgres")
            await database.WriteAsync(write => write.ExecuteAsync("delete from data_protection_keys"), Cancellation);
        var folder = KeysOf(database);
        if (how == "a broken key")
        {
            foreach (var file in Directory.GetFiles(folder))
                await File.WriteAllTextAsync(file, "<key", Cancellation);
        }
        else
        {
            Directory.Delete(folder, recursive: true);
            await File.WriteAllTextAsync(folder, "", Cancellation);
        }

        var lines = new Lines();
        var sealing = new Sealing(database, lines);
        await sealing.Ring.LoadAsync(Cancellation);
        Assert.NotNull(sealing.Ring.Trouble);
        var lost = Assert.Single((await LoadAsync(sealing)).Undecryptable);
        Assert.Equal(sealing.Ring.Trouble, lost.Undecryptable!.Reason);
        await Assert.ThrowsAsync<StorageException>(() => PutAsync(database, sealing, Secretive with { Id = new("019a-2"), Url = "https://eth2.acme.example" }));

        Assert.DoesNotContain(lines.All, line => line.Contains("was made", StringComparison.Ordinal));
        Assert.Contains(lines.All, line => line.StartsWith("Error: What is encrypted cannot be read", StringComparison.Ordinal));
        Assert.True(File.Exists(folder) || Directory.GetFiles(folder).Length == 1);
    }

    [Fact]
    public async Task What_was_encrypted_for_one_altruist_is_no_endpoint_of_another()
    {
        var database = await FilledAsync(Secretive, Secretive with { Id = new("019a-2"), Url = "https://eth2.acme.example", Serving = null });
        await database.WriteAsync(write => write.ExecuteAsync("update altruists set endpoint = (select endpoint from altruists where id = '019a-1') where id = '019a-2'"), Cancellation);
        var roster = await LoadAsync(new Sealing(database));
        Assert.Equal("it belongs to another altruist", Assert.Single(roster.Undecryptable).Undecryptable!.Reason);
    }

    [Fact]
    public async Task A_changed_byte_is_noticed()
    {
        var database = await FilledAsync(Secretive);
        await database.WriteAsync(write => write.ExecuteAsync("update altruists set endpoint = substr(endpoint, 1, 90) || case when substr(endpoint, 91, 1) = 'A' then 'B' else 'A' end || substr(endpoint, 92)"), Cancellation);
        Assert.Contains("it was changed", Assert.Single((await LoadAsync(new Sealing(database))).Undecryptable).Undecryptable!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_of_before_are_encrypted_once_with_what_portals_were_told_of_them()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var database = Fixture.Open(place);
        await OldVersionAsync(database);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        var sealing = new Sealing(database);
        await sealing.Ring.LoadAsync(Cancellation);
        await sealing.PlainWith(new HealthStore(database)).SealAsync(Cancellation);

        var roster = await LoadAsync(new Sealing(database));
        var (still, moved, gone) = (roster.Altruists[new("a-still")], roster.Altruists[new("a-moved")], roster.Altruists[new("a-gone")]);
        Assert.Equal(("https://still.example/canary-1", null, true), (still.Url, still.Serving, still.Attested));
        Assert.Equal("wss://still.example/canary-2", still.Urls["websocket"]);
        Assert.Equal(("https://new.example/canary-3", "https://old.example/canary-4", false, true), (moved.Url, moved.Serving!.Url, moved.Attested, moved.InService.Attested));
        Assert.Equal(("https://gone.example/canary-5", Now), (gone.Url, gone.RetiredAt));

        var memories = await new HealthStore(database).LoadAsync("local", Cancellation).ToDictionaryAsync(verdict => verdict.Altruist, verdict => verdict.Memory, cancellationToken: Cancellation);
        Assert.Equal(still.Fingerprint, memories[still.Id].ProvenAt);
        Assert.Equal(moved.InService.Fingerprint, memories[moved.Id].ProvenAt);
        Assert.True(memories[moved.Id].At(moved.InService.Fingerprint).IdentityProven);

        // The URL is still one among the living, and free where it was retired.
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => PutAsync(database, sealing, Secretive with { Url = still.Url }));
        Assert.True(Database.IsDuplicate(refused));
        await PutAsync(database, sealing, Secretive with { Url = gone.Url });

        var revision = await sealing.Rosters.RevisionAsync(Cancellation);
        await sealing.PlainWith(new HealthStore(database)).SealAsync(Cancellation);
        Assert.Equal(revision, await sealing.Rosters.RevisionAsync(Cancellation));
        NothingIn(place, database, "canary");
    }

    [Fact]
    public async Task A_process_that_dies_while_it_encrypts_has_encrypted_nothing_and_the_next_one_does()
    {
        var database = Fixture.Open(await Fixture.NewPlaceAsync(Cancellation));
        await OldVersionAsync(database);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        var sealing = new Sealing(database);
        await Assert.ThrowsAsync<InvalidOperationException>(() => sealing.PlainWith(new Dying()).SealAsync(Cancellation));
        Assert.Equal("https://still.example/canary-1", (await LoadAsync(new Sealing(database))).Altruists[new("a-still")].Url);

        await sealing.PlainWith(new HealthStore(database)).SealAsync(Cancellation);
        Assert.Equal("https://still.example/canary-1", (await LoadAsync(new Sealing(database))).Altruists[new("a-still")].Url);
        Assert.Equal(0, await database.SingleOrDefaultAsync<long>("select count(*) from altruists where endpoint is null", null, Cancellation));
    }

    [Fact]
    public async Task A_process_that_dies_before_it_cleaned_up_leaves_that_to_the_next()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var database = Fixture.Open(place);
        await OldVersionAsync(database);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        var sealing = new Sealing(database);
        await database.WriteAsync(async write =>
        {
            await sealing.Altruists.SealPlainAsync(write, await new HealthStore(database).TakeUrlsAsync(write));
            await AltruistStore.MarkUnscrubbedAsync(write);
        }, Cancellation);

        await new Sealing(database).PlainWith(new HealthStore(database)).SealAsync(Cancellation);
        NothingIn(place, database, "canary");
        Assert.Null(await database.SingleOrDefaultAsync<string>("select value from meta where name = 'unscrubbed'", null, Cancellation));
    }

    [Fact]
    public async Task Without_a_ring_rows_of_before_stay_as_they_are_and_in_service()
    {
        var database = Fixture.Open(await Fixture.NewPlaceAsync(Cancellation));
        await OldVersionAsync(database);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        Directory.CreateDirectory(database.DataDirectory);
        await File.WriteAllTextAsync(KeysOf(database), "", Cancellation);
        var sealing = new Sealing(database);
        await sealing.Ring.LoadAsync(Cancellation);
        await sealing.PlainWith(new HealthStore(database)).SealAsync(Cancellation);
        Assert.Equal("https://still.example/canary-1", (await LoadAsync(sealing)).Altruists[new("a-still")].Url);
    }

    private static string KeysOf(Database database) => Path.Combine(database.DataDirectory, "keys");

    private protected static async Task<Roster> LoadAsync(Sealing sealing)
    {
        using var cache = new RosterCache(sealing.Rosters);
        await cache.RefreshAsync(Cancellation);
        return cache.Current;
    }

    private async Task<Database> FilledAsync(params Altruist[] altruists)
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        await database.WriteAsync(async write => await ProviderStore.PutAsync(write, new Provider(new("acme"), "Acme", null, null, null), Now, await write.NextRevisionAsync()), Cancellation);
        var sealing = new Sealing(database);
        foreach (var altruist in altruists)
            await PutAsync(database, sealing, altruist);
        return database;
    }

    private protected static Task PutAsync(Database database, Sealing sealing, Altruist altruist) =>
        database.WriteAsync(async write => await sealing.Altruists.PutAsync(write, altruist, await write.NextRevisionAsync()), Cancellation);

    /// <summary>Takes the ring away as a lost disk does; gives what was in it.</summary>
    private static async Task<Dictionary<string, string>> LoseRingAsync(Database database)
    {
        var files = Directory.GetFiles(KeysOf(database)).ToDictionary(file => file, File.ReadAllText);
        Directory.Delete(KeysOf(database), recursive: true);
        if (database.Dialect.Name == "postgres")
            await database.WriteAsync(write => write.ExecuteAsync("delete from data_protection_keys"), Cancellation);
        return files;
    }

    private static async Task GiveRingAsync(Database database, Dictionary<string, string> files)
    {
        Directory.CreateDirectory(KeysOf(database));
        foreach (var (file, xml) in files)
            await File.WriteAllTextAsync(file, xml, Cancellation);
    }

    /// <summary>A database as the version before left it: URLs in the open, also in the memories of verdicts.</summary>
    private static async Task OldVersionAsync(Database database)
    {
        await database.PrepareAsync(create: true, Cancellation);
        await DatabaseFixture.MigratorOf(database).MigrateAsync([Migrator.Embedded(database.Dialect.Name)[0]], Cancellation);
        await database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into providers (id, name, created_at, revision) values ('acme', 'Acme', 1, 1)");
            foreach (var (id, url, urls, attested, retired) in new[]
            {
                ("a-still", "https://still.example/canary-1", """{"websocket":"wss://still.example/canary-2"}""", true, (long?)null),
                ("a-moved", "https://new.example/canary-3", "{}", false, null),
                ("a-gone", "https://gone.example/canary-5", "{}", true, Now.ToUnixTimeMilliseconds()),
            })
            {
                await write.ExecuteAsync(
                    """
                    insert into altruists (id, provider_id, network, chains, regions, url, url_key, urls, private_url, label, auth, capabilities, tier, role, enabled, attested, created_at, retired_at, revision)
                    values (@id, 'acme', 'evm:1', '["0021"]', '["*"]', @url, @key, @urls, @no, 'x', '{"type":"none"}', '[]', 1, 'serve', @yes, @attested, 1, @retired, 1)
                    """,
                    new { id, url, key = retired is null ? url : null, urls, attested, retired, no = false, yes = true });
            }

            foreach (var (id, url) in new[] { ("a-still", "https://still.example/canary-1"), ("a-moved", "https://old.example/canary-4") })
            {
                await write.ExecuteAsync(
                    "insert into verdicts (altruist_id, vantage, state, reason, since, memory, updated_at) values (@id, 'local', 'healthy', 'healthy', 1, @memory, 1)",
                    new { id, memory = $$"""{"Base":"Healthy","Goods":2,"IdentityProven":true,"ProvenUrl":"{{url}}","ServingUrl":"{{url}}"}""" });
            }

            await write.ExecuteAsync("update counters set value = 1 where name = 'revision'");
        }, Cancellation);

        // Some of it lies where only freed space is.
        await database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values ('x', @value)", new { value = "https://freed.example/canary-" + new string('y', 9000) }), Cancellation);
        await database.WriteAsync(write => write.ExecuteAsync("delete from meta where name = 'x'"), Cancellation);
    }

    /// <summary>Byte for byte, in every file of the database: what was overwritten or deleted too.</summary>
    private static void NothingIn(StorageOptions place, Database database, string text)
    {
        if (place.Provider != "sqlite")
            return;
        foreach (var file in Directory.GetFiles(database.DataDirectory))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            Assert.True(copy.ToArray().AsSpan().IndexOf("Y2FuYXJ5"u8) < 0, $"{Path.GetFileName(file)} holds '{text}' in base64");
            Assert.True(copy.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) < 0, $"{Path.GetFileName(file)} holds '{text}'");
        }
    }

    private sealed class Dying : IHealthHeritage
    {
        public Task InheritAsync(WriteTransaction write, AltruistId retired, AltruistId heir) => throw new InvalidOperationException();

        public async Task<IReadOnlyDictionary<AltruistId, string>> TakeUrlsAsync(WriteTransaction write)
        {
            await write.ExecuteAsync("update altruists set endpoint = 'half', url = '' where id = 'a-still'");
            throw new InvalidOperationException("killed");
        }
    }

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public List<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel}: {formatter(state, exception)}");

        public void Dispose()
        {
        }
    }
}

public sealed class SealedEndpointsOnSqlite(SqliteFixture fixture) : SealedEndpointContract(fixture), IClassFixture<SqliteFixture>;

public sealed class SealedEndpointsOnPostgres(PostgresFixture fixture) : SealedEndpointContract(fixture), IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Every_instance_reads_what_another_one_encrypted_and_keeps_a_copy_of_the_ring()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        await using var first = Fixture.Open(place);
        await first.PrepareAsync(create: true, Cancellation);
        await DatabaseFixture.MigratorOf(first).MigrateAsync(Cancellation);
        var elsewhere = Directory.CreateTempSubdirectory("altruist-manager-");
        try
        {
            var second = Fixture.Open(new StorageOptions { Provider = "postgres", ConnectionString = place.ConnectionString, DataDirectory = elsewhere.FullName });
            var reader = new Sealing(second);
            await reader.Ring.LoadAsync(Cancellation);
            await LoadAsync(reader);

            // The first key is made after the other instance has read its ring.
            await first.WriteAsync(async write => await ProviderStore.PutAsync(write, new Provider(new("acme"), "Acme", null, null, null), DateTimeOffset.UnixEpoch, await write.NextRevisionAsync()), Cancellation);
            await PutAsync(first, new Sealing(first), new Altruist
            {
                Id = new("019a-1"), Provider = new("acme"), Network = new("evm:1"), Chains = [new("0021")], Regions = [RegionId.Everywhere], Url = "https://eth1.acme.example/x", MayBePrivate = false,
                Label = "one", CreatedAt = DateTimeOffset.UnixEpoch,
            });
            Assert.Equal("https://eth1.acme.example/x", (await LoadAsync(reader)).Altruists[new("019a-1")].Url);

            // The copy alone decrypts while there is no database.
            var text = reader.Ring.Protect("x", [1, 2, 3]);
            var alone = new KeyRing(Fixture.Open(new StorageOptions { Provider = "postgres", ConnectionString = "Host=127.0.0.1;Port=1", DataDirectory = elsewhere.FullName }), Microsoft.Extensions.Logging.Abstractions.NullLogger<KeyRing>.Instance);
            Assert.Equal([1, 2, 3], alone.Reader("x")(text));
        }
        finally
        {
            elsewhere.Delete(recursive: true);
        }
    }
}
