using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Ui;
using AltruistManager.Web.Ui.Pages;
using AltruistManager.Web.Ui.Pages.Admin;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Tests.Ui.Admin;

/// <summary>What the pages of staff make of what is registered, without a database or a browser.</summary>
public sealed class StaffViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly RegionId East = new("us-east");
    private static readonly RegionId West = new("us-west");

    // Chains

    [Fact]
    public void A_chain_is_short_where_fewer_are_eligible_than_it_wants_and_somebody_is_offered()
    {
        var roster = Roster([Chain("0021") with { MinEligible = 2 }, Chain("0009") with { MinEligible = 1 }, Chain("0003")], Altruist("a1", "0021"), Altruist("a2", "0009"));
        var slots = Slots(Status("0021", East, 3, 3), Status("0021", West, 1, 3), Status("0009", East, 1, 1), Status("0009", West, 0, 0), Status("0003", East, 0, 0));
        Assert.Equal(["0021"], Shown("short"));
        Assert.Equal(["0003"], Shown("unserved"));
        var row = Build(null).Rows.Single(row => row.Chain.Id.Value == "0021");
        Assert.Equal((1, 2, 1, 1), (row.Altruists, row.Slots, row.Least, row.Below));

        IEnumerable<string> Shown(string show) => Build(show).Rows.Select(row => row.Chain.Id.Value);

        ChainsView Build(string? show) => ChainsView.Build(roster, slots, _ => null, _ => null, null, show, 1);
    }

    [Fact]
    public void Chains_are_found_by_name_id_alias_and_network_and_retired_ones_only_when_asked_for()
    {
        var roster = Roster([Chain("0021") with { Name = "Ethereum", Aliases = ["eth"] }, Chain("0009") with { Network = new NetworkId("evm:137") }, Chain("0003") with { RetiredAt = Noon }]);
        Assert.Equal(["0021"], Found("ether", null));
        Assert.Equal(["0021"], Found("ETH", null));
        Assert.Equal(["0009"], Found("evm:137", null));
        Assert.Equal(["0009", "0021"], Found(null, null));
        Assert.Equal(["0003"], Found(null, "retired"));

        IEnumerable<string> Found(string? text, string? show) =>
            ChainsView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _ => null, _ => null, text, show, 1).Rows.Select(row => row.Chain.Id.Value).Order();
    }

    [Fact]
    public void A_thousand_chains_come_in_pages()
    {
        var roster = Roster([.. Enumerable.Range(0, 1000).Select(number => Chain($"{number:d4}"))]);
        var pages = Enumerable.Range(1, 20).Select(page => ChainsView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _ => null, _ => null, null, null, page)).ToList();
        Assert.Equal(1000, pages.SelectMany(page => page.Rows).Select(row => row.Chain.Id).Distinct().Count());
        Assert.All(pages, page => Assert.Equal((20, 1000), (page.Pages, page.Matching)));
        Assert.Equal(20, ChainsView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _ => null, _ => null, null, null, 99).Page);
    }

    [Fact]
    public void A_chain_goes_through_its_form_unchanged()
    {
        var chain = Chain("0021") with
        {
            Requires = ["archive", "trace"], BlockTimeSeconds = 0.4, MaxHeadAgeSeconds = 90.5, IntegrityOffsetBlocks = 64, Aliases = ["eth", "ether"], Path = "/rpc", Policy = "random",
            Primaries = 2, RequestTimeoutMs = 5000, MinEligible = 3, MaxAltruists = 9, Enabled = false, Successor = new ChainId("0022"),
        };
        var errors = new FieldErrors();
        var draft = ChainForm.Of(chain).ToDraft(errors);
        Assert.False(errors.Any);
        Assert.Equal(
            ("Chain 0021", "evm", "1", 0.4, 90.5, 64, "/rpc", "random", 2, 5000, 3, 9, false, "0022"),
            (draft.Name, draft.Protocol, draft.Identity, draft.BlockTimeSeconds, draft.MaxHeadAgeSeconds, draft.IntegrityOffsetBlocks, draft.Path, draft.Policy, draft.Primaries, draft.RequestTimeoutMs,
                draft.MinEligible, draft.MaxAltruists, draft.Enabled, draft.Successor));
        Assert.Equal(["archive", "trace"], draft.Requires);
        Assert.Equal(["eth", "ether"], draft.Aliases);
    }

    [Fact]
    public void What_cannot_be_read_of_a_chain_is_said_at_its_field()
    {
        var errors = new FieldErrors();
        new ChainForm { BlockTime = "soon", LagTolerance = "1.5", Primaries = "-1", Probe = "{ \"head\": " }.ToDraft(errors);
        Assert.Equal(["blockTimeSeconds", "lagToleranceBlocks", "primaries", "probe"], errors.ToDictionary().Keys.Order());
    }

    [Fact]
    public void The_catalogue_fills_in_what_it_knows_but_no_name_that_is_taken()
    {
        var known = new CatalogChain(new ChainId("0079"), "Base", "evm", "8453", 2, 20, ["archive"], ["base", "eth"], null);
        var form = ChainForm.Of(known, Roster([Chain("0021") with { Aliases = ["eth"] }]));
        Assert.Equal(("Base", "evm", "8453", "2", "20", "archive", "base"), (form.Name, form.Protocol, form.Identity, form.BlockTime, form.LagTolerance, form.Requires, form.Aliases));
    }

    [Fact]
    public void Those_who_serve_a_chain_come_by_tier_and_its_slots_by_region()
    {
        var chain = Chain("0021");
        var roster = Roster([chain], Altruist("a1", "0021") with { Tier = 2 }, Altruist("a2", "0021"));
        var view = ChainView.Build(roster, chain, Slots(Status("0021", East, 1, 2) with { Primaries = [new Pick(new AltruistId("a2"), East, 100)] }), new HealthBoard(), DrainBook.Empty, Noon, 1);
        Assert.Equal(["a2", "a1"], view.Servers.Select(server => server.Altruist.Id.Value));
        Assert.Equal([("us-east", "label a2"), ("us-west", null)], view.Slots.Select(slot => (slot.Region.Id.Value, slot.Pick)));
        Assert.Empty(ChainView.Build(roster, chain with { Enabled = false }, new Dictionary<SlotKey, SlotStatus>(), new HealthBoard(), DrainBook.Empty, Noon, 1).Slots);
    }

    // Overrides

    [Fact]
    public void What_is_in_force_comes_by_its_end_and_says_what_it_does()
    {
        var roster = Roster([Chain("0021")], Altruist("a1", "0021"), Altruist("a2", "0021"));
        var slots = Slots(Status("0021", East, 2, 2) with { State = SlotState.Override, Primaries = [new Pick(new AltruistId("a1"), East, 100)] }, Status("0021", West, 2, 2));
        Override[] rules =
        [
            Rule("1", OverrideKind.Pin, "a1") with { ExpiresAt = Noon.AddHours(3) },
            Rule("2", OverrideKind.Pin, "a2") with { Force = true, ExpiresAt = Noon.AddHours(2) },
            Rule("3", OverrideKind.Exclude, "a2") with { Revoke = true, ExpiresAt = Noon.AddHours(1), Note = "ticket 7" },
            Rule("4", OverrideKind.Exclude, "a2") with { ExpiresAt = Noon.AddSeconds(-1) },
        ];
        var hold = new Hold { Id = "5", Region = West, Reason = "an incident", Until = Noon.AddHours(4), CreatedAt = Noon, CreatedBy = "command:operator" };
        var view = OverridesView.Build(roster, Nobody(), rules, [hold], DrainBook.Empty, slots, Noon);
        Assert.Equal(
            [
                ("Exclusion of label a2", "for Chain 0021 in us-east", "not even kept as the last good pick"), ("Pin of label a2", "for Chain 0021 in us-east", "waits: rules no slot now, forced"),
                ("Pin of label a1", "for Chain 0021 in us-east", "picked in 1 slot"), ("Hold of the rotation", "for every chain in us-west", "holds 1 slot"),
            ],
            view.InForce.Select(row => (row.Title, row.Where, row.Does)));
        Assert.Equal(["ticket 7", null, null, null], view.InForce.Select(row => row.Note));
        Assert.Equal("the command line", view.InForce[^1].By);
    }

    [Fact]
    public void An_order_is_over_when_it_was_ended_or_when_its_time_had_come()
    {
        var roster = Roster([Chain("0021")], Altruist("a1", "0021"));
        var expired = Row(Rule("1", OverrideKind.Pin, "a1") with { ExpiresAt = Noon.AddHours(-1) });
        Assert.Equal((Noon.AddHours(-1), false), (expired.EndedAt, expired.WasEnded));
        var ended = Row(Rule("1", OverrideKind.Pin, "a1") with { ExpiresAt = Noon.AddHours(1), DeletedAt = Noon.AddMinutes(-5) });
        Assert.Equal((Noon.AddMinutes(-5), true), (ended.EndedAt, ended.WasEnded));
        Assert.Null(Row(Rule("1", OverrideKind.Pin, "a1")).EndedAt);

        OrderRow Row(Override rule) => OrderRow.Of(rule, roster, Nobody(), new Dictionary<SlotKey, SlotStatus>(), Noon);
    }

    [Fact]
    public void Maintenance_in_force_and_planned_is_shown_and_what_is_over_is_not()
    {
        var roster = Roster([Chain("0021")], Altruist("a1", "0021"));
        Drain[] drains = [Drain("1", -2, -1), Drain("2", 3, 4), Drain("3", -1, 1)];
        var view = OverridesView.Build(roster, Nobody(), [], [], new DrainBook(drains), new Dictionary<SlotKey, SlotStatus>(), Noon);
        Assert.Equal([("3", true), ("2", false)], view.Maintenance.Select(drain => (drain.Id, drain.IsInForce)));

        static Drain Drain(string id, int from, int until) =>
            new() { Id = id, Altruist = new AltruistId("a1"), Reason = "disks", From = Noon.AddHours(from), Until = Noon.AddHours(until), CreatedAt = Noon, CreatedBy = "user:1" };
    }

    [Fact]
    public void An_order_is_read_from_its_form_with_everything_that_is_missing()
    {
        var errors = new FieldErrors();
        new OrderForm { Kind = OrderKind.Exclude, IsOfProvider = true, Hours = OrderForm.Exactly }.ToDraft(Noon, new ReaderZone(), errors);
        Assert.Equal(["expiresAt", "provider"], errors.ToDictionary().Keys.Order());
        errors = new FieldErrors();
        new OrderForm { Kind = OrderKind.Hold, Hours = OrderForm.Exactly, Reason = new string('x', 501) }.ToHoldDraft(Noon, new ReaderZone(), errors);
        Assert.Equal(["until"], errors.ToDictionary().Keys.Order());

        var draft = new OrderForm { Kind = OrderKind.Pin, Altruist = "a1", Provider = "acme", Revoke = true, Force = true, Reason = " why ", Hours = 4 }.ToDraft(Noon, new ReaderZone(), new FieldErrors());
        Assert.Equal((OverrideKind.Pin, "a1", null, true, false, "why", Noon.AddHours(4)), (draft.Kind, draft.Altruist, draft.Provider, draft.Force, draft.Revoke, draft.Reason, draft.ExpiresAt));

        // On the clock of who typed it.
        var typed = new OrderForm { Kind = OrderKind.Hold, Hours = OrderForm.Exactly, Until = new DateTime(2026, 7, 1, 14, 0, 0) };
        Assert.Equal(new DateTimeOffset(2026, 7, 1, 12, 0, 0, TimeSpan.Zero), typed.ToHoldDraft(Noon, new ReaderZone { Id = "Europe/Berlin" }, new FieldErrors()).Until);
    }

    [Fact]
    public void A_preview_names_the_first_slots_and_counts_the_rest()
    {
        var roster = Roster([.. Enumerable.Range(0, 20).Select(number => Chain($"{number:d4}"))], Altruist("a1", "0000"), Altruist("a2", "0000"));
        var (before, after) = (Result(SlotState.Fresh, "a1", 2), Result(SlotState.Override, "a2", 2) with { Picks = [new Pick(new AltruistId("a2"), East, 100), new Pick(new AltruistId("a1"), East, 0)] });
        var preview = new Preview { Slots = [.. Enumerable.Range(0, 20).Select(number => new SlotEffect(new SlotKey(new ChainId($"{number:d4}"), East), before, after))], Unfit = [], Ruled = 20 };
        var view = EffectView.Of(preview, Rule("1", OverrideKind.Pin, "a2"), roster);
        Assert.Equal("20 slots would tell portals something else at once.", view.Says);
        Assert.Equal((EffectView.MostRows, 20 - EffectView.MostRows), (view.Rows.Count, view.Left));
        Assert.Equal(("label a1", "label a2"), (view.Rows[0].From, view.Rows[0].To));
        Assert.Equal(("", "label a1"), (view.Rows[0].FromStandbys, view.Rows[0].ToStandbys));

        var unfit = EffectView.Of(new Preview { Slots = [], Unfit = [new UnfitPin(new SlotKey(new ChainId("0000"), East), "down for 5 min")], Ruled = 0 }, Rule("1", OverrideKind.Pin, "a2"), roster);
        Assert.Equal("No pick would change now.", unfit.Says);
        Assert.Contains("not eligible in 1 slot (0000/us-east): down for 5 min. The pin waits until it is", Assert.Single(unfit.Warnings), StringComparison.Ordinal);

        static SlotResult Result(SlotState state, string altruist, int eligible) => new(state, [new Pick(new AltruistId(altruist), East, 100)], eligible);
    }

    // Providers, regions, portals, users

    [Fact]
    public void A_provider_tells_how_it_does_who_looks_after_it_and_when_its_payout_changes()
    {
        var waiting = new Provider(new ProviderId("acme"), "Acme Nodes", null, null, "0x1") { NextPayoutAddress = "0x2", NextPayoutAt = Noon.AddHours(50) };
        var roster = new Roster(1, [Chain("0021")], [], [waiting, new Provider(new ProviderId("bolt"), "Bolt", null, null, null)], [Altruist("a1", "0021"), Altruist("a2", "0021")]);
        var slots = Slots(Status("0021", East, 2, 2) with { Primaries = [new Pick(new AltruistId("a1"), East, 50), new Pick(new AltruistId("a2"), East, 50)] });
        var view = ProvidersView.Build(roster, new HealthBoard(), DrainBook.Empty, slots, new Dictionary<string, (int, int)> { ["acme"] = (3, 1) }, Noon, null, 1);
        Assert.Equal([("acme", 2, 0, 2, 3, 1), ("bolt", 0, 0, 0, 0, 0)], view.Rows.Select(row => (row.Provider.Id.Value, row.Altruists, row.Eligible, row.Slots, row.Members, row.Admins)));
        Assert.Equal(["changes in 2 d 2 h", "none"], view.Rows.Select(row => row.PayoutAt(Noon)));
        Assert.Equal("set", view.Rows[0].PayoutAt(Noon.AddDays(3)));
        Assert.Equal(["bolt"], ProvidersView.Build(roster, new HealthBoard(), DrainBook.Empty, slots, new Dictionary<string, (int, int)>(), Noon, "BOL", 1).Rows.Select(row => row.Provider.Id.Value));
    }

    [Fact]
    public void A_region_tells_who_is_offered_there_and_who_falls_back_to_it()
    {
        var roster = new Roster(
            1, [Chain("0021")], [new Region(East, "US East", [West]), new Region(West, "US West", [])], [],
            [Altruist("a1", "0021"), Altruist("a2", "0021") with { Regions = [RegionId.Everywhere] }, Altruist("a3", "0021") with { Regions = [East, West] }]);
        var rows = RegionsView.Build(roster, Slots(Status("0021", East, 1, 1) with { Primaries = [new Pick(new AltruistId("a1"), East, 100)] }, Status("0021", West, 0, 0)));
        Assert.Equal([(3, 1, 1), (2, 1, 0)], rows.Select(row => (row.Offered, row.Slots, row.Picked)));
        Assert.Equal(["US West"], rows[0].Fallbacks);
        Assert.Equal(["US East"], rows[1].FallbackOf);
    }

    [Fact]
    public void Fallbacks_change_places_and_stay_at_the_ends()
    {
        var region = new Region(East, "US East", [new RegionId("a"), new RegionId("b"), new RegionId("c")]);
        var form = RegionForm.Of(region);
        form.Move("c", -1);
        Assert.Equal(["a", "c", "b"], form.Fallbacks);
        form.Move("a", -1);
        form.Move("b", 1);
        form.Move("nothing", 1);
        Assert.Equal(["a", "c", "b"], form.Fallbacks);
        form.Move("a", 1);
        Assert.Equal(["c", "a", "b"], form.ToDraft().Fallbacks);
        // What somebody else changes meanwhile is not written over.
        Assert.Same(region, form.ToDraft().Seen);
    }

    [Fact]
    public void A_portal_tells_what_it_has_taken_and_how_many_of_its_keys_are_let_in()
    {
        Portal[] portals = [Portal("gateway"), Portal("gone") with { RetiredAt = Noon }];
        var keys = new Dictionary<string, int> { ["gateway"] = 1 };
        var polls = new[] { new PortalPoll("gateway", "us-east", "", 7, Noon.AddMinutes(-1)), new PortalPoll("gateway", "us-east", "0021", 9, Noon.AddMinutes(-2)) };
        var view = PortalsView.Build(portals, polls, [], keys, _ => [], Snapshot.Empty, null, 1);
        var row = Assert.Single(view.Rows);
        Assert.Equal(("gateway", 1, Noon.AddMinutes(-1)), (row.Portal.Id, row.ActiveKeys, row.AskedAt));
        Assert.Equal([null, "0021"], row.Taken.Select(taken => taken.Chain));
        Assert.Empty(PortalsView.Build(portals, polls, [], keys, _ => [], Snapshot.Empty, "other", 1).Rows);

        static Portal Portal(string id) => new() { Id = id, Name = id, Regions = [Traffic.Portal.All], Chains = [Traffic.Portal.All], CreatedAt = Noon };
    }

    [Fact]
    public void A_user_tells_its_state_and_every_role_by_name()
    {
        var listing = new UserListing { Id = "1", Email = "a@b.example", IsStaff = false, HasSecondFactor = false, CreatedAt = Noon };
        var known = new KnownUser
        {
            Id = "1", Email = "a@b.example", SecurityStamp = "", IsStaff = false, IsDisabled = false, Portals = ["gateway"],
            Providers = new Dictionary<string, MemberRole> { ["acme"] = MemberRole.Admin, ["gone"] = MemberRole.Viewer }, EndedSessions = new HashSet<string>(),
        };
        var view = UserView.Of(listing, known, new Roster(1, [], [], [new Provider(new ProviderId("acme"), "Acme Nodes", null, null, null)], []), _ => "The Gateway");
        Assert.Equal(["administrator of Acme Nodes", "viewer of gone", "owner of The Gateway"], view.Roles.Select(role => role.Says));
        Assert.Equal(("never here", "idle"), UserView.StateOf(listing, Noon));
        Assert.Equal("locked out", UserView.StateOf(listing with { SignedInAt = Noon, LockoutEnd = Noon.AddMinutes(1) }, Noon).Says);
        Assert.Equal("active", UserView.StateOf(listing with { SignedInAt = Noon, LockoutEnd = Noon }, Noon).Says);
        Assert.Equal("disabled", UserView.StateOf(listing with { DisabledAt = Noon }, Noon).Says);
    }

    [Fact]
    public void A_grant_names_what_is_missing()
    {
        Assert.NotNull(new GrantForm { Role = GrantForm.Admin }.Missing);
        Assert.NotNull(new GrantForm { Role = GrantForm.Owner, Provider = "acme" }.Missing);
        Assert.Null(new GrantForm().ToGrant());
        Assert.Equal(Grant.Of("acme", MemberRole.Viewer), new GrantForm { Role = GrantForm.Viewer, Provider = "acme" }.ToGrant());
        Assert.Equal(Grant.Owning("gateway"), new GrantForm { Role = GrantForm.Owner, Portal = "gateway" }.ToGrant());
        Assert.Equal(Grant.Staff, new GrantForm { Role = GrantForm.Staff }.ToGrant());
    }

    [Fact]
    public void Altruists_of_all_providers_are_narrowed_down_by_chain_region_provider_and_host()
    {
        var roster = Roster(
            [Chain("0021"), Chain("0009")], Altruist("a1", "0021"), Altruist("a2", "0009") with { Regions = [RegionId.Everywhere], Url = "https://node.other.example" },
            Altruist("a3", "0021") with { Provider = new ProviderId("bolt"), Regions = [West] });
        Assert.Equal(["a1", "a3"], Found(new AltruistFilter(null, null, null, Chain: "0021")));
        Assert.Equal(["a2", "a3"], Found(new AltruistFilter(null, null, null, Region: "us-west")));
        Assert.Equal(["a3"], Found(new AltruistFilter(null, "bolt", null)));
        Assert.Equal(["a2"], Found(new AltruistFilter("other.example", null, null)));
        Assert.Equal(["a1", "a2", "a3"], Found(new AltruistFilter(null, null, "unknown")));
        Assert.True(new AltruistFilter(null, null, null).IsNone);

        IEnumerable<string> Found(AltruistFilter filter) =>
            AltruistListView.Build(roster, new HealthBoard(), _ => null, new Dictionary<SlotKey, SlotStatus>(), filter, 1).Rows.Select(row => row.Altruist.Id.Value).Order();
    }

    [Fact]
    public void What_is_looked_for_is_found_by_a_part_of_its_name_those_that_begin_with_it_first()
    {
        var roster = new Roster(
            1, [Chain("0021") with { Name = "Not Ethereum" }, Chain("0009") with { Name = "Ethereum" }, Chain("0003") with { Name = "Ethereum Classic", RetiredAt = Noon }], [], [], [Altruist("a1", "0021"), Altruist("a2", "0021") with { RetiredAt = Noon }]);
        Assert.Equal(["0009", "0021"], Finders.Chains(roster, "ether").Select(found => found.Id));
        Assert.Equal(["a1"], Finders.Altruists(roster, "label").Select(found => found.Id));
        Assert.Equal(["a1"], Finders.Altruists(roster, "acme").Select(found => found.Id));
        Assert.DoesNotContain("base", Finders.Catalogued(new ChainCatalog(), Roster([Chain("base")]), "base").Select(found => found.Id));
        Assert.Contains("F005", Finders.Catalogued(new ChainCatalog(), Roster([Chain("base")]), "base").Select(found => found.Id));
    }

    [Fact]
    public void An_address_names_only_what_was_chosen()
    {
        Assert.Equal("/admin/chains", Query.Link("/admin/chains", ("text", null), ("page", Query.OfPage(1))));
        Assert.Equal("/admin/chains?text=a%26b&page=2", Query.Link("/admin/chains", ("text", "a&b"), ("show", null), ("page", Query.OfPage(2))));
        Assert.Null(Query.Given("  "));
    }

    private static Roster Roster(Chain[] chains, params Altruist[] altruists) =>
        new(1, chains, [new Region(East, "us-east", []), new Region(West, "us-west", [])], [new Provider(new ProviderId("acme"), "Acme Nodes", null, null, null)], altruists);

    private static Chain Chain(string id) => new()
    {
        Id = new ChainId(id), Name = $"Chain {id}", Network = new NetworkId("evm:1"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000,
    };

    private static Altruist Altruist(string id, string chain) => new()
    {
        Id = new AltruistId(id), Provider = new ProviderId("acme"), Network = new NetworkId("evm:1"), Chains = [new ChainId(chain)], Regions = [East], Url = $"https://{id}.acme.example",
        MayBePrivate = false, Label = $"label {id}", CreatedAt = Noon,
    };

    private static Override Rule(string id, OverrideKind kind, string altruist) => new()
    {
        Id = id, Kind = kind, Altruist = new AltruistId(altruist), Chain = new ChainId("0021"), Region = East, Reason = "because", ExpiresAt = Noon.AddHours(1), CreatedAt = Noon.AddHours(-1), CreatedBy = "user:1",
    };

    private static Dictionary<SlotKey, SlotStatus> Slots(params SlotStatus[] statuses) => statuses.ToDictionary(status => status.Key);

    private static SlotStatus Status(string chain, RegionId region, int eligible, int candidates) =>
        new() { Key = new SlotKey(new ChainId(chain), region), State = SlotState.Fresh, Eligible = eligible, Candidates = candidates };

    /// <summary>A book in which nobody is.</summary>
    private static UserBook Nobody() => new(null!, Microsoft.Extensions.Options.Options.Create(new AccountsOptions()), TimeProvider.System);
}
