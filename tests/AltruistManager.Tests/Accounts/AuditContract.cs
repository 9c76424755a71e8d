using System.Text;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;
using CsvHelper;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Accounts;

public sealed class AuditOnSqlite(SqliteFixture fixture) : AuditContract(fixture), IClassFixture<SqliteFixture>
{
    [Theory]
    [InlineData(AuditStore.Size)]
    [InlineData(AuditStore.Actions)]
    [InlineData("select id from audit where outcome = 'refused' order by id desc limit 51")]
    public async Task What_a_page_asks_again_and_again_is_found_without_reading_the_trail(string sql)
    {
        var plan = (await (await Fixture.NewDatabaseAsync(Cancellation)).QueryAsync<PlanRow>($"explain query plan {sql}", null, Cancellation)).ConvertAll(row => row.Detail);
        Assert.Contains(plan, step => step.StartsWith("SEARCH", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => step.StartsWith("SCAN audit", StringComparison.Ordinal) || step.StartsWith("SCAN a ", StringComparison.Ordinal));
    }

    private sealed record PlanRow
    {
        public required string Detail { get; init; }
    }
}

public sealed class AuditOnPostgres(PostgresFixture fixture) : AuditContract(fixture), IClassFixture<PostgresFixture>;

/// <summary>The audit trail: what is in it stays, and nothing that is sent makes it grow without bound.</summary>
public abstract class AuditContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private readonly Clock clock = new();

    [Fact]
    public async Task Line_can_neither_be_changed_nor_taken_away_nor_replaced()
    {
        var (database, audit) = await NewAsync();
        await audit.AppendAsync(Actors.Staff, new AuditEntry("chain.add", "chain", "0021"), Cancellation);
        string[] ways =
        [
            "update audit set actor_name = 'somebody else'",
            "delete from audit",
            database.Dialect.Pick("insert or replace into audit select * from audit", "truncate audit"),
        ];
        foreach (var way in ways)
        {
            var refused = await Assert.ThrowsAnyAsync<Exception>(() => database.WriteAsync(write => write.ExecuteAsync(way), Cancellation));
            Assert.Contains("the audit trail is only appended to", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal("staff@manager.example", Assert.Single(await audit.ListAsync(new AuditFilter(), null, 10, Cancellation)).ActorName);
    }

    [Fact]
    public async Task Change_that_fails_leaves_no_line()
    {
        var (database, audit) = await NewAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync(async write =>
        {
            await AuditStore.AppendAsync(write, clock.Now, Actors.Staff, new AuditEntry("chain.add", "chain", "0021"));
            throw new InvalidOperationException();
        }, Cancellation));
        Assert.Empty(await audit.ListAsync(new AuditFilter(), null, 10, Cancellation));
    }

    [Fact]
    public async Task Lines_are_found_by_all_that_stands_in_them_newest_first_and_page_by_page()
    {
        var (_, audit) = await NewAsync();
        foreach (var number in Enumerable.Range(1, 5))
        {
            clock.Now += TimeSpan.FromMinutes(1);
            await audit.AppendAsync(Actors.AdminOf("acme"), new AuditEntry("altruist.change", "altruist", $"a{number}") { Provider = "acme" }, Cancellation);
        }

        await audit.AppendAsync(Actors.Staff, new AuditEntry("altruist-list.read", "altruist", "a1"), Cancellation);
        var first = await audit.ListAsync(new AuditFilter { Action = "altruist" }, null, 3, Cancellation);
        Assert.Equal(["a5", "a4", "a3"], first.Select(line => line.SubjectId));
        Assert.Equal(["a2", "a1"], (await audit.ListAsync(new AuditFilter { Action = "altruist" }, first[^1].Id, 3, Cancellation)).Select(line => line.SubjectId));

        Assert.Equal(5, await CountAsync(new AuditFilter { Actor = "acme-admin" }));
        Assert.Equal(5, await CountAsync(new AuditFilter { Actor = "user:acme-admin" }));
        Assert.Equal(0, await CountAsync(new AuditFilter { Actor = "key:acme-admin" }));
        Assert.Equal(2, await CountAsync(new AuditFilter { Subject = "altruist:a1" }));
        Assert.Equal(0, await CountAsync(new AuditFilter { Subject = "chain:a1" }));
        Assert.Equal(5, await CountAsync(new AuditFilter { Provider = "acme" }));
        Assert.Equal(3, await CountAsync(new AuditFilter { Action = "altruist.change", From = clock.Now.AddMinutes(-2) }));
        Assert.Equal(2, await CountAsync(new AuditFilter { To = clock.Now.AddMinutes(-2) }));

        Assert.Equal(6, await CountAsync(new AuditFilter { Outcome = AuditOutcome.Done }));
        Assert.Equal(0, await CountAsync(new AuditFilter { Outcome = AuditOutcome.Refused }));

        async Task<int> CountAsync(AuditFilter filter) => (await audit.ListAsync(filter, null, 100, Cancellation)).Count;
    }

    [Fact]
    public async Task How_long_the_trail_is_and_since_when_is_told()
    {
        var (_, audit) = await NewAsync();
        Assert.Null(await audit.SizeAsync(Cancellation));
        var first = clock.Now;
        for (var i = 0; i < 3; i++, clock.Now += TimeSpan.FromMinutes(1))
            await audit.AppendAsync(Actors.Staff, new AuditEntry("chain.add", "chain", "0021"), Cancellation);
        Assert.Equal(new AuditSize(3, first), await audit.SizeAsync(Cancellation));
    }

    [Fact]
    public async Task Actions_that_stand_in_the_trail_are_told_once_each()
    {
        var (_, audit) = await NewAsync();
        Assert.Empty(await audit.ActionsAsync(Cancellation));
        foreach (var action in new[] { "invitation.add", "chain.add", "invitation.add", "invitation.use", "chain.add" })
            await audit.AppendAsync(Actors.Staff, new AuditEntry(action, "chain", "0021"), Cancellation);
        Assert.Equal(["chain.add", "invitation.add", "invitation.use"], await audit.ActionsAsync(Cancellation));
    }

    [Fact]
    public async Task Text_of_others_begins_no_line_and_turns_none_around_and_is_short()
    {
        var (_, audit) = await NewAsync();
        var evil = "a\r\n2026-11-21 staff did it\u2028\u202e\u0000" + new string('x', 100_000);
        await audit.AppendAsync(
            Actors.Staff with { Name = evil, Address = evil },
            new AuditEntry("chain.add", "chain", evil) { Detail = evil, After = new JsonObject { ["name"] = evil, [evil] = new JsonArray([.. Enumerable.Range(0, 1000).Select(_ => (JsonNode)evil)]) } }, Cancellation);

        var line = Assert.Single(await audit.ListAsync(new AuditFilter(), null, 10, Cancellation));
        foreach (var text in new[] { line.ActorName, line.Address!, line.SubjectId, line.Detail!, line.After! })
        {
            Assert.DoesNotContain(text, character => char.IsControl(character) || character is '\u2028' or '\u202e');
            Assert.InRange(text.Length, 1, 4000);
        }

        Assert.StartsWith("a\\u000d\\u000a2026-11-21 staff did it\\u2028\\u202e\\u0000xxx", line.ActorName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flood_of_refusals_is_no_flood_of_lines_and_each_of_them_counts()
    {
        var (database, audit) = await NewAsync();
        using var refusals = Actors.Refusals(database, clock);
        var entry = new AuditEntry("altruist.change", "altruist", "a1") { Detail = "not-yours" };
        var noted = 0;
        for (var second = 0; second < 6 * 3600; second++)
        {
            for (var i = 0; i < 3; i++, noted++)
                refusals.Note(Actors.AdminOf("other"), entry);
            clock.Now += TimeSpan.FromSeconds(1);
            await refusals.WriteDueAsync(Cancellation);
            if (second == 0)
                Assert.Equal(3, Assert.Single(await audit.ListAsync(new AuditFilter(), null, 10, Cancellation)).Times);
        }

        await refusals.FlushAsync(Cancellation);
        var lines = await audit.ListAsync(new AuditFilter(), null, 1000, Cancellation);
        // At once, after 1, 2, 4, 8, 16, 32 minutes, then each hour.
        Assert.InRange(lines.Count, 8, 14);
        Assert.Equal(noted, lines.Sum(line => line.Times));
        Assert.All(lines, line => Assert.Equal((AuditOutcome.Refused, "not-yours"), (line.Outcome, line.Detail)));
    }

    [Fact]
    public async Task Who_asks_for_all_refusals_waits_for_those_on_their_way()
    {
        var (database, audit) = await NewAsync();
        using var refusals = Actors.Refusals(database, clock);
        refusals.Note(Actors.AdminOf("other"), new AuditEntry("altruist.change", "altruist", "a1"));
        Task onTheirWay = Task.CompletedTask, all = Task.CompletedTask;
        await database.WriteAsync(async write =>
        {
            if (database.Dialect.Name == "postgres")
                await write.ExecuteAsync("lock table audit in exclusive mode");
            onTheirWay = refusals.WriteDueAsync(Cancellation);
            all = refusals.FlushAsync(Cancellation);
            Assert.False(all.IsCompleted);
        }, Cancellation);

        await all;
        Assert.Single(await audit.ListAsync(new AuditFilter(), null, 10, Cancellation));
        await onTheirWay;
    }

    [Fact]
    public async Task Failed_sign_ins_from_very_many_addresses_are_few_lines()
    {
        var (database, audit) = await NewAsync();
        using var refusals = Actors.Refusals(database, clock);
        for (var address = 0; address < 10_000; address++)
            refusals.Note(Actor.Nobody($"2001:db8::{address:x}"), new AuditEntry("key.sign-in", "key", ""));
        refusals.Note(Actors.AdminOf("other"), new AuditEntry("altruist.change", "altruist", "a1"));
        await refusals.WriteDueAsync(Cancellation);

        var lines = await audit.ListAsync(new AuditFilter(), null, 1000, Cancellation);
        Assert.Equal(102, lines.Count);
        Assert.Equal(10_001, lines.Sum(line => line.Times));
        Assert.Contains(lines, line => line.ActorId == "other-admin");
    }

    [Fact]
    public async Task Refusals_that_could_not_be_written_are_written_later()
    {
        var (database, audit) = await NewAsync();
        using var refusals = Actors.Refusals(database, clock);
        await database.WriteAsync(write => write.ExecuteAsync("alter table audit rename to elsewhere"), Cancellation);
        refusals.Note(Actors.AdminOf("other"), new AuditEntry("altruist.change", "altruist", "a1"));
        await refusals.WriteDueAsync(Cancellation);
        await database.WriteAsync(write => write.ExecuteAsync("alter table elsewhere rename to audit"), Cancellation);
        refusals.Note(Actors.AdminOf("other"), new AuditEntry("altruist.change", "altruist", "a2"));
        await refusals.WriteDueAsync(Cancellation);
        Assert.Equal(("a2", 2), (await audit.ListAsync(new AuditFilter(), null, 10, Cancellation)).Select(line => (line.SubjectId, line.Times)).Single());
    }

    [Fact]
    public async Task All_lines_are_exported_however_many_there_are()
    {
        var (database, audit) = await NewAsync();
        await database.WriteAsync(async write =>
        {
            for (var number = 0; number < 2500; number++)
                await AuditStore.AppendAsync(write, clock.Now, Actors.Staff, new AuditEntry("chain.add", "chain", $"c{number}"));
        }, Cancellation);

        var rows = await ExportAsync(audit.ReadAsync(new AuditFilter(), null, Cancellation));
        Assert.Equal(2501, rows.Count);
        Assert.Equal(("id", "c2499", "c0"), (rows[0][0], rows[1][8], rows[^1][8]));
    }

    [Fact]
    public void No_cell_of_the_export_is_a_formula_to_a_spreadsheet() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), ArbMap.Default.ArbFor<char>(), (text, first) =>
        {
            var evil = new[] { "=", "+", "-", "@", "\t", "\r", first.ToString() }.Select(prefix => $"{prefix}{text.Get}").ToList();
            foreach (var value in evil)
            {
                var record = new AuditRecord
                {
                    Id = 1, At = DateTimeOffset.UnixEpoch, ActorKind = ActorKind.Key, ActorId = value, ActorName = value, ByStaff = false, Address = value, Action = value, SubjectKind = value,
                    SubjectId = value, Provider = value, Outcome = AuditOutcome.Done, Times = 1, Before = value, After = value, Detail = value,
                };
                var row = ExportAsync(new[] { record }.ToAsyncEnumerable()).GetAwaiter().GetResult()[1];
                Assert.Equal(15, row.Length);
                Assert.DoesNotContain(row, cell => cell.Length > 0 && "=+-@\t\r".Contains(cell[0], StringComparison.Ordinal));
            }
        }).QuickCheckThrowOnFailure();

    private static async Task<List<string[]>> ExportAsync(IAsyncEnumerable<AuditRecord> records)
    {
        using var stream = new MemoryStream();
        await AuditCsv.WriteAsync(stream, records, Cancellation);
        stream.Position = 0;
        await using var csv = CsvReader.Create(stream, new CsvReaderOptions { HasHeader = false });
        var rows = new List<string[]>();
        while (await csv.ReadAsync(Cancellation))
            rows.Add([.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)]);
        return rows;
    }

    private async Task<(Database Database, AuditStore Audit)> NewAsync()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        return (database, new AuditStore(database, clock));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;
    }
}
