using System.Collections.Concurrent;
using System.Diagnostics;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Selection;

/// <summary>What a page of decisions costs the database. Its driver tells each statement as an activity, which that of SQLite does not.</summary>
public sealed class DecisionPageTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    private const int Rounds = 40;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_of_decisions_takes_as_few_statements_however_long_it_is()
    {
        await using var scene = new SelectionScene(await fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Chain("0021").Chain("0022").Altruist("a").Altruist("b").Altruist("c", chain: "0022");
        await scene.StartAsync();
        for (var round = 0; round < Rounds; round++)
        {
            scene.Clock.Advance(TimeSpan.FromMinutes(5));
            await scene.RunAsync();
        }

        var statements = new ConcurrentQueue<string>();
        using var own = new Activity("page").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == own.TraceId && (activity.GetTagItem("db.query.text") ?? activity.GetTagItem("db.statement")) is string statement)
                    statements.Enqueue(statement);
            },
        };
        ActivitySource.AddActivityListener(listener);

        var page = await scene.Decisions.ListAsync(null, null, null, 2 * Rounds, Cancellation);
        Assert.Equal((2 * Rounds, Rounds), (page.Count, page.DistinctBy(decision => decision.Id.Generation).Count()));
        Assert.True(page.Zip(page.Skip(1)).All(pair => pair.First.Id.Generation >= pair.Second.Id.Generation), "newest first");
        Assert.NotNull(page[0].Candidates[0].LastSelectedAt);
        Assert.Equal(3, statements.Count);
    }
}
