using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Chains.Protocols;
using AltruistManager.Tests.Storage;
using World = AltruistManager.Tests.Altruists.RegistryWorld;

namespace AltruistManager.Tests.Altruists;

/// <summary>The rules of registration, from the draft to the row and back.</summary>
public abstract class RegistryContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly Actor Acme = Actors.AdminOf("acme");

    // Regions

    [Fact]
    public async Task A_region_is_made_and_replaced()
    {
        var world = await World.NewAsync(Fixture);
        var made = await world.RegionAsync("us-west");
        var replaced = await world.RegionAsync("us-west", "US West", "us-east");

        Assert.True(made.Created);
        Assert.Equal("us-west", made.Value!.Name);
        Assert.False(replaced.Created);
        Assert.Equal("US West", world.Roster.Regions[new("us-west")].Name);
        Assert.Equal([new RegionId("us-east")], world.Roster.Regions[new("us-west")].Fallbacks);
    }

    [Fact]
    public async Task Fallbacks_are_other_regions_that_exist_and_may_go_round()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.RegionAsync("us-east", null, "us-east"), RefusalKind.Invalid, "fallbacks");
        Refused(await world.RegionAsync("us-east", null, "nowhere"), RefusalKind.Invalid, "fallbacks");
        Refused(await world.RegionAsync("us-east", null, "*"), RefusalKind.Invalid, "fallbacks");
        Refused(await world.RegionAsync("us-east", null, "eu", "eu"), RefusalKind.Invalid, "fallbacks");
        Assert.Empty(world.Roster.Regions[new("us-east")].Fallbacks);

        Done(await world.RegionAsync("us-east", null, "eu"));
        Done(await world.RegionAsync("eu", null, "us-east"));
    }

    [Fact]
    public async Task A_region_is_retired_once_nothing_names_it_and_may_live_again()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.RegionAsync("us-west"));
        Done(await world.RegionAsync("eu", null, "us-west"));
        Refused(await world.Regions.RetireAsync(Actors.Staff, new("us-west"), Cancellation), RefusalKind.Taken, "region-in-use");
        Done(await world.RegionAsync("eu"));
        var altruist = (await world.Altruists.AddAsync(Actors.Staff, World.Draft with { Regions = ["us-west"] }, new FieldErrors(), Cancellation)).Value!;
        Refused(await world.Regions.RetireAsync(Actors.Staff, new("us-west"), Cancellation), RefusalKind.Taken, "region-in-use");
        await world.Altruists.ChangeAsync(Actors.Staff, altruist.Id, new AltruistDraft { Regions = ["eu"] }, new FieldErrors(), Cancellation);
        Refused(await world.Regions.RetireAsync(Acme, new("us-west"), Cancellation), RefusalKind.Forbidden, "staff-only");

        Done(await world.Regions.RetireAsync(Actors.Staff, new("us-west"), Cancellation));
        Assert.False(world.Roster.Regions.ContainsKey(new("us-west")));
        Refused(await world.RegionAsync("eu", null, "us-west"), RefusalKind.Invalid, "fallbacks");
        Refused(await world.Regions.RetireAsync(Actors.Staff, new("us-west"), Cancellation), RefusalKind.Unknown, "unknown-region");
        Assert.Equal("region.retire", (await world.AuditAsync(new AuditFilter { Subject = "region:us-west" })).First(line => line.Outcome is AuditOutcome.Done).Action);
        var after = new RosterCache(new Sealing(world.Database).Rosters);
        await after.RefreshAsync(Cancellation);
        Assert.False(after.Current.Regions.ContainsKey(new("us-west")));

        Done(await world.Regions.AddAsync(Actors.Staff, new("us-west"), new RegionDraft("US West", null), new FieldErrors(), Cancellation));
        Assert.Equal("US West", world.Roster.Regions[new("us-west")].Name);
    }

    [Fact]
    public async Task The_region_of_calls_that_name_none_stays()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.RegionAsync("global"));
        Refused(await world.Regions.RetireAsync(Actors.Staff, new("global"), Cancellation), RefusalKind.Taken, "region-in-use");
    }

    [Fact]
    public async Task What_is_added_replaces_nothing()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.Regions.AddAsync(Actors.Staff, new("eu"), new RegionDraft("Mine", null), new FieldErrors(), Cancellation), RefusalKind.Taken, "region-exists");
        Refused(await world.Chains.AddAsync(Actors.Staff, new("0021"), new ChainDraft { Name = "Mine" }, new FieldErrors(), Cancellation), RefusalKind.Taken, "chain-exists");
        Refused(await world.Providers.AddAsync(Actors.Staff, new("acme"), new ProviderDraft("Mine", null, null, null), new FieldErrors(), Cancellation), RefusalKind.Taken, "provider-exists");
        Refused(await world.Providers.AddAsync(Acme, new("bolt-2"), new ProviderDraft("Mine", null, null, null), new FieldErrors(), Cancellation), RefusalKind.Forbidden, "staff-only");
        Done(await world.Providers.AddAsync(Actors.Staff, new("new"), new ProviderDraft("New", null, null, null), new FieldErrors(), Cancellation));
        await world.Chains.RetireAsync(Actors.Staff, "0021", Cancellation);
        Done(await world.Chains.AddAsync(Actors.Staff, new("0021"), new ChainDraft(), new FieldErrors(), Cancellation));
        Assert.Null(world.Roster.Chains[new("0021")].RetiredAt);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("us east")]
    [InlineData("us/east")]
    [InlineData("-us")]
    [InlineData("us-east\n")]
    public async Task A_region_needs_a_plain_name(string id)
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.RegionAsync(id), RefusalKind.Invalid, "id");
    }

    [Fact]
    public async Task The_default_region_is_made_once_and_then_left_alone()
    {
        var world = await World.NewAsync(Fixture);
        await world.Regions.EnsureAsync(new("global"), Cancellation);
        Done(await world.RegionAsync("global", "Everywhere else", "eu"));
        await world.Regions.EnsureAsync(new("global"), Cancellation);
        Assert.Equal("Everywhere else", world.Roster.Regions[new("global")].Name);

        var refused = await Assert.ThrowsAsync<StorageException>(() => world.Regions.EnsureAsync(new("*"), Cancellation));
        Assert.Contains("Selection:DefaultRegion", refused.Message);
    }

    // Chains

    [Fact]
    public async Task A_known_chain_needs_nothing_but_its_id()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.ChainAsync("0053"));

        Assert.Equal(("Optimism Mainnet", "evm:10", 2.0, 150, 10_000, true), (made.Name, made.Network.Value, made.BlockTimeSeconds, made.LagToleranceBlocks, made.RequestTimeoutMs, made.Enabled));
        Assert.Equal(["F01D", "op"], made.Aliases);
        Assert.Equal("0053", world.Roster.FindChain("op")?.Id.Value);
    }

    [Fact]
    public async Task What_is_said_wins_over_the_catalogue_and_what_is_omitted_falls_back_to_it()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.ChainAsync("0053", new ChainDraft { Name = "Mine", LagToleranceBlocks = 7, Aliases = ["x"] }));
        Assert.Equal(("Mine", 7), (world.Roster.Chains[new("0053")].Name, world.Roster.Chains[new("0053")].LagToleranceBlocks));

        Done(await world.ChainAsync("0053"));
        Assert.Equal(("Optimism Mainnet", 150), (world.Roster.Chains[new("0053")].Name, world.Roster.Chains[new("0053")].LagToleranceBlocks));
        Assert.Null(world.Roster.FindChain("x"));
    }

    [Fact]
    public async Task An_unknown_chain_needs_protocol_and_identity_and_gets_the_defaults()
    {
        var world = await World.NewAsync(Fixture);
        var refused = await world.ChainAsync("mine");
        Refused(refused, RefusalKind.Invalid, "protocol");
        Refused(refused, RefusalKind.Invalid, "identity");

        var made = Done(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = "31337" }));
        Assert.Equal(("mine", "evm:31337", 12.0, 3, 10_000), (made.Name, made.Network.Value, made.BlockTimeSeconds, made.LagToleranceBlocks, made.RequestTimeoutMs));
    }

    [Fact]
    public async Task A_known_chain_whose_identity_no_source_gives_needs_it()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.ChainAsync("0042"), RefusalKind.Invalid, "identity");
        Done(await world.ChainAsync("0042", new ChainDraft { Identity = "1666600002" }));
    }

    [Fact]
    public async Task Every_bad_field_of_a_chain_is_named_at_once()
    {
        var world = await World.NewAsync(Fixture);
        var refused = await world.ChainAsync("bad name!", new ChainDraft
        {
            Name = "", Protocol = "evn", Identity = "0x1", Requires = ["Archive!"], BlockTimeSeconds = 0, LagToleranceBlocks = 0, MaxHeadAgeSeconds = -1,
            IntegrityOffsetBlocks = 0, Aliases = ["a b"], Path = "ext", Policy = "best", Primaries = 9, RequestTimeoutMs = 1, MinEligible = -1, Successor = "none",
        });

        string[] fields =
        [
            "aliases", "blockTimeSeconds", "id", "integrityOffsetBlocks", "lagToleranceBlocks", "maxHeadAgeSeconds", "minEligible", "name", "path", "policy", "primaries", "protocol",
            "requestTimeoutMs", "requires", "successor",
        ];
        Assert.Equal(fields, refused.Refusal!.Errors!.ToDictionary().Keys.Order(StringComparer.Ordinal).Where(field => field != "identity"));
        Assert.False(world.Roster.Chains.ContainsKey(new("bad name!")));
    }

    [Theory]
    [InlineData("0x1")]
    [InlineData("01")]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.0")]
    public async Task An_evm_identity_is_a_decimal_chain_id(string identity)
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = identity }), RefusalKind.Invalid, "identity");
    }

    [Fact]
    public async Task A_taken_alias_is_refused_and_one_of_the_catalogue_left_out()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = "31337", Aliases = ["op", "home"] }));

        Assert.Equal(["F01D"], Done(await world.ChainAsync("0053")).Aliases);
        Refused(await world.ChainAsync("0053", new ChainDraft { Aliases = ["home"] }), RefusalKind.Taken, "alias-taken");
        Refused(await world.ChainAsync("0053", new ChainDraft { Aliases = ["mine"] }), RefusalKind.Taken, "alias-taken");
        Refused(await world.ChainAsync("home", new ChainDraft { Protocol = "evm", Identity = "5" }), RefusalKind.Taken, "alias-taken");
        Assert.Equal(["F01D"], world.Roster.Chains[new("0053")].Aliases);
        Refused(await world.ChainAsync("0053", new ChainDraft { Aliases = ["0053"] }), RefusalKind.Invalid, "aliases");
    }

    [Theory]
    [InlineData("stream")]
    [InlineData("Stream")]
    [InlineData("STREAM")]
    public async Task A_chain_is_not_named_as_a_call_of_the_api(string name)
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.ChainAsync("0053", new ChainDraft { Aliases = [name] }), RefusalKind.Invalid, "aliases");
        Refused(await world.ChainAsync(name, new ChainDraft { Protocol = "evm", Identity = "5" }), RefusalKind.Invalid, "id");
    }

    [Fact]
    public async Task A_declared_probe_is_kept_and_replaced_and_only_for_the_protocol_json()
    {
        const string probe = """{ "head": { "get": "/info", "height": "height" }, "identity": { "get": "/info", "identity": "network" } }""";
        var world = await World.NewAsync(Fixture);
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "json", Identity = "x" }), RefusalKind.Invalid, "probe");
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = "5", Probe = probe }), RefusalKind.Invalid, "probe");
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "json", Identity = "x", Probe = """{"head":{}}""" }), RefusalKind.Invalid, "probe.identity");
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "json", Identity = "x", Probe = $"[\"{new string('x', 20_000)}\"]" }), RefusalKind.Invalid, "probe");

        var made = Done(await world.ChainAsync("mine", new ChainDraft { Protocol = "json", Identity = "x", Probe = probe }));
        var joined = await World.JoinAsync(world.Database);

        Assert.Equal("""{"head":{"get":"/info","height":"height"},"identity":{"get":"/info","identity":"network"}}""", made.Probe);
        Assert.Equal(made.Probe, joined.Roster.Chains[new("mine")].Probe);
        Assert.Equal("height (GET /info)", ProtocolList.All.Find(made.Network, [made])!.Facts.Height);
        var other = probe.Replace("\"height\" }", "\"block\" }", StringComparison.Ordinal);
        Refused(await world.ChainAsync("a", new ChainDraft { Protocol = "json", Identity = "x", Probe = other }), RefusalKind.Invalid, "probe");
        Done(await world.ChainAsync("a", new ChainDraft { Protocol = "json", Identity = "x", Probe = probe }));
        Done(await world.ChainAsync("b", new ChainDraft { Protocol = "json", Identity = "y", Probe = other }));
        var numbered = probe.Replace("} }", "}, \"identityFormat\": \"number\" }", StringComparison.Ordinal);
        Assert.Equal("json:43114", Done(await world.ChainAsync("c", new ChainDraft { Protocol = "json", Identity = "0xa86a", Probe = numbered })).Network.Value);
        Refused(await world.ChainAsync("d", new ChainDraft { Protocol = "json", Identity = "avalanche", Probe = numbered }), RefusalKind.Invalid, "identity");
    }

    [Fact]
    public async Task Chains_of_one_altruist_share_a_path_and_keep_it()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.ChainAsync("c1", new ChainDraft { Protocol = "evm", Identity = "43114", Path = "/ext/bc/C/rpc" }));
        Done(await world.ChainAsync("c2", new ChainDraft { Protocol = "evm", Identity = "43114" }));
        Refused(await world.AddAsync(World.Draft with { Chains = ["c1", "c2"] }), RefusalKind.Invalid, "chains");

        Done(await world.ChainAsync("c2", new ChainDraft { Protocol = "evm", Identity = "43114", Path = "/ext/bc/C/rpc" }));
        Done(await world.AddAsync(World.Draft with { Chains = ["c1", "c2"] }));
        Refused(await world.ChainAsync("c2", new ChainDraft { Protocol = "evm", Identity = "43114" }), RefusalKind.Taken, "chain-in-use");
        Done(await world.ChainAsync("c2", new ChainDraft { Protocol = "evm", Identity = "43114", Path = "/ext/bc/C/rpc", Name = "renamed" }));
    }

    [Fact]
    public async Task An_identity_is_kept_as_nodes_prove_it()
    {
        var world = await World.NewAsync(Fixture);

        Assert.Equal("SN_MAIN", Done(await world.ChainAsync("s", new ChainDraft { Protocol = "starknet", Identity = "0x534e5f4d41494e" })).Network.Identity);
        Assert.Equal("mainnet", Done(await world.ChainAsync("0052")).Network.Identity);
        Refused(await world.ChainAsync("s", new ChainDraft { Protocol = "solana", Identity = "mainnet-beta" }), RefusalKind.Invalid, "identity");
        Refused(await world.ChainAsync("0067"), RefusalKind.Invalid, "identity");
    }

    [Fact]
    public async Task A_chain_that_is_served_cannot_be_retired_or_moved_to_another_network()
    {
        var world = await World.NewAsync(Fixture);
        var altruist = Done(await world.AddAsync());

        Refused(await world.Chains.RetireAsync(Actors.Staff, "0021", Cancellation), RefusalKind.Taken, "chain-in-use");
        Refused(await world.ChainAsync("0021", new ChainDraft { Identity = "2" }), RefusalKind.Taken, "chain-in-use");

        Done(await world.Altruists.RetireAsync(Actors.Staff, altruist.Id, Cancellation));
        Done(await world.Chains.RetireAsync(Actors.Staff, "eth", Cancellation));
    }

    [Fact]
    public async Task A_retired_chain_tells_its_successor_gives_up_its_aliases_and_can_be_revived()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.ChainAsync("0021", new ChainDraft { Successor = "0022" }));
        Done(await world.Chains.RetireAsync(Actors.Staff, "0021", Cancellation));

        var again = await world.Chains.RetireAsync(Actors.Staff, "0021", Cancellation);
        Refused(again, RefusalKind.Retired, "retired");
        Assert.Equal("0022", again.Refusal!.Successor?.Value);
        Refused(await world.Chains.RetireAsync(Actors.Staff, "none", Cancellation), RefusalKind.Unknown, "unknown-chain");
        Done(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = "31337", Aliases = ["eth"] }));
        Refused(await world.ChainAsync("mine", new ChainDraft { Protocol = "evm", Identity = "31337", Aliases = ["0021"] }), RefusalKind.Taken, "alias-taken");

        var revived = await world.ChainAsync("0021");
        Assert.False(revived.Created);
        Assert.Null(Done(revived).RetiredAt);
        Assert.Equal(["F00C"], revived.Value!.Aliases);
    }

    // Providers

    [Fact]
    public async Task A_provider_may_write_itself_and_nobody_else()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.ProviderAsync(Acme, "acme", new ProviderDraft("Acme", "https://acme.example", "ops@acme.example", null)));
        Refused(await world.ProviderAsync(Acme, "other", new ProviderDraft("Mine now", null, null, null)), RefusalKind.Forbidden, "not-yours");
        Refused(await world.ProviderAsync(Acme, "acme", new ProviderDraft("", "ftp://x", new string('x', 201), "a\nb")), RefusalKind.Invalid, "website");

        Assert.Equal(new Provider(new("acme"), "Acme", "https://acme.example", "ops@acme.example", null), world.Roster.Providers[new("acme")]);
    }

    [Fact]
    public async Task Changed_payout_address_waits_for_72_hours_and_is_in_the_trail()
    {
        var world = await World.NewAsync(Fixture);
        var sure = Acme with { HasSecondFactor = true };
        Refused(await world.ProviderAsync(Acme, "acme", new ProviderDraft("Acme", null, null, "pokt-new")), RefusalKind.Forbidden, "second-factor-needed");
        Refused(await world.ProviderAsync(KeyOf("acme"), "acme", new ProviderDraft("Acme", null, null, "pokt-new")), RefusalKind.Forbidden, "second-factor-needed");
        Refused(await world.ProviderAsync(KeyOf("fresh"), "fresh", new ProviderDraft("Fresh", null, null, "pokt-new")), RefusalKind.Forbidden, "second-factor-needed");
        Done(await world.ProviderAsync(KeyOf("fresh"), "fresh", new ProviderDraft("Fresh", null, null, null)));
        Done(await world.ProviderAsync(StaffKey, "fresh", new ProviderDraft("Fresh", null, null, "pokt-new")));
        var before = TimeProvider.System.GetUtcNow();
        Done(await world.ProviderAsync(sure, "acme", new ProviderDraft("Acme", null, null, "pokt-new")));

        var stored = world.Roster.Providers[new("acme")];
        var at = stored.NextPayoutAt!.Value;
        Assert.InRange(at, before.AddHours(72).AddSeconds(-1), TimeProvider.System.GetUtcNow().AddHours(72));
        Assert.Equal((null, "pokt-new"), (stored.PayoutAddressAt(at.AddMilliseconds(-1)), stored.PayoutAddressAt(at)));
        // Who changes something else neither hastens nor delays it, and needs no second factor.
        Done(await world.ProviderAsync(Acme, "acme", new ProviderDraft("Acme Nodes", null, null, null)));
        Done(await world.ProviderAsync(Acme, "acme", new ProviderDraft("Acme Nodes", null, null, "pokt-new")));
        Assert.Equal((at, "pokt-new"), (world.Roster.Providers[new("acme")].NextPayoutAt, world.Roster.Providers[new("acme")].NextPayoutAddress));

        // All of the provider are told who changed it, for as long as it waits and some days after it counts.
        var news = stored.PayoutNewsAt(at)!;
        Assert.Equal((stored.PayoutChange!.At, "admin@acme.example", null, "pokt-new"), (news.At, news.By, news.From, news.To));
        Assert.Equal((news, null), (stored.PayoutNewsAt(news.At + PayoutChange.ToldFor - TimeSpan.FromMilliseconds(1)), stored.PayoutNewsAt(news.At + PayoutChange.ToldFor)));
        Assert.Equal(news, world.Roster.Providers[new("acme")].PayoutChange);

        var line = (await world.AuditAsync(new AuditFilter { Subject = "provider:acme" })).First(line => line.After?.Contains("pokt-new", StringComparison.Ordinal) == true);
        Assert.Equal(("acme-admin", "acme"), (line.ActorId, line.Provider));
    }

    private static readonly Actor StaffKey = new() { Kind = ActorKind.Key, Id = "2", Name = "deployment", IsStaff = true };

    private static Actor KeyOf(string provider) =>
        new() { Kind = ActorKind.Key, Id = "1", Name = "deployment", Providers = new Dictionary<string, MemberRole> { [provider] = MemberRole.Admin } };

    [Fact]
    public void Payout_address_that_waited_long_enough_counts_and_the_next_change_waits_again()
    {
        var actor = Acme with { HasSecondFactor = true };
        var now = new DateTimeOffset(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);
        var provider = new Provider(new("acme"), "Acme", null, null, "old") { NextPayoutAddress = "new", NextPayoutAt = now.AddHours(-1) };
        var roster = new Roster(1, [], [], [provider], []);
        var third = Done(ProviderRegistry.Decide(roster, actor, new("acme"), new ProviderDraft(null, null, null, "third"), new FieldErrors(), now));
        Assert.Equal(("new", "third", now.AddHours(72)), (third.PayoutAddress, third.NextPayoutAddress, third.NextPayoutAt));

        // What counts today takes the change back; a removal waits as any change.
        roster = new Roster(1, [], [], [third], []);
        var back = Done(ProviderRegistry.Decide(roster, actor, new("acme"), new ProviderDraft(null, null, null, "new"), new FieldErrors(), now));
        Assert.Equal(("new", null, null), (back.PayoutAddress, back.NextPayoutAddress, back.NextPayoutAt));
        Assert.Equal(new PayoutChange(now, "admin@acme.example", "third", "new"), back.PayoutNewsAt(now));
        Assert.Equal("staff", Done(ProviderRegistry.Decide(roster, Actors.Staff with { HasSecondFactor = true }, new("acme"), new ProviderDraft(null, null, null, "fourth"), new FieldErrors(), now)).PayoutChange!.By);
        var none = Done(ProviderRegistry.Decide(roster, actor, new("acme"), new ProviderDraft(null, null, null, null) { ClearsPayoutAddress = true }, new FieldErrors(), now));
        Assert.Equal(("new", "new", null), (none.PayoutAddress, none.PayoutAddressAt(now.AddHours(71)), none.PayoutAddressAt(now.AddHours(73))));
    }

    [Fact]
    public async Task Staff_limit_how_many_altruists_a_provider_has_and_a_chain_is_served_by()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.ProviderAsync(Acme, "acme", new ProviderDraft(null, null, null, null) { MaxAltruists = 9 }), RefusalKind.Forbidden, "staff-only");
        Done(await world.ProviderAsync(Actors.Staff, "acme", new ProviderDraft(null, null, null, null) { MaxAltruists = 2 }));
        Done(await world.ChainAsync("0009", new ChainDraft { MaxAltruists = 1 }));
        // Its owner's writing leaves the limit as it is.
        Done(await world.ProviderAsync(Acme, "acme", new ProviderDraft("Acme", null, null, null)));

        var first = Done(await world.AddAsync(World.Draft with { Chains = ["0009"] }, Acme));
        Refused(await world.AddAsync(World.Draft with { Chains = ["0009"], Url = "https://eth2.acme.example" }, Acme), RefusalKind.Taken, "limit");
        Done(await world.AddAsync(World.Draft with { Url = "https://eth2.acme.example" }, Acme));
        var full = await world.AddAsync(World.Draft with { Url = "https://eth3.acme.example" });
        Refused(full, RefusalKind.Taken, "limit");
        Assert.StartsWith("acme may have 2 altruists and has them", full.Refusal!.Detail, StringComparison.Ordinal);
        // Whoever is there may be changed, and whoever goes makes room.
        Done(await world.ChangeAsync(first.Id, new AltruistDraft { Label = "renamed" }, Acme));
        Done(await world.Altruists.RetireAsync(Acme, first.Id, Cancellation));
        Done(await world.AddAsync(World.Draft with { Chains = ["0009"], Url = "https://eth3.acme.example" }, Acme));
        Assert.Equal((2, 1), (world.Roster.Providers[new("acme")].MaxAltruists, world.Roster.Chains[new("0009")].MaxAltruists));
    }

    // Altruists

    [Fact]
    public async Task An_altruist_gets_its_defaults()
    {
        var world = await World.NewAsync(Fixture);
        var made = await world.AddAsync(new AltruistDraft { Provider = "acme", Chains = ["eth"], Url = "https://ETH1.acme.example/rpc/" });

        Assert.True(made.Created);
        var altruist = world.Roster.Altruists[Done(made).Id];
        Assert.Equal(("https://eth1.acme.example/rpc", "eth1.acme.example", "evm:1", 1, true), (altruist.Url, altruist.Label, altruist.Network.Value, altruist.Tier, altruist.Enabled));
        Assert.Equal([RegionId.Everywhere], altruist.Regions);
        Assert.Equal([new ChainId("0021")], altruist.Chains);
        Assert.True(altruist.Attested);
        Assert.True(altruist.MayBePrivate);
    }

    [Fact]
    public async Task What_a_provider_adds_is_its_own_and_not_attested()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(new AltruistDraft { Chains = ["0021"], Url = "https://eth1.acme.example" }, Acme));
        Assert.Equal("acme", made.Provider.Value);
        Assert.False(made.Attested);
        Assert.False(made.MayBePrivate);

        Refused(await world.AddAsync(World.Draft with { Provider = "other" }, Acme), RefusalKind.Forbidden, "not-yours");
        Refused(await world.AddAsync(World.Draft with { Tier = 2, Url = "https://eth2.acme.example" }, Acme), RefusalKind.Forbidden, "staff-only");
        Refused(await world.AddAsync(World.Draft with { Role = "reference", Url = "https://eth2.acme.example" }, Acme), RefusalKind.Forbidden, "staff-only");
        Done(await world.AddAsync(World.Draft with { Tier = 1, Role = "serve", Url = "https://eth2.acme.example" }, Acme));
    }

    [Fact]
    public async Task Every_bad_field_of_an_altruist_is_named_at_once()
    {
        var world = await World.NewAsync(Fixture);
        var before = world.Roster.Live.Count;
        var refused = await world.AddAsync(new AltruistDraft
        {
            Provider = "nobody", Chains = [], Url = "http://eth1.acme.example", Urls = new Dictionary<string, string> { ["graphql"] = "https://x.example", ["websocket"] = "https://x.example" },
            Regions = [], Label = "", Auth = new AuthDraft("basic", new Dictionary<string, string>()), Capabilities = ["NO"], CapacityRps = 0, Tier = 0, Role = "boss",
        });

        Assert.Equal(
            ["auth.password", "auth.username", "capabilities", "capacityRps", "chains", "label", "provider", "regions", "role", "tier", "url", "urls.graphql", "urls.websocket"],
            refused.Refusal!.Errors!.ToDictionary().Keys.Order(StringComparer.Ordinal));
        Assert.Equal(before, world.Roster.Live.Count);

        var empty = await world.AddAsync(new AltruistDraft());
        Assert.Equal(["chains", "provider", "url"], empty.Refusal!.Errors!.ToDictionary().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Chains_must_exist_and_be_of_one_network()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.AddAsync(World.Draft with { Chains = ["0021", "none"] }), RefusalKind.Invalid, "chains");
        Refused(await world.AddAsync(World.Draft with { Chains = ["0021", "0009"] }), RefusalKind.Invalid, "chains");
        Refused(await world.AddAsync(World.Draft with { Regions = ["nowhere"] }), RefusalKind.Invalid, "regions");
        Assert.Equal([new ChainId("0021"), new ChainId("0022")], Done(await world.AddAsync(World.Draft with { Chains = ["0022", "eth", "0021"], Capabilities = ["archive"] })).Chains);
    }

    [Fact]
    public async Task Capabilities_must_cover_what_the_chains_require()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.AddAsync(World.Draft with { Chains = ["0021", "0022"] }), RefusalKind.Invalid, "capabilities");
        var made = Done(await world.AddAsync(World.Draft with { Chains = ["0021", "0022"], Capabilities = ["trace", "archive"] }));
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Capabilities = ["trace"] }), RefusalKind.Invalid, "capabilities");
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Capabilities = [], Chains = ["0021"] }));
    }

    [Fact]
    public async Task One_url_serves_once_however_it_is_written()
    {
        var world = await World.NewAsync(Fixture);
        var first = Done(await world.AddAsync());
        Refused(await world.AddAsync(World.Draft with { Url = "HTTPS://eth1.acme.example.:443/" }), RefusalKind.Taken, "url-taken");
        var squatter = await world.AddAsync(World.Draft with { Provider = "other" }, Actors.AdminOf("other"));
        Refused(squatter, RefusalKind.Taken, "url-taken");
        Assert.DoesNotContain(first.Id.Value, squatter.Refusal!.Detail);

        var second = Done(await world.AddAsync(World.Draft with { Url = "https://eth2.acme.example" }));
        Refused(await world.ChangeAsync(second.Id, new AltruistDraft { Url = "https://eth1.acme.example" }), RefusalKind.Taken, "url-taken");
        Done(await world.ChangeAsync(first.Id, new AltruistDraft { Url = "https://eth1.acme.example/" }));
    }

    [Fact]
    public async Task One_url_registered_many_times_at_once_is_there_once()
    {
        var world = await World.NewAsync(Fixture);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.AddAsync())));
        Assert.Single(outcomes, outcome => outcome.Refusal is null);
        Assert.Equal(7, outcomes.Count(outcome => outcome.Refusal?.Code == "url-taken"));
        Assert.Single(world.Roster.Live);
    }

    [Fact]
    public async Task What_another_process_wrote_counts_at_once()
    {
        var world = await World.NewAsync(Fixture);
        var other = await World.JoinAsync(world.Database);
        Done(await other.AddAsync());
        Refused(await world.AddAsync(), RefusalKind.Taken, "url-taken");
    }

    [Fact]
    public async Task Addresses_that_are_not_public_are_for_staff_and_configured_networks_only()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.AddAsync(World.Draft with { Url = "https://127.1:8545" }, Acme), RefusalKind.Invalid, "url");
        Refused(await world.AddAsync(World.Draft with { Url = "https://10.0.0.1" }), RefusalKind.Invalid, "url");
        Refused(await world.AddAsync(World.Draft with { Urls = new Dictionary<string, string> { ["websocket"] = "wss://10.0.0.1" } }), RefusalKind.Invalid, "urls.websocket");
        var made = Done(await world.AddAsync(World.Draft with { Url = "https://127.1:8545" }));
        Assert.Equal("https://127.0.0.1:8545", made.Url);

        // Its provider may change everything else of it.
        var changed = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "mine", Url = "https://127.0.0.1:8545/" }, Acme));
        Assert.True(changed.MayBePrivate);
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://127.0.0.2:8545" }, Acme), RefusalKind.Invalid, "url");
    }

    [Fact]
    public async Task A_change_touches_only_what_it_says()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with
        {
            Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example" }, Regions = ["eu"], Label = "one", Capabilities = ["archive"], CapacityRps = 5, Tier = 3, Role = "reference",
        }));
        var same = Done(await world.ChangeAsync(made.Id, new AltruistDraft()));
        Assert.EquivalentWithExclusions(made, same, strict: true, altruist => altruist.InService);

        var changed = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Enabled = false, ClearsCapacity = true }));
        Assert.EquivalentWithExclusions(made with { Enabled = false, CapacityRps = null }, changed, strict: true, altruist => altruist.InService);
        Assert.EquivalentWithExclusions(changed, world.Roster.Altruists[made.Id], strict: true, altruist => altruist.InService);
    }

    [Fact]
    public async Task Attestation_is_staffs_and_ends_when_the_provider_moves_to_another_host()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft, Acme));
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true }, Acme), RefusalKind.Forbidden, "staff-only");
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true })).Attested);
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example/new" }, Acme)).Attested);
        Assert.False(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://elsewhere.example" }, Acme)).Attested);
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://third.example" })).Attested);
    }

    [Fact]
    public async Task Staff_attest_the_url_that_they_saw_and_not_what_it_was_changed_to_meanwhile()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft, Acme));
        var urls = new Dictionary<string, string> { ["websocket"] = "wss://socket.example" };
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://elsewhere.example", Urls = urls }, Acme));

        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true }), RefusalKind.Invalid, "url");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true, Url = "https://elsewhere.example" }), RefusalKind.Invalid, "urls");
        Assert.False(world.Roster.Altruists[made.Id].Attested);

        // Who says the one that they saw gets that one.
        var seen = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true, Url = made.Url, Urls = made.Urls }));
        Assert.Equal((made.Url, true, null), (seen.Url, seen.Attested, seen.Serving));

        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://elsewhere.example", Urls = urls }, Acme));
        var attested = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = true, Url = "https://elsewhere.example", Urls = urls }));
        Assert.Equal(("https://elsewhere.example", true), (attested.Url, attested.Attested));
    }

    [Fact]
    public async Task Only_owner_and_staff_may_change_and_retire()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync());
        var other = Actors.AdminOf("other");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Enabled = false }, other), RefusalKind.Forbidden, "not-yours");
        Refused(await world.Altruists.RetireAsync(other, made.Id, Cancellation), RefusalKind.Forbidden, "not-yours");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Provider = "other" }), RefusalKind.Invalid, "provider");
        Refused(await world.ChangeAsync(new("none"), new AltruistDraft()), RefusalKind.Unknown, "unknown-altruist");

        Done(await world.Altruists.RetireAsync(Acme, made.Id, Cancellation));
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Enabled = true }), RefusalKind.Retired, "retired");
        Refused(await world.Altruists.RetireAsync(Acme, made.Id, Cancellation), RefusalKind.Retired, "retired");
        Assert.NotNull(world.Roster.Altruists[made.Id].RetiredAt);
        Assert.Empty(world.Roster.Live);
    }

    [Fact]
    public async Task Adding_a_retired_url_again_inherits_its_health()
    {
        var world = await World.NewAsync(Fixture);
        var first = Done(await world.AddAsync());
        Done(await world.Altruists.RetireAsync(Acme, first.Id, Cancellation));
        var second = Done(await world.AddAsync(World.Draft with { Provider = "other" }));
        Assert.Equal([(first.Id, second.Id)], world.Inherited);
    }

    [Fact]
    public async Task What_was_found_wrong_before_is_refused_together_with_the_rest()
    {
        var world = await World.NewAsync(Fixture);
        var errors = new FieldErrors();
        errors.Add("colour", "is not a field of this thing");
        var refused = await world.Altruists.AddAsync(Actors.Staff, World.Draft with { Url = "nonsense" }, errors, Cancellation);
        Assert.Equal(["colour", "url"], refused.Refusal!.Errors!.ToDictionary().Keys.Order(StringComparer.Ordinal));
        Assert.Empty(world.Roster.Live);
    }

    // Credentials and changed endpoints

    [Theory]
    [InlineData("basic", "username=me password=s3cret", AuthKind.Basic, "me", "s3cret")]
    [InlineData("basic", "username= password=only", AuthKind.Basic, "", "only")]
    [InlineData("bearer", "token=abc.DEF~+/=", AuthKind.Bearer, "", "abc.DEF~+/=")]
    [InlineData("header", "name=X-Api-Key value=k", AuthKind.Header, "X-Api-Key", "k")]
    [InlineData("query", "name=api-key value=&?/=ä", AuthKind.Query, "api-key", "&?/=ä")]
    [InlineData("none", "", AuthKind.None, "", "")]
    public async Task Credentials_of_each_type_are_taken(string type, string fields, AuthKind kind, string name, string secret)
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Auth = Auth(type, fields) }));
        Assert.Equal(new EndpointAuth(kind, name, secret), made.Auth);
        Assert.Equal(made.Auth, (await World.JoinAsync(world.Database)).Roster.Altruists[made.Id].Auth);
    }

    [Theory]
    [InlineData("digest", "", "auth.type")]
    [InlineData(null, "token=x", "auth.type")]
    [InlineData("none", "token=x", "auth.token")]
    [InlineData("basic", "username=me", "auth.password")]
    [InlineData("basic", "password=x", "auth.username")]
    [InlineData("basic", "username=a:b password=x", "auth.username")]
    [InlineData("basic", "username= password=", "auth.password")]
    [InlineData("basic", "username=me password=x token=y", "auth.token")]
    [InlineData("basic", "username=me password=x\n", "auth.password")]
    [InlineData("bearer", "token=", "auth.token")]
    [InlineData("bearer", "token=a\tb", "auth.token")]
    [InlineData("bearer", "token=a,b", "auth.token")]
    [InlineData("bearer", "token=x\r\nHost:evil", "auth.token")]
    [InlineData("header", "value=x", "auth.name")]
    [InlineData("header", "name=X-Key", "auth.value")]
    [InlineData("header", "name=X:Key value=x", "auth.name")]
    [InlineData("header", "name=Host value=x", "auth.name")]
    [InlineData("header", "name=Expires value=x", "auth.name")]
    [InlineData("header", "name=ALLOW value=x", "auth.name")]
    [InlineData("header", "name=Last-Modified value=x", "auth.name")]
    [InlineData("header", "name=content-length value=1", "auth.name")]
    [InlineData("header", "name=Transfer-Encoding value=chunked", "auth.name")]
    [InlineData("header", "name=CONNECTION value=x", "auth.name")]
    [InlineData("header", "name=Proxy-Authorization value=x", "auth.name")]
    [InlineData("header", "name=X-Forwarded-For value=x", "auth.name")]
    [InlineData("header", "name=X-Key value=ä", "auth.value")]
    [InlineData("header", "name=X-Key value=x\r\nHost:evil", "auth.value")]
    [InlineData("query", "name=a&b value=x", "auth.name")]
    [InlineData("query", "name=key value=x", "auth.name")]
    public async Task Credentials_that_could_do_harm_are_refused_by_their_field(string? type, string fields, string field)
    {
        var world = await World.NewAsync(Fixture);
        var refused = await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/?key=public", Auth = Auth(type, fields) });
        Refused(refused, RefusalKind.Invalid, field);
        Assert.Single(refused.Refusal!.Errors!.ToDictionary());
    }

    [Fact]
    public async Task Credentials_longer_than_any_are_refused_and_not_repeated()
    {
        var world = await World.NewAsync(Fixture);
        foreach (var field in new[] { "username", "password" })
        {
            var fields = new Dictionary<string, string> { ["username"] = "me", ["password"] = "x" };
            fields[field] = "s3cret" + new string('x', 4096);
            var refused = await world.AddAsync(World.Draft with { Auth = new AuthDraft("basic", fields) });
            Refused(refused, RefusalKind.Invalid, $"auth.{field}");
            Assert.DoesNotContain("s3cret", string.Concat(refused.Refusal!.Errors!.ToDictionary().Values.SelectMany(error => error)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_an_answer_says_of_credentials_may_be_sent_back_and_changes_nothing()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Auth = Auth("header", "name=X-Key value=s3cret") }));
        Assert.Equal(made.Auth, Done(await world.ChangeAsync(made.Id, new AltruistDraft { Auth = Auth("header", "name=X-Key") })).Auth);
        Assert.Equal(made.Auth, Done(await world.ChangeAsync(made.Id, new AltruistDraft { Auth = Auth("header", "") })).Auth);
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Auth = Auth("header", "name=X-Other") }), RefusalKind.Invalid, "auth.value");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Auth = Auth("bearer", "") }), RefusalKind.Invalid, "auth.token");
        Assert.Null(world.Roster.Altruists[made.Id].Serving);
    }

    [Theory]
    [InlineData("url")]
    [InlineData("urls")]
    [InlineData("auth")]
    public async Task A_changed_endpoint_is_on_trial_and_the_one_of_before_stays_in_service_through_further_changes(string part)
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync());
        var first = Done(await world.ChangeAsync(made.Id, Change("1"), Acme));
        Assert.Equal((made.Url, made.Auth, made.Urls.Count), (first.Serving!.Url, first.Serving.Auth, first.Serving.Urls.Count));
        Assert.True(first.InService.Attested);

        var second = Done(await world.ChangeAsync(made.Id, Change("2"), Acme));
        Assert.Equal(made.Fingerprint, second.InService.Fingerprint);
        var other = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "renamed" }, Acme));
        Assert.Equal(made.Fingerprint, other.InService.Fingerprint);
        var reread = (await World.JoinAsync(world.Database)).Roster.Altruists[made.Id];
        Assert.Equal((second.Fingerprint, made.Fingerprint, true), (reread.Fingerprint, reread.InService.Fingerprint, reread.Serving is not null));

        var back = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = made.Url, Urls = new Dictionary<string, string>(), Auth = new AuthDraft("none", new Dictionary<string, string>()) }, Acme));
        Assert.Equal((made.Fingerprint, null, true), (back.Fingerprint, back.Serving, back.Attested));

        AltruistDraft Change(string number) => part switch
        {
            "url" => new AltruistDraft { Url = $"https://eth{number}.elsewhere.example" },
            "urls" => new AltruistDraft { Urls = new Dictionary<string, string> { ["websocket"] = $"wss://eth1.acme.example/{number}" } },
            _ => new AltruistDraft { Auth = Auth("bearer", $"token={number}") },
        };
    }

    [Fact]
    public async Task Control_is_of_hosts_and_credentials_alone_do_not_prove_it()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync());
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example/other", Auth = Auth("bearer", "token=x") }, Acme)).Attested);
        Assert.False(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://victim.example", Auth = Auth("bearer", "token=y") }, Acme)).Attested);
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example/third" }, Acme)).Attested);

        var unproven = Done(await world.AddAsync(World.Draft with { Url = "https://unproven.example" }, Acme));
        Assert.False(Done(await world.ChangeAsync(unproven.Id, new AltruistDraft { Auth = Auth("bearer", "token=x") })).Attested);
        Assert.True(Done(await world.ChangeAsync(unproven.Id, new AltruistDraft { Url = "https://unproven.example", Attested = true })).Attested);

        // Who is not believed any more is believed at no endpoint.
        var moved = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Attested = false }));
        Assert.Equal((false, false), (moved.Attested, moved.InService.Attested));
    }

    [Theory]
    [InlineData("https://evil.example", "")]
    [InlineData("https://eth1.acme.example:8443", "")]
    [InlineData("http://eth1.acme.example:443", "")]
    [InlineData("", "wss://evil.example")]
    [InlineData("https://eth1.acme.example/other", "wss://evil.example")]
    public async Task Credentials_are_said_anew_for_another_host_so_that_nobody_can_have_them_sent_there(string url, string socket)
    {
        var world = await World.NewAsync(Fixture);
        world.AllowHttp = true;
        var made = Done(await world.AddAsync(World.Draft with { Auth = Auth("bearer", "token=s3cret") }));
        var unproven = Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/unproven", Auth = Auth("bearer", "token=s3cret") }, Acme));
        var move = new AltruistDraft { Url = url.Length == 0 ? null : url, Urls = socket.Length == 0 ? null : new Dictionary<string, string> { ["websocket"] = socket } };
        foreach (var id in new[] { made.Id, unproven.Id })
        {
            foreach (var actor in new[] { Acme, Actors.Staff })
            {
                Refused(await world.ChangeAsync(id, move, actor), RefusalKind.Invalid, "auth");
                // What an answer says of them is sent back without the secret.
                Refused(await world.ChangeAsync(id, move with { Auth = Auth("bearer", "") }, actor), RefusalKind.Invalid, "auth");
            }
        }

        Assert.Equal("t0ken", Done(await world.ChangeAsync(made.Id, move with { Auth = Auth("bearer", "token=t0ken") }, Acme)).Auth.Secret);
        Assert.Equal(AuthKind.None, Done(await world.ChangeAsync(made.Id, move with { Auth = Auth("none", "") }, Acme)).Auth.Kind);
        Assert.Equal("s3cret", world.Roster.Altruists[made.Id].InService.Auth.Secret);
    }

    [Fact]
    public async Task Credentials_stay_where_only_the_path_changes_and_on_the_way_back()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Auth = Auth("bearer", "token=s3cret") }));
        Assert.Equal("s3cret", Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example:443/other" }, Acme)).Auth.Secret);
        Assert.Equal("s3cret", Done(await world.ChangeAsync(made.Id, new AltruistDraft { Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example/ws" } }, Acme)).Auth.Secret);
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://elsewhere.example", Auth = Auth("bearer", "token=other") }, Acme));
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example/back" }, Acme));
    }

    [Fact]
    public async Task New_credentials_do_not_follow_a_url_that_somebody_changed_without_proof()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Auth = Auth("bearer", "token=s3cret") }));
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://evil.example", Auth = Auth("bearer", "token=bait") }, Acme));
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Auth = Auth("bearer", "token=new") }, Acme), RefusalKind.Invalid, "url");
        Assert.Equal("new", Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = made.Url, Auth = Auth("bearer", "token=new") }, Acme)).Auth.Secret);
    }

    [Fact]
    public async Task A_host_without_encryption_is_not_proven_by_one_with()
    {
        var world = await World.NewAsync(Fixture);
        world.AllowHttp = true;
        var made = Done(await world.AddAsync());
        Assert.False(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "http://eth1.acme.example" }, Acme)).Attested);
        Assert.False(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "http://eth1.acme.example:443" }, Acme)).Attested);
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example", Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example:443/ws" } }, Acme)).Attested);
    }

    [Fact]
    public async Task A_url_for_one_rpc_type_of_another_provider_is_taken()
    {
        var world = await World.NewAsync(Fixture);
        Done(await world.AddAsync(World.Draft with { Urls = new Dictionary<string, string> { ["rest"] = "https://rest.acme.example/v1" } }));
        Refused(await world.AddAsync(World.Draft with { Provider = "other", Url = "https://rest.acme.example/v1" }), RefusalKind.Taken, "url-taken");
        var other = Done(await world.AddAsync(World.Draft with { Provider = "other", Url = "https://other.example" }));
        Refused(await world.ChangeAsync(other.Id, new AltruistDraft { Url = "https://rest.acme.example/v1" }), RefusalKind.Taken, "url-taken");
        Done(await world.AddAsync(World.Draft with { Url = "https://rest.acme.example/v1" }));
    }

    [Fact]
    public async Task A_url_in_service_is_taken_although_another_one_was_said()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync());
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth2.acme.example" }, Acme));
        Refused(await world.AddAsync(World.Draft with { Provider = "other" }), RefusalKind.Taken, "url-taken");
    }

    // Control

    [Fact]
    public async Task A_claim_without_proof_keeps_nobody_from_proving_and_the_one_with_proof_holds_the_url()
    {
        var world = await World.NewAsync(Fixture);
        var other = Actors.AdminOf("other");
        var squatter = Done(await world.AddAsync(World.Draft with { Provider = "other" }, other));
        Refused(await world.AddAsync(World.Draft with { Provider = "other" }, other), RefusalKind.Taken, "url-taken");
        var owner = Done(await world.AddAsync(actor: Acme));
        Assert.False(squatter.Attested || owner.Attested);

        var proven = Done(await world.Altruists.ProveAsync(Acme, owner.Id, [.. AltruistRegistry.PlacesToProve(owner).Keys], ControlProof.Dns, Cancellation));
        Assert.Equal((true, ControlProof.Dns), (proven.Attested, proven.ControlBy));
        Assert.NotNull(world.Roster.Altruists[squatter.Id].RetiredAt);
        Refused(await world.AddAsync(World.Draft with { Provider = "other" }, other), RefusalKind.Taken, "url-taken");
        Refused(await world.Altruists.ProveAsync(other, owner.Id, [.. AltruistRegistry.PlacesToProve(owner).Keys], ControlProof.Dns, Cancellation), RefusalKind.Forbidden, "not-yours");

        var line = Assert.Single(await world.AuditAsync(new AuditFilter { Subject = squatter.Id.Value, Action = "altruist.displace" }));
        Assert.Equal((ActorKind.Service, "other"), (line.ActorKind, line.Provider));
        var again = await World.JoinAsync(world.Database);
        Assert.Equal((true, ControlProof.Dns), (again.Roster.Altruists[owner.Id].Attested, again.Roster.Altruists[owner.Id].ControlBy));
    }

    [Fact]
    public async Task What_staff_add_takes_the_place_of_a_claim_and_sends_one_on_trial_back_to_the_url_of_before()
    {
        var world = await World.NewAsync(Fixture);
        var other = Done(await world.AddAsync(World.Draft with { Provider = "other", Url = "https://eth1.other.example" }));
        Done(await world.ChangeAsync(other.Id, new AltruistDraft { Url = "https://eth1.acme.example" }, Actors.AdminOf("other")));
        var owner = Done(await world.AddAsync());

        Assert.True(owner.Attested);
        var back = world.Roster.Altruists[other.Id];
        Assert.Equal(("https://eth1.other.example", null, true, null), (back.Url, back.Serving, back.Attested, back.RetiredAt));
    }

    [Fact]
    public async Task Proof_of_some_of_its_places_is_no_proof_of_all()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Urls = new Dictionary<string, string> { ["websocket"] = "wss://ws.acme.example" } }, Acme));
        var places = AltruistRegistry.PlacesToProve(made);
        Assert.Equal(2, places.Count);
        Refused(await world.Altruists.ProveAsync(Acme, made.Id, [places.Keys.First()], ControlProof.WellKnown, Cancellation), RefusalKind.Taken, "changed-meanwhile");
        Assert.True(Done(await world.Altruists.ProveAsync(Acme, made.Id, [.. places.Keys], ControlProof.WellKnown, Cancellation)).Attested);
        // A path of the same hosts needs no other proof, another host does.
        Assert.True(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth1.acme.example/v2" }, Acme)).Attested);
        Assert.False(Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth9.acme.example/v2" }, Acme)).Attested);
    }

    [Fact]
    public async Task Control_shown_before_it_is_registered_counts_once_for_that_provider_at_those_places_alone()
    {
        var world = await World.NewAsync(Fixture);
        var other = Actors.AdminOf("other");
        await ShowAsync(world, Acme, "acme", World.Draft, ControlProof.Dns);
        // Another host or port, another scheme of the same one, and another provider are nothing of it.
        Assert.False(Done(await world.AddAsync(World.Draft with { Url = "https://eth9.acme.example" }, Acme)).Attested);
        Assert.False(Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example:8443" }, Acme)).Attested);
        var claimed = Done(await world.AddAsync(World.Draft with { Provider = "other" }, other));
        Assert.False(claimed.Attested);

        var made = Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/path" }, Acme));
        Assert.Equal((true, ControlProof.Dns), (made.Attested, made.ControlBy));
        Assert.Equal((true, ControlProof.Dns), ((await World.JoinAsync(world.Database)).Roster.Altruists[made.Id].Attested, made.ControlBy));
        Assert.False(Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/more" }, Acme)).Attested);

        // It ends a claim to the very URL, as proof of a registered one does.
        await ShowAsync(world, Acme, "acme", World.Draft, ControlProof.WellKnown);
        Assert.True(Done(await world.AddAsync(actor: Acme)).Attested);
        Assert.NotNull(world.Roster.Altruists[claimed.Id].RetiredAt);
    }

    [Fact]
    public async Task Control_shown_before_it_is_registered_is_asked_for_anew_after_a_week_and_of_the_oldest_of_too_many()
    {
        var world = await World.NewAsync(Fixture);
        var clock = new ManualTime();
        var store = new ControlStore(world.Database, clock);
        var (provider, place) = (new ProviderId("acme"), "secure eth1.acme.example:443");
        var first = await store.StartNewAsync(Acme, provider, place, Cancellation);
        Assert.Equal(first, await store.StartNewAsync(Acme, provider, place, Cancellation));
        Assert.Empty(await store.ProvenAsync(provider, Cancellation));
        Assert.NotEqual(first.Challenge.Answer, (await store.StartNewAsync(Acme, new ProviderId("other"), place, Cancellation)).Challenge.Answer);
        Assert.True(await store.ProveNewAsync(Acme, provider, place, first.Challenge, ControlProof.Dns, Cancellation));
        Assert.Equal(place, Assert.Single(await store.ProvenAsync(provider, Cancellation)).Places);

        clock.Advance(TimeSpan.FromDays(7.1));
        Assert.Empty(await store.ProvenAsync(provider, Cancellation));
        var second = await store.StartNewAsync(Acme, provider, place, Cancellation);
        Assert.NotEqual(first.Challenge.Answer, second.Challenge.Answer);
        // What was shown for the first says nothing of the second.
        Assert.False(await store.ProveNewAsync(Acme, provider, place, first.Challenge, ControlProof.Dns, Cancellation));

        foreach (var number in Enumerable.Range(0, ControlStore.MostShown))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await store.StartNewAsync(Acme, provider, $"secure host{number}.example:443", Cancellation);
        }

        Assert.Equal(ControlStore.MostShown, await world.Database.SingleOrDefaultAsync<long>("select count(*) from place_challenges where provider_id = 'acme'", null, Cancellation));
        Assert.False(await store.ProveNewAsync(Acme, provider, place, second.Challenge, ControlProof.Dns, Cancellation));
    }

    [Fact]
    public async Task What_is_to_be_shown_before_it_is_registered_is_what_the_altruist_has_to_show_that_is_saved_there_first()
    {
        var world = await World.NewAsync(Fixture);
        var provider = new ProviderId("acme");
        var places = AltruistRegistry.PlacesTextOf(Done(await world.Altruists.ProposeAsync(Acme, World.Draft, new FieldErrors(), Cancellation)));
        var shown = await world.Control.StartNewAsync(Acme, provider, places, Cancellation);
        var made = Done(await world.AddAsync(actor: Acme));
        Assert.False(made.Attested);
        Assert.Equal(shown.Challenge, await world.Control.StartAsync(Acme, made, Cancellation));
        var second = Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/more" }, Acme));
        Assert.NotEqual(shown.Challenge.Answer, (await world.Control.StartAsync(Acme, second, Cancellation)).Answer);
        Assert.NotEqual(shown.Challenge.Answer, (await world.Control.StartNewAsync(Acme, provider, places, Cancellation)).Challenge.Answer);
    }

    [Fact]
    public async Task Those_who_ask_at_once_what_to_show_are_told_the_same()
    {
        var world = await World.NewAsync(Fixture);
        var told = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.Control.StartNewAsync(Acme, new ProviderId("acme"), "secure eth1.acme.example:443", Cancellation), Cancellation)));
        Assert.Single(told.Select(shown => shown.Challenge.Answer).Distinct());
    }

    [Fact]
    public async Task Staff_attest_what_they_saw_and_nobody_else_does()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(actor: Acme));
        Refused(await world.Altruists.AttestAsync(Acme, made, Cancellation), RefusalKind.Forbidden, "staff-only");
        var moved = Done(await world.ChangeAsync(made.Id, new AltruistDraft { Url = "https://eth7.acme.example" }, Acme));
        Refused(await world.Altruists.AttestAsync(Actors.Staff, made, Cancellation), RefusalKind.Taken, "changed-meanwhile");
        Assert.False(world.Roster.Altruists[made.Id].Attested);
        var attested = Done(await world.Altruists.AttestAsync(Actors.Staff, moved, Cancellation));
        Assert.Equal((true, ControlProof.Staff, moved.Url), (attested.Attested, attested.ControlBy, attested.Url));
    }

    [Fact]
    public async Task What_somebody_else_changed_since_it_was_seen_is_not_written_over()
    {
        var world = await World.NewAsync(Fixture);
        var (chain, region, provider) = (world.Roster.Chains[new ChainId("0021")], world.Roster.Regions[new RegionId("us-east")], world.Roster.Providers[new ProviderId("acme")]);
        var draft = new ChainDraft { Protocol = "evm", Identity = "1", Name = "first", Seen = chain };
        Assert.Equal("first", Done(await world.Chains.PutAsync(Actors.Staff, chain.Id, draft, new FieldErrors(), Cancellation)).Name);
        Refused(await world.Chains.PutAsync(Actors.Staff, chain.Id, draft with { Name = "second" }, new FieldErrors(), Cancellation), RefusalKind.Taken, "changed-meanwhile");
        Assert.Equal("first", world.Roster.Chains[chain.Id].Name);
        Assert.Equal("second", Done(await world.Chains.PutAsync(Actors.Staff, chain.Id, draft with { Name = "second", Seen = world.Roster.Chains[chain.Id] }, new FieldErrors(), Cancellation)).Name);

        Done(await world.Regions.PutAsync(Actors.Staff, region.Id, new RegionDraft("first", null), new FieldErrors(), Cancellation));
        Refused(await world.Regions.PutAsync(Actors.Staff, region.Id, new RegionDraft("second", null) { Seen = region }, new FieldErrors(), Cancellation), RefusalKind.Taken, "changed-meanwhile");
        Done(await world.Providers.PutAsync(Acme, provider.Id, new ProviderDraft("first", null, null, null), new FieldErrors(), Cancellation));
        Refused(await world.Providers.PutAsync(Acme, provider.Id, new ProviderDraft("second", null, null, null) { Seen = provider }, new FieldErrors(), Cancellation), RefusalKind.Taken, "changed-meanwhile");

        var altruist = Done(await world.AddAsync(actor: Acme));
        Done(await world.ChangeAsync(altruist.Id, new AltruistDraft { CapacityRps = 7 }, Acme));
        Refused(await world.ChangeAsync(altruist.Id, new AltruistDraft { Label = "second", ClearsCapacity = true, Seen = altruist }, Acme), RefusalKind.Taken, "changed-meanwhile");
        Assert.Equal(7, world.Roster.Altruists[altruist.Id].CapacityRps);
        Assert.Equal("second", Done(await world.ChangeAsync(altruist.Id, new AltruistDraft { Label = "second", Seen = world.Roster.Altruists[altruist.Id] }, Acme)).Label);
    }

    [Fact]
    public async Task Challenge_stays_the_same_until_it_is_too_old()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(actor: Acme));
        var clock = new ManualTime();
        var store = new ControlStore(world.Database, clock);
        var first = await store.StartAsync(Acme, made, Cancellation);
        clock.Advance(TimeSpan.FromDays(6.9));
        Assert.Equal(first, await store.StartAsync(Acme, made, Cancellation));
        clock.Advance(TimeSpan.FromDays(0.2));
        var second = await store.StartAsync(Acme, made, Cancellation);
        Assert.True(second.Token != first.Token && second.Answer != first.Answer);
        Assert.DoesNotContain(second.Token, second.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_cannot_be_decrypted_is_mended_by_saying_its_endpoint_again()
    {
        var world = await World.NewAsync(Fixture);
        var lost = Done(await world.AddAsync(World.Draft with { Auth = Auth("bearer", "token=x") }));
        var moved = Done(await world.AddAsync(World.Draft with { Url = "https://eth2.acme.example" }));
        await world.Database.WriteAsync(async write => await write.ExecuteAsync("update altruists set endpoint = 'CfDJ8', revision = @revision", new { revision = await write.NextRevisionAsync() }), Cancellation);
        var again = await World.JoinAsync(world.Database);
        Assert.Equal(2, again.Roster.Undecryptable.Count);

        Done(await again.ChangeAsync(lost.Id, new AltruistDraft { Label = "renamed" }, Acme));
        Assert.NotNull(again.Roster.Altruists[lost.Id].Undecryptable);
        Refused(await again.ChangeAsync(lost.Id, new AltruistDraft { Auth = Auth("bearer", "token=y") }, Acme), RefusalKind.Invalid, "url");
        // Nobody else gets at its URL meanwhile.
        Refused(await again.AddAsync(World.Draft with { Provider = "other" }), RefusalKind.Taken, "url-taken");

        var mended = Done(await again.ChangeAsync(lost.Id, new AltruistDraft { Url = lost.Url, Auth = Auth("bearer", "token=y") }, Acme));
        Assert.Equal((lost.Url, "y", null, null, true), (mended.Url, mended.Auth.Secret, mended.Serving, mended.Undecryptable, mended.Attested));
        Assert.Equal(mended.Fingerprint, (await World.JoinAsync(world.Database)).Roster.Altruists[lost.Id].Fingerprint);

        // Somewhere else control has to be proven, as ever.
        Assert.False(Done(await again.ChangeAsync(moved.Id, new AltruistDraft { Url = "https://eth3.acme.example" }, Acme)).Attested);
        Assert.Empty(again.Roster.Undecryptable);
    }

    // Audit

    [Fact]
    public async Task Each_change_tells_the_audit_trail_who_did_it_from_where_and_what_differs()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync(World.Draft with { Url = "https://eth1.acme.example/v1/secret-path-0815", Auth = Auth("bearer", "token=secret-token-4711") }, Acme));
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "one", CapacityRps = 7 }, Acme));
        Done(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "one" }, Acme));
        Done(await world.Altruists.RetireAsync(Actors.Staff, made.Id, Cancellation));

        var lines = await world.AuditAsync(new AuditFilter { Subject = $"altruist:{made.Id}" });
        Assert.Equal(["altruist.retire", "altruist.change", "altruist.add"], lines.Select(line => line.Action));
        Assert.All(lines, line => Assert.Equal(("acme", AuditOutcome.Done, 1), (line.Provider, line.Outcome, line.Times)));
        Assert.Equal((ActorKind.User, "acme-admin", "admin@acme.example", "203.0.113.7", false), (lines[1].ActorKind, lines[1].ActorId, lines[1].ActorName, lines[1].Address, lines[1].ByStaff));
        Assert.Equal(("""{"label":"eth1.acme.example","capacityRps":null}""", """{"label":"one","capacityRps":7}"""), (lines[1].Before, lines[1].After));
        Assert.True(lines[0].ByStaff);
        Assert.Null(lines[2].Before);
        Assert.Contains("eth1.acme.example/\\u2026", lines[2].After, StringComparison.OrdinalIgnoreCase);
        Assert.All(lines, line => Assert.DoesNotContain("secret", $"{line.Before}{line.After}{line.Detail}", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Refusals_by_a_rule_are_told_and_slips_of_the_pen_are_not()
    {
        var world = await World.NewAsync(Fixture);
        var made = Done(await world.AddAsync());
        var other = Actors.AdminOf("other");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "mine" }, other), RefusalKind.Forbidden, "not-yours");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Label = "mine" }, Actors.ViewerOf("acme")), RefusalKind.Forbidden, "only-looks");
        Refused(await world.AddAsync(World.Draft with { Provider = "other" }, other), RefusalKind.Taken, "url-taken");
        Refused(await world.ChangeAsync(made.Id, new AltruistDraft { Tier = 0 }, Actors.Staff), RefusalKind.Invalid, "tier");

        var lines = (await world.AuditAsync(new AuditFilter())).Where(line => line.Outcome == AuditOutcome.Refused).ToDictionary(line => (line.ActorId, line.Action));
        Assert.Equal(3, lines.Count);
        Assert.StartsWith("not-yours: ", lines[("other-admin", "altruist.change")].Detail, StringComparison.Ordinal);
        Assert.StartsWith("only-looks: ", lines[("acme-viewer", "altruist.change")].Detail, StringComparison.Ordinal);
        Assert.StartsWith("url-taken: ", lines[("other-admin", "altruist.add")].Detail, StringComparison.Ordinal);
        // Who tried is nothing for the other provider's eyes.
        Assert.Equal("other", lines[("other-admin", "altruist.change")].Provider);
    }

    [Fact]
    public async Task Only_staff_set_regions_and_chains()
    {
        var world = await World.NewAsync(Fixture);
        Refused(await world.Regions.PutAsync(Acme, new("mine"), new RegionDraft(null, null), new FieldErrors(), Cancellation), RefusalKind.Forbidden, "staff-only");
        Refused(await world.Chains.PutAsync(Acme, new("0033"), new ChainDraft(), new FieldErrors(), Cancellation), RefusalKind.Forbidden, "staff-only");
        Refused(await world.Chains.RetireAsync(Acme, "0022", Cancellation), RefusalKind.Forbidden, "staff-only");
    }

    private static AuthDraft Auth(string? type, string fields) =>
        new(type, fields.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split('=', 2)).ToDictionary(field => field[0], field => field[1]));

    /// <summary>Has it proven before anything is registered there.</summary>
    private static async Task ShowAsync(World world, Actor actor, string provider, AltruistDraft draft, ControlProof by)
    {
        var proposed = Done(await world.Altruists.ProposeAsync(actor, draft, new FieldErrors(), Cancellation));
        var places = AltruistRegistry.PlacesTextOf(proposed);
        var shown = await world.Control.StartNewAsync(actor, new ProviderId(provider), places, Cancellation);
        Assert.True(await world.Control.ProveNewAsync(actor, new ProviderId(provider), places, shown.Challenge, by, Cancellation));
    }

    private static T Done<T>(Registered<T> outcome)
        where T : class => World.Done(outcome);

    private static void Refused<T>(Registered<T> outcome, RefusalKind kind, string fieldOrCode)
        where T : class
    {
        Assert.Equal(kind, outcome.Refusal?.Kind);
        if (kind == RefusalKind.Invalid)
            Assert.Contains(fieldOrCode, outcome.Refusal!.Errors!.ToDictionary());
        else
            Assert.Equal(fieldOrCode, outcome.Refusal!.Code);
    }
}

public sealed class RegistryOnSqlite(SqliteFixture fixture) : RegistryContract(fixture), IClassFixture<SqliteFixture>;

public sealed class RegistryOnPostgres(PostgresFixture fixture) : RegistryContract(fixture), IClassFixture<PostgresFixture>;
