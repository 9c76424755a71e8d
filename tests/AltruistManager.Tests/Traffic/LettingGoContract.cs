using AltruistManager.Selection;
using AltruistManager.Tests.Selection;
using AltruistManager.Tests.Storage;
using AltruistManager.Traffic;

namespace AltruistManager.Tests.Traffic;

/// <summary>When portals have let go of an altruist that drains, on each database.</summary>
public abstract class LettingGoContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task A_portal_has_let_go_once_it_has_taken_a_generation_without_the_altruist()
    {
        await using var scene = await SceneAsync();
        using var polls = new PortalPolls(new PortalPollStore(scene.Database), scene.Clock);
        var lettingGo = Of(scene, polls);
        var leaving = scene.Primary()!;
        polls.Note("bulk", "us-east", "", All(scene));
        polls.Note("single", "us-east", "0021", scene.Slot().Generation);
        polls.Note("elsewhere", "eu", "", All(scene, "eu"));
        polls.Note("other chain", "us-east", "0022", scene.Slot("0022").Generation);
        await scene.DrainAsync(leaving, TimeSpan.FromHours(2));
        Assert.Equal("still the pick of 1 slot", Words(scene, lettingGo, leaving));
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal("waiting for 2 of 2 portals", Words(scene, lettingGo, leaving));

        // Whatever changes afterwards, the generation that counts is the one without it.
        var without = scene.Slot().Generation;
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.RunAsync();
        Assert.True(scene.Slot().Generation > without);
        polls.Note("single", "us-east", "0021", without);
        Assert.Equal("waiting for 1 of 2 portals", Words(scene, lettingGo, leaving));
        await lettingGo.TakeStockAsync(Cancellation);
        Assert.Null(scene.Drains.Current.Of(new(leaving))[0].LetGoAt);

        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        polls.Note("bulk", "us-east", "", All(scene));
        await lettingGo.TakeStockAsync(Cancellation);
        Assert.Equal($"last portal let go {scene.Clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC", Words(scene, lettingGo, leaving));
        Assert.Equal(scene.Clock.GetUtcNow(), scene.Drains.Current.Of(new(leaving))[0].LetGoAt);
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await lettingGo.TakeStockAsync(Cancellation);
        Assert.Equal(scene.Clock.GetUtcNow().AddMinutes(-1), scene.Drains.Current.Of(new(leaving))[0].LetGoAt);
    }

    [Fact]
    public async Task A_portal_that_was_silent_for_a_day_is_not_waited_for()
    {
        await using var scene = await SceneAsync();
        using var polls = new PortalPolls(new PortalPollStore(scene.Database), scene.Clock);
        var lettingGo = Of(scene, polls);
        var leaving = scene.Primary()!;
        polls.Note("gone", "us-east", "", All(scene));
        await scene.DrainAsync(leaving, lasting: null);
        await scene.SettleAsync(Trigger.Change);
        scene.Clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal("waiting for 1 of 1 portal", Words(scene, lettingGo, leaving));
        scene.Clock.Advance(TimeSpan.FromHours(1.1));
        Assert.Equal("no portal has asked for its slots within a day", Words(scene, lettingGo, leaving));
        await lettingGo.TakeStockAsync(Cancellation);
        Assert.Null(scene.Drains.Current.Of(new(leaving))[0].LetGoAt);
    }

    [Fact]
    public async Task What_portals_have_taken_outlives_the_process_and_is_shared_by_instances()
    {
        await using var scene = await SceneAsync();
        var store = new PortalPollStore(scene.Database);
        using var one = new PortalPolls(store, scene.Clock);
        using var two = new PortalPolls(store, scene.Clock);
        one.Note("p", "us-east", "", 7);
        two.Note("p", "us-east", "", 9);
        two.Note("q", "eu", "eth", 5);
        await one.SaveAsync(Cancellation);
        await two.SaveAsync(Cancellation);
        one.Note("p", "us-east", "", 8);
        await one.SaveAsync(Cancellation);
        Assert.Equal([("p", "", 9L), ("q", "eth", 5L)], one.All.OrderBy(poll => poll.Portal).Select(poll => (poll.Portal, poll.Chain, poll.Generation)));

        scene.Clock.Advance(TimeSpan.FromDays(8));
        one.Note("p", "us-east", "", 10);
        await one.SaveAsync(Cancellation);
        using var later = new PortalPolls(store, scene.Clock);
        await later.SaveAsync(Cancellation);
        Assert.Equal(new PortalPoll("p", "us-east", "", 10, scene.Clock.GetUtcNow()), Assert.Single(later.All));
        Assert.Single(one.All);
    }

    private static LettingGo Of(SelectionScene scene, PortalPolls polls) => new(scene.Drains, scene.Roster, scene.Snapshots, polls, scene.Clock);

    private static string Words(SelectionScene scene, LettingGo lettingGo, string altruist) => lettingGo.Of(scene.Drains.Current.Of(new(altruist))[0])!.InWords;

    private static long All(SelectionScene scene, string region = "us-east") => scene.Snapshots.Current.FindAll(region)!.Generation;

    private async Task<SelectionScene> SceneAsync()
    {
        var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Region("eu").Chain("0021").Chain("0022").Altruist("b1", "beta", "0022");
        foreach (var id in new[] { "a1", "a2", "a3", "a4" })
            scene.Altruist(id, $"provider-{id}");
        await scene.StartAsync();
        await scene.RunAsync();
        return scene;
    }
}

public sealed class LettingGoOnSqlite(SqliteFixture fixture) : LettingGoContract(fixture), IClassFixture<SqliteFixture>;

public sealed class LettingGoOnPostgres(PostgresFixture fixture) : LettingGoContract(fixture), IClassFixture<PostgresFixture>;
