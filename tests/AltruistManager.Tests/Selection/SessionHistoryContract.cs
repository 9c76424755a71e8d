using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Selection;

/// <summary>Sessions as they are stored and read back, on each database.</summary>
public abstract class SessionHistoryContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private const int Slot = 1;
    private const int Other = 2;

    /// <summary>Whole seconds, so that what is stored is what was given.</summary>
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    [Fact]
    public async Task What_was_stored_before_open_sessions_stood_apart_is_told_as_before()
    {
        var database = Fixture.Open(await Fixture.NewPlaceAsync(Cancellation));
        await database.PrepareAsync(create: true, Cancellation);
        var migrations = Migrator.Embedded(database.Dialect.Name);
        var before = migrations.TakeWhile(migration => !migration.Name.Contains("history_apart", StringComparison.Ordinal)).ToList();
        Assert.True(before.Count < migrations.Count);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(before, Cancellation);
        await database.WriteAsync(async write =>
        {
            await write.ExecuteAsync("insert into slots (id, chain_id, region_id) values (1, '0021', 'eu'), (2, '0022', 'eu'), (3, '0023', 'eu')");
            // Two in use at once: a lasts while the other changes.
            await OldAsync("a", 60, 1, 200, null);
            await OldAsync("b", 40, 1, 200, 150);
            await OldAsync("c", 40, 1, 150, 30);
            await OldAsync("d", 40, 1, 30, null);
            await OldAsync("b", 100, 2, 90, 45);
            for (var ordinal = 0; ordinal < 2; ordinal++)
            {
                await write.ExecuteAsync(
                    "insert into log_decisions (generation, ordinal, slot_id) values (7, @ordinal, @slot)", new { ordinal, slot = 2 - ordinal });
            }

            await write.ExecuteAsync(
                """
                insert into log_entries (origin, generation, trigger, round, is_round, scheduled_at, at, body, body_hash, previous_hash, hash)
                values ('o', 7, 'scheduled', 1, @yes, 0, 0, @body, '', '', '')
                """,
                new { yes = true, body = new byte[] { 1 } });

            Task OldAsync(string altruist, int weight, int slot, int from, int? to) => write.ExecuteAsync(
                """
                insert into sessions (slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at)
                values (@slot, @altruist, @weight, 7, 0, @from, @to)
                """,
                new { slot, altruist, weight, from = MsAgo(from), to = to is { } minutes ? MsAgo(minutes) : (long?)null });
        }, Cancellation);

        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        var store = new SelectionStore(database, TimeProvider.System);
        Assert.Equal(["d 30 -", "a 200 -", "c 150 30", "b 200 150"], await ToldAsync(store, Slot));
        Assert.Equal(["b 90 45"], await ToldAsync(store, Other));
        Assert.Empty(await ToldAsync(store, 3));
        Assert.Equal("a 1, b 1, c 1, d 1", await LastHourAsync(store));
        var rows = await store.DecisionsAsync(null, null, null, 10, Cancellation);
        Assert.Equal([(7L, 0, 2), (7L, 1, 1)], rows.Select(row => (row.Generation, row.Ordinal, row.SlotId)));
        Assert.Equal(1, (await store.FindDecisionAsync(new DecisionId(7, 1), Cancellation))!.SlotId);

        // It goes on from there.
        await database.WriteAsync(write => store.CloseSessionsAsync(write, [(Slot, new("a")), (Slot, new("d"))], MsAgo(1)), Cancellation);
        Assert.Equal(["d 30 1", "a 200 1", "c 150 30", "b 200 150"], await ToldAsync(store, Slot));
    }

    [Fact]
    public async Task Each_session_of_a_slot_with_several_in_use_is_told_once_on_pages_of_any_length()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new SelectionStore(database, TimeProvider.System);
        await database.WriteAsync(async write =>
        {
            await store.AddSlotsAsync(write, [(Slot, new(new("0021"), new("eu"))), (Other, new(new("0022"), new("eu")))]);
            await store.OpenSessionsAsync(write, [new(Slot, new("a"), 34, 0), new(Slot, new("b"), 33, 0), new(Slot, new("c"), 33, 0), new(Other, new("b"), 100, 1)], 1, MsAgo(300));
            await store.CloseSessionsAsync(write, [(Slot, new("a")), (Slot, new("c")), (Other, new("b"))], MsAgo(100));
            await store.OpenSessionsAsync(write, [new(Slot, new("d"), 67, 0), new(Other, new("a"), 100, 1)], 2, MsAgo(100));
        }, Cancellation);
        // Nobody looked after them for a while, and then all ended at once.
        await store.BreakSessionsAsync(Now.AddMinutes(-50), Now.AddMinutes(-20), Cancellation);
        await database.WriteAsync(write => store.CloseSessionsAsync(write, [(Slot, new("b")), (Slot, new("d"))], MsAgo(10)), Cancellation);

        Assert.Equal(["d 20 10", "b 20 10", "d 100 50", "b 300 50", "c 300 100", "a 300 100"], await ToldAsync(store, Slot));
        Assert.Equal(["a 20 -", "a 100 50", "b 300 100"], await ToldAsync(store, Other));
        Assert.Equal("a 2, b 2, d 2", await LastHourAsync(store));
        var counts = await store.CountSlotSessionsAsync([Slot, Other], Now.AddMinutes(-60), Cancellation);
        Assert.Equal([("b", 2), ("d", 2)], counts[Slot].Select(count => (count.Key.Value, count.Value)).Order());
        Assert.Equal(2, counts[Other][new("a")]);
        var starts = await store.LastStartsAsync([(Slot, MsAgo(30)), (Slot, MsAgo(200)), (Slot, MsAgo(30)), (Slot, MsAgo(400)), (Other, MsAgo(1)), (3, MsAgo(1))], Cancellation);
        Assert.Equal(["a 300, b 300, c 300, d 100", "a 300, b 300, c 300", "a 20, b 300"], new[] { (Slot, 30), (Slot, 200), (Other, 1) }.Select(of =>
            string.Join(", ", starts[(of.Item1, MsAgo(of.Item2))].Select(start => $"{start.Key} {(Now - start.Value).TotalMinutes}").Order())));
        Assert.Equal(3, starts.Count);
    }

    [Fact]
    public async Task An_altruist_is_told_its_sessions_of_all_slots_and_its_share_in_them()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new SelectionStore(database, TimeProvider.System);
        await database.WriteAsync(async write =>
        {
            await store.AddSlotsAsync(write, [(Slot, new(new("0021"), new("eu"))), (Other, new(new("0022"), new("eu")))]);
            await store.OpenSessionsAsync(write, [new(Slot, new("a"), 100, 0), new(Other, new("b"), 100, 1)], 1, MsAgo(300));
            await store.CloseSessionsAsync(write, [(Slot, new("a"))], MsAgo(40));
            await store.OpenSessionsAsync(write, [new(Slot, new("b"), 100, 0)], 2, MsAgo(40));
            await store.CloseSessionsAsync(write, [(Slot, new("b"))], MsAgo(30));
            await store.OpenSessionsAsync(write, [new(Slot, new("a"), 100, 0)], 3, MsAgo(30));
            await store.CloseSessionsAsync(write, [(Slot, new("a"))], MsAgo(20));
            await store.OpenSessionsAsync(write, [new(Slot, new("b"), 100, 0)], 4, MsAgo(20));
            await store.CloseSessionsAsync(write, [(Slot, new("b"))], MsAgo(10));
            await store.OpenSessionsAsync(write, [new(Slot, new("b"), 60, 0), new(Slot, new("c"), 40, 0)], 5, MsAgo(10));
        }, Cancellation);

        Assert.Equal(["0021 10 - 60", "0022 300 - 100", "0021 20 10 100", "0021 40 30 100"], Told(await store.SessionsOfAsync(new("b"), Now.AddHours(-1), 0, 10, Cancellation)));
        Assert.Equal(["0022 300 - 100", "0021 20 10 100"], Told(await store.SessionsOfAsync(new("b"), Now.AddHours(-1), 1, 2, Cancellation)));
        Assert.Equal(["0021 30 20 100"], Told(await store.SessionsOfAsync(new("a"), Now.AddMinutes(-25), 0, 10, Cancellation)));

        // Since 50 minutes ago, in one stretch: five sessions of three altruists, two of them and the one that lasts b's.
        var day = TimeSpan.FromDays(100_000);
        var share = Assert.Single(await store.SharesAsync(new("b"), [Slot, Other], Now.AddMinutes(-50), day, Cancellation));
        Assert.Equal((Slot, 5, 3, 3), (share.SlotId, share.Sessions, share.Own, share.Altruists));
        Assert.Equal(2, (await store.SharesAsync(new("b"), [Slot, Other], Now.AddMinutes(-400), day, Cancellation)).Count);

        static IEnumerable<string> Told(IReadOnlyList<OwnSession> sessions) => sessions.Select(session =>
            $"{session.Slot.Chain} {(Now - session.StartedAt).TotalMinutes} {(session.EndedAt is { } ended ? (Now - ended).TotalMinutes : "-")} {session.Weight}");
    }

    private static long MsAgo(int minutes) => Now.AddMinutes(-minutes).ToUnixTimeMilliseconds();

    /// <summary>As read on pages of one, of two and on a single one: altruist, began and ended so many minutes ago.</summary>
    private static async Task<IReadOnlyList<string>> ToldAsync(SelectionStore store, int slot)
    {
        var whole = await store.SessionsAsync(slot, null, 100, Cancellation);
        var open = whole.Count(session => session.EndedAt is null);
        for (var length = 1; length <= 2; length++)
        {
            var paged = whole.Take(open).ToList();
            var page = (await store.SessionsAsync(slot, null, open + length, Cancellation)).Skip(open).ToList();
            while (page.Count > 0)
            {
                paged.AddRange(page);
                page = [.. await store.SessionsAsync(slot, page[^1].Id, length, Cancellation)];
            }

            Assert.Equal(whole, paged);
        }

        return [.. whole.Select(session => $"{session.Altruist} {(Now - session.StartedAt).TotalMinutes} {(session.EndedAt is { } ended ? $"{(Now - ended).TotalMinutes}" : "-")}")];
    }

    private static async Task<string> LastHourAsync(SelectionStore store)
    {
        var counts = await store.CountSessionsAsync([new("a"), new("b"), new("c"), new("d")], Now.AddMinutes(-60), Cancellation);
        return string.Join(", ", counts.OrderBy(count => count.Key).Select(count => $"{count.Key} {count.Value}"));
    }
}

public sealed class SessionHistoryOnSqlite(SqliteFixture fixture) : SessionHistoryContract(fixture), IClassFixture<SqliteFixture>;

public sealed class SessionHistoryOnPostgres(PostgresFixture fixture) : SessionHistoryContract(fixture), IClassFixture<PostgresFixture>;
