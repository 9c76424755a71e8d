using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Tests.Selection;
using AltruistManager.Tests.Storage;
using AltruistManager.Traffic;

namespace AltruistManager.Tests.Traffic;

/// <summary>How many portals have taken a changed endpoint, on each database.</summary>
public abstract class EndpointUptakeContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task A_portal_has_taken_a_changed_endpoint_once_it_has_taken_a_generation_with_it()
    {
        await using var scene = await SceneAsync();
        using var polls = new PortalPolls(new PortalPollStore(scene.Database), scene.Clock);
        var uptake = new EndpointUptake(scene.Roster, scene.Snapshots, polls);
        var pick = scene.Primary()!;
        Assert.Equal("no portal has asked for its slots within a day", Words());
        Note("bulk", "", All());
        Note("single", "0021", scene.Slot().Generation);
        Note("other chain", "0022", scene.Slot("0022").Generation);
        Assert.Equal("in use by 2 of 2 portals", Words());

        scene.Edit(pick, (Altruist altruist) => altruist with { Url = "https://moved.example/rpc" });
        Assert.Equal("in use by 0 of 2 portals", Words());
        await scene.SettleAsync(Trigger.Change);
        var with = scene.Slot().Generation;
        Assert.Equal("in use by 0 of 2 portals", Words());

        // Whatever changes afterwards, the generation that counts is the first with it.
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.RunAsync();
        Assert.True(scene.Slot().Generation > with);
        Note("single", "0021", with);
        Assert.Equal("in use by 1 of 2 portals", Words());
        Note("bulk", "", All());
        Assert.Equal("in use by 2 of 2 portals", Words());
        Assert.Null(uptake.Of(new("nobody")));

        // A portal that was silent for a day is not counted.
        scene.Clock.Advance(TimeSpan.FromDays(1));
        Note("bulk", "", All());
        Assert.Equal("in use by 1 of 1 portal", Words());

        string Words() => uptake.Of(new(pick))!.Value.InWords;
        void Note(string portal, string chain, long generation) => polls.Note(portal, "us-east", chain, generation);
        long All() => scene.Snapshots.Current.FindAll("us-east")!.Generation;
    }

    private async Task<SelectionScene> SceneAsync()
    {
        var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Chain("0021").Chain("0022").Altruist("b1", "beta", "0022");
        // Three, so that each is a pick of the slot whoever is the primary.
        foreach (var id in new[] { "a1", "a2", "a3" })
            scene.Altruist(id, $"provider-{id}");
        await scene.StartAsync();
        await scene.RunAsync();
        return scene;
    }
}

public sealed class EndpointUptakeOnSqlite(SqliteFixture fixture) : EndpointUptakeContract(fixture), IClassFixture<SqliteFixture>;

public sealed class EndpointUptakeOnPostgres(PostgresFixture fixture) : EndpointUptakeContract(fixture), IClassFixture<PostgresFixture>;
