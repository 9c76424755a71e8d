using System.Net;
using Microsoft.Data.Sqlite;

namespace AltruistManager.Web.Tests.Api;

/// <summary>Portals go on whatever becomes of the database.</summary>
public sealed class BrokenDatabaseTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Slot = "/api/v1/selections/0021?region=us-east";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AppFixture App => picks.App;

    private string Database => Path.Combine(App.Folder, "test.db");

    [Fact]
    public async Task Database_that_vanishes_stops_writing_and_nothing_else_until_it_is_back()
    {
        var before = await App.Portal.GetStringAsync(Slot, Cancellation);
        var hidden = Database + ".hidden";
        File.Move(Database, hidden);
        SqliteConnection.ClearAllPools();
        try
        {
            var problem = await App.Anonymous.GetProblemAsync("/api/v1/decisions", Cancellation);
            Assert.Equal((503, "storage-unavailable"), (problem.Status, problem.Slug));
            Assert.NotNull(problem.Response.Headers.RetryAfter);

            Assert.Equal(before, await App.Portal.GetStringAsync(Slot, Cancellation));
            Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/healthz/live", Cancellation)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/healthz/ready", Cancellation)).StatusCode);
            using var fresh = await App.Anonymous.GetAsync("/healthz/fresh", Cancellation);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, fresh.StatusCode);
            Assert.Contains("database", await fresh.Content.ReadAsStringAsync(Cancellation));
            using var unknown = App.Client("am_0123456789abcdef_0123456789012345678901234567890123456789012");
            Assert.Equal(503, (await unknown.GetProblemAsync(Slot, Cancellation)).Status);
        }
        finally
        {
            File.Move(hidden, Database);
        }

        Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/api/v1/decisions", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/healthz/fresh", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Service_that_starts_on_a_broken_database_serves_the_last_good_picks_and_mends_itself()
    {
        await Wait.UntilAsync("the last-good file holds the portal's key", () => Task.FromResult(
            File.Exists(Path.Combine(App.Folder, "last-good.json")) && File.ReadAllText(Path.Combine(App.Folder, "last-good.json")).Contains("secretHash", StringComparison.Ordinal)));
        using var before = await App.Portal.GetAsync(Slot, Cancellation);

        await App.RestartAsync(() =>
        {
            // This process would go on with the open file.
            SqliteConnection.ClearAllPools();
            WriteBack();
            File.Move(Database, Database + ".good");
            File.WriteAllText(Database, new string('x', 8192));
        });

        using var during = await App.Portal.GetAsync(Slot, Cancellation);
        Assert.Equal(await before.Content.ReadAsStringAsync(Cancellation), await during.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(before.Headers.ETag, during.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/healthz/ready", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await App.Anonymous.GetAsync("/healthz/fresh", Cancellation)).StatusCode);
        Assert.Equal(503, (await (await App.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadProblemAsync(Cancellation)).Status);

        // In one step: where there is no file the service, which tries every other second, makes an empty one.
        File.Move(Database + ".good", Database, overwrite: true);
        await Wait.UntilAsync("the service writes again", async () =>
        {
            // A look at the broken one may just have ended.
            SqliteConnection.ClearAllPools();
            return (await App.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).IsSuccessStatusCode;
        });
        var after = await App.Portal.GetFromJsonAsync<System.Text.Json.JsonElement>(Slot, Cancellation);
        Assert.Equal("0021", after.GetProperty("chain").GetString());
        Assert.Equal(HttpStatusCode.OK, (await App.Anonymous.GetAsync("/healthz/fresh", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Restart_serves_the_same_picks_at_once()
    {
        using var before = await App.Portal.GetAsync(Slot, Cancellation);
        await App.RestartAsync(() => { });
        using var after = await App.Portal.GetAsync(Slot, Cancellation);
        Assert.Equal(await before.Content.ReadAsStringAsync(Cancellation), await after.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(before.Headers.ETag, after.Headers.ETag);
    }

    /// <summary>What is not in the file itself yet; a database can be read from that alone.</summary>
    private void WriteBack()
    {
        using (var database = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            database.Open();
            using var command = database.CreateCommand();
            command.CommandText = "pragma wal_checkpoint(truncate)";
            command.ExecuteNonQuery();
        }

        foreach (var part in new[] { "-wal", "-shm" })
            File.Delete(Database + part);
    }
}
