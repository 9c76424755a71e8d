using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Publishing;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Alerts;

public sealed class AttentionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static AttentionFacts Quiet => new() { Now = Now, LastRoundAt = Now, RoundInterval = TimeSpan.FromMinutes(5) };

    [Fact]
    public void Nothing_is_said_while_all_is_well() =>
        Assert.Empty(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a"), Altruist("b", "bolt")], minEligible: 2), Slots = SlotsOf(Slot(2, "a", "b")) }));

    [Theory]
    [InlineData(0, SlotState.Degraded, Severity.Critical)]
    [InlineData(0, SlotState.None, Severity.Critical)]
    [InlineData(1, SlotState.Fresh, Severity.Warning)]
    public void Slot_below_what_its_chain_asks_for_is_a_warning_and_without_anybody_critical(int eligible, SlotState state, Severity expected)
    {
        var item = Assert.Single(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a"), Altruist("b", "bolt")], minEligible: 2), Slots = SlotsOf(Slot(eligible, "a", "b") with { State = state }) }));
        Assert.Equal((expected, AttentionKind.Slot, "slot:0021/us-east"), (item.Severity, item.Kind, item.Key));
        Assert.Contains("Ethereum in us-east", item.Says, StringComparison.Ordinal);
    }

    [Fact]
    public void Chain_that_asks_for_no_number_is_told_of_only_while_a_pick_is_kept_that_nobody_backs()
    {
        var facts = Quiet with { Roster = RosterOf([Altruist("a")], minEligible: null) };
        Assert.Empty(Attention.Of(facts with { Slots = SlotsOf(new SlotStatus { Key = Key(), State = SlotState.None }) }));
        Assert.Equal(Severity.Warning, Assert.Single(Attention.Of(facts with { Slots = SlotsOf(Slot(0, "a") with { State = SlotState.Degraded }) })).Severity);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public void Slot_whose_candidates_are_all_unfit_is_critical_where_portals_are_refused_whatever_its_chain_asks_for(int? minEligible)
    {
        var slot = Slot(0, "a") with { State = SlotState.None, Primaries = [] };
        var item = Assert.Single(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a")], minEligible), Slots = SlotsOf(slot) }));
        Assert.Equal((Severity.Critical, "Nobody is eligible for Ethereum in us-east: portals are told that there is no altruist."), (item.Severity, item.Says));
    }

    [Fact]
    public void Draft_that_nobody_could_be_sent_to_makes_no_alarm_of_a_chain_that_asks_for_nothing()
    {
        var slot = Slot(0, "a") with { State = SlotState.None, Primaries = [] };
        foreach (var draft in new[] { Altruist("a") with { Enabled = false }, Altruist("a") with { Attested = false } })
            Assert.Empty(Attention.Of(Quiet with { Roster = RosterOf([draft], minEligible: null), Slots = SlotsOf(slot) }));
    }

    [Fact]
    public void Hold_that_ends_within_a_day_is_told_of_until_it_is_over()
    {
        AttentionFacts With(TimeSpan left) => Quiet with
        {
            Roster = RosterOf([Altruist("a")]),
            Holds = [new Hold { Id = "h", Chain = new ChainId("0021"), Region = new RegionId("us-east"), Reason = "a test", Until = Now + left, CreatedAt = Now.AddDays(-30), CreatedBy = "key:1" }],
        };
        Assert.Empty(Attention.Of(With(TimeSpan.FromHours(25))));
        var item = Assert.Single(Attention.Of(With(TimeSpan.FromHours(23))));
        Assert.Equal((Severity.Information, AttentionKind.Ending, Now.AddHours(-1)), (item.Severity, item.Kind, item.Since));
        Assert.Equal("The hold of Ethereum in us-east ends at 2026-11-22 11:00 UTC: the rotation goes on then.", item.Says);
        Assert.Empty(Attention.Of(With(TimeSpan.Zero)));
    }

    [Fact]
    public void Regions_in_which_nobody_offers_a_chain_are_told_of_once()
    {
        var slots = SlotsOf([.. new[] { "us-east", "eu", "ap", "us-west" }.Select(region => new SlotStatus { Key = Key(region), State = SlotState.None })]);
        var item = Assert.Single(Attention.Of(Quiet with { Roster = RosterOf([], minEligible: 1), Slots = slots }));
        Assert.Equal((Severity.Critical, "unoffered:0021"), (item.Severity, item.Key));
        Assert.Equal("Nobody offers Ethereum in ap, eu and 2 more regions, where at least 1 should be eligible: portals are told that there is no altruist.", item.Says);
    }

    [Fact]
    public void Chain_that_is_switched_off_or_gone_needs_nobody()
    {
        var slots = SlotsOf(Slot(0, "a") with { State = SlotState.Degraded });
        Assert.Empty(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a")], 2, chain => chain with { Enabled = false }), Slots = slots }));
        Assert.Empty(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a")], 2, chain => chain with { RetiredAt = Now }), Slots = slots }));
    }

    [Fact]
    public void Slots_with_one_provider_are_told_of_once_for_the_chain()
    {
        var slots = SlotsOf(Slot(2, "a", "c"), Slot(1, "a") with { Key = Key("us-west") }, Slot(2, "a", "b") with { Key = Key("eu") });
        var item = Assert.Single(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a"), Altruist("b", "bolt"), Altruist("c")]), Slots = slots }));
        Assert.Equal((Severity.Information, AttentionKind.OneProvider), (item.Severity, item.Kind));
        Assert.Equal("Ethereum hangs on one provider, Acme, in us-east, us-west.", item.Says);
    }

    [Fact]
    public void Where_no_standby_is_published_it_is_not_said_who_else_could_serve() =>
        Assert.Empty(Attention.Of(Quiet with { Roster = RosterOf([Altruist("a")]), Slots = SlotsOf(Slot(3, "a")) }));

    [Theory]
    [InlineData(5, Severity.Warning)]
    [InlineData(15, Severity.Critical)]
    public void Publisher_that_is_behind_is_a_warning_until_it_is_an_alarm(int minutes, Severity expected)
    {
        var state = new PublisherState { BehindSince = Now.AddMinutes(-minutes), Error = "it did not answer within 10 s" };
        var item = Assert.Single(Attention.Of(Quiet with { Publishers = [Publisher(state), Publisher(new PublisherState()) with { Name = "well" }], PublisherBehindAfter = TimeSpan.FromMinutes(15) }));
        Assert.Equal((expected, "publisher:hook", state.BehindSince), (item.Severity, item.Key, item.Since));
        Assert.Equal("The publisher hook is behind: it did not answer within 10 s.", item.Says);
    }

    [Fact]
    public void Override_that_ends_within_a_day_is_told_of_until_it_is_over()
    {
        AttentionFacts With(TimeSpan left) => Quiet with { Roster = RosterOf([Altruist("a")]), Overrides = [Exclusion("1", Now + left)] };
        Assert.Empty(Attention.Of(With(TimeSpan.FromHours(25))));
        var item = Assert.Single(Attention.Of(With(TimeSpan.FromHours(23))));
        Assert.Equal((Severity.Information, Now.AddHours(-1)), (item.Severity, item.Since));
        Assert.Equal("The exclusion of all of Acme for Ethereum ends at 2026-11-22 11:00 UTC.", item.Says);
        Assert.Empty(Attention.Of(With(TimeSpan.Zero)));
    }

    [Theory]
    [InlineData(false, "The pin of a for Ethereum has no effect, because it is not eligible: suspended for long.")]
    [InlineData(true, "a is pinned by force for Ethereum and is not eligible: suspended for long.")]
    public void Pin_of_what_is_not_eligible_says_what_it_does(bool force, string says)
    {
        var facts = Quiet with { Roster = RosterOf([Altruist("a")]), Overrides = [Pin("1", force)] };
        facts.Health.Set(new AltruistId("a"), Healthy);
        Assert.Empty(Attention.Of(facts));
        facts.Health.Set(new AltruistId("a"), new Verdict { State = VerdictState.Suspended, Reason = "suspended for long", Since = Now.AddHours(-2) });
        var item = Attention.Of(facts).Single(item => item.Kind is AttentionKind.Pin);
        Assert.Equal((Severity.Warning, says, Now.AddHours(-1)), (item.Severity, item.Says, item.Since));
        Assert.Equal(new ProviderId("acme"), item.Provider);
    }

    [Fact]
    public void Pin_of_what_is_drained_or_gone_is_told_of_too()
    {
        var drain = new Drain { Id = "d", Altruist = new AltruistId("a"), From = Now.AddMinutes(-3), Reason = "new disks", CreatedAt = Now.AddMinutes(-3), CreatedBy = "key:1" };
        var facts = Quiet with { Roster = RosterOf([Altruist("a")]), Overrides = [Pin("1", force: false)], Drains = new DrainBook([drain]) };
        facts.Health.Set(new AltruistId("a"), Healthy);
        Assert.Contains("new disks", Assert.Single(Attention.Of(facts)).Says, StringComparison.Ordinal);
        var gone = Assert.Single(Attention.Of(facts with { Roster = RosterOf([]) }));
        Assert.Contains("not there any more", gone.Says, StringComparison.Ordinal);
        Assert.Equal(Now.AddHours(-1), gone.Since);
    }

    [Fact]
    public void Suspended_altruist_is_told_of_unless_its_provider_has_switched_it_off()
    {
        var facts = Quiet with { Roster = RosterOf([Altruist("a"), Altruist("b") with { Enabled = false }]) };
        foreach (var id in new[] { "a", "b" })
            facts.Health.Set(new AltruistId(id), new Verdict { State = VerdictState.Suspended, Reason = "down for 17 h", Since = Now.AddHours(-2) });
        var item = Assert.Single(Attention.Of(facts));
        Assert.Equal("a of Acme is suspended: down for 17 h.", item.Says);
        Assert.Equal(Now.AddHours(-2), item.Since);
    }

    [Fact]
    public void Late_round_is_critical_and_a_failed_one_a_warning_of_the_same_key()
    {
        var failing = new JobTime("selection", TimeSpan.FromMinutes(5), Now, null, null) { LastError = "the database did not answer as it should", FailingSince = Now.AddMinutes(-4) };
        var failed = Assert.Single(Attention.Of(Quiet with { Rounds = failing }));
        Assert.Equal((Severity.Warning, "The last round failed: the database did not answer as it should.", Now.AddMinutes(-4)), (failed.Severity, failed.Says, failed.Since));
        var late = Assert.Single(Attention.Of(Quiet with { Rounds = failing, LastRoundAt = Now.AddMinutes(-11) }));
        Assert.Equal((Severity.Critical, failed.Key, Now.AddMinutes(-1)), (late.Severity, late.Key, late.Since));
        Assert.Empty(Attention.Of(Quiet with { LastRoundAt = Now.AddMinutes(-10), Rounds = failing with { LastError = null, FailingSince = null } }));
    }

    [Fact]
    public void Prober_keys_and_portals_in_trouble_are_told_of()
    {
        var lost = Altruist("a") with { Undecryptable = new Undecryptable("the ring lacks its key", null) };
        var items = Attention.Of(Quiet with
        {
            Roster = RosterOf([lost, Altruist("b")]),
            FrozenSince = Now.AddMinutes(-1),
            OwnFault = "probes fail by a fault of our own: no sockets",
            BrokenProbes = "probes of 2 altruists broke",
            RingTrouble = "the ring cannot be read",
            SignerTrouble = "a makeshift key signs",
            Anomalies =
            [
                new Anomaly(AnomalyKind.Errors, new AltruistId("b"), null, "30 % of relays fail"), new Anomaly(AnomalyKind.Silent, null, "gateway", "has not reported since 2026-11-21 11:00 UTC"),
                new Anomaly(AnomalyKind.Differs, new AltruistId("b"), "gateway", "30 % of its relays fail"),
            ],
        });
        Assert.Equal(
            ["broken-probes", "frozen", "own-fault", "ring", "signer", "undecryptable", "report:Errors:b:", "report:Silent::gateway", "report:Differs:b:gateway"],
            items.OrderByDescending(item => item.Severity).ThenBy(item => item.Kind).ThenBy(item => item.Key, StringComparer.Ordinal).Select(item => item.Key));
        Assert.Equal("The portal gateway has not reported since 2026-11-21 11:00 UTC.", items.Single(item => item.Portal == "gateway" && item.Altruist is null).Says);
    }

    [Fact]
    public void Whatever_the_state_items_come_worst_first_each_key_once_and_as_sentences()
    {
        var slots = Gen.ListOf(from eligible in Gen.Choose(0, 3)
                               from state in Gen.Elements(Enum.GetValues<SlotState>())
                               from region in Gen.Elements("us-east", "us-west", "eu")
                               select Slot(eligible, "a", "b") with { Key = Key(region), State = state });
        Prop.ForAll(slots.ToArbitrary(), Gen.Choose(0, 3).ToArbitrary(), Gen.Choose(0, 40).ToArbitrary(), (some, least, minutes) =>
        {
            var items = Attention.Of(Quiet with
            {
                Roster = RosterOf([Altruist("a"), Altruist("b")], least),
                Slots = some.DistinctBy(slot => slot.Key).ToDictionary(slot => slot.Key),
                LastRoundAt = Now.AddMinutes(-minutes),
                Publishers = [Publisher(new PublisherState { BehindSince = Now.AddMinutes(-minutes) })],
            });
            Assert.Equal(items.Count, items.Select(item => item.Key).Distinct().Count());
            Assert.Equal(items.Select(item => item.Severity).OrderDescending(), items.Select(item => item.Severity));
            Assert.All(items, item => Assert.True(item.Says.EndsWith('.') && item.Do.EndsWith('.') && !item.Says.Contains("..", StringComparison.Ordinal), item.Says));
            Assert.All(some.DistinctBy(slot => slot.Key), slot => Assert.Equal(slot.Eligible < least || (slot.Eligible == 0 && slot.State is SlotState.Degraded), items.Any(item => item.Key == $"slot:{slot.Key}")));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Seen_is_what_began_before_and_is_no_worse()
    {
        var item = new AttentionItem("k", AttentionKind.Publisher, Severity.Warning, "Says.", "Do.") { Since = Now };
        var seen = new Acknowledgement("k", Severity.Warning, Now, Now.AddMinutes(1), "somebody", null);
        Assert.True(Attention.IsSeen(item, seen));
        Assert.False(Attention.IsSeen(item, null));
        Assert.False(Attention.IsSeen(item with { Severity = Severity.Critical }, seen));
        Assert.True(Attention.IsSeen(item with { Severity = Severity.Information }, seen));
        Assert.False(Attention.IsSeen(item with { Since = Now.AddMinutes(2) }, seen));
    }

    [Fact]
    public void State_that_is_away_for_a_moment_goes_on_and_one_that_is_away_for_longer_is_over()
    {
        var memory = new AttentionMemory(Now);
        var item = new AttentionItem("k", AttentionKind.Slot, Severity.Warning, "Says.", "Do.");
        memory.Look([item], Now);
        Assert.Equal((Now, true), memory.SinceOf(item, null));
        memory.Look([], Now.AddSeconds(30));
        memory.Look([item], Now.AddSeconds(59));
        Assert.Equal((Now, true), memory.SinceOf(item, null));
        Assert.False(memory.IsOver(SeenAt("k", Now), Now.AddSeconds(59)));

        memory.Look([], Now.AddSeconds(120));
        Assert.True(memory.IsOver(SeenAt("k", Now), Now.AddSeconds(120)));
        memory.Look([item], Now.AddSeconds(180));
        Assert.Equal((Now.AddSeconds(180), false), memory.SinceOf(item, null));
    }

    [Fact]
    public void After_a_start_nothing_is_over_before_it_could_be_seen_and_what_was_acknowledged_tells_since_when_it_is_so()
    {
        var memory = new AttentionMemory(Now);
        memory.Look([], Now);
        Assert.False(memory.IsOver(SeenAt("k", Now), Now.AddSeconds(59)));
        Assert.True(memory.IsOver(SeenAt("k", Now), Now.AddSeconds(60)));

        var item = new AttentionItem("k", AttentionKind.Slot, Severity.Warning, "Says.", "Do.");
        memory.Look([item], Now.AddSeconds(5));
        Assert.Equal(Now.AddHours(-3), memory.SinceOf(item, new Acknowledgement("k", Severity.Warning, Now.AddHours(-3), Now.AddHours(-2), "somebody", null)).At);
    }

    [Fact]
    public void What_one_process_sees_for_itself_is_over_there_alone_and_what_begins_anew_was_not_acknowledged()
    {
        var (here, there) = (new AttentionMemory(Now), new AttentionMemory(Now));
        var item = Assert.Single(Attention.Of(Quiet with { OwnFault = "no sockets are left" }));
        var seen = SeenAt(item.Key, Now.AddSeconds(10));
        for (var second = 0; second <= 120; second += 30)
        {
            here.Look([], Now.AddSeconds(second));
            there.Look([item], Now.AddSeconds(second));
        }

        Assert.False(here.IsOver(seen, Now.AddSeconds(120)));
        Assert.False(there.IsOver(seen, Now.AddSeconds(120)));
        there.Look([], Now.AddSeconds(200));
        Assert.True(there.IsOver(seen, Now.AddSeconds(200)));
        // Another process tells of its own meanwhile.
        Assert.False(there.IsOver(SeenAt(item.Key, Now.AddSeconds(210)), Now.AddSeconds(220)));

        Assert.False(there.IsOfBefore(seen));
        there.Look([item], Now.AddSeconds(300));
        Assert.True(there.IsOfBefore(seen));
        Assert.False(there.IsOfBefore(SeenAt(item.Key, Now.AddSeconds(310))));
    }

    [Fact]
    public void State_of_the_process_is_told_by_its_key()
    {
        var behind = new PublisherState { BehindSince = Now };
        var own = Attention.Of(Quiet with { OwnFault = "no sockets", BrokenProbes = "a bug", FrozenSince = Now, RingTrouble = "lost", SignerTrouble = "lost", Publishers = [Publisher(behind)], LastRoundAt = Now.AddHours(-1) });
        Assert.Equal(7, own.Count);
        Assert.All(own, item => Assert.True(Attention.IsOfProcess(item.Key), item.Key));
        Assert.False(Attention.IsOfProcess("slot:0021/us-east"));
    }

    private static Acknowledgement SeenAt(string key, DateTimeOffset at) => new(key, Severity.Critical, Now, at, "somebody", null);

    private static Verdict Healthy => new() { State = VerdictState.Healthy, Reason = "well", Since = Now.AddDays(-1) };

    private static SlotKey Key(string region = "us-east") => new(new ChainId("0021"), new RegionId(region));

    /// <param name="picks">The primary and its standbys.</param>
    private static SlotStatus Slot(int eligible, params string[] picks) => new()
    {
        Key = Key(),
        State = SlotState.Fresh,
        Eligible = eligible,
        Candidates = Math.Max(eligible, picks.Length),
        Primaries = [new Pick(new AltruistId(picks[0]), new RegionId("us-east"), 100)],
        Standbys = [.. picks.Skip(1).Select(id => new Pick(new AltruistId(id), new RegionId("us-east"), 0))],
    };

    private static Dictionary<SlotKey, SlotStatus> SlotsOf(params SlotStatus[] slots) => slots.ToDictionary(slot => slot.Key);

    private static PublisherStatus Publisher(PublisherState state) => new("hook", "webhook", "us-east", "hooks.example/…abc", state, null, [], []);

    private static Override Exclusion(string id, DateTimeOffset until) => new()
    {
        Id = id, Kind = OverrideKind.Exclude, Provider = new ProviderId("acme"), Chain = new ChainId("0021"), Reason = "a test", ExpiresAt = until, CreatedAt = Now.AddDays(-30), CreatedBy = "key:1",
    };

    private static Override Pin(string id, bool force) => new()
    {
        Id = id, Kind = OverrideKind.Pin, Altruist = new AltruistId("a"), Chain = new ChainId("0021"), Reason = "a test", ExpiresAt = Now.AddDays(3), Force = force, CreatedAt = Now.AddHours(-1), CreatedBy = "key:1",
    };

    private static Altruist Altruist(string id, string provider = "acme") => new()
    {
        Id = new AltruistId(id), Provider = new ProviderId(provider), Network = new NetworkId("evm:1"), Chains = [new ChainId("0021")], Regions = [RegionId.Everywhere],
        Url = $"https://{id}.example", MayBePrivate = false, Label = id, Attested = true, CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static Roster RosterOf(Altruist[] altruists, int? minEligible = null, Func<Chain, Chain>? change = null)
    {
        var chain = new Chain { Id = new ChainId("0021"), Name = "Ethereum", Network = new NetworkId("evm:1"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000, MinEligible = minEligible };
        return new Roster(
            1, [change is null ? chain : change(chain)], [new Region(new RegionId("us-east"), "US East", [])],
            [new Provider(new ProviderId("acme"), "Acme", null, null, null), new Provider(new ProviderId("bolt"), "Bolt", null, null, null)], altruists);
    }
}
