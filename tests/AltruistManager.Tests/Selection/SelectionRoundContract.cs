using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Storage;
using AltruistManager.Tests.Transparency;
using AltruistManager.Transparency;

namespace AltruistManager.Tests.Selection;

/// <summary>What portals, providers and staff notice of rounds, failovers and overrides, on each database.</summary>
public abstract class SelectionRoundContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>Windows of another length are numbered otherwise: a smaller number must not look like an old window for the rest of time.</summary>
    [Fact]
    public async Task Windows_go_on_when_their_length_is_changed()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var options = new SelectionOptions { Window = TimeSpan.FromHours(2) };
        scene.Restart(options);
        await scene.StartAsync();
        var windows = new HashSet<long>();
        for (var round = 0; round < 30; round++)
        {
            scene.Clock.Advance(Interval);
            var outcome = await scene.RunAsync();
            var entry = (await scene.Log.ReadAsync([outcome.Generation], Cancellation).SingleAsync(Cancellation)).Entry;
            Assert.Equal(DrawOrder.WindowOf(entry.At, options.Window), entry.Window);
            windows.Add(entry.Window);
        }

        Assert.InRange(windows.Count, 2, 3);
    }

    /// <summary>Its owner could else take its regions out and back after each turn, and it would stand with the fewest again.</summary>
    [Theory]
    [InlineData(false, "altruist")]
    [InlineData(true, "altruist")]
    [InlineData(false, "provider")]
    [InlineData(true, "provider")]
    public async Task An_altruist_that_leaves_a_slot_and_comes_back_keeps_its_turns_of_the_window(bool restarts, string unit)
    {
        await using var scene = await FiveAsync(new SelectionOptions { FairnessUnit = unit });
        scene.Region("far").Altruist("f1", "beta", region: "far");
        await scene.SettleAsync(Trigger.Change);
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await scene.RunAsync();
        // The first of a window: of those with equally many turns it is drawn first.
        var first = scene.Primary()!;
        await MoveAsync("far");
        var second = scene.Primary();
        Assert.NotEqual(first, second);
        if (restarts)
            await RestartAsync();
        await MoveAsync("us-east");

        var picks = new List<string?>();
        for (var round = 0; round < 3; round++)
        {
            if (restarts)
                await RestartAsync();
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
            picks.Add(scene.Primary());
        }

        // Those who had none yet.
        Assert.Equal(Five.Except([first, second]), picks.Order());
        Assert.Equal(1, Assert.Single((await scene.LastDecisionAsync()).Candidates, candidate => candidate.Altruist.Value == first).Turns);
        using var verification = LogVerification.OfDatabase(scene.Database);
        Assert.Null((await verification.RunAsync(0, long.MaxValue, null, Cancellation)).Difference);

        async Task MoveAsync(string region)
        {
            scene.Edit(first, (Altruist altruist) => altruist with { Regions = [new(region)] });
            await scene.SettleAsync(Trigger.Change);
        }

        async Task RestartAsync()
        {
            scene.Restart();
            foreach (var id in Five)
                scene.Judge(id, VerdictState.Healthy);
            await scene.StartAsync();
        }
    }

    [Fact]
    public async Task Turns_of_one_that_left_are_forgotten_with_the_window()
    {
        await using var scene = await FiveAsync();
        scene.Region("far");
        await scene.SettleAsync(Trigger.Change);
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await scene.RunAsync();
        var first = scene.Primary()!;
        scene.Edit(first, (Altruist altruist) => altruist with { Regions = [new("far")] });
        await scene.SettleAsync(Trigger.Change);
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await scene.RunAsync();
        scene.Edit(first, (Altruist altruist) => altruist with { Regions = [new("us-east")] });
        scene.Clock.Advance(Interval);
        await scene.RunAsync();
        Assert.Equal(0, Assert.Single((await scene.LastDecisionAsync()).Candidates, candidate => candidate.Altruist.Value == first).Turns);
        var entry = (await scene.Log.ReadAsync([(await scene.LastDecisionAsync()).Id.Generation], Cancellation).SingleAsync(Cancellation)).Entry;
        // The turn that it had elsewhere was of this window.
        Assert.Equal([("far", 1), ("us-east", 0)], entry.Slots.Select(slot => (slot.Question.Key.Region.Value, slot.Leavers.Altruists.Length)).Order());
    }

    [Fact]
    public async Task Orders_are_public_with_their_author_and_scope()
    {
        await using var scene = await FiveAsync();
        scene.Region("eu");
        var now = scene.Clock.GetUtcNow();
        await scene.Overrides.AddAsync(Actors.Staff, Rule(scene, OverrideKind.Exclude) with { Provider = new("provider-a1"), CreatedBy = "key:k1", Note = "between us" }, new("provider-a1"), Cancellation);
        await scene.Overrides.AddAsync(Actors.Staff, Rule(scene, OverrideKind.Pin) with { Altruist = new("a2"), Region = new("us-east"), Force = true, CreatedBy = "user:u1" }, null, Cancellation);
        var hold = await scene.HoldAsync(TimeSpan.FromHours(1), chain: "0021", reason: "an incident");
        await scene.SettleAsync(Trigger.Override);

        var decision = await scene.LastDecisionAsync();
        Assert.Equal(("pin", "user:u1", "a2", "us-east", true, now), (decision.Override!.Kind, decision.Override.Author, decision.Override.Altruist?.Value, decision.Override.Region?.Value, decision.Override.Force, decision.Override.CreatedAt));
        var exclusion = Assert.Single(decision.Exclusions);
        Assert.Equal(("exclude", "key:k1", "provider-a1", null), (exclusion.Kind, exclusion.Author, exclusion.Provider?.Value, exclusion.Chain));
        Assert.Equal((hold.Id, "test", "0021", "an incident", hold.Until), (decision.Hold!.Id, decision.Hold.Author, decision.Hold.Chain?.Value, decision.Hold.Reason, decision.Hold.Until));
        var bodies = await scene.Database.QueryAsync<byte[]>("select body from log_entries order by generation", null, Cancellation);
        Assert.All(bodies, body => Assert.DoesNotContain("between us", Encoding.UTF8.GetString(EntryLog.Decompress(body)), StringComparison.Ordinal));
    }

    /// <summary>Its words are found when it is first asked for them.</summary>
    [Fact]
    public async Task A_snapshot_tells_what_was_published_with_it_however_late_it_is_asked()
    {
        await using var scene = await FiveAsync();
        var (held, primary) = (scene.Snapshots.Current, scene.Slot().Primary!.Value.Altruist.Value);
        scene.Edit(primary, altruist => altruist with { Label = "another" });
        scene.Clock.Advance(Interval);
        await scene.RunAsync();

        using var told = JsonDocument.Parse(held.Find("0021", "us-east")!.Body);
        Assert.Equal(held.Generation, told.RootElement.GetProperty("generation").GetInt64());
        Assert.Equal(primary, told.RootElement.GetProperty("primary").GetProperty("label").GetString());
        Assert.NotEqual(held.Generation, scene.Snapshots.Current.Find("0021", "us-east")!.Generation);
    }

    /// <summary>As an instance leaves it that took up another's picks with an altruist that it did not know yet.</summary>
    [Fact]
    public async Task A_session_that_nobody_closed_stops_no_round()
    {
        await using var scene = await FiveAsync();
        var waiting = Five.First(id => id != scene.Primary());
        await scene.Database.WriteAsync(
            write => write.ExecuteAsync(
                "insert into open_sessions (slot_id, altruist_id, weight, generation, ordinal, started_at) select slot_id, @waiting, 100, generation, ordinal, 1 from open_sessions", new { waiting }),
            Cancellation);
        var primaries = new HashSet<string?>();
        for (var round = 0; round < 12; round++)
        {
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
            primaries.Add(scene.Primary());
        }

        Assert.Equal(Five, primaries.Order());
    }

    [Fact]
    public async Task An_altruist_is_told_where_it_stands_and_its_turn_comes_when_expected()
    {
        await using var scene = await FiveAsync();
        for (var round = 0; round < 3; round++)
        {
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
        }

        var slot = new SlotKey(new("0021"), new("us-east"));
        var standings = await scene.Standings.OfAsync(slot, Cancellation);
        Assert.Equal([1, 2, 3, 4, 5], standings.Values.Select(standing => standing.Position!.Value).Order());
        Assert.Equal(PickRole.Picked, standings[scene.Slot().Primary!.Value.Altruist].Role);
        // One at the start, three in rounds.
        Assert.Equal(4, standings.Values.Sum(standing => standing.Turns));
        Assert.All(standings.Values, standing => Assert.Equal(5, standing.TakingTurns));
        Assert.Equal(2, standings.Values.Count(standing => standing.Role == PickRole.Standby));

        var first = standings.Single(standing => standing.Value.Position == 1);
        Assert.Equal(scene.Clock.GetUtcNow() + Interval, first.Value.ExpectedAt);
        Assert.Contains("next of 5 in the order", first.Value.Words, StringComparison.Ordinal);

        // What happened since the last decision counts.
        var fallen = standings.First(standing => standing.Value is { Role: PickRole.Waiting, Position: > 1 }).Key;
        scene.Judge(fallen.Value, VerdictState.Down);
        await scene.SettleAsync();
        var told = Assert.Single(await scene.Standings.OfAsync(scene.Roster.Current.Altruists[fallen], new("0021"), null, null, 10, Cancellation));
        Assert.Equal((PickRole.NotEligible, (int?)null, (DateTimeOffset?)null, 4), (told.Role, told.Position, told.ExpectedAt, told.TakingTurns));
        Assert.Contains("Down", told.Words, StringComparison.Ordinal);

        scene.Clock.Advance(Interval);
        await scene.RunAsync();
        Assert.Equal(first.Key, scene.Slot().Primary!.Value.Altruist);
    }

    [Fact]
    public async Task Several_in_use_at_once_each_have_a_session_and_are_told_with_their_share_of_the_traffic()
    {
        await using var scene = await FiveAsync();
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Primaries = 3, Policy = "round-robin" });
        await scene.RunAsync();
        Assert.Equal(3, scene.Slot().Primaries.Count);
        Assert.Equal(100, scene.Slot().Primaries.Sum(pick => pick.Weight));

        using var body = JsonDocument.Parse(scene.Snapshots.Current.Find("0021", "us-east")!.Body);
        var told = body.RootElement.GetProperty("primaries").EnumerateArray().ToList();
        Assert.Equal(scene.Slot().Primaries.Select(pick => (pick.Altruist.Value, pick.Weight)), told.Select(pick => (pick.GetProperty("altruist").GetString()!, pick.GetProperty("weight").GetInt32())));
        Assert.Equal(told[0].GetProperty("altruist").GetString(), body.RootElement.GetProperty("primary").GetProperty("altruist").GetString());
        Assert.Equal(2, body.RootElement.GetProperty("standbys").GetArrayLength());

        // One goes, one comes, two stay.
        var before = scene.Slot().Primaries;
        scene.Clock.Advance(Interval);
        await scene.RunAsync();
        Assert.Equal(before.Take(2).Select(pick => pick.Altruist), scene.Slot().Primaries.Skip(1).Select(pick => pick.Altruist));
        var sessions = await scene.Decisions.SessionsAsync(new(new("0021"), new("us-east")), null, 100, Cancellation);
        Assert.Equal(scene.Slot().Primaries.Select(pick => pick.Altruist).Order(), sessions.Where(session => session.EndedAt is null).Select(session => session.Altruist).Order());
        Assert.All(sessions.Where(session => session.EndedAt is null), session => Assert.InRange(session.Weight, 33, 34));
        Assert.Contains(sessions, session => session.Altruist == before[2].Altruist && session.EndedAt == scene.Clock.GetUtcNow());

        var (primaries, generation) = (scene.Slot().Primaries, scene.Slot().Generation);
        scene.Restart();
        await scene.StartAsync();
        Assert.Equal(primaries, scene.Slot().Primaries);
        Assert.Equal(generation, scene.Slot().Generation);
        var decision = (await scene.Decisions.ListAsync(null, null, null, 1, Cancellation))[0];
        Assert.Equal(("round-robin", 3), (decision.Policy, decision.Primaries.Count));
    }

    [Fact]
    public async Task All_healthy_altruists_of_a_slot_are_used_equally_often()
    {
        await using var scene = await FiveAsync();
        var picks = new List<string>();
        for (var i = 0; i < 120; i++)
        {
            await scene.RunAsync();
            picks.Add(scene.Primary()!);
            scene.Clock.Advance(Interval);
        }

        // Turns within an aligned window differ by at most 1: five altruists, twelve rounds.
        foreach (var window in picks.Chunk(12))
            Assert.All(window.CountBy(pick => pick), count => Assert.InRange(count.Value, 2, 3));
        // In any hour, sessions differ by at most 2, and nobody holds the slot for more than two rounds.
        for (var start = 0; start + 12 <= picks.Count; start++)
        {
            var counts = picks.GetRange(start, 12).CountBy(pick => pick).Select(count => count.Value).ToList();
            Assert.True(counts.Max() - (counts.Count < 5 ? 0 : counts.Min()) <= 3, string.Join(' ', picks.GetRange(start, 12)));
        }

        for (var i = 2; i < picks.Count; i++)
            Assert.False(picks[i] == picks[i - 1] && picks[i] == picks[i - 2], $"three rounds in a row at {i}");
    }

    [Fact]
    public async Task A_penalised_altruist_goes_after_every_healthy_one_and_the_decision_says_why()
    {
        await using var scene = await FiveAsync();
        scene.Board.Set(new("a5"), scene.Board[new("a5")] with { Penalty = "its heights differ by 12 blocks from answer to answer" });
        for (var round = 0; round < 12; round++)
        {
            await scene.RunAsync();
            Assert.NotEqual("a5", scene.Primary());
            scene.Clock.Advance(TimeSpan.FromSeconds(20));
        }

        var candidate = Assert.Single((await scene.LastDecisionAsync()).Candidates, candidate => candidate.Altruist.Value == "a5");
        Assert.True(candidate.Eligible);
        Assert.Contains("goes after every healthy one: its heights differ by 12 blocks from answer to answer", candidate.Reason, StringComparison.Ordinal);
        foreach (var other in Five[..4])
            scene.Judge(other, VerdictState.Down);
        await scene.SettleAsync();
        Assert.Equal("a5", scene.Primary());
    }

    [Fact]
    public async Task A_log_of_the_first_format_is_taken_up_and_goes_on()
    {
        await using var scene = Scene();
        scene.Region("us-west").Region("us-east", "us-west").Chain("0021").Altruist("019a-1", "acme").Altruist("019a-2", "beta", region: "us-west");
        await scene.Store.OriginAsync(Cancellation);
        var body = Encoding.UTF8.GetBytes(CanonicalEntryTests.Format1);
        var hash = EntryLog.Chain(new byte[32], System.Security.Cryptography.SHA256.HashData(body));
        await scene.Database.WriteAsync(
            write => write.ExecuteAsync(
                """
                insert into log_entries (origin, generation, trigger, round, is_round, scheduled_at, at, body, body_hash, previous_hash, hash)
                select value, 1795244700123, 'scheduled', 7, @yes, 1795244700000, 1795244700000, @body, @hash, @hash, @hash from meta where name = 'origin'
                """,
                new { yes = true, body = EntryLog.Compress(body), hash = Convert.ToHexStringLower(hash) }),
            Cancellation);
        await scene.StartAsync();
        Assert.Equal("019a-1", scene.Primary());

        var outcome = await scene.RunAsync();
        Assert.Equal(8, outcome.Round);
        var first = (await scene.Decisions.ListAsync(null, null, null, 100, Cancellation))[^1];
        Assert.Equal(Convert.ToHexStringLower(hash), first.PreviousHash);
    }

    [Fact]
    public async Task While_verdicts_are_frozen_every_pick_stays_and_the_decision_says_why()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var pick = scene.Primary();
        scene.Board.FrozenSince = scene.Clock.GetUtcNow();
        for (var round = 0; round < 14; round++)
        {
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
            Assert.Equal(pick, scene.Primary());
        }

        var decision = await scene.LastDecisionAsync();
        Assert.Contains("kept: every pick stays since 07:00:00 UTC, because the prober cannot prove that its own network works", Assert.Single(decision.Candidates, candidate => candidate.Altruist.Value == pick).Reason, StringComparison.Ordinal);
        scene.Board.FrozenSince = null;
        var picks = new HashSet<string>();
        for (var round = 0; round < 5; round++)
        {
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
            picks.Add(scene.Primary()!);
        }

        Assert.True(picks.Count > 1, "the rotation goes on");
    }

    [Fact]
    public async Task A_fallen_primary_is_replaced_at_once_and_the_decision_says_why()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var fallen = scene.Primary()!;
        scene.Clock.Advance(TimeSpan.FromSeconds(42));
        scene.Judge(fallen, VerdictState.Down);
        await scene.SettleAsync();

        Assert.NotEqual(fallen, scene.Primary());
        var decision = await scene.LastDecisionAsync();
        Assert.Equal(Trigger.Failover, decision.Trigger);
        Assert.Equal(scene.Primary(), decision.Altruist?.Value);
        var why = Assert.Single(decision.Candidates, candidate => candidate.Altruist.Value == fallen);
        Assert.False(why.Eligible);
        Assert.Contains("Down", why.Reason, StringComparison.Ordinal);
        Assert.Equal(scene.Clock.GetUtcNow(), scene.Slot().SelectedAt);
    }

    [Fact]
    public async Task A_fallen_standby_is_replaced_at_once_and_the_primary_stays()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var before = scene.Slot();
        scene.Judge(before.Standbys[0].Altruist.Value, VerdictState.Down);
        await scene.SettleAsync();

        var after = scene.Slot();
        Assert.Equal(before.Primary, after.Primary);
        Assert.Equal(before.SelectedAt, after.SelectedAt);
        Assert.DoesNotContain(before.Standbys[0], after.Standbys);
        Assert.Equal(2, after.Standbys.Count);
        Assert.True(after.Generation > before.Generation);
    }

    [Fact]
    public async Task Nothing_changes_for_portals_while_a_round_confirms_the_pick()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        var before = scene.Snapshots.Current.Find("0021", "us-east")!;
        scene.Clock.Advance(Interval);
        var round = await scene.RunAsync();

        var after = scene.Snapshots.Current.Find("0021", "us-east")!;
        Assert.Equal(0, round.Changed);
        Assert.Equal(before.ETag, after.ETag);
        Assert.Equal(before.Generation, after.Generation);
        Assert.True(round.Generation > before.Generation);
        Assert.NotEqual("", scene.Snapshots.Current.RoundAt);
        Assert.Equal(round.Round, (await scene.LastDecisionAsync()).Round);
    }

    [Fact]
    public async Task When_nobody_is_eligible_the_last_pick_is_kept_as_degraded_and_recovers()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var last = scene.Primary();
        foreach (var id in Five)
            scene.Judge(id, VerdictState.Down);
        await scene.SettleAsync();
        Assert.Equal(SlotState.Degraded, scene.Slot().State);
        Assert.Equal(last, scene.Primary());

        await scene.RunAsync();
        Assert.Equal(last, scene.Primary());
        Assert.Contains("kept: nobody is eligible", (await scene.LastDecisionAsync()).Candidates.Single(candidate => candidate.Altruist.Value == last).Reason, StringComparison.Ordinal);

        var other = Five.First(id => id != last);
        scene.Judge(other, VerdictState.Healthy);
        await scene.SettleAsync();
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
        Assert.Equal(other, scene.Primary());
        Assert.Equal(Trigger.Recovery, (await scene.LastDecisionAsync()).Trigger);
    }

    [Theory]
    [InlineData(VerdictState.WrongChain)]
    [InlineData(VerdictState.Diverged)]
    public async Task What_could_harm_is_never_kept_and_portals_are_told_to_drop_it(VerdictState state)
    {
        await using var scene = Scene();
        scene.Region("us-east").Region("far").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Equal("a1", scene.Primary());
        scene.Judge("a1", state);
        await scene.SettleAsync();

        Assert.Equal(SlotState.None, scene.Slot().State);
        Assert.False(scene.Snapshots.Current.Find("0021", "us-east")!.HasPick);
        Assert.Equal(["a1"], Revoked(scene, "us-east"));
        Assert.Empty(Revoked(scene, "far"));

        scene.Judge("a1", VerdictState.Healthy);
        await scene.SettleAsync();
        Assert.Equal("a1", scene.Primary());
        Assert.Empty(Revoked(scene, "us-east"));
    }

    [Fact]
    public async Task A_retired_altruist_is_dropped_and_listed_for_thirty_days()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        scene.Edit("a1", (Altruist altruist) => altruist with { RetiredAt = scene.Clock.GetUtcNow() });
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(SlotState.None, scene.Slot().State);
        Assert.Equal(["a1"], Revoked(scene, "us-east"));
        var told = scene.Snapshots.Current.FindAll("us-east")!.Generation;

        scene.Clock.Advance(TimeSpan.FromDays(31));
        await scene.SettleAsync();
        Assert.Empty(Revoked(scene, "us-east"));
        Assert.True(scene.Snapshots.Current.FindAll("us-east")!.Generation > told);
    }

    [Fact]
    public async Task A_region_without_anybody_is_served_from_its_fallbacks_in_order()
    {
        await using var scene = Scene();
        scene.Region("us-east", "us-west", "eu").Region("us-west").Region("eu").Chain("0021")
            .Altruist("far", region: "eu").Altruist("near", region: "us-west");
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Equal(SlotState.Fallback, scene.Slot().State);
        Assert.Equal("near", scene.Primary());
        Assert.Equal("us-west", scene.Slot().Primary!.Value.Region.Value);
        Assert.Equal("far", scene.Slot().Standbys[0].Altruist.Value);

        scene.Altruist("here");
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
        Assert.Equal("here", scene.Primary());
    }

    [Fact]
    public async Task A_higher_tier_is_the_last_resort()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("free").Altruist("paid", tier: 2);
        await scene.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            await scene.RunAsync();
            Assert.Equal("free", scene.Primary());
        }

        Assert.Contains("tier 1 goes first", (await scene.LastDecisionAsync()).Candidates.Single(candidate => candidate.Altruist.Value == "paid").Reason, StringComparison.Ordinal);
        scene.Judge("free", VerdictState.Down);
        await scene.SettleAsync();
        Assert.Equal("paid", scene.Primary());
    }

    [Fact]
    public async Task Standbys_are_of_other_providers_first_then_of_other_hosts()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021")
            .Altruist("a1", "acme", host: "one").Altruist("a2", "acme", host: "one").Altruist("a3", "acme", host: "two").Altruist("b1", "beta");
        await scene.StartAsync();
        for (var i = 0; i < 8; i++)
        {
            await scene.RunAsync();
            var primary = scene.Primary();
            var standbys = scene.Slot().Standbys.Select(pick => pick.Altruist.Value).ToList();
            if (primary != "b1")
                Assert.Equal("b1", standbys[0]);
            if (primary is "a1" or "a2")
                Assert.Equal("a3", standbys[1]);
        }
    }

    [Fact]
    public async Task A_cooling_down_altruist_is_picked_only_where_there_is_nobody_else()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1").Altruist("a2");
        scene.Judge("a2", VerdictState.Healthy, scene.Clock.GetUtcNow() + TimeSpan.FromMinutes(1));
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Equal("a1", scene.Primary());
        Assert.Empty(scene.Slot().Standbys);

        scene.Judge("a1", VerdictState.Down);
        await scene.SettleAsync();
        Assert.Equal("a2", scene.Primary());

        scene.Judge("a1", VerdictState.Healthy);
        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await scene.SettleAsync(Trigger.Recovery);
        Assert.Equal(["a1"], scene.Slot().Standbys.Select(pick => pick.Altruist.Value));
    }

    [Fact]
    public async Task A_pin_holds_until_it_expires_and_says_so_in_public()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var pinned = Five.First(id => id != scene.Primary());
        await scene.OverrideAsync(OverrideKind.Pin, pinned, TimeSpan.FromMinutes(20));
        await scene.SettleAsync(Trigger.Override);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(pinned, scene.Primary());
            Assert.Equal(SlotState.Override, scene.Slot().State);
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
        }

        var decision = await scene.LastDecisionAsync();
        Assert.Equal("because the test says so", decision.Override?.Reason);
        scene.Clock.Advance(TimeSpan.FromMinutes(6));
        await scene.SettleAsync(Trigger.Recovery);
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
        Assert.Equal(Trigger.Override, (await scene.LastDecisionAsync()).Trigger);
    }

    [Fact]
    public async Task A_pin_of_what_is_not_eligible_holds_only_when_forced_and_never_on_another_chain()
    {
        await using var scene = await FiveAsync();
        scene.Judge("a1", VerdictState.Down);
        await scene.RunAsync();
        await scene.OverrideAsync(OverrideKind.Pin, "a1");
        await scene.SettleAsync(Trigger.Override);
        Assert.NotEqual("a1", scene.Primary());

        await scene.OverrideAsync(OverrideKind.Pin, "a1", force: true);
        await scene.SettleAsync(Trigger.Override);
        Assert.Equal("a1", scene.Primary());

        scene.Judge("a1", VerdictState.WrongChain);
        await scene.SettleAsync();
        Assert.NotEqual("a1", scene.Primary());
    }

    [Fact]
    public async Task An_exclusion_removes_the_altruist_at_once_and_revokes_it_where_it_says_so()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        await scene.OverrideAsync(OverrideKind.Exclude, "a1");
        await scene.SettleAsync(Trigger.Override);
        Assert.Equal(SlotState.Degraded, scene.Slot().State);
        Assert.Equal("a1", scene.Primary());

        await scene.OverrideAsync(OverrideKind.Exclude, "a1", revoke: true);
        await scene.SettleAsync(Trigger.Override);
        Assert.Equal(SlotState.None, scene.Slot().State);
        Assert.Equal(["a1"], Revoked(scene, "us-east"));
    }

    [Fact]
    public async Task After_a_restart_the_same_bytes_are_served_and_the_rotation_goes_on()
    {
        await using var scene = await FiveAsync();
        for (var i = 0; i < 4; i++)
        {
            await scene.RunAsync();
            scene.Clock.Advance(Interval);
        }

        scene.Judge(scene.Primary()!, VerdictState.Down);
        await scene.SettleAsync();
        var before = scene.Snapshots.Current;
        var round = scene.Round.LastRound;
        scene.Restart();
        await scene.StartAsync();

        var after = scene.Snapshots.Current;
        Assert.Equal(before.Find("0021", "us-east")!.ETag, after.Find("0021", "us-east")!.ETag);
        Assert.Equal(before.FindAll("us-east")!.ETag, after.FindAll("us-east")!.ETag);
        Assert.Equal(before.Generation, after.Generation);
        Assert.Equal(before.RoundAt, after.RoundAt);
        Assert.Equal(round + 1, (await scene.RunAsync()).Round);
    }

    [Fact]
    public async Task Long_unseen_altruists_stay_but_are_not_picked_anew_after_a_rest()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var last = scene.Slot();
        scene.Clock.Advance(TimeSpan.FromHours(6));
        scene.Restart();
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Equal(last.Primary, scene.Slot().Primary);

        var other = Five.First(id => id != last.Primary!.Value.Altruist.Value && last.Standbys.All(standby => standby.Altruist.Value != id));
        scene.Judge(other, VerdictState.Healthy);
        scene.Judge(last.Primary!.Value.Altruist.Value, VerdictState.Down);
        await scene.SettleAsync();
        string[] seen = [other, .. last.Standbys.Select(standby => standby.Altruist.Value)];
        Assert.Contains(scene.Primary(), seen);
    }

    [Fact]
    public async Task The_last_good_file_serves_the_same_bytes_without_a_database()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        scene.LastGood.Save(scene.Snapshots.Current);
        var before = scene.Snapshots.Current;
        scene.Restart();
        Assert.True(scene.Round.TryServeLastGood());

        Assert.Equal(before.Find("0021", "us-east")!.ETag, scene.Snapshots.Current.Find("0021", "us-east")!.ETag);
        Assert.Equal(before.FindAll("us-east")!.ETag, scene.Snapshots.Current.FindAll("us-east")!.ETag);
        Assert.Equal(before.Generation, scene.Snapshots.Current.Generation);
    }

    [Fact]
    public async Task The_last_good_file_holds_no_endpoint_in_the_open()
    {
        await using var scene = await FiveAsync();
        scene.Edit("a1", (Altruist altruist) => altruist with { Auth = new EndpointAuth(AuthKind.Bearer, "", "canary-token") });
        await scene.RunAsync();
        await scene.SettleAsync(Trigger.Change);
        scene.LastGood.Save(scene.Snapshots.Current);
        var file = Path.Combine(scene.Database.DataDirectory, "last-good.json");
        var text = await File.ReadAllTextAsync(file, Cancellation);
        Assert.Contains("example/rpc", Encoding.UTF8.GetString(scene.Snapshots.Current.FindAll("us-east")!.Body.Span), StringComparison.Ordinal);
        Assert.DoesNotContain("example/rpc", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", Encoding.Latin1.GetString(JsonDocument.Parse(text).RootElement.GetProperty("sealed").GetBytesFromBase64()), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(2, JsonDocument.Parse(text).RootElement.GetProperty("format").GetInt32());
    }

    [Fact]
    public async Task The_last_good_file_of_the_version_before_is_still_served()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var before = scene.Snapshots.Current;
        var answer = before.Find("0021", "us-east")!;
        Directory.CreateDirectory(scene.Database.DataDirectory);
        await File.WriteAllTextAsync(
            Path.Combine(scene.Database.DataDirectory, "last-good.json"),
            $$"""
            {"format":1,"origin":"{{before.Origin}}","generation":{{before.Generation}},"roundAt":"{{before.RoundAt}}","regions":[{"id":"us-east","revokedGeneration":0,"revoked":[],
             "slots":[{"names":["0021"],"generation":{{answer.Generation}},"hasPick":true,"body":{{Encoding.UTF8.GetString(answer.Body.Span)}}}]}]}
            """,
            Cancellation);
        scene.Restart();
        Assert.True(scene.Round.TryServeLastGood());
        Assert.Equal(answer.ETag, scene.Snapshots.Current.Find("0021", "us-east")!.ETag);
    }

    [Fact]
    public async Task A_last_good_file_without_its_key_ring_is_left_out_and_the_database_tells()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        scene.LastGood.Save(scene.Snapshots.Current);
        var before = scene.Snapshots.Current.Find("0021", "us-east")!.ETag;
        Directory.Delete(Path.Combine(scene.Database.DataDirectory, "keys"), recursive: true);
        scene.Restart();
        Assert.False(scene.Round.TryServeLastGood());
        await scene.StartAsync();
        Assert.Equal(before, scene.Snapshots.Current.Find("0021", "us-east")!.ETag);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_last_good_file_without_its_key_ring_still_says_above_which_generation_to_publish(bool failsFirst)
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var older = scene.Snapshots.Current;
        var ahead = new Snapshot(older.Origin, older.Generation + 1_000_000_000_000, older.RoundAt, older.Regions, older.Slots);
        scene.LastGood.Save(ahead);
        Directory.Delete(Path.Combine(scene.Database.DataDirectory, "keys"), recursive: true);
        scene.Restart();
        Assert.False(scene.Round.TryServeLastGood());
        if (failsFirst)
        {
            await scene.Database.WriteAsync(write => write.ExecuteAsync("alter table log_entries rename to log_entries_away"), Cancellation);
            await Assert.ThrowsAnyAsync<Exception>(scene.StartAsync);
            Assert.False(scene.Snapshots.Current.IsLoaded);
            await scene.Database.WriteAsync(write => write.ExecuteAsync("alter table log_entries_away rename to log_entries"), Cancellation);
            await scene.RunAsync();
        }
        else
        {
            await scene.StartAsync();
        }

        Assert.True(scene.Snapshots.Current.Generation > ahead.Generation);
        Assert.True(scene.Slot().Generation > ahead.Generation);
    }

    [Fact]
    public async Task A_pick_whose_endpoint_cannot_be_decrypted_after_a_restart_is_never_told_without_one()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Chain("0022").Altruist("a1").Altruist("a2", chain: "0022");
        await scene.StartAsync();
        await scene.RunAsync();
        scene.Edit("a1", (Altruist altruist) => altruist with { Url = "", Undecryptable = new Undecryptable("its key is not in the key ring", null) });
        scene.Restart();
        await scene.Database.WriteAsync(write => write.ExecuteAsync("alter table sessions rename to sessions_away"), Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(scene.StartAsync);
        Assert.False(scene.Snapshots.Current.IsLoaded);

        await scene.Database.WriteAsync(write => write.ExecuteAsync("alter table sessions_away rename to sessions"), Cancellation);
        await scene.StartAsync();
        Assert.Equal(SlotState.None, scene.Slot().State);
        Assert.Equal(SlotState.Fresh, scene.Slot("0022").State);
    }

    [Fact]
    public async Task A_database_older_than_what_portals_were_told_publishes_above_it()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var older = scene.Snapshots.Current;
        var ahead = new Snapshot(older.Origin, older.Generation + 1000, older.RoundAt, older.Regions, older.Slots);
        scene.LastGood.Save(ahead);
        scene.Restart();
        await scene.StartAsync();

        Assert.True(scene.Snapshots.Current.Generation > ahead.Generation);
        Assert.True(scene.Slot().Generation > ahead.Generation);
        Assert.Equal(older.Origin, scene.Snapshots.Current.Origin);
    }

    [Fact]
    public async Task A_changed_endpoint_is_published_once_it_is_in_service()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var before = scene.Slot();
        var primary = scene.Primary()!;
        scene.Edit(primary, (Altruist altruist) => altruist with { Url = "https://moved.example", Auth = new(AuthKind.Bearer, "", "new-token"), Serving = altruist.Endpoint });
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(before.Generation, scene.Slot().Generation);
        Assert.Contains($"https://{primary}.example/rpc", Body(scene), StringComparison.Ordinal);

        scene.Edit(primary, (Altruist altruist) => altruist with { Serving = null });
        await scene.SettleAsync();
        Assert.Equal(Trigger.Change, (await scene.LastDecisionAsync()).Trigger);
        Assert.Equal(before.Primary, scene.Slot().Primary);
        Assert.Equal(before.SelectedAt, scene.Slot().SelectedAt);
        Assert.True(scene.Slot().Generation > before.Generation);
        Assert.Contains("\"url\":\"https://moved.example\",\"urls\":{},\"auth\":{\"type\":\"bearer\",\"token\":\"new-token\"}", Body(scene), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_control_is_not_proven_is_never_published_not_even_as_the_last_good_pick()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        scene.Edit("a1", (Altruist altruist) => altruist with
        {
            Url = "https://victim.example",
            Urls = new Dictionary<string, string> { ["websocket"] = "wss://victim.example" },
            Attested = false,
            Serving = altruist.Endpoint,
        });
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
        Assert.Contains("https://a1.example/rpc", Body(scene), StringComparison.Ordinal);
        Assert.DoesNotContain("victim", Body(scene), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_was_stored_but_not_published_before_the_process_died_is_published_after_the_start()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        scene.LastGood.Save(scene.Snapshots.Current);
        var before = scene.Slot();
        var primary = scene.Primary()!;
        scene.Edit(primary, (Altruist altruist) => altruist with { Label = "renamed" });
        scene.Restart();
        await scene.StartAsync();
        Assert.Contains("renamed", Body(scene), StringComparison.Ordinal);
        Assert.True(scene.Slot().Generation > before.Generation);
        Assert.Equal(before.Primary, scene.Slot().Primary);
    }

    [Fact]
    public async Task A_damaged_log_is_named_and_the_last_good_picks_are_served_all_the_same()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        scene.LastGood.Save(scene.Snapshots.Current);
        var before = scene.Snapshots.Current.Find("0021", "us-east")!.ETag;
        await scene.Database.WriteAsync(write => write.ExecuteAsync("update log_entries set body = @Body", new { Body = new byte[] { 1, 2, 3 } }), Cancellation);
        scene.Restart();

        var failed = await Assert.ThrowsAsync<AltruistManager.Storage.StorageException>(scene.StartAsync);
        Assert.Contains("is damaged", failed.Message, StringComparison.Ordinal);
        Assert.True(scene.Round.TryServeLastGood());
        Assert.Equal(before, scene.Snapshots.Current.Find("0021", "us-east")!.ETag);
    }

    [Fact]
    public async Task A_slot_that_goes_makes_the_generation_of_its_regions_grow()
    {
        await using var scene = await FiveAsync();
        scene.Chain("0040", "evm:56");
        await scene.SettleAsync(Trigger.Change);
        await scene.RunAsync();
        var before = scene.Snapshots.Current.FindAll("us-east")!.Generation;
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Enabled = false });
        await scene.SettleAsync(Trigger.Change);
        Assert.True(scene.Snapshots.Current.FindAll("us-east")!.Generation > before);
    }

    [Fact]
    public async Task The_end_of_an_exclusion_is_told_as_the_override_it_was()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.OverrideAsync(OverrideKind.Exclude, "a1", TimeSpan.FromMinutes(1));
        await scene.SettleAsync(Trigger.Override);
        Assert.Equal(SlotState.Degraded, scene.Slot().State);
        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await scene.SettleAsync(Trigger.Recovery);
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
        Assert.Equal(Trigger.Override, (await scene.LastDecisionAsync()).Trigger);
    }

    [Fact]
    public async Task What_expired_or_was_ended_is_listed_as_over_and_nothing_else()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.OverrideAsync(OverrideKind.Pin, "a1", TimeSpan.FromMinutes(1));
        scene.Clock.Advance(TimeSpan.FromSeconds(1));
        await scene.OverrideAsync(OverrideKind.Exclude, "a1", TimeSpan.FromHours(1));
        await scene.HoldAsync(TimeSpan.FromMinutes(1));
        scene.Clock.Advance(TimeSpan.FromSeconds(1));
        var ended = await scene.HoldAsync(TimeSpan.FromHours(1));
        await scene.HoldAsync(TimeSpan.FromHours(2));
        Assert.Empty(await scene.Overrides.ListOverAsync(null, 10, Cancellation));

        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await scene.Holds.DeleteAsync(Actors.Staff, ended.Id, Cancellation);
        Assert.Equal(OverrideKind.Pin, Assert.Single(await scene.Overrides.ListOverAsync(null, 10, Cancellation)).Kind);
        var holds = await scene.Holds.ListOverAsync(null, 10, Cancellation);
        Assert.Equal([true, false], holds.Select(hold => hold.DeletedAt is not null));
        Assert.Equal(holds[1].Id, Assert.Single(await scene.Holds.ListOverAsync(holds[0].Id, 10, Cancellation)).Id);
    }

    [Fact]
    public async Task A_region_that_is_retired_loses_its_slots_and_no_other_does()
    {
        await using var scene = Scene();
        scene.Region("us-east").Region("eu").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Contains(new SlotKey(new("0021"), new("eu")), scene.Snapshots.Current.Slots.Keys);

        var roster = scene.Roster.Current;
        scene.Roster.Replace(roster.With(roster.Revision + 1, [], [roster.Regions[new("eu")] with { RetiredAt = scene.Clock.GetUtcNow() }], [], []));
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal([new SlotKey(new("0021"), new("us-east"))], scene.Snapshots.Current.Slots.Keys);
        Assert.Equal("a1", scene.Primary());
        Assert.False(scene.Snapshots.Current.HasRegion("eu"));
    }

    [Fact]
    public async Task A_disabled_chain_vanishes_and_comes_back()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Enabled = false });
        await scene.SettleAsync(Trigger.Change);
        Assert.False(scene.Snapshots.Current.HasChain("0021"));
        Assert.Null(scene.Snapshots.Current.Find("0021", "us-east"));

        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Enabled = true });
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(SlotState.Fresh, scene.Slot().State);
    }

    [Fact]
    public async Task Aliases_lead_to_the_same_answer_and_may_change()
    {
        await using var scene = await FiveAsync();
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Aliases = ["eth"] });
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(scene.Snapshots.Current.Find("0021", "us-east"), scene.Snapshots.Current.Find("eth", "us-east"));

        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Aliases = ["ethereum"] });
        await scene.SettleAsync(Trigger.Change);
        Assert.Null(scene.Snapshots.Current.Find("eth", "us-east"));
        Assert.NotNull(scene.Snapshots.Current.Find("ethereum", "us-east"));
    }

    [Fact]
    public async Task Sessions_follow_one_another_without_gap_or_overlap()
    {
        await using var scene = await FiveAsync();
        for (var i = 0; i < 10; i++)
        {
            await scene.RunAsync();
            scene.Clock.Advance(Interval);
        }

        var sessions = await scene.Decisions.SessionsAsync(new SlotKey(new("0021"), new("us-east")), null, 50, Cancellation);
        Assert.Null(sessions[0].EndedAt);
        for (var i = 1; i < sessions.Count; i++)
            Assert.Equal(sessions[i - 1].StartedAt, sessions[i].EndedAt);
        Assert.Equal(scene.Primary(), sessions[0].Altruist.Value);
        var counts = await scene.Decisions.SessionsLastHourAsync([.. Five.Select(id => new AltruistManager.Altruists.AltruistId(id))], Cancellation);
        Assert.Equal(sessions.Count, counts.Values.Sum());
        foreach (var session in sessions)
            Assert.Equal(session.Altruist, (await scene.Decisions.FindAsync(session.Decision, Cancellation))!.Altruist);
    }

    [Fact]
    public async Task Only_those_that_can_what_the_chain_requires_serve_it()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("plain").Altruist("archive");
        scene.Edit("archive", (Altruist altruist) => altruist with { Capabilities = ["archive"] });
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Requires = ["archive"] });
        scene.Prove("archive", "archive");
        await scene.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await scene.RunAsync();
            Assert.Equal("archive", scene.Primary());
            Assert.Empty(scene.Slot().Standbys);
        }
    }

    [Fact]
    public async Task A_claim_counts_only_once_it_is_proven_and_no_longer_than_that()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("one").Altruist("two");
        foreach (var id in new[] { "one", "two" })
            scene.Edit(id, (AltruistManager.Altruists.Altruist altruist) => altruist with { Capabilities = ["archive"] });
        scene.Edit("0021", (AltruistManager.Chains.Chain chain) => chain with { Requires = ["archive"] });
        scene.Disprove("two", "archive", "claims archive, but has no state at block 1");
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Null(scene.Primary());

        scene.Prove("one", "archive");
        await scene.SettleAsync();
        Assert.Equal("one", scene.Primary());
        Assert.Empty(scene.Slot().Standbys);
        var decision = await scene.LastDecisionAsync();
        Assert.Equal(
            "not eligible: the chain requires archive, which it has not proven: Healthy; claims archive, not proven yet: claims archive, but has no state at block 1",
            decision.Candidates.Single(candidate => candidate.Altruist.Value == "two").Reason);

        scene.Prove("two", "archive");
        scene.Disprove("one", "archive", "claims archive, but the node refuses it");
        await scene.SettleAsync();
        Assert.Equal("two", scene.Primary());
    }

    [Fact]
    public async Task A_websocket_is_told_to_portals_only_while_it_is_proven()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("one");
        scene.Edit("one", (AltruistManager.Altruists.Altruist altruist) => altruist with
        {
            Urls = new Dictionary<string, string> { ["websocket"] = "wss://one.example/ws", ["rest"] = "https://one.example/rest" },
        });
        await scene.StartAsync();
        await scene.RunAsync();
        Assert.Equal(["rest"], Told());

        scene.Prove("one", "websocket");
        await scene.SettleAsync();
        Assert.Equal(["rest", "websocket"], Told());

        scene.Disprove("one", "websocket", "closed");
        await scene.SettleAsync();
        Assert.Equal(["rest"], Told());

        string[] Told()
        {
            using var body = System.Text.Json.JsonDocument.Parse(scene.Snapshots.Current.Find("0021", "us-east")!.Body);
            return [.. body.RootElement.GetProperty("primary").GetProperty("urls").EnumerateObject().Select(url => url.Name)];
        }
    }

    [Fact]
    public async Task A_rest_of_the_manager_is_nobodys_service_time()
    {
        await using var scene = await FiveAsync();
        var stopped = scene.Clock.GetUtcNow();
        scene.Clock.Advance(TimeSpan.FromHours(6));
        scene.Restart();
        await scene.StartAsync();

        var sessions = await scene.Decisions.SessionsAsync(new SlotKey(new("0021"), new("us-east")), null, 50, Cancellation);
        Assert.Equal(2, sessions.Count);
        Assert.Equal(stopped + Interval, sessions[1].EndedAt);
        Assert.Equal(scene.Clock.GetUtcNow(), sessions[0].StartedAt);
        Assert.Null(sessions[0].EndedAt);
        Assert.Equal(sessions[0].Altruist, sessions[1].Altruist);
    }

    [Fact]
    public async Task The_body_has_what_the_contract_promises()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var body = JsonDocument.Parse(scene.Snapshots.Current.Find("0021", "us-east")!.Body).RootElement;
        Assert.Equal(
            ["chain", "region", "state", "primary", "primaries", "standbys", "requestTimeoutMs", "selectedAt", "origin", "generation", "decision"],
            body.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["altruist", "provider", "label", "region", "weight", "url", "urls", "auth", "limits"],
            body.GetProperty("primary").EnumerateObject().Select(property => property.Name));
        Assert.Equal(100, body.GetProperty("primaries").EnumerateArray().Sum(primary => primary.GetProperty("weight").GetInt32()));
        Assert.All(body.GetProperty("standbys").EnumerateArray(), standby => Assert.False(standby.TryGetProperty("weight", out _)));
        Assert.NotNull(await scene.Decisions.FindAsync(DecisionId.TryParse(body.GetProperty("decision").GetString()!, out var id) ? id : default, Cancellation));
    }

    [Fact]
    public async Task Providers_get_equal_turns_where_fairness_is_theirs()
    {
        await using var scene = Scene(new SelectionOptions { FairnessUnit = "provider" });
        scene.Region("us-east").Chain("0021").Altruist("b1", "beta");
        for (var i = 0; i < 5; i++)
            scene.Altruist($"a{i}", "acme");
        await scene.StartAsync();
        var picks = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            await scene.RunAsync();
            picks.Add(scene.Primary()!);
            scene.Clock.Advance(Interval);
        }

        Assert.Equal(6, picks.Count(pick => pick == "b1"));
        Assert.All(picks.Where(pick => pick != "b1").CountBy(pick => pick), count => Assert.InRange(count.Value, 1, 2));

        scene.Restart();
        var before = scene.Snapshots.Current;
        await scene.StartAsync();
        Assert.NotSame(before, scene.Snapshots.Current);
    }

    [Fact]
    public async Task Maintenance_begins_and_ends_by_itself_and_nobody_draining_is_picked_meanwhile()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var leaving = scene.Primary()!;
        await scene.DrainAsync(leaving, TimeSpan.FromMinutes(30), startsIn: TimeSpan.FromMinutes(2));
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal(leaving, scene.Primary());

        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await scene.SettleAsync(Trigger.Recovery);
        Assert.NotEqual(leaving, scene.Primary());
        var decision = await scene.LastDecisionAsync();
        Assert.Equal(Trigger.Change, decision.Trigger);
        var why = Assert.Single(decision.Candidates, candidate => candidate.Altruist.Value == leaving);
        Assert.Equal((false, $"not eligible: draining until {scene.Clock.GetUtcNow().AddMinutes(30):yyyy-MM-dd HH:mm} UTC: new disks"), (why.Eligible, why.Reason));

        for (var round = 0; round < 6; round++)
        {
            await scene.RunAsync();
            Assert.NotEqual(leaving, scene.Primary());
            Assert.DoesNotContain(scene.Slot().Standbys, standby => standby.Altruist.Value == leaving);
            scene.Clock.Advance(Interval);
        }

        var picks = new List<string>();
        for (var round = 0; round < 12; round++)
        {
            await scene.RunAsync();
            picks.Add(scene.Primary()!);
            scene.Clock.Advance(Interval);
        }

        Assert.Contains(leaving, picks);
    }

    [Fact]
    public async Task The_last_one_that_drains_is_kept_where_nobody_else_is_and_an_end_by_hand_brings_it_back()
    {
        await using var scene = Scene();
        scene.Region("us-east").Chain("0021").Altruist("a1");
        await scene.StartAsync();
        await scene.RunAsync();
        await scene.DrainAsync("a1", lasting: null);
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal((SlotState.Degraded, "a1"), (scene.Slot().State, scene.Primary()));
        Assert.Contains("draining until it is resumed: new disks", (await scene.LastDecisionAsync()).Candidates[0].Reason, StringComparison.Ordinal);

        scene.Restart();
        await scene.StartAsync();
        Assert.Equal(SlotState.Degraded, scene.Slot().State);
        Assert.Equal(1, await scene.Drains.EndAsync(Actors.Staff, new("a1"), new("test"), id: null, Cancellation));
        await scene.SettleAsync(Trigger.Change);
        Assert.Equal((SlotState.Fresh, "a1"), (scene.Slot().State, scene.Primary()));
    }

    [Fact]
    public async Task A_hold_stops_the_rotation_but_not_the_failover_and_counts_no_turn()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var held = scene.Primary()!;
        await scene.HoldAsync(TimeSpan.FromMinutes(30), chain: "0021");
        for (var round = 0; round < 3; round++)
        {
            scene.Clock.Advance(Interval);
            await scene.RunAsync();
            Assert.Equal(held, scene.Primary());
        }

        var kept = await scene.LastDecisionAsync();
        Assert.Equal("kept: staff hold the rotation: an incident", Assert.Single(kept.Candidates, candidate => candidate.Altruist.Value == held).Reason);
        scene.Judge(held, VerdictState.Down);
        await scene.SettleAsync();
        var next = scene.Primary()!;
        Assert.NotEqual(held, next);
        var failover = await scene.LastDecisionAsync();
        Assert.Equal(Trigger.Failover, failover.Trigger);
        Assert.Equal("picked, without a turn: staff hold the rotation: an incident", Assert.Single(failover.Candidates, candidate => candidate.Altruist.Value == next).Reason);

        scene.Clock.Advance(TimeSpan.FromMinutes(16));
        await scene.RunAsync();
        var after = await scene.LastDecisionAsync();
        Assert.Equal(0, Assert.Single(after.Candidates, candidate => candidate.Altruist.Value == next).Turns);
        Assert.DoesNotContain("hold", Assert.Single(after.Candidates, candidate => candidate.Altruist.Value == after.Altruist!.Value.Value).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hold_concerns_its_chain_and_region_only_and_ends_with_its_deletion()
    {
        await using var scene = Scene();
        scene.Region("us-east").Region("eu").Chain("0021").Chain("0022");
        foreach (var id in Five)
            scene.Altruist(id, $"provider-{id}", region: "*").Edit(id, (Altruist altruist) => altruist with { Chains = [new("0021"), new("0022")] });
        await scene.StartAsync();
        await scene.RunAsync();
        var hold = await scene.HoldAsync(TimeSpan.FromHours(5), chain: "0021", region: "us-east");
        (string, string)[] slots = [("0021", "us-east"), ("0021", "eu"), ("0022", "us-east")];
        var before = Array.ConvertAll(slots, slot => scene.Primary(slot.Item1, slot.Item2));
        scene.Clock.Advance(Interval);
        await scene.RunAsync();
        Assert.Equal([true, false, false], slots.Select((slot, place) => scene.Primary(slot.Item1, slot.Item2) == before[place]));

        Assert.True(await scene.Holds.DeleteAsync(Actors.Staff, hold.Id, Cancellation));
        Assert.False(await scene.Holds.DeleteAsync(Actors.Staff, hold.Id, Cancellation));
        await scene.RunAsync();
        Assert.NotEqual(before[0], scene.Primary());
        Assert.NotNull((await scene.Holds.ListAsync(null, 10, Cancellation))[0].DeletedAt);
    }

    [Fact]
    public async Task A_preview_says_what_would_change_and_leaves_nothing_behind()
    {
        await using var scene = await FiveAsync();
        await using var twin = await FiveAsync();
        scene.Chain("0022").Altruist("b1", "beta", "0022");
        twin.Chain("0022").Altruist("b1", "beta", "0022");
        await scene.RunAsync();
        await twin.RunAsync();
        var before = scene.Snapshots.Current;
        var primary = scene.Primary()!;

        var exclusion = Rule(scene, OverrideKind.Exclude) with { Altruist = new(primary) };
        var preview = await scene.Round.PreviewAsync(rulings => rulings with { Overrides = [exclusion, .. rulings.Overrides] }, exclusion, Cancellation);
        var effect = Assert.Single(preview.Slots);
        Assert.Equal(("0021/us-east", primary, 5, 4), (effect.Slot.ToString(), effect.From.Primary?.Value, effect.From.Eligible, effect.To.Eligible));
        Assert.Equal((scene.Slot().Standbys[0].Altruist, 1), (effect.To.Primary, preview.Ruled));
        Assert.DoesNotContain(effect.To.Picks, pick => pick.Altruist.Value == primary);

        var drained = await scene.Round.PreviewAsync(rulings => rulings with { Drains = rulings.Drains.With(Window(scene, "b1")) }, null, Cancellation);
        var lost = Assert.Single(drained.LastEligibleIn);
        Assert.Equal((SlotState.Fresh, SlotState.Degraded, "b1"), (lost.From.State, lost.To.State, lost.To.Primary?.Value));

        scene.Judge("a1", VerdictState.Down);
        twin.Judge("a1", VerdictState.Down);
        var pin = Rule(scene, OverrideKind.Pin) with { Altruist = new("a1") };
        var unfit = await scene.Round.PreviewAsync(rulings => rulings with { Overrides = [pin] }, pin, Cancellation);
        Assert.Equal(("0021/us-east", "Down", 0), (Assert.Single(unfit.Unfit).Slot.ToString(), unfit.Unfit[0].Reason, unfit.Ruled));
        var forced = await scene.Round.PreviewAsync(rulings => rulings with { Overrides = [pin with { Force = true }] }, pin, Cancellation);
        Assert.Equal((1, 1), (forced.Unfit.Count, forced.Ruled));
        await scene.Round.PreviewAsync(rulings => rulings with { Holds = [new Hold { Id = "h", Reason = "r", Until = scene.Clock.GetUtcNow().AddHours(1), CreatedAt = scene.Clock.GetUtcNow(), CreatedBy = "" }] }, null, Cancellation);

        Assert.Same(before, scene.Snapshots.Current);
        // The next decisions are those of somebody who asked for no preview.
        for (var round = 0; round < 4; round++)
        {
            scene.Clock.Advance(Interval);
            twin.Clock.Advance(Interval);
            await scene.SettleAsync();
            await twin.SettleAsync();
            await scene.RunAsync();
            await twin.RunAsync();
            Assert.Equal(await EntryAsync(twin), await EntryAsync(scene));
        }

        var bodies = await scene.Database.QueryAsync<byte[]>("select body from log_entries order by generation", null, Cancellation);
        Assert.All(bodies, body => Assert.DoesNotContain("a try", Encoding.UTF8.GetString(EntryLog.Decompress(body)), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_preview_that_fails_leaves_nothing_behind_either()
    {
        await using var scene = await FiveAsync();
        await scene.RunAsync();
        var pick = scene.Slot();
        await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Round.PreviewAsync(_ => throw new InvalidOperationException(), null, Cancellation));
        var round = await scene.SettleAsync();
        Assert.Equal((0, pick.Generation), (round.Changed, scene.Slot().Generation));
    }

    /// <summary>What an entry says, but for its origin and the seed that comes from the hashes of before.</summary>
    private static async Task<string> EntryAsync(SelectionScene scene)
    {
        var decision = await scene.LastDecisionAsync();
        return $"{decision.Round} {decision.Trigger} {decision.Altruist?.Value is not null} {decision.State} "
            + string.Join(' ', decision.Candidates.Select(candidate => $"{candidate.Altruist} {candidate.Eligible}"));
    }

    private static Override Rule(SelectionScene scene, OverrideKind kind) => new()
    {
        Id = Guid.CreateVersion7(scene.Clock.GetUtcNow()).ToString(),
        Kind = kind,
        Reason = "a try",
        ExpiresAt = scene.Clock.GetUtcNow().AddHours(1),
        CreatedAt = scene.Clock.GetUtcNow(),
        CreatedBy = "test",
    };

    private static Drain Window(SelectionScene scene, string altruist) => new()
    {
        Id = Guid.CreateVersion7(scene.Clock.GetUtcNow()).ToString(),
        Altruist = new(altruist),
        Reason = "a try",
        From = scene.Clock.GetUtcNow(),
        CreatedAt = scene.Clock.GetUtcNow(),
        CreatedBy = "test",
    };

    private static readonly string[] Five = ["a1", "a2", "a3", "a4", "a5"];

    private SelectionScene Scene(SelectionOptions? options = null) => new(Fixture.NewDatabaseAsync(Cancellation).GetAwaiter().GetResult(), options);

    private async Task<SelectionScene> FiveAsync(SelectionOptions? options = null)
    {
        var scene = Scene(options);
        scene.Region("us-east").Chain("0021");
        foreach (var id in Five)
            scene.Altruist(id, $"provider-{id}");
        await scene.StartAsync();
        return scene;
    }

    private static string Body(SelectionScene scene) => Encoding.UTF8.GetString(scene.Snapshots.Current.Find("0021", "us-east")!.Body.Span);

    private static List<string> Revoked(SelectionScene scene, string region) =>
        [.. JsonDocument.Parse(scene.Snapshots.Current.FindAll(region)!.Body).RootElement.GetProperty("revoked").EnumerateArray().Select(id => id.GetString()!)];
}

public sealed class SelectionRoundOnSqlite(SqliteFixture fixture) : SelectionRoundContract(fixture), IClassFixture<SqliteFixture>;

public sealed class SelectionRoundOnPostgres(PostgresFixture fixture) : SelectionRoundContract(fixture), IClassFixture<PostgresFixture>;
