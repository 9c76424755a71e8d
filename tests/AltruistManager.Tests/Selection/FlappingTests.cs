using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Selection;

/// <summary>Fault 25: one altruist that is well and unwell in turn beside one that is well; the real evaluator judges, the real rounds pick.</summary>
public sealed class FlappingTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private const int Seconds = 4 * 3600;
    private static readonly TimeSpan BetweenProbes = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="bads">Bad probes in a row.</param>
    /// <param name="goods">Good ones after them.</param>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 25)]
    [InlineData(4, 60)]
    public async Task Fault_25_One_that_flaps_changes_the_pick_a_few_times_an_hour_and_the_reason_says_why(int bads, int goods)
    {
        await using var scene = new SelectionScene(await fixture.NewDatabaseAsync(Cancellation), new SelectionOptions { Standbys = 1 });
        scene.Region("us-east").Chain("0021").Altruist("steady", "acme").Altruist("flapping", "bolt");
        await scene.StartAsync();
        await scene.RunAsync();

        var (options, memory) = (new HealthOptions(), Memory.New);
        var changes = new List<DateTimeOffset>();
        var reasons = new HashSet<string>();
        for (var probe = 0; probe < Seconds / BetweenProbes.TotalSeconds; probe++)
        {
            scene.Clock.Advance(BetweenProbes);
            if (probe % 101 == 100)
                await scene.RunAsync();
            var before = scene.Primary();
            (memory, var verdict) = Judge(memory, good: probe % (bads + goods) >= bads, options, scene.Clock.GetUtcNow());
            scene.Board.Set(new("flapping"), verdict);
            await scene.SettleAsync();
            Assert.NotNull(scene.Primary());
            if (scene.Primary() != before)
                changes.Add(scene.Clock.GetUtcNow());
            if (verdict.CooldownUntil > scene.Clock.GetUtcNow() + TimeSpan.FromMinutes(2))
                reasons.Add((await scene.LastDecisionAsync()).Candidates.Single(candidate => candidate.Altruist.Value == "flapping").Reason);
        }

        for (var first = 0; first + options.PickChangesPerHour < changes.Count; first++)
            Assert.True(changes[first + options.PickChangesPerHour] - changes[first] >= Hour, $"more than {options.PickChangesPerHour} changes within the hour from {changes[first]} on");
        // One that never fails three times in a row is only passed over; one that falls again and again is told why it waits.
        Assert.Equal(bads >= options.Fall, reasons.Any(reason => reason.Contains("within an hour: until", StringComparison.Ordinal)));
    }

    private static (Memory Memory, Verdict Verdict) Judge(Memory memory, bool good, HealthOptions options, DateTimeOffset now)
    {
        var probe = new ProbeResult { Altruist = new("flapping"), Lane = ProbeLane.Retry, At = now, Outcome = good ? ProbeOutcome.Ok : ProbeOutcome.Timeout, Identity = good ? "1" : null };
        var head = good ? new HeadAssessment(HeadJudgement.InSync, 0, 3, null) : (HeadAssessment?)null;
        var judged = HealthEvaluator.Evaluate(memory, new Assessment(probe, "https://node", "1", Attested: true, head), options, now);
        return (judged.Memory, new Verdict
        {
            State = judged.State,
            Reason = judged.Reason,
            Since = now,
            CooldownUntil = judged.Memory.CooldownUntil > now ? judged.Memory.CooldownUntil : null,
            LastProbeAt = now,
            LastGoodAt = now,
        });
    }
}
