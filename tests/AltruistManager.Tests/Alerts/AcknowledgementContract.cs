using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Alerts;

public sealed class AcknowledgementOnSqlite(SqliteFixture fixture) : AcknowledgementContract(fixture), IClassFixture<SqliteFixture>;

public sealed class AcknowledgementOnPostgres(PostgresFixture fixture) : AcknowledgementContract(fixture), IClassFixture<PostgresFixture>;

/// <summary>What staff have seen outlives the process, and every instance knows of it.</summary>
public abstract class AcknowledgementContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly DateTimeOffset At = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Acknowledgement_is_known_to_another_process_and_stands_in_the_audit_trail()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        using var store = new AcknowledgementStore(database, TimeProvider.System);
        await store.PutAsync(Actors.Staff, Seen("slot:0021/us-east", Severity.Warning, "known"), "1 of 2 is eligible.", Cancellation);
        await store.PutAsync(Actors.Staff, Seen("slot:0021/us-east", Severity.Critical, null), "Nobody is eligible.", Cancellation);

        using var other = new AcknowledgementStore(Fixture.Open(Fixture.PlaceOf(database)), TimeProvider.System);
        await other.RefreshAsync(Cancellation);
        Assert.Equal(Seen("slot:0021/us-east", Severity.Critical, null), Assert.Single(other.All).Value);
        var lines = await new AuditStore(database, TimeProvider.System).ListAsync(new AuditFilter { Action = "attention.acknowledge" }, null, 10, Cancellation);
        Assert.Equal(["""{"severity":"critical","says":"Nobody is eligible.","note":null}""", """{"severity":"warning","says":"1 of 2 is eligible.","note":"known"}"""], lines.Select(line => line.After));
    }

    [Fact]
    public async Task What_is_taken_back_or_over_is_gone_and_what_was_acknowledged_anew_meanwhile_stays()
    {
        using var store = new AcknowledgementStore(await Fixture.NewDatabaseAsync(Cancellation), TimeProvider.System);
        foreach (var key in new[] { "a", "b", "c" })
            await store.PutAsync(Actors.Staff, Seen(key, Severity.Warning, null), "Says.", Cancellation);
        Assert.True(await store.TakeBackAsync(Actors.Staff, "a", Cancellation));
        Assert.False(await store.TakeBackAsync(Actors.Staff, "a", Cancellation));

        var over = store.All.Values.ToList();
        await store.PutAsync(Actors.Staff, Seen("c", Severity.Warning, null) with { At = At.AddMinutes(1) }, "Says.", Cancellation);
        await store.EndAsync(over, Cancellation);
        Assert.Equal(["c"], store.All.Keys);
    }

    private static Acknowledgement Seen(string key, Severity severity, string? note) => new(key, severity, At.AddHours(-1), At, Actors.Staff.Name, note);
}
