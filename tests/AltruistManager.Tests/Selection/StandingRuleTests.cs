using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Selection;

/// <summary>
/// The standing rule (design 5.5) under interleavings: whatever happens before, during and after a publication, once things are quiet the published picks are
/// what the rules give, and the log holds each generation, and each round of a slot, once.
/// </summary>
public abstract class StandingRuleContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly string[] Five = ["a1", "a2", "a3", "a4", "a5"];

    /// <summary>What happens; told to the selection as it is in service, or to nobody where time alone does it.</summary>
    public enum Change
    {
        PrimaryFalls,
        StandbyFalls,
        AllFall,
        PrimaryIsOfAnotherChain,
        FallenRecovers,
        AllFallAndOneRecovers,
        PinExpires,
        ExclusionExpires,
        PinExpiresAndPrimaryFalls,
        PrimaryIsRetired,
    }

    public static TheoryData<Change, Moment, bool> Interleavings()
    {
        var all = new TheoryData<Change, Moment, bool>();
        foreach (var change in Enum.GetValues<Change>())
        {
            foreach (var moment in Enum.GetValues<Moment>())
            {
                all.Add(change, moment, true);
                all.Add(change, moment, false);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Interleavings))]
    public async Task Whatever_happens_during_a_publication_the_picks_are_right_when_it_has_ended(Change change, Moment moment, bool inRound)
    {
        await using var scene = await SceneAsync(change);
        var told = new List<Task>();
        var happened = false;
        scene.Happened = now =>
        {
            if (now != moment || happened)
                return;
            happened = true;
            told.AddRange(Happen(scene, change));
        };
        var before = scene.Snapshots.Current.Generation;
        if (inRound)
        {
            await scene.Round.RunAsync(Trigger.Scheduled, scene.Clock.GetUtcNow(), Cancellation);
        }
        else
        {
            // Something else falls, so that there is something to publish.
            scene.Judge("b1", VerdictState.Down);
            await scene.Round.SettleAsync(Trigger.Failover, Cancellation);
        }

        await Task.WhenAll(told);
        await scene.Probes.AnswerAllAsync();
        Assert.True(happened);
        Assert.True(scene.Snapshots.Current.Generation > before);
        await IsQuietAsync(scene, $"{change} at {moment}");
    }

    [Theory]
    [InlineData(Change.PrimaryFalls)]
    [InlineData(Change.AllFall)]
    [InlineData(Change.AllFallAndOneRecovers)]
    [InlineData(Change.PinExpiresAndPrimaryFalls)]
    public async Task Whatever_happens_just_before_or_after_a_round_the_picks_are_right(Change change)
    {
        await using var scene = await SceneAsync(change);
        await Task.WhenAll(Happen(scene, change));
        await scene.RunAsync();
        await IsQuietAsync(scene, $"{change} before");

        await using var other = await SceneAsync(change);
        await other.RunAsync();
        await Task.WhenAll(Happen(other, change));
        await other.SettleAsync(Trigger.Recovery);
        await IsQuietAsync(other, $"{change} after");
    }

    /// <summary>Several things at several moments of one publication after the other.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task No_fall_is_lost_among_rounds_failovers_recoveries_and_expiries(int seed)
    {
        var random = new Random(seed);
        await using var scene = await SceneAsync(Change.PrimaryFalls);
        var generations = new List<long>();
        for (var step = 0; step < 40; step++)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 200)));
            if (random.Next(4) == 0)
            {
                await scene.OverrideAsync(
                    random.Next(2) == 0 ? OverrideKind.Pin : OverrideKind.Exclude, Five[random.Next(Five.Length)], TimeSpan.FromSeconds(random.Next(1, 300)), chain: "0021");
            }

            var told = new List<Task>();
            var draw = new Random(random.Next());
            scene.Happened = _ =>
            {
                lock (draw)
                {
                    generations.Add(scene.Snapshots.Current.Generation);
                    if (draw.Next(2) == 0)
                        return;
                    scene.Clock.Advance(TimeSpan.FromSeconds(draw.Next(30)));
                    var struck = draw.Next(3) == 0 ? scene.Primary()! : Five[draw.Next(Five.Length)];
                    scene.Judge(struck, draw.Next(2) == 0 ? VerdictState.Down : VerdictState.Healthy);
                    told.Add(scene.Round.SettleAsync(Trigger.Failover, Cancellation));
                }
            };
            if (random.Next(2) == 0)
                await scene.Round.RunAsync(Trigger.Scheduled, scene.Clock.GetUtcNow(), Cancellation);
            else
                await scene.Round.SettleAsync(Trigger.Override, Cancellation);
            for (var known = 0; known < told.Count; known++)
                await told[known];
            scene.Happened = _ => { };
            await scene.SettleAsync(Trigger.Recovery);
            generations.Add(scene.Snapshots.Current.Generation);
            await IsQuietAsync(scene, $"seed {seed}, step {step}");
        }

        Assert.Equal(generations.Order(), generations);
    }

    [Fact]
    public async Task Of_two_instances_one_runs_a_scheduled_round_and_the_other_takes_up_what_it_stored()
    {
        await using var pair = await PairAsync();
        var (one, other) = pair;
        for (var round = 1; round <= 4; round++)
        {
            var at = Later(pair, Interval);
            var (first, second) = round % 2 == 0 ? (one, other) : (other, one);
            Assert.Equal(round, (await first.Round.RunAsync(Trigger.Scheduled, at, Cancellation)).Round);
            var late = await second.Round.RunAsync(Trigger.Scheduled, at, Cancellation);

            Assert.Equal((round, 0), (late.Round, late.Changed));
            Assert.Contains(second.Logged, line => line.StartsWith("Another instance published", StringComparison.Ordinal));
            Same(pair);
        }

        await LogIsSoundAsync(one, rounds: 4);
    }

    [Fact]
    public async Task Two_instances_that_decide_at_the_same_moment_go_on_from_the_same_log()
    {
        await using var pair = await PairAsync();
        var (one, other) = pair;
        var random = new Random(7);
        const int Rounds = 8;
        for (var round = 1; round <= Rounds; round++)
        {
            var at = Later(pair, Interval);
            await Task.WhenAll(Task.Run(() => one.Round.RunAsync(Trigger.Scheduled, at, Cancellation)), Task.Run(() => other.Round.RunAsync(Trigger.Scheduled, at, Cancellation)));

            // Both see the same fall and the same recovery.
            Later(pair, TimeSpan.FromSeconds(40));
            var fallen = one.Primary()!;
            var well = Five[random.Next(Five.Length)];
            foreach (var scene in new[] { one, other })
            {
                foreach (var id in Five)
                    scene.Judge(id, id == fallen && id != well ? VerdictState.Down : VerdictState.Healthy);
            }

            await Task.WhenAll(Task.Run(() => one.Round.SettleAsync(Trigger.Failover, Cancellation)), Task.Run(() => other.Round.SettleAsync(Trigger.Failover, Cancellation)));
            await one.Probes.AnswerAllAsync();
            await other.Probes.AnswerAllAsync();
            // The one that learns of it last learns it at its next publication, or at the next start.
            foreach (var scene in new[] { one, other })
            {
                Assert.Equal(VerdictState.Healthy, scene.Board[new(scene.Primary()!)].State);
                await IsQuietAsync(scene, $"round {round}");
            }
        }

        await LogIsSoundAsync(one, Rounds);
        await one.RunAsync();
        await other.RunAsync();
        await LogIsSoundAsync(one, Rounds + 1);
        Same(pair);
    }

    /// <summary>What is published is what the rules give now, and a further look finds nothing to do; a restart tells the same.</summary>
    private static async Task IsQuietAsync(SelectionScene scene, string where)
    {
        foreach (var slot in scene.Snapshots.Current.Slots.Values)
            IsRight(scene, slot, $"{where}, {slot.Key}");

        var shown = scene.Snapshots.Current;
        var settled = await scene.SettleAsync(Trigger.Recovery);
        Assert.True(settled.Changed == 0 && settled.Generation == shown.Generation, $"{where}: there was still something to settle");
        await LogIsSoundAsync(scene, rounds: null);
    }

    private static void IsRight(SelectionScene scene, SlotStatus slot, string where)
    {
        var now = scene.Clock.GetUtcNow();
        var rulings = scene.Overrides.Active.Where(rule => rule.ExpiresAt > now && (rule.Chain is null || rule.Chain == slot.Key.Chain)).ToList();
        var candidates = scene.Roster.Current.Live.Where(altruist => altruist.Chains.Contains(slot.Key.Chain)).ToList();
        // Of two rulings about one altruist the newer counts.
        bool Is(OverrideKind kind, AltruistId id) => rulings.Where(rule => rule.Altruist == id).MaxBy(rule => (rule.CreatedAt, rule.Id))?.Kind == kind;
        var eligible = candidates.Where(altruist => scene.Board[altruist.Id].State is VerdictState.Healthy or VerdictState.Failing && !Is(OverrideKind.Exclude, altruist.Id)).Select(altruist => altruist.Id).ToHashSet();
        var pinned = rulings.Where(rule => rule.Kind == OverrideKind.Pin && eligible.Contains(rule.Altruist!.Value) && Is(OverrideKind.Pin, rule.Altruist!.Value)).MaxBy(rule => (rule.CreatedAt, rule.Id));
        if (pinned is not null)
        {
            Assert.True((slot.State, slot.Primary?.Altruist) == (SlotState.Override, pinned.Altruist), $"{where}: not pinned");
        }
        else if (eligible.Count > 0)
        {
            Assert.True(slot.State == SlotState.Fresh, $"{where}: {slot.State} although {string.Join(' ', eligible)} may be picked");
            Assert.True(eligible.Contains(slot.Primary!.Value.Altruist), $"{where}: {slot.Primary} was lost, but is still published");
        }
        else
        {
            var mayBeKept = slot.Primary is { } kept && candidates.Exists(altruist => altruist.Id == kept.Altruist) && scene.Board[kept.Altruist].State != VerdictState.WrongChain;
            Assert.True(slot.State == (mayBeKept ? SlotState.Degraded : SlotState.None), $"{where}: {slot.State} though nobody may be picked");
            return;
        }

        Assert.True(slot.Standbys.Count == Math.Min(2, eligible.Count - 1), $"{where}: {slot.Standbys.Count} standbys of {eligible.Count}");
        Assert.True(slot.Standbys.All(standby => eligible.Contains(standby.Altruist)), $"{where}: a standby fell and is still published");
    }

    private static async Task LogIsSoundAsync(SelectionScene scene, int? rounds)
    {
        var entries = await scene.Database.QueryAsync<EntryRow>("select generation, round, is_round, previous_hash, hash from log_entries order by generation", null, Cancellation);
        for (var i = 1; i < entries.Count; i++)
        {
            Assert.Equal(entries[i - 1].Hash, entries[i].PreviousHash);
            Assert.True(entries[i].Generation > entries[i - 1].Generation);
        }

        var numbers = entries.Where(entry => entry.IsRound).Select(entry => entry.Round).ToList();
        Assert.Equal(Enumerable.Range(1, rounds ?? numbers.Count).Select(number => (long)number), numbers);
        var twice = await scene.Database.QueryAsync<long>(
            """
            select   count(*)
            from     log_decisions
            join     log_entries on log_entries.generation = log_decisions.generation
            where    log_entries.is_round = @yes
            group by round, slot_id
            having   count(*) > 1
            """,
            new { yes = true }, Cancellation);
        Assert.Empty(twice);
    }

    /// <summary>Ready for the change, which has not happened yet. Some time has passed since anybody was asked.</summary>
    private async Task<SelectionScene> SceneAsync(Change change)
    {
        var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Chain("0021").Chain("0040", "evm:56");
        foreach (var id in Five)
            scene.Altruist(id, $"provider-{id}");
        scene.Altruist("b1", chain: "0040").Altruist("b2", "beta", chain: "0040");
        await scene.StartAsync();
        await scene.RunAsync();
        if (change == Change.FallenRecovers)
        {
            foreach (var id in Five)
                scene.Judge(id, VerdictState.Down);
        }

        if (change is Change.PinExpires or Change.PinExpiresAndPrimaryFalls)
            await scene.OverrideAsync(OverrideKind.Pin, Five.First(id => id != scene.Primary()), TimeSpan.FromMinutes(2), chain: "0021");
        if (change is Change.ExclusionExpires)
        {
            foreach (var id in Five)
                await scene.OverrideAsync(OverrideKind.Exclude, id, TimeSpan.FromMinutes(2), chain: "0021");
        }

        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.SettleAsync(Trigger.Override);
        // Whoever is b1's second must not be the reason why something is published.
        while (scene.Primary("0040") != "b1")
            await scene.RunAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        return scene;
    }

    private static List<Task> Happen(SelectionScene scene, Change change)
    {
        var primary = scene.Primary()!;
        var retired = false;
        switch (change)
        {
            case Change.PrimaryFalls:
                scene.Judge(primary, VerdictState.Down);
                break;
            case Change.StandbyFalls:
                scene.Judge(scene.Slot().Standbys[0].Altruist.Value, VerdictState.Lagging);
                break;
            case Change.AllFall or Change.AllFallAndOneRecovers:
                foreach (var id in Five)
                    scene.Judge(id, VerdictState.Down);
                break;
            case Change.PrimaryIsOfAnotherChain:
                scene.Judge(primary, VerdictState.WrongChain);
                break;
            case Change.FallenRecovers:
                scene.Judge("a4", VerdictState.Healthy);
                break;
            case Change.PinExpires or Change.ExclusionExpires or Change.PinExpiresAndPrimaryFalls:
                scene.Clock.Advance(TimeSpan.FromMinutes(5));
                if (change != Change.PinExpiresAndPrimaryFalls)
                    return [];
                scene.Judge(primary, VerdictState.Down);
                break;
            case Change.PrimaryIsRetired:
                scene.Edit(primary, (Altruist altruist) => altruist with { RetiredAt = scene.Clock.GetUtcNow() });
                retired = true;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(change));
        }

        List<Task> told = [scene.Round.SettleAsync(retired ? Trigger.Change : Trigger.Failover, Cancellation)];
        if (change == Change.AllFallAndOneRecovers)
        {
            scene.Judge(primary, VerdictState.Healthy);
            told.Add(scene.Round.SettleAsync(Trigger.Failover, Cancellation));
        }

        return told;
    }

    private async Task<Pair> PairAsync()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var first = Fixture.Open(place);
        await first.PrepareAsync(create: true, Cancellation);
        await DatabaseFixture.MigratorOf(first).MigrateAsync(Cancellation);
        var pair = new Pair(new SelectionScene(first), new SelectionScene(Fixture.Open(place)));
        foreach (var scene in new[] { pair.One, pair.Other })
        {
            scene.Region("us-east").Region("eu").Chain("0021").Chain("0040", "evm:56");
            foreach (var id in Five)
                scene.Altruist(id, $"provider-{id}", region: "*");
            await scene.StartAsync();
        }

        return pair;
    }

    private static DateTimeOffset Later(Pair pair, TimeSpan time)
    {
        pair.One.Clock.Advance(time);
        pair.Other.Clock.Advance(time);
        return pair.One.Clock.GetUtcNow();
    }

    private static void Same(Pair pair) =>
        Assert.Equal(pair.One.Snapshots.Current.FindAll("us-east")!.ETag, pair.Other.Snapshots.Current.FindAll("us-east")!.ETag);

    private sealed record Pair(SelectionScene One, SelectionScene Other) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await One.DisposeAsync();
            await Other.DisposeAsync();
        }
    }

    private sealed record EntryRow
    {
        public required long Generation { get; init; }
        public required long Round { get; init; }
        public required bool IsRound { get; init; }
        public required string PreviousHash { get; init; }
        public required string Hash { get; init; }
    }
}

public sealed class StandingRuleOnSqlite(SqliteFixture fixture) : StandingRuleContract(fixture), IClassFixture<SqliteFixture>;

public sealed class StandingRuleOnPostgres(PostgresFixture fixture) : StandingRuleContract(fixture), IClassFixture<PostgresFixture>;
