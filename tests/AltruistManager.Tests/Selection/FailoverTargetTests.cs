using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Selection;

/// <summary>Who takes over between rounds was asked just before.</summary>
public sealed class FailoverTargetTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly string[] Five = ["a1", "a2", "a3", "a4", "a5"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failover_goes_to_one_that_answers_and_is_published_once_it_did()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);

        Assert.Equal(fallen, scene.Primary());
        var asked = Assert.Single(scene.Probes.Asked);
        Assert.Equal(3, asked.Length);
        Assert.DoesNotContain(fallen, asked);
        // The tick of every second does not ask again.
        await scene.Round.SettleAsync(Trigger.Recovery, Cancellation);
        Assert.Single(scene.Probes.Asked);

        await scene.Probes.AnswerAsync();
        Assert.Contains(scene.Primary(), asked);
        var decision = await scene.LastDecisionAsync();
        Assert.Equal((Trigger.Failover, scene.Primary()), (decision.Trigger, decision.Altruist?.Value));
    }

    [Fact]
    public async Task A_target_that_does_not_answer_is_passed_over_and_the_decision_says_why()
    {
        await using var scene = await FiveAsync();
        Fall(scene);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        scene.Probes.Dead.UnionWith(scene.Probes.Asked[0].Take(2));
        await scene.Probes.AnswerAllAsync();

        Assert.Equal(VerdictState.Healthy, scene.Board[new(scene.Primary()!)].State);
        Assert.Contains(scene.Primary(), scene.Probes.Asked.SelectMany(asked => asked));
        var passedOver = (await scene.LastDecisionAsync()).Candidates.Where(candidate => scene.Probes.Dead.Contains(candidate.Altruist.Value)).Select(candidate => candidate.Reason).ToList();
        Assert.Equal(2, passedOver.Count);
        Assert.All(passedOver, reason => Assert.EndsWith("no answer; healthy ones go first", reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_all_others_are_dead_as_well_the_failover_is_held_up_twice_and_no_more()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        scene.Probes.Dead.UnionWith(Five);
        await scene.SettleAsync();

        Assert.NotEqual(fallen, scene.Primary());
        Assert.InRange(scene.Probes.Asked.Count, 1, 2);
        Assert.InRange(scene.Probes.Asked.Sum(asked => asked.Length), 1, 6);
    }

    [Fact]
    public async Task Nothing_heard_in_time_holds_nobody_up()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        await scene.Probes.GiveUpAsync();
        await scene.Probes.GiveUpAsync();
        Assert.NotEqual(fallen, scene.Primary());
        Assert.Equal(2, scene.Probes.Asked.Count);
    }

    [Fact]
    public async Task The_only_one_left_takes_over_at_once()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        var last = Five.First(id => id != fallen);
        foreach (var id in Five.Where(id => id != last))
            scene.Judge(id, VerdictState.Down);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);

        Assert.Equal(last, scene.Primary());
        Assert.Empty(scene.Probes.Asked);
    }

    [Fact]
    public async Task One_of_whom_something_was_heard_just_now_takes_over_at_once()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        foreach (var id in Five.Where(id => id != fallen))
            scene.Judge(id, VerdictState.Healthy);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);

        Assert.NotEqual(fallen, scene.Primary());
        Assert.Empty(scene.Probes.Asked);
    }

    [Fact]
    public async Task One_that_was_asked_just_now_without_a_good_answer_is_asked_before_it_takes_over()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        foreach (var id in Five.Where(id => id != fallen))
            scene.Board.Set(new(id), scene.Board[new(id)] with { LastProbeAt = scene.Clock.GetUtcNow() });
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);

        Assert.Equal(fallen, scene.Primary());
        Assert.Single(scene.Probes.Asked);
        await scene.Probes.AnswerAllAsync();
        Assert.NotEqual(fallen, scene.Primary());
        Assert.Single(scene.Probes.Asked);
    }

    [Fact]
    public async Task One_that_can_never_be_asked_well_is_not_asked_for_ever()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        scene.Probes.Unproven.UnionWith(Five);
        await scene.SettleAsync();

        Assert.NotEqual(fallen, scene.Primary());
        Assert.Equal(2, scene.Probes.Asked.Count);
        await scene.SettleAsync();
        Assert.Equal(2, scene.Probes.Asked.Count);
    }

    [Fact]
    public async Task While_one_slot_waits_for_its_target_others_are_settled()
    {
        await using var scene = await FiveAsync();
        scene.Chain("0040", "evm:56").Altruist("b1", chain: "0040").Altruist("b2", "beta", chain: "0040").Altruist("b3", "gamma", chain: "0040");
        await scene.SettleAsync(Trigger.Change);
        await scene.RunAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        var waiting = Fall(scene);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        Assert.Equal(waiting, scene.Primary());

        var fallen = scene.Primary("0040")!;
        foreach (var id in new[] { "b1", "b2", "b3" })
            scene.Judge(id, id == fallen ? VerdictState.Down : VerdictState.Healthy);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        Assert.NotEqual(fallen, scene.Primary("0040"));
        Assert.Equal(waiting, scene.Primary());

        await scene.Probes.AnswerAllAsync();
        Assert.NotEqual(waiting, scene.Primary());
    }

    [Fact]
    public async Task A_round_waits_for_nobody_and_what_staff_say_holds_at_once()
    {
        await using var scene = await FiveAsync();
        var fallen = Fall(scene);
        await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        await scene.Round.RunAsync(Trigger.Scheduled, scene.Clock.GetUtcNow(), Cancellation);
        Assert.NotEqual(fallen, scene.Primary());
        await scene.Probes.AnswerAllAsync();

        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        var excluded = scene.Primary()!;
        await scene.OverrideAsync(OverrideKind.Exclude, excluded);
        await scene.Round.SettleAsync(Trigger.Override, Cancellation);
        Assert.NotEqual(excluded, scene.Primary());
    }

    private static string Fall(SelectionScene scene)
    {
        var fallen = scene.Primary()!;
        scene.Judge(fallen, VerdictState.Down);
        return fallen;
    }

    private async Task<SelectionScene> FiveAsync()
    {
        var scene = new SelectionScene(await fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Chain("0021");
        foreach (var id in Five)
            scene.Altruist(id, $"provider-{id}");
        await scene.StartAsync();
        await scene.RunAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        return scene;
    }
}
