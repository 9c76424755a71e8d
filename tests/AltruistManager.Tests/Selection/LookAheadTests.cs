using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Selection;

/// <summary>Before a round those whom it will pick are asked, and nobody notices that it was looked ahead.</summary>
public sealed class LookAheadTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly SelectionOptions Defaults = new();
    private static readonly string[] Six = ["a1", "a2", "a3", "a4", "a5", "a6"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("altruist")]
    [InlineData("provider")]
    public async Task Whomever_a_round_picks_was_asked_just_before_it_also_where_a_new_window_begins(string unit)
    {
        await using var scene = await SixAsync(new SelectionOptions { FairnessUnit = unit });
        // More than two windows.
        for (var round = 0; round < 30; round++)
        {
            scene.Clock.Advance(Defaults.Interval - Defaults.LookAhead);
            scene.Probes.AskedInFull.Clear();
            await AheadOf(scene).RunAsync(Cancellation);
            scene.Clock.Advance(Defaults.LookAhead);
            await scene.RunAsync();

            var picks = scene.Snapshots.Current.Slots.Values.SelectMany(slot => slot.Standbys.Append(slot.Primary!.Value)).Select(pick => pick.Altruist.Value).Distinct();
            Assert.Equal(picks.Order(), Assert.Single(scene.Probes.AskedInFull));
        }
    }

    [Fact]
    public async Task One_that_is_found_dead_is_not_picked_and_who_takes_its_place_was_asked_too()
    {
        await using var scene = await SixAsync();
        for (var round = 0; round < 12; round++)
        {
            scene.Clock.Advance(Defaults.Interval - Defaults.LookAhead);
            foreach (var id in Six)
                scene.Judge(id, VerdictState.Healthy);
            scene.Probes.AskedInFull.Clear();
            scene.Probes.Dead.Clear();
            scene.Probes.Dead.Add(await OneOfTheNextAsync(scene));
            await AheadOf(scene).RunAsync(Cancellation);
            scene.Clock.Advance(Defaults.LookAhead);
            await scene.RunAsync();

            Assert.DoesNotContain(scene.Primary()!, scene.Probes.Dead);
            Assert.Contains(scene.Primary()!, scene.Probes.AskedInFull.SelectMany(asked => asked));
        }
    }

    [Fact]
    public async Task Where_nobody_answers_it_ends_all_the_same()
    {
        await using var scene = await SixAsync();
        scene.Probes.Dead.UnionWith(Six);
        scene.Clock.Advance(Defaults.Interval - Defaults.LookAhead);
        await AheadOf(scene).RunAsync(Cancellation);
        Assert.InRange(scene.Probes.AskedInFull.Count, 1, 3);
        Assert.Equal(scene.Probes.AskedInFull.Sum(asked => asked.Length), scene.Probes.AskedInFull.SelectMany(asked => asked).Distinct().Count());
    }

    [Fact]
    public async Task Looking_ahead_leaves_no_trace_in_what_is_decided_afterwards()
    {
        var (quiet, curious) = (await HashesAsync(looksAhead: false), await HashesAsync(looksAhead: true));
        Assert.Equal(quiet, curious);
        Assert.True(quiet.Count > 40);
    }

    [Fact]
    public void It_looks_ahead_by_half_the_interval_at_most()
    {
        Assert.Equal(TimeSpan.FromSeconds(20), LookAhead.LeadOf(new SelectionOptions()));
        Assert.Equal(TimeSpan.FromSeconds(2), LookAhead.LeadOf(new SelectionOptions { Interval = TimeSpan.FromSeconds(4) }));
    }

    /// <summary>Of all entries over two windows with falls in between; in a database whose name is always the same.</summary>
    private async Task<List<string>> HashesAsync(bool looksAhead)
    {
        var database = await fixture.NewDatabaseAsync(Cancellation);
        await database.WriteAsync(write => write.ExecuteAsync("insert into meta (name, value) values ('origin', 'always-the-same'), ('created_at', '1795244400000')"), Cancellation);
        await using var scene = await SixAsync(database: database);
        var random = new Random(5);
        for (var round = 0; round < 26; round++)
        {
            scene.Clock.Advance(TimeSpan.FromMinutes(2));
            scene.Judge(Six[random.Next(Six.Length)], VerdictState.Down);
            await LookAsync();
            await scene.SettleAsync();
            scene.Clock.Advance(TimeSpan.FromMinutes(2.9));
            scene.Judge(Six[random.Next(Six.Length)], VerdictState.Healthy);
            await LookAsync();
            await scene.SettleAsync();
            await LookAsync();
            scene.Clock.Advance(TimeSpan.FromMinutes(0.1));
            await scene.RunAsync();
        }

        return await database.QueryAsync<string>("select hash from log_entries order by generation", null, Cancellation);

        Task LookAsync() => looksAhead ? scene.Round.ForeseeAsync(scene.Clock.GetUtcNow() + TimeSpan.FromMinutes(3), Cancellation) : Task.CompletedTask;
    }

    private static async Task<string> OneOfTheNextAsync(SelectionScene scene) =>
        (await scene.Round.ForeseeAsync(scene.Clock.GetUtcNow() + Defaults.LookAhead, Cancellation)).Min().Value;

    private static LookAhead AheadOf(SelectionScene scene) => new(scene.Round, scene.Probes, Options.Create(Defaults), scene.Clock);

    private async Task<SelectionScene> SixAsync(SelectionOptions? options = null, Database? database = null)
    {
        var scene = new SelectionScene(database ?? await fixture.NewDatabaseAsync(Cancellation), options);
        scene.Region("us-east").Region("eu").Chain("0021");
        foreach (var (id, number) in Six.Select((id, number) => (id, number)))
            scene.Altruist(id, $"provider-{number % 3}", region: number % 2 == 0 ? "us-east" : "*");
        await scene.StartAsync();
        await scene.RunAsync();
        return scene;
    }
}
