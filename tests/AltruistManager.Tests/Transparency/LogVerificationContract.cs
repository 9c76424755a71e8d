using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Selection;
using AltruistManager.Tests.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Tests.Transparency;

/// <summary>What verifying tells of a log that is whole, of one that was tampered with, and of one that is partly forgotten, on each database.</summary>
public abstract partial class LogVerificationContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private const string RoundOfTheMiddle = "select min(generation) from log_entries where is_round and generation > (select min(generation) + 12 from log_entries)";

    [Fact]
    public async Task A_log_of_rounds_failovers_overrides_restarts_and_keys_verifies()
    {
        await using var scene = await LivedAsync();
        var report = await VerifyAsync(scene.Database);
        Assert.Null(report.Difference);
        Assert.True(report.Replayed > 30, $"{report.Replayed} entries");
        Assert.Equal((0, false), (report.Forgotten, report.BeginsLate));
        Assert.Equal(report.First, report.FirstKept);
        Assert.Equal((await LogOf(scene).KeysAsync(Cancellation))[^1].Id, report.Key);
    }

    [Fact]
    public async Task Every_column_of_every_table_of_the_log_is_covered()
    {
        await using var scene = await LivedAsync();
        var tables = await TablesAsync();
        Assert.Equal(["log_decisions", "log_entries", "log_keys"], tables.Keys.Order());
        foreach (var (table, columns) in tables)
        {
            foreach (var (column, type) in columns)
            {
                var row = await RowAsync(table, column);
                var before = await ValueAsync(table, column, row);
                var after = await ChangedAsync(table, column, type, before);
                await SetAsync(table, column, row, after);
                var difference = (await VerifyAsync(scene.Database)).Difference;
                Assert.True(difference is not null, $"{table}.{column} was changed from {before} to {after}, and nobody noticed");
                if (table == "log_entries")
                    Assert.Equal(column, difference.What);
                else
                    Assert.Matches($@"^{column} \({table}[,)]", difference.What);
                await SetAsync(table, column, row with { Where = row.After?.Invoke(after) ?? row.Where }, before);
                Assert.Null((await VerifyAsync(scene.Database)).Difference);
            }
        }

        async Task<Row> RowAsync(string table, string column)
        {
            var head = await ScalarAsync<long>("select max(generation) from log_entries");
            return (table, column) switch
            {
                // A row of the middle; where the change moves the row, one that can be moved.
                ("log_entries", "generation") => new Row($"generation = {head}", after => $"generation = {after}"),
                ("log_entries", _) => new Row($"generation = {await ScalarAsync<long>(RoundOfTheMiddle)}"),
                ("log_keys", "from_generation") => new Row($"from_generation = {await ScalarAsync<long>("select max(from_generation) from log_keys")}", after => $"from_generation = {after}"),
                ("log_keys", _) => new Row($"from_generation = {await ScalarAsync<long>("select max(from_generation) from log_keys")}"),
                // An entry of one slot only, so that the other slot is free to be named in its place.
                (_, "generation") => new Row($"generation = {await SingleSlotEntryAsync()}", after => $"generation = {after}"),
                (_, "ordinal") => new Row($"generation = {await SingleSlotEntryAsync()}"),
                _ => new Row($"generation = {await SingleSlotEntryAsync()}"),
            };
        }

        Task<long> SingleSlotEntryAsync() => ScalarAsync<long>("select max(generation) from (select generation from log_decisions group by generation having count(*) = 1) as small");

        async Task<object> ChangedAsync(string table, string column, string type, object before) => before switch
        {
            _ when column == "slot_id" => await ScalarAsync<long>($"select min(id) from slots where id <> {before}"),
            _ when column is "generation" or "from_generation" => Convert.ToInt64(before) + 1_000_000,
            // Another bit of what is compressed may lead to the same text: what repeats itself can be copied from here or there.
            byte[] bytes => EntryLog.Compress([.. EntryLog.Decompress(bytes), (byte)' ']),
            // Another valid point of the curve is found by nobody who changes a character.
            string text => text[..^3] + (text[^3] == 'a' ? 'b' : 'a') + text[^2..],
            bool flag => !flag,
            long number when type == "boolean" => number == 0 ? 1L : 0L,
            _ => Convert.ToInt64(before) + 1_000_000,
        };

        async Task<Dictionary<string, List<(string Column, string Type)>>> TablesAsync()
        {
            var sqlite = scene.Database.Dialect.IsSqlite;
            var rows = await scene.Database.QueryAsync<SchemaRow>(
                sqlite
                    ? "select m.name as table_name, c.name as column_name, lower(c.type) as type from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name like 'log\\_%' escape '\\'"
                    : "select table_name, column_name, data_type as type from information_schema.columns where table_schema = current_schema() and table_name like 'log\\_%'",
                null, Cancellation);
            return rows.GroupBy(row => row.TableName).ToDictionary(group => group.Key, group => group.Select(row => (row.ColumnName, row.Type)).ToList());
        }

        async Task<object> ValueAsync(string table, string column, Row row) =>
            (await scene.Database.QueryAsync<object>($"select {column} as value from {table} where {row.Where}", null, Cancellation))
                .Select(found => ((IDictionary<string, object>)found)["value"]).Single();

        Task SetAsync(string table, string column, Row row, object value) => scene.Database.WriteAsync(
            async write => Assert.Equal(1, await write.ExecuteAsync($"update {table} set {column} = @value where {row.Where}", new { value })), Cancellation);

        async Task<T> ScalarAsync<T>(string sql) => (await scene.Database.QueryAsync<T>(sql, null, Cancellation)).Single();
    }

    [Theory]
    [InlineData("origin", "'another'")]
    [InlineData("trigger", "'manual'")]
    [InlineData("round", "round + 1000")]
    [InlineData("is_round", "not is_round")]
    [InlineData("scheduled_at", "scheduled_at + 1")]
    [InlineData("at", "at - 1")]
    [InlineData("body_hash", "hash")]
    [InlineData("previous_hash", "hash")]
    [InlineData("hash", "body_hash")]
    [InlineData("signature", "null")]
    public async Task What_is_left_of_a_forgotten_entry_is_covered_as_well(string column, string value)
    {
        await using var scene = await LivedAsync();
        scene.Clock.Advance(TimeSpan.FromDays(31));
        Assert.True(await LogOf(scene).ExpireAsync(Cancellation) > 10);
        var generation = (await scene.Database.QueryAsync<long>(RoundOfTheMiddle, null, Cancellation)).Single();
        Assert.Null((await VerifyAsync(scene.Database)).Difference);
        await scene.Database.WriteAsync(write => write.ExecuteAsync($"update log_entries set {column} = {value} where generation = @generation", new { generation }), Cancellation);
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal(generation, difference?.Generation);
        Assert.True(difference!.What.Contains(column, StringComparison.Ordinal) || difference.Expected.Contains(column, StringComparison.Ordinal), difference.ToString());
    }

    [Fact]
    public async Task A_body_in_the_middle_cannot_be_passed_off_as_forgotten()
    {
        await using var scene = await LivedAsync();
        await scene.Database.WriteAsync(
            write => write.ExecuteAsync("update log_entries set body = null where generation = (select min(generation) + 12 from log_entries)"), Cancellation);
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal("body", difference?.What);
    }

    [Fact]
    public async Task Decisions_without_an_entry_and_a_missing_entry_are_found()
    {
        await using var scene = await LivedAsync();
        var head = (await scene.Database.QueryAsync<long>("select max(generation) from log_entries", null, Cancellation)).Single();
        await scene.Database.WriteAsync(write => write.ExecuteAsync("delete from log_entries where generation = @head", new { head }), Cancellation);
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal((head, "generation (log_decisions)"), (difference?.Generation, difference?.What));

        await scene.Database.WriteAsync(write => write.ExecuteAsync("delete from log_entries where generation = @head", new { head = head - 9 }), Cancellation);
        Assert.Equal((head - 8, "previous_hash"), ((await VerifyAsync(scene.Database)).Difference is { } gap ? (gap.Generation, gap.What) : default));
    }

    /// <summary>Whoever runs the manager could write another history and sign it with its key; the rules still tell.</summary>
    [Theory]
    [InlineData("\"turns\":[", "\"turns\":[7,", "")]
    [InlineData("\"eligible\":", "\"eligible\":1", "eligible")]
    [InlineData("\"wasState\":\"fresh\"", "\"wasState\":\"degraded\"", "wasState")]
    [InlineData("\"seed\":\"", "\"seed\":\"00", "")]
    [InlineData("\"state\":\"fresh\"", "\"state\":\"fallback\"", "state")]
    [InlineData("\"fallbacks\":[", "\"fallbacks\": [", "body")]
    [InlineData("\"selectedAt\":", "\"selectedAt\":1", "selectedAt")]
    public async Task Another_history_that_is_hashed_and_signed_anew_is_found(string was, string now, string what)
    {
        await using var scene = await LivedAsync();
        // One seed of 256 begins with what is put there.
        var generation = await RewriteAsync(scene, text => text.Contains(was, StringComparison.Ordinal) && Changed(text) != text, Changed);
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal(generation, difference?.Generation);
        Assert.StartsWith("body", difference!.What, StringComparison.Ordinal);
        Assert.Contains(what, difference.What, StringComparison.Ordinal);

        string Changed(string text)
        {
            var at = text.IndexOf(was, StringComparison.Ordinal);
            var changed = text[..at] + now + text[(at + was.Length)..];
            // What was put in is taken out behind it, so that it stays readable.
            if (was.EndsWith('[') && now.EndsWith(','))
                changed = changed[..(at + now.Length)] + changed[(changed.IndexOf(',', at + now.Length) + 1)..];
            else if (was == "\"seed\":\"")
                changed = changed[..(at + now.Length)] + changed[(at + now.Length + 2)..];
            return changed;
        }
    }

    /// <summary>A favourite could be kept for ever by stopping the rotation without a hold, by leaving its slot out of rounds, or by an exclusion that nobody set; each replays.</summary>
    [Theory]
    [InlineData("rotate")]
    [InlineData("exclusion")]
    [InlineData("a decision")]
    [InlineData("turns of")]
    [InlineData("turns of the provider", "provider")]
    [InlineData("left")]
    [InlineData("leftProviders", "provider")]
    public async Task What_decides_is_demanded_by_what_the_entry_says_was_ordered(string what, string unit = "altruist")
    {
        await using var scene = await LivedAsync(new SelectionOptions { FairnessUnit = unit });
        var generation = await RewriteAsync(scene, Suits, text =>
        {
            var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(text));
            var slot = entry.Slots.First(Concerned);
            switch (what)
            {
                case "turns of":
                    var reset = Array.FindIndex(slot.Question.Candidates, HadTurns);
                    (slot.Question.Candidates[reset].Turns, slot.Question.Candidates[reset].Contender) = (0, false);
                    break;
                case "turns of the provider":
                    var favourite = Array.FindIndex(slot.Question.Providers, provider => provider is { Turns: > 0, Contender: true });
                    slot.Question.Providers[favourite] = slot.Question.Providers[favourite] with { Turns = 0, Given = 0, Contender = false };
                    break;
                case "left" or "leftProviders":
                    entry = With(entry, entry.Overrides, [.. entry.Slots.Select(each => each == slot ? Without(each) : each)]);
                    break;
                case "rotate":
                    slot.Question.Rotate = false;
                    break;
                case "exclusion":
                    entry = With(entry, [new Override
                    {
                        Id = "019b-1", Kind = OverrideKind.Exclude, Altruist = entry.Altruists[slot.Question.Candidates[0].Altruist].Id, Reason = "was over long ago",
                        ExpiresAt = entry.At.AddHours(1), CreatedAt = entry.At, CreatedBy = "", Chain = new("another"),
                    }], entry.Slots);
                    slot.Question.Candidates[0].ExcludedBy = 0;
                    break;
                default:
                    entry = With(entry, entry.Overrides, [.. entry.Slots.SkipLast(1)]);
                    break;
            }

            var facts = Array.ConvertAll(entry.Altruists, altruist => altruist.Facts);
            foreach (var each in entry.Slots)
                Selector.Decide(each.Question, facts, entry.Rules, each.Outcome);
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            CanonicalEntry.Write(bytes, entry);
            return Encoding.UTF8.GetString(bytes.WrittenSpan);
        });
        // Who forges an entry forges what points into it.
        if (what == "a decision")
        {
            await scene.Database.WriteAsync(write => write.ExecuteAsync(
                "delete from log_decisions where generation = @generation and ordinal = (select max(ordinal) from log_decisions where generation = @generation)", new { generation }), Cancellation);
        }

        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal(generation, difference?.Generation);
        Assert.Contains(what, difference!.What + " " + difference.Expected, StringComparison.Ordinal);

        bool Suits(string text)
        {
            var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(text));
            return entry.IsRound && entry.Overrides.Count == 0 && entry.Slots.Any(Concerned);
        }

        bool Concerned(EntrySlot slot) => what switch
        {
            "turns of" => Array.Exists(slot.Question.Candidates, HadTurns),
            "turns of the provider" => Array.Exists(slot.Question.Providers, provider => provider is { Turns: > 0, Contender: true }),
            "left" => slot.Leavers.Altruists.Length > 0,
            "leftProviders" => slot.Leavers.Providers.Length > 0,
            _ => slot.Outcome.Picks.Count > 0 && slot.Question.Candidates.Length > 1,
        };

        static bool HadTurns(Candidate candidate) => candidate is { Turns: > 0, Contender: true };

        EntrySlot Without(EntrySlot slot) => new()
        {
            Question = slot.Question,
            Outcome = slot.Outcome,
            Trigger = slot.Trigger,
            Decision = slot.Decision,
            SelectedAt = slot.SelectedAt,
            Leavers = what == "left" ? slot.Leavers with { Altruists = [] } : slot.Leavers with { Providers = [] },
        };
    }

    /// <summary>An older form says less, and older rules decide otherwise.</summary>
    [Theory]
    [InlineData("format", 4)]
    [InlineData("rule", 4)]
    public async Task Form_and_rules_do_not_fall_back_from_one_entry_to_the_next(string what, int now)
    {
        await using var scene = await LivedAsync();
        var generation = await RewriteAsync(
            scene,
            text => text.Contains("\"isRound\":true", StringComparison.Ordinal) && !text.Contains("\"overrides\":[{", StringComparison.Ordinal) && !text.Contains("\"left\":", StringComparison.Ordinal),
            text => text.Replace($"\"{what}\":{now}", $"\"{what}\":{now - 1}", StringComparison.Ordinal));
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal((generation, $"body.{what}", $"{now - 1}"), (difference?.Generation, difference?.What, difference?.Found));
    }

    private static Entry With(Entry entry, IReadOnlyList<Override> overrides, IReadOnlyList<EntrySlot> slots) => new()
    {
        Format = entry.Format,
        Origin = entry.Origin,
        Generation = entry.Generation,
        Trigger = entry.Trigger,
        Round = entry.Round,
        IsRound = entry.IsRound,
        ScheduledAt = entry.ScheduledAt,
        At = entry.At,
        Window = entry.Window,
        Seed = entry.Seed,
        FrozenSince = entry.FrozenSince,
        Parameters = entry.Parameters,
        Altruists = entry.Altruists,
        Overrides = overrides,
        Holds = entry.Holds,
        Revoked = entry.Revoked,
        Slots = slots,
    };

    [Fact]
    public async Task What_was_in_force_is_what_the_entry_before_left_although_a_round_replays_without_it()
    {
        await using var scene = await LivedAsync();
        var generation = await RewriteAsync(
            scene, text => text.Contains("\"isRound\":true", StringComparison.Ordinal) && Was().IsMatch(text),
            text => Was().Replace(text, match => $"\"was\":[{(match.Groups[1].Value == "0" ? 1 : 0)}", 1));
        var difference = (await VerifyAsync(scene.Database)).Difference;
        Assert.Equal(generation, difference?.Generation);
        Assert.EndsWith(").was", difference!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_kept_of_a_log_must_still_hold()
    {
        await using var scene = await LivedAsync();
        var report = await VerifyAsync(scene.Database);
        var (head, key) = (report.Last!.Hash, report.Key!);
        var other = new string('f', 64);
        Assert.Null((await DemandAsync(new LogAnchor(head, key))).Difference);
        Assert.Equal((null, "hash", other), (await DemandAsync(new LogAnchor(other, null))).Difference is { } cut ? (cut.Generation, cut.What, cut.Expected) : default);
        Assert.Equal((report.Last.Generation, "key", key), (await DemandAsync(new LogAnchor(null, other))).Difference is { } anew ? (anew.Generation, anew.What, anew.Found) : default);

        async Task<LogReport> DemandAsync(LogAnchor anchor)
        {
            using var verification = LogVerification.OfDatabase(scene.Database);
            verification.Anchor = anchor;
            return await verification.RunAsync(0, long.MaxValue, null, Cancellation);
        }
    }

    [Fact]
    public async Task A_part_can_be_verified_and_says_what_was_not()
    {
        await using var scene = await LivedAsync();
        var headers = await LogOf(scene).HeadersAsync(0, 1000, Cancellation);
        var report = await VerifyAsync(scene.Database, headers[10].Generation, headers[19].Generation);
        Assert.Null(report.Difference);
        Assert.Equal((10, headers[10], headers[19]), (report.Replayed, report.First, report.Last));

        await scene.Database.WriteAsync(write => write.ExecuteAsync("update log_entries set at = at + 1 where generation = @Generation", new { headers[20].Generation }), Cancellation);
        Assert.Null((await VerifyAsync(scene.Database, headers[10].Generation, headers[19].Generation)).Difference);
        Assert.Equal("at", (await VerifyAsync(scene.Database, headers[10].Generation)).Difference?.What);
    }

    [Fact]
    public async Task Bodies_are_forgotten_after_their_time_headers_never_and_the_newest_round_stays()
    {
        await using var scene = await LivedAsync();
        var log = LogOf(scene);
        Assert.Equal(0, await log.ExpireAsync(Cancellation));
        var before = await log.HeadersAsync(0, 1000, Cancellation);
        var pick = scene.Primary();

        scene.Clock.Advance(TimeSpan.FromDays(31));
        var expired = await log.ExpireAsync(Cancellation);
        Assert.Equal(before, await log.HeadersAsync(0, 1000, Cancellation));
        var newestRound = before.Last(header => header.IsRound);
        Assert.Equal(before.Count(header => header.Generation < newestRound.Generation), expired);
        Assert.Equal(newestRound, await log.OldestKeptAsync(Cancellation));
        Assert.Null(await log.FindBodyAsync(before[0].Generation, Cancellation));

        var report = await VerifyAsync(scene.Database);
        Assert.Null(report.Difference);
        Assert.Equal((expired, newestRound), (report.Forgotten, report.FirstKept));

        // What is left is all that a start needs.
        scene.Restart();
        await scene.StartAsync();
        Assert.Equal(pick, scene.Primary());
        await scene.RunAsync();
        Assert.Null((await VerifyAsync(scene.Database)).Difference);
    }

    [Fact]
    public async Task A_log_goes_through_a_file_and_a_file_that_was_changed_is_found()
    {
        await using var scene = await LivedAsync();
        scene.Clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromHours(2));
        await LogOf(scene).ExpireAsync(Cancellation);
        var folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
        var path = Path.Combine(folder, "log.jsonl");
        try
        {
            LogReport direct;
            await using (var file = File.Create(path))
            using (var verification = LogVerification.OfDatabase(scene.Database))
                direct = await verification.RunAsync(0, long.MaxValue, file, Cancellation);
            Assert.True(direct is { Difference: null, Forgotten: > 0, Replayed: > 5 }, $"{direct}");

            using (var verification = LogVerification.OfFile(path))
                Assert.Equal(direct, await verification.RunAsync(0, long.MaxValue, null, Cancellation));

            var lines = await File.ReadAllLinesAsync(path, Cancellation);
            var changed = lines.ToArray();
            changed[^2] = changed[^2].Replace("\\\"eligible\\\":", "\\\"eligible\\\":1", StringComparison.Ordinal).Replace("\\u0022eligible\\u0022:", "\\u0022eligible\\u0022:1", StringComparison.Ordinal);
            Assert.NotEqual(lines[^2], changed[^2]);
            await File.WriteAllLinesAsync(path, changed, Cancellation);
            using (var verification = LogVerification.OfFile(path))
                Assert.Equal("body", (await verification.RunAsync(0, long.MaxValue, null, Cancellation)).Difference?.What);

            // Without its beginning it is checked from where it begins.
            await File.WriteAllLinesAsync(path, [lines[0], .. lines[^6..]], Cancellation);
            using (var verification = LogVerification.OfFile(path))
                Assert.True(await verification.RunAsync(0, long.MaxValue, null, Cancellation) is { Difference: null, BeginsLate: true, Replayed: 6 });

            await File.WriteAllTextAsync(path, "{}", Cancellation);
            using (var verification = LogVerification.OfFile(path))
                Assert.Contains("line 1", (await Assert.ThrowsAsync<LogSourceException>(() => verification.RunAsync(0, long.MaxValue, null, Cancellation))).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_new_key_signs_from_the_next_entry_on_also_in_another_process_and_the_old_one_stays_served()
    {
        await using var scene = await StartedAsync();
        await scene.RunAsync();
        var other = Fixture.Open(Options(scene));
        var ring = new KeyRing(other, NullLogger<KeyRing>.Instance);
        await ring.LoadAsync(Cancellation);
        using var signer = new LogSigner(other, ring, scene.Clock, NullLogger<LogSigner>.Instance);
        var made = await new PublicLog(other, signer, Microsoft.Extensions.Options.Options.Create(new TransparencyOptions()), scene.Clock).RotateKeyAsync(Actors.Staff, Cancellation);

        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        var next = await scene.RunAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.RunAsync();
        var keys = await LogOf(scene).KeysAsync(Cancellation);
        Assert.Equal(2, keys.Count);
        Assert.Equal((next.Generation, made), (keys[1].FromGeneration, keys[1].Id));
        Assert.NotEqual(keys[0].Id, made);
        Assert.Null((await VerifyAsync(scene.Database)).Difference);
    }

    [Fact]
    public async Task The_signing_key_is_kept_encrypted_for_its_owner_only_and_outlives_a_restart()
    {
        await using var scene = await StartedAsync();
        await scene.RunAsync();
        var secret = scene.Database.Dialect.IsSqlite
            ? await File.ReadAllTextAsync(Path.Combine(scene.Database.DataDirectory, "signing-key"), Cancellation)
            : (await scene.Database.QueryAsync<string>("select secret from signing_keys", null, Cancellation)).Single();
        using var plain = ECDsa.Create();
        Assert.ThrowsAny<CryptographicException>(() => plain.ImportPkcs8PrivateKey(Convert.FromBase64String(secret), out _));
        if (scene.Database.Dialect.IsSqlite)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(scene.Database.DataDirectory, "signing-key")));

        await using var again = new SelectionScene(scene.Database, clock: scene.Clock);
        await again.Ring.LoadAsync(Cancellation);
        scene.CopyTo(again);
        await again.StartAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await again.RunAsync();
        Assert.Single(await LogOf(scene).KeysAsync(Cancellation));
        Assert.Null(again.Signer.Trouble);
    }

    [Fact]
    public async Task A_signing_key_that_cannot_be_read_is_not_replaced_and_rounds_go_on_under_a_makeshift_one()
    {
        await using var scene = await StartedAsync();
        await scene.RunAsync();
        var broken = new Broken();
        using (var signer = new LogSigner(broken, scene.Ring, NullLogger<LogSigner>.Instance))
        {
            var log = new EntryLog(new EntryStore(scene.Database), signer);
            await using var crippled = new SelectionScene(scene.Database, clock: scene.Clock, log: log);
            scene.CopyTo(crippled);
            await crippled.StartAsync();
            scene.Clock.Advance(TimeSpan.FromMinutes(5));
            await crippled.RunAsync();
            scene.Clock.Advance(TimeSpan.FromMinutes(5));
            await crippled.RunAsync();
            Assert.Contains("makeshift", signer.Trouble, StringComparison.Ordinal);
            Assert.False(broken.IsReplaced);
        }

        scene.Restart();
        await scene.StartAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.RunAsync();
        var keys = await LogOf(scene).KeysAsync(Cancellation);
        Assert.Equal(3, keys.Count);
        Assert.Equal(keys[0].PublicKey, keys[2].PublicKey);
        Assert.Null((await VerifyAsync(scene.Database)).Difference);
    }

    [Fact]
    public async Task Verifying_goes_on_beside_rounds_and_forgetting()
    {
        await using var scene = await LivedAsync();
        scene.Clock.Advance(TimeSpan.FromDays(31));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var verifying = Task.Run(async () =>
        {
            var reports = new List<LogReport>();
            do
                reports.Add(await VerifyAsync(scene.Database));
            while (!stop.IsCancellationRequested);
            return reports;
        }, Cancellation);
        for (var i = 0; i < 20; i++)
        {
            scene.Clock.Advance(TimeSpan.FromMinutes(5));
            await scene.RunAsync();
            if (i % 4 == 0)
                await LogOf(scene).ExpireAsync(Cancellation);
        }

        await stop.CancelAsync();
        Assert.All(await verifying, report => Assert.Null(report.Difference));
    }

    /// <summary>Changes one body and makes hashes and signatures of it and of all that follow anew.</summary>
    /// <returns>The entry that was changed.</returns>
    private static async Task<long> RewriteAsync(SelectionScene scene, Predicate<string> suits, Func<string, string> change)
    {
        var store = new EntryStore(scene.Database);
        var rows = await store.PageAsync(0, long.MaxValue, 1000, Cancellation);
        long? changed = null;
        byte[] previous = [];
        await scene.Database.WriteAsync(async write =>
        {
            foreach (var (row, _) in rows)
            {
                var text = Encoding.UTF8.GetString(EntryLog.Decompress(row.Body!));
                if (changed is null && row.Round > 3 && suits(text))
                {
                    changed = row.Generation;
                    text = change(text);
                }

                if (changed is not null)
                {
                    var body = Encoding.UTF8.GetBytes(text);
                    var bodyHash = SHA256.HashData(body);
                    var hash = EntryLog.Chain(previous, bodyHash);
                    var header = row.Header with { BodyHash = Convert.ToHexStringLower(bodyHash), PreviousHash = Convert.ToHexStringLower(previous), Hash = Convert.ToHexStringLower(hash) };
                    var (signature, key) = await scene.Signer.SignAsync(write, header);
                    await write.ExecuteAsync(
                        "update log_entries set body = @body, body_hash = @BodyHash, previous_hash = @PreviousHash, hash = @Hash, signature = @signature where generation = @Generation",
                        new { body = EntryLog.Compress(body), header.BodyHash, header.PreviousHash, header.Hash, signature, header.Generation });
                    if (row.Generation == changed)
                    {
                        await write.ExecuteAsync("delete from log_keys where from_generation >= @Generation", new { row.Generation });
                        await write.ExecuteAsync(
                            "insert into log_keys (origin, from_generation, public_key) values (@Origin, @Generation, @key)", new { row.Origin, row.Generation, key });
                    }

                    previous = hash;
                }
                else
                {
                    previous = Convert.FromHexString(row.Hash);
                }
            }
        }, Cancellation);
        return changed ?? throw new InvalidOperationException("No entry suits.");
    }

    private static async Task<LogReport> VerifyAsync(Database database, long from = 0, long to = long.MaxValue)
    {
        using var verification = LogVerification.OfDatabase(database);
        return await verification.RunAsync(from, to, null, Cancellation);
    }

    private static PublicLog LogOf(SelectionScene scene) =>
        new(scene.Database, scene.Signer, Microsoft.Extensions.Options.Options.Create(new TransparencyOptions()), scene.Clock);

    private StorageOptions Options(SelectionScene scene) => Fixture.PlaceOf(scene.Database);

    private async Task<SelectionScene> StartedAsync(SelectionOptions? options = null)
    {
        var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation), options);
        scene.Region("us-west").Region("us-east", "us-west").Chain("0021");
        foreach (var (id, provider, region) in new[] { ("a1", "acme", "us-east"), ("a2", "acme", "*"), ("b1", "beta", "us-east"), ("b2", "beta", "us-west"), ("c1", "corp", "*") })
            scene.Altruist(id, provider, region: region);
        await scene.Ring.LoadAsync(Cancellation);
        return await scene.StartAsync();
    }

    /// <summary>Three hours with all that may happen: falls, recoveries, overrides, a restart, another roster, a new key.</summary>
    private async Task<SelectionScene> LivedAsync(SelectionOptions? options = null)
    {
        var scene = await StartedAsync(options);
        for (var round = 0; round < 36; round++)
        {
            await scene.RunAsync();
            scene.Clock.Advance(TimeSpan.FromMinutes(2));
            switch (round)
            {
                case 5 or 17:
                    // Offered in one region only, so that the entry is of one slot.
                    scene.Judge("b1", VerdictState.Down);
                    scene.Judge("a1", VerdictState.Down);
                    await scene.SettleAsync();
                    break;
                case 8 or 21:
                    scene.Judge("b1", VerdictState.Healthy);
                    scene.Judge("a1", VerdictState.Healthy);
                    await scene.SettleAsync();
                    break;
                case 10:
                    await scene.OverrideAsync(OverrideKind.Pin, "c1", TimeSpan.FromMinutes(12), region: "us-east");
                    await scene.SettleAsync(Trigger.Override);
                    break;
                case 14:
                    scene.Restart();
                    await scene.StartAsync();
                    break;
                case 19:
                    await LogOf(scene).RotateKeyAsync(Actors.Staff, Cancellation);
                    break;
                case 15 or 25:
                    // Out of the other slot. Not settled: the next round finds it gone.
                    scene.Edit("c1", (Altruist altruist) => altruist with { Regions = [new("us-east")] });
                    break;
                case 16 or 26:
                    scene.Edit("c1", (Altruist altruist) => altruist with { Regions = [new("*")] });
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 23:
                    scene.Altruist("d1", "delta", region: "us-west");
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 27:
                    scene.Edit(scene.Primary()!, (Altruist altruist) => altruist with { RetiredAt = scene.Clock.GetUtcNow() });
                    await scene.SettleAsync(Trigger.Change);
                    break;
            }

            scene.Clock.Advance(TimeSpan.FromMinutes(3));
        }

        return scene;
    }

    [GeneratedRegex(@"""was"":\[(\d+)")]
    private static partial Regex Was();

    /// <param name="After">Where the row is once it was changed.</param>
    private sealed record Row(string Where, Func<object, string>? After = null);

    private sealed record SchemaRow
    {
        public required string TableName { get; init; }
        public required string ColumnName { get; init; }
        public required string Type { get; init; }
    }

    private sealed class Broken : ISigningKeyStore
    {
        public bool IsReplaced { get; private set; }

        public Task<string?> FindAsync(WriteTransaction write) => Task.FromResult<string?>(Convert.ToBase64String(new byte[100]));

        public Task ReplaceAsync(WriteTransaction write, string secret)
        {
            IsReplaced = true;
            return Task.CompletedTask;
        }
    }
}

public sealed class LogVerificationOnSqlite(SqliteFixture fixture) : LogVerificationContract(fixture), IClassFixture<SqliteFixture>;

public sealed class LogVerificationOnPostgres(PostgresFixture fixture) : LogVerificationContract(fixture), IClassFixture<PostgresFixture>;
