using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class CheckStoreOnSqlite(SqliteFixture fixture) : CheckStoreContract(fixture), IClassFixture<SqliteFixture>;

public sealed class CheckStoreOnPostgres(PostgresFixture fixture) : CheckStoreContract(fixture), IClassFixture<PostgresFixture>;

public abstract class CheckStoreContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly CheckPlace Here = CheckPlace.Of(["here"]);

    [Fact]
    public async Task Result_comes_back_as_it_was_stored_and_the_newest_replaces_it()
    {
        var store = Store("here");
        var first = Record("a", CheckState.Warned, Noon) with { WarnedAt = Noon, Reason = "“137” blocks\tapart 💥" };
        await store.PutAsync([first, Record("b", CheckState.Unknown, Noon)], Cancellation);
        await Store("elsewhere").PutAsync([Record("a", CheckState.Failed, Noon)], Cancellation);
        Assert.Equal(first, await store.LoadAsync(Cancellation).SingleAsync(record => record.Altruist.Value == "a", Cancellation));

        var second = Record("a", CheckState.Passed, Noon.AddHours(1)) with { Passes = 1, HasPassed = true };
        await store.PutAsync([second], Cancellation);

        Assert.Equal([second, Record("b", CheckState.Unknown, Noon)], await store.LoadAsync(Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task All_results_are_taken_up_however_many_there_are()
    {
        var store = Store("many");
        var results = Enumerable.Range(0, 350).SelectMany(number => new[] { "archive", "certificate", "consistency" }.Select(check => Record($"m{number:000}", CheckState.Passed, Noon) with { Check = check })).ToList();
        await store.PutAsync(results, Cancellation);

        Assert.Equal(results, await store.LoadAsync(Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task Book_goes_on_after_a_restart_where_it_was()
    {
        var altruist = new AltruistId("restarted");
        var store = Store("book");
        var book = new CheckBook(store);
        await book.RecordAsync(altruist, [(new CheckResult("archive", CheckState.Passed, "proven", 1, []), Here), (new CheckResult("certificate", CheckState.Warned, "soon", 1, []), Here)], Noon, Cancellation);
        await book.RecordAsync(altruist, [(new CheckResult("archive", CheckState.Failed, "no state", 1, []), Here)], Noon.AddHours(1), Cancellation);

        var restarted = new CheckBook(store);
        await restarted.LoadAsync(Roster.Empty, Cancellation);

        Assert.Equal(book[altruist], restarted[altruist]);
        Assert.Equal(["archive", "certificate"], restarted[altruist].Select(record => record.Check));
        Assert.Equal((1, true, CheckState.Failed), restarted.Find(altruist, "archive") is { } record ? (record.Failures, record.HasPassed, record.State) : default);
    }

    private CheckStore Store(string vantage) => new(Database, Options.Create(new ProbingOptions { Vantage = vantage }));

    private static CheckRecord Record(string altruist, CheckState state, DateTimeOffset at) => new()
    {
        Altruist = new AltruistId(altruist),
        Check = "consistency",
        State = state,
        Reason = "because",
        At = at,
        Since = at,
        Failures = 0,
        Passes = 0,
        HasPassed = false,
        WarnedAt = null,
        Place = Here,
    };
}
