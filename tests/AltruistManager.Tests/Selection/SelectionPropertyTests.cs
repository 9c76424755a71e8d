using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Storage;
using AltruistManager.Transparency;

namespace AltruistManager.Tests.Selection;

/// <summary>The rules of decision over random worlds: what must hold whatever happens.</summary>
public sealed class SelectionPropertyTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly VerdictState[] States = Enum.GetValues<VerdictState>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Falls, recoveries, overrides, changes of the roster, rounds and restarts in random order.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task No_pick_is_lost_but_by_revocation_and_every_entry_replays(int seed)
    {
        var random = new Random(seed);
        var database = await fixture.NewDatabaseAsync(Cancellation);
        var options = new SelectionOptions
        {
            FairnessUnit = seed % 2 == 0 ? "provider" : "altruist",
            Policy = SelectionPolicies.All[seed % SelectionPolicies.All.Count].Name,
            Primaries = 1 + seed % 3,
            ProviderCapPercent = seed % 3 == 0 ? 50 : 100,
        };
        await using var scene = new SelectionScene(database, options);
        scene.Region("us-east", "us-west").Region("us-west", "us-east").Region("eu").Chain("0021").Chain("0022");
        var ids = Enumerable.Range(0, 14).Select(number => $"a{number:00}").ToList();
        foreach (var id in ids)
        {
            scene.Altruist(
                id, $"provider-{random.Next(5)}", random.Next(2) == 0 ? "0021" : "0022", new[] { "us-east", "us-west", "*" }[random.Next(3)],
                tier: random.Next(4) == 0 ? 2 : 1, host: $"host-{random.Next(10)}", state: States[random.Next(States.Length)]);
        }

        await scene.StartAsync();
        var generation = 0L;
        var retired = new HashSet<string>();
        for (var step = 0; step < 150; step++)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 400)));
            var before = scene.Snapshots.Current;
            switch (random.Next(18))
            {
                case 0 when retired.Count < 6:
                    var leaving = ids[random.Next(ids.Count)];
                    scene.Edit(leaving, (Altruist altruist) => altruist with { RetiredAt = altruist.RetiredAt ?? scene.Clock.GetUtcNow() });
                    retired.Add(leaving);
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 1:
                    var toggled = ids[random.Next(ids.Count)];
                    scene.Edit(toggled, (Altruist altruist) => altruist with { Enabled = !altruist.Enabled });
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 2:
                    var kind = random.Next(2) == 0 ? OverrideKind.Pin : OverrideKind.Exclude;
                    await scene.OverrideAsync(
                        kind, ids[random.Next(ids.Count)], TimeSpan.FromMinutes(random.Next(1, 60)), force: kind == OverrideKind.Pin && random.Next(2) == 0,
                        revoke: kind == OverrideKind.Exclude && random.Next(3) == 0);
                    await scene.SettleAsync(Trigger.Override);
                    break;
                case 3:
                    // Half of the time staff changed what is counted.
                    options = random.Next(2) == 0 ? options : new SelectionOptions
                    {
                        FairnessUnit = random.Next(2) == 0 ? "provider" : "altruist",
                        Policy = options.Policy,
                        Primaries = options.Primaries,
                        ProviderCapPercent = random.Next(2) == 0 ? 50 : 100,
                    };
                    scene.Restart(options);
                    await scene.StartAsync();
                    break;
                case 4:
                    await scene.DrainAsync(
                        ids[random.Next(ids.Count)], random.Next(4) == 0 ? null : TimeSpan.FromMinutes(random.Next(1, 90)), TimeSpan.FromMinutes(random.Next(3) * 10));
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 5:
                    await scene.Drains.EndAsync(Actors.Staff, new(ids[random.Next(ids.Count)]), new("test"), id: null, Cancellation);
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 6:
                    await scene.HoldAsync(TimeSpan.FromMinutes(random.Next(1, 40)), random.Next(2) == 0 ? "0021" : null, random.Next(2) == 0 ? "us-east" : null);
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 10 or 11:
                    // Out of a slot, and back another time; whether anybody decides meanwhile or not.
                    var region = new[] { "us-east", "us-west", "*", "eu" }[random.Next(4)];
                    scene.Edit(ids[random.Next(ids.Count)], (Altruist altruist) => altruist with { Regions = [new(region)] });
                    if (random.Next(2) == 0)
                        continue;
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 12:
                    scene.Edit("0022", (AltruistManager.Chains.Chain chain) => chain with { Enabled = !chain.Enabled });
                    if (random.Next(2) == 0)
                        continue;
                    await scene.SettleAsync(Trigger.Change);
                    break;
                case 7 or 8 or 9:
                    await scene.RunAsync();
                    break;
                default:
                    foreach (var id in ids.Where(_ => random.Next(4) == 0))
                        scene.Judge(id, States[random.Next(States.Length)], random.Next(5) == 0 ? scene.Clock.GetUtcNow() + TimeSpan.FromMinutes(2) : null);
                    await scene.SettleAsync();
                    break;
            }

            var after = scene.Snapshots.Current;
            Assert.True(after.Generation >= generation, $"step {step}: the generation went back");
            generation = after.Generation;
            foreach (var (key, now) in after.Slots)
            {
                var where = $"seed {seed}, step {step}, {key}";
                if (before.Slots.TryGetValue(key, out var was))
                {
                    Assert.True(now.Generation >= was.Generation, where);
                    if (now.Generation == was.Generation)
                        Assert.Equal((was.State, was.Primary), (now.State, now.Primary));
                    if (was.Primary is { } lost && now.Primary is null)
                        Assert.True(MayNotBeKept(scene, lost.Altruist), $"{where}: the pick was lost");
                }

                Check(scene, now, where);
            }
        }

        await ReplayAllAsync(scene);
    }

    /// <summary>The standing rule: what is published is what the rules give.</summary>
    private static void Check(SelectionScene scene, SlotStatus slot, string where)
    {
        if (slot.Primary is not { } pick)
        {
            Assert.Equal(SlotState.None, slot.State);
            Assert.Equal(0, slot.Eligible);
            return;
        }

        var altruist = scene.Roster.Current.Altruists[pick.Altruist];
        var usability = Judge(scene, pick.Altruist);
        Assert.False(MayNotBeKept(scene, pick.Altruist), $"{where}: what may not be kept is picked");
        if (slot.State is SlotState.Fresh or SlotState.Fallback)
            Assert.True(usability != Usability.No, $"{where}: {pick.Altruist} is picked though {scene.Board[pick.Altruist].State}");
        if (slot.State == SlotState.Degraded)
            Assert.Equal(0, slot.Eligible);
        Assert.Equal(100, slot.Primaries.Sum(primary => primary.Weight));
        Assert.Empty(slot.Primaries.Select(primary => primary.Altruist).Intersect(slot.Standbys.Select(standby => standby.Altruist)));
        Assert.Equal(slot.Standbys.Count, slot.Standbys.Distinct().Count());
        if (slot.State != SlotState.Degraded)
            Assert.All(slot.Standbys, standby => Assert.NotEqual(Usability.No, Judge(scene, standby.Altruist)));
    }

    private static Usability Judge(SelectionScene scene, AltruistId id)
    {
        var now = scene.Clock.GetUtcNow();
        return Eligibility.Judge(scene.Roster.Current.Altruists[id], scene.Board[id], scene.Drains.Current.InForce(id, now), now);
    }

    private static bool MayNotBeKept(SelectionScene scene, AltruistId id) =>
        Eligibility.IsRevoked(scene.Roster.Current.Altruists[id], scene.Board[id])
        || scene.Overrides.Active.Any(rule => rule.Revoke && rule.Altruist == id && rule.ExpiresAt > scene.Clock.GetUtcNow());

    /// <summary>Every stored entry replays to the same bytes and goes on where the one before ended.</summary>
    private static async Task ReplayAllAsync(SelectionScene scene)
    {
        using var verification = LogVerification.OfDatabase(scene.Database);
        var report = await verification.RunAsync(0, long.MaxValue, null, Cancellation);
        Assert.Null(report.Difference);
        Assert.True(report.Replayed > 50, $"{report.Replayed} entries");
        foreach (var (row, _) in await new EntryStore(scene.Database).PageAsync(0, long.MaxValue, int.MaxValue, Cancellation))
        {
            var entry = CanonicalEntry.Read(EntryLog.Decompress(row.Body!));
            foreach (var slot in entry.Slots)
                CheckOrders(entry, slot);
        }
    }

    /// <summary>What people ordered is obeyed: nobody excluded or out of use is picked, and pinned, held and degraded service is no turn.</summary>
    private static void CheckOrders(Entry entry, EntrySlot slot)
    {
        if (slot.Outcome.State is SlotState.Override or SlotState.Degraded || slot.Question.Hold >= 0)
            Assert.Empty(slot.Outcome.Turns);
        if (slot.Question.Hold >= 0)
        {
            Assert.False(slot.Question.Rotate);
            Assert.True(entry.Holds[slot.Question.Hold].Concerns(slot.Question.Key) && entry.Holds[slot.Question.Hold].Until > entry.At);
        }

        CheckTiers(entry, slot);
        var forced = slot.Outcome.State == SlotState.Override && entry.Overrides[slot.Outcome.Override].Force;
        foreach (var pick in slot.Outcome.State == SlotState.Degraded ? [] : slot.Outcome.Picks.Skip(forced ? 1 : 0))
        {
            Assert.NotEqual(Usability.No, entry.Altruists[pick.Altruist].Facts.Usability);
            Assert.Equal(-1, slot.Question.Candidates[pick.Candidate].ExcludedBy);
        }
    }

    /// <summary>Whoever is in use is of the lowest tier of the nearest region that has anyone, whatever the policy; standbys of a round go from the nearest and lowest on.</summary>
    private static void CheckTiers(Entry entry, EntrySlot slot)
    {
        if (slot.Outcome.State is not (SlotState.Fresh or SlotState.Fallback))
            return;
        var admitted = Selector.Admitted(slot.Question, Array.ConvertAll(entry.Altruists, altruist => altruist.Facts));
        var groups = slot.Question.Candidates.Select((candidate, place) => (Group: GroupOf(candidate), Place: place)).Where(one => admitted[one.Place]).Select(one => one.Group).Order().ToList();
        var picked = slot.Outcome.Picks.ConvertAll(pick => GroupOf(slot.Question.Candidates[pick.Candidate]));
        var primaries = slot.Outcome.Picks.Count(pick => pick.Weight > 0);
        Assert.All(picked.Take(primaries), group => Assert.Equal(groups[0], group));
        if (slot.Question.Rotate)
            Assert.Equal(groups.Take(picked.Count), picked);

        (int Rank, int Tier) GroupOf(Candidate candidate) => (RegionFallback.Rank(candidate.Offer), entry.Altruists[candidate.Altruist].Facts.Tier);
    }

    /// <summary>An unchanged set over a simulated month: each meets each minute of the hour equally often, and none waits longer than the rules say.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(13)]
    public void Over_a_month_everybody_meets_every_minute_of_the_hour_equally_often(int altruists)
    {
        var question = new SlotQuestion { Key = new(new("0021"), new("us-east")), Rotate = true, WasState = SlotState.Fresh };
        var ids = Enumerable.Range(0, altruists).Select(number => new AltruistId($"altruist-{number:00}")).ToList();
        question.Candidates = [.. ids.Select((_, number) => new Candidate { Altruist = number, Provider = (short)number, ExcludedBy = -1, Contender = true })];
        question.Providers = new ProviderTurns[altruists];
        var facts = ids.Select((_, number) => new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = number, Host = number }).ToArray();
        var outcome = new SlotOutcome();
        var rules = new SelectorRules(2, ByProvider: false);
        var met = new int[altruists, 12];
        var picks = new List<int>();
        var hash = new byte[32];
        for (var window = 0; window < 30 * 24; window++)
        {
            var seed = DrawOrder.Seed(hash, window);
            hash = seed;
            for (var i = 0; i < altruists; i++)
            {
                question.Candidates[i].Turns = 0;
                question.Candidates[i].Draw = DrawOrder.Draw(seed, question.Key, ids[i]);
            }

            for (var round = 0; round < 12; round++)
            {
                Selector.Decide(question, facts, rules, outcome);
                for (var i = 0; i < altruists; i++)
                    question.Candidates[i].Turns = outcome.After[i].Turns;
                met[outcome.Picks[0].Altruist, round]++;
                picks.Add(outcome.Picks[0].Altruist);
            }

            var turns = question.Candidates.Select(candidate => candidate.Turns).ToList();
            Assert.True(turns.Max() - turns.Min() <= SlotQuestion.WholeTurn, $"window {window}: {string.Join(' ', turns)}");
        }

        // Sessions in any sliding hour differ by at most 2; nobody holds the slot for more than two rounds.
        for (var start = 0; start + 12 <= picks.Count; start++)
        {
            var counts = new int[altruists];
            for (var i = start; i < start + 12; i++)
                counts[picks[i]]++;
            Assert.True(counts.Max() - counts.Min() <= 2, $"at {start}: {string.Join(' ', counts)}");
            Assert.False(picks[start] == picks[start + 1] && picks[start] == picks[start + 2], $"three in a row at {start}");
        }

        var expected = 30.0 * 24 / altruists;
        foreach (var count in met)
            Assert.InRange(count, expected * 0.6, expected * 1.4);
    }

    /// <summary>One that enters within a window neither catches up what it missed nor waits for its turn longer than the others.</summary>
    [Fact]
    public void A_newcomer_starts_with_as_many_turns_as_those_who_had_the_fewest()
    {
        var question = new SlotQuestion { Key = new(new("0021"), new("us-east")), Rotate = true };
        question.Candidates =
        [
            new Candidate { Altruist = 0, ExcludedBy = -1, Contender = true, Turns = 400, Draw = 1 },
            new Candidate { Altruist = 1, ExcludedBy = -1, Contender = true, Turns = 500, Draw = 2 },
            new Candidate { Altruist = 2, ExcludedBy = -1, Contender = false, Turns = 0, Draw = 3 },
        ];
        question.Providers = new ProviderTurns[1];
        var facts = Enumerable.Range(0, 3).Select(_ => new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = 0, Host = 0 }).ToArray();
        var outcome = new SlotOutcome();
        Selector.Decide(question, facts, new SelectorRules(2, false), outcome);

        Assert.Equal(0, outcome.Picks[0].Altruist);
        Assert.Equal([500, 500, 400], outcome.After.Select(after => after.Turns));
    }

    [Fact]
    public void A_newcomer_of_a_provider_starts_as_that_provider_s_others_where_fairness_is_theirs()
    {
        var question = new SlotQuestion { Key = new(new("0021"), new("us-east")), Rotate = true };
        question.Candidates =
        [
            new Candidate { Altruist = 0, Provider = 0, ExcludedBy = -1, Contender = true, Turns = 6 },
            new Candidate { Altruist = 1, Provider = 0, ExcludedBy = -1, Contender = false, Turns = 0 },
            new Candidate { Altruist = 2, Provider = 1, ExcludedBy = -1, Contender = true, Turns = 1 },
        ];
        question.Providers = [new ProviderTurns { Turns = 6, Contender = true, Draw = 1 }, new ProviderTurns { Turns = 6, Contender = true, Draw = 2 }];
        AltruistFacts[] facts = [.. Enumerable.Range(0, 3).Select(number => new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = number / 2, Host = number })];
        var outcome = new SlotOutcome();
        Selector.Decide(question, facts, new SelectorRules(2, ByProvider: true), outcome);
        Assert.Equal(6, outcome.After[1].Turns - (outcome.Turns.Contains(1) ? SlotQuestion.WholeTurn : 0));
    }

    [Fact]
    public void Throttled_altruists_stay_last_where_else_fewer_than_half_would_be_left()
    {
        var question = new SlotQuestion { Key = new(new("0021"), new("us-east")), Rotate = true };
        question.Candidates = [.. Enumerable.Range(0, 4).Select(number => new Candidate { Altruist = number, ExcludedBy = -1, Contender = true })];
        question.Providers = new ProviderTurns[1];
        AltruistFacts[] facts =
        [
            new() { Usability = Usability.Healthy, Tier = 1, Provider = 0, Host = 0 },
            new() { Usability = Usability.Throttled, Tier = 1, Provider = 0, Host = 0, ThrottledSince = 100 },
            new() { Usability = Usability.Throttled, Tier = 1, Provider = 0, Host = 0, ThrottledSince = 300 },
            new() { Usability = Usability.Throttled, Tier = 1, Provider = 0, Host = 0, ThrottledSince = 200 },
        ];
        Assert.Equal([true, false, true, false], Selector.Admitted(question, facts));
        var outcome = new SlotOutcome();
        Selector.Decide(question, facts, new SelectorRules(2, false), outcome);
        Assert.Equal([0, 2], outcome.Picks.Select(pick => pick.Altruist));
    }

    [Fact]
    public void An_altruist_that_has_not_proven_what_the_chain_requires_cannot_be_picked_but_is_never_worse_than_nobody()
    {
        var question = new SlotQuestion { Key = new(new("0022"), new("us-east")), Rotate = true, Requires = ["archive"], WasState = SlotState.Fresh };
        question.Candidates = [.. Enumerable.Range(0, 2).Select(number => new Candidate { Altruist = number, ExcludedBy = -1, Contender = true, Lacking = number == 0 })];
        question.Providers = new ProviderTurns[1];
        question.Was = [new IncumbentPick(0, new("us-east"), 100, MayKeep: true)];
        AltruistFacts[] facts = [.. Enumerable.Range(0, 2).Select(number => new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = 0, Host = number })];
        Assert.Equal([false, true], Selector.Admitted(question, facts));
        var outcome = new SlotOutcome();
        Selector.Decide(question, facts, new SelectorRules(2, false), outcome);
        Assert.Equal((SlotState.Fresh, 1), (outcome.State, Assert.Single(outcome.Picks).Altruist));

        question.Candidates[1].Lacking = true;
        Selector.Decide(question, facts, new SelectorRules(2, false), outcome);
        Assert.Equal((SlotState.Degraded, 0), (outcome.State, Assert.Single(outcome.Picks).Altruist));
    }
}
