using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Selection.Simulation;

namespace AltruistManager.Tests.Selection.Simulation;

/// <summary>What must hold in whole worlds over hours and days, at every decision.</summary>
public sealed class WorldPropertyTests
{
    private const int RoundsPerHour = 12;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    public void No_pick_is_lost_but_by_revocation_and_nobody_serves_who_may_not(int seed)
    {
        WorldSimulation simulation = null!;
        var met = new HashSet<string>();
        var generation = 0L;
        simulation = new WorldSimulation(SimulatedWorlds.Random(seed)) { Watching = Check };
        simulation.Run(Cancellation);

        // It would hold in an empty world too: each of these was among the candidates of some decision.
        Assert.Superset(new HashSet<string> { "draining", "excluded", nameof(VerdictState.Suspended), nameof(VerdictState.WrongChain), nameof(VerdictState.Lagging), nameof(VerdictState.Down) }, met);

        void Check(SimulatedDecision decision)
        {
            var where = $"seed {seed}, {decision.At:dd HH:mm:ss.fff}, {decision.Memory.Key}";
            var slot = decision.Memory;
            if (slot.Generation == decision.GenerationBefore)
                Assert.Equal((decision.StateBefore, decision.Before), (slot.State, slot.Picks));
            else
                Assert.True(slot.Generation > decision.GenerationBefore && slot.Generation >= generation, $"{where}: the generation went back");
            generation = Math.Max(generation, slot.Generation);

            if (decision.Before.Length > 0 && slot.Picks.Length == 0)
                Assert.All(decision.Before.Where(pick => pick.Weight > 0), lost => Assert.True(MayNotBeKept(lost.Altruist), $"{where}: the pick was lost"));
            Assert.Equal(slot.State == SlotState.None ? 0 : 100, slot.Picks.Sum(pick => pick.Weight));
            foreach (var pick in slot.Picks)
            {
                Assert.False(MayNotBeKept(pick.Altruist), $"{where}: {pick.Altruist} may not even be kept");
                if (slot.State != SlotState.Degraded)
                    Assert.True(WhyNot(pick.Altruist, decision.At) is not { } why, $"{where}: {pick.Altruist} is picked though {WhyNot(pick.Altruist, decision.At)}");
            }

            // The standing rule: what a round finds in use is what the rules gave until then.
            if (decision.IsRound && decision.StateBefore is SlotState.Fresh or SlotState.Fallback)
                Assert.All(decision.Before.Where(pick => pick.Weight > 0), pick => Assert.True(WhyNot(pick.Altruist, decision.At) is null, $"{where}: {pick.Altruist} was in use though {WhyNot(pick.Altruist, decision.At)}"));
            foreach (var candidate in slot.Question.Candidates)
            {
                if (WhyNot(simulation.Book.Altruists[candidate.Altruist].Id, decision.At) is { } why)
                    met.Add(why);
            }
        }

        bool MayNotBeKept(AltruistId id) => simulation.Find(id) is var altruist && (altruist.HasLeft || altruist.Watched.Verdict.State is VerdictState.WrongChain or VerdictState.Diverged);

        string? WhyNot(AltruistId id, DateTimeOffset now)
        {
            var verdict = simulation.Find(id).Watched.Verdict;
            return simulation.Drains.Any(drain => drain.Altruist == id && drain.IsInForce(now)) ? "draining"
                : simulation.Exclusions.Any(rule => rule.Altruist == id && rule.ExpiresAt > now) ? "excluded"
                : verdict.State is VerdictState.Healthy or VerdictState.Failing or VerdictState.Throttled ? null
                : verdict.State.ToString();
        }
    }

    /// <summary>
    /// Where nothing happens to those that take part since a window began; elsewhere in the world it does. (One that was there before others came, in the same window, has had its turns
    /// already: it waits until they are level, and the hour that begins then may differ by 3.)
    /// </summary>
    [Theory]
    [InlineData("least-used", "altruist", 21)]
    [InlineData("least-used", "altruist", 22)]
    [InlineData("least-used", "provider", 23)]
    [InlineData("least-used", "provider", 24)]
    [InlineData("latency", "altruist", 25)]
    public void Turns_in_a_window_differ_by_at_most_1_and_sessions_in_a_sliding_hour_by_2_while_the_set_is_unchanged(string policy, string unit, int seed)
    {
        var scenario = SimulatedWorlds.Failing($$"""{ "seed": {{seed}}, "selection": { "policy": "{{policy}}", "fairnessUnit": "{{unit}}" } }""");
        var byProvider = unit == "provider";
        var histories = new Dictionary<int, List<(string Set, long Window, string Pick)>>();
        WorldSimulation simulation = null!;
        var (windows, hours) = (0, 0);
        simulation = new WorldSimulation(scenario) { Watching = Check };
        simulation.Run(Cancellation);
        Assert.True(windows > 500 && hours > 5_000, $"too little was unchanged to say anything: {windows} windows, {hours} hours");

        void Check(SimulatedDecision decision)
        {
            var question = decision.Memory.Question;
            var taking = question.Candidates.Where((_, i) => decision.Memory.Next.After[i].Contender).ToList();
            var unchanged = taking.TrueForAll(candidate => simulation.Book.Facts[candidate.Altruist].Usability == Usability.Healthy);
            if (!histories.TryGetValue(decision.Slot, out var history))
                histories.Add(decision.Slot, history = []);
            // A change between rounds ends it as well.
            if (!decision.IsRound || !unchanged)
            {
                history.Clear();
                return;
            }

            var names = taking.ConvertAll(candidate => NameOf(candidate.Altruist)).Distinct().Order().ToList();
            var set = string.Join(' ', names);
            if (history.Count > 0 && history[^1].Set != set)
                history.Clear();
            if (history.Count == 0 && decision.At.Minute != 0)
                return;
            history.Add((set, simulation.Book.Window, NameOf(question.Was[0].Altruist)));
            if (history.Count < RoundsPerHour)
                return;

            hours++;
            var sessions = names.ConvertAll(name => history.TakeLast(RoundsPerHour).Count(round => round.Pick == name));
            Assert.True(sessions.Max() - sessions.Min() <= 2, $"{decision.At:dd HH:mm} {decision.Memory.Key}: sessions {string.Join(' ', sessions)}");
            if (history.Count > 2 * RoundsPerHour)
                history.RemoveRange(0, RoundsPerHour);
            if (history[^RoundsPerHour].Window != history[^1].Window)
                return;
            windows++;
            var turns = byProvider ? [.. question.Providers.Where(provider => provider.Contender).Select(provider => provider.Turns)] : taking.ConvertAll(candidate => candidate.Turns);
            Assert.True(turns.Max() - turns.Min() <= SlotQuestion.WholeTurn, $"{decision.At:dd HH:mm} {decision.Memory.Key}: turns {string.Join(' ', turns)}");
        }

        string NameOf(int altruist) => byProvider ? simulation.Book.Altruists[altruist].Provider.Value : simulation.Book.Altruists[altruist].Id.Value;
    }

    /// <summary>Also where everybody comes and goes within a window, and where slots are empty at times: the last four have one or two that serve it.</summary>
    [Theory]
    [InlineData(31, 1)]
    [InlineData(32, 6)]
    [InlineData(33, 20)]
    [InlineData(34, 20)]
    [InlineData(1, 2, 8, 2, 40)]
    [InlineData(2, 1, 8, 2, 50)]
    [InlineData(1, 0.5, 6, 2, 20)]
    [InlineData(2, 1, 6, 2, 30)]
    [InlineData(35, 6, 10, 6, 5, "provider")]
    [InlineData(36, 20, 10, 6, 5, "provider")]
    [InlineData(1, 2, 8, 2, 40, "provider")]
    [InlineData(37, 6, 10, 6, 5, "altruist", "latency")]
    [InlineData(38, 20, 10, 6, 5, "altruist", "latency")]
    [InlineData(39, 6, 10, 6, 5, "provider", "latency")]
    public void Nobody_holds_a_slot_more_than_three_rounds_in_a_row_while_another_is_eligible(
        int seed, double hoursBetweenFailures, int providers = 10, int altruists = 6, int minutesToRepair = 5, string unit = "altruist", string policy = "least-used")
    {
        var report = new WorldSimulation(SimulatedWorlds.Failing(
            $$"""
            {
              "seed": {{seed}}, "classes": { "usual": { "regions": 3, "hoursBetweenFailures": {{hoursBetweenFailures}}, "minutesToRepair": {{minutesToRepair}} } },
              "providers": [{ "name": "provider", "providers": {{providers}}, "altruists": {{altruists}} }], "selection": { "fairnessUnit": "{{unit}}", "policy": "{{policy}}" }
            }
            """)).Run(Cancellation);
        Assert.InRange(report.LongestHold, 1, 3);
    }

    [Theory]
    [InlineData(41, 0)]
    [InlineData(42, 0)]
    [InlineData(43, 100)]
    [InlineData(44, 20)]
    [InlineData(45, 0, "provider")]
    [InlineData(46, 100, "provider")]
    [InlineData(47, 0, "altruist", "latency")]
    [InlineData(48, 100, "altruist", "latency")]
    public void Over_a_month_everybody_gets_its_share_of_the_bursts_within_20_percent(int seed, int hoursBetweenFailures, string unit = "altruist", string policy = "least-used")
    {
        var report = new WorldSimulation(SimulatedWorlds.Steady(
            $$"""{ "seed": {{seed}}, "hours": 720, "classes": { "usual": { "regions": 4, "hoursBetweenFailures": {{hoursBetweenFailures}}, "minutesToRepair": 30 } }, "selection": { "fairnessUnit": "{{unit}}", "policy": "{{policy}}" } }""")).Run(Cancellation);
        Assert.Equal(32, report.Comparable.Count);
        Assert.All(report.Comparable, row => Assert.InRange(row.Got.BurstRequests / row.Due.BurstRequests, 0.8, 1.2));
        Assert.All(report.Comparable, row => Assert.InRange(row.Got.ServedMs / row.Due.ServedMs, 0.95, 1.05));
    }
}
