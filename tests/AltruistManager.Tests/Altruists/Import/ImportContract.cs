using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Altruists.Import;

/// <summary>Files of altruists and chains, from their text to what is registered.</summary>
public abstract class ImportContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private const string Secret = "s3cr3t-token";

    private static readonly Actor Acme = Actors.AdminOf("acme");
    private static readonly ProviderId OfAcme = new("acme");

    [Fact]
    public async Task A_file_makes_altruists_and_the_same_once_more_changes_nothing()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var file = Csv(
            "label,url,chains,regions,capabilities,capacityRps,websocket,visibility,enabled,authType,authSecret",
            $"one,https://one.acme.example/rpc,0021;0022,us-east eu,archive trace,500,wss://one.acme.example/ws,public,yes,bearer,{Secret}",
            "two,https://two.acme.example,0009,,,,,,false,,");
        var shown = await world.AltruistImport.PreviewAsync(Acme, OfAcme, file, ImportLimits.OfPages, Cancellation);
        Assert.Equal("2 new, 0 changed, 0 unchanged", shown.ToString());
        Assert.Empty(world.Roster.Live);

        var done = await ApplyAsync(world, file, shown.Print);
        Assert.True(done.IsDone);
        var one = world.Roster.Live.Single(altruist => altruist.Label == "one");
        Assert.Equal(
            ("https://one.acme.example/rpc", "0021 0022", "eu us-east", "archive trace", (int?)500, "wss://one.acme.example/ws", AltruistVisibility.Public, AuthKind.Bearer, Secret, false),
            (one.Url, string.Join(' ', one.Chains), string.Join(' ', one.Regions), string.Join(' ', one.Capabilities), one.CapacityRps, one.Urls["websocket"], one.Visibility, one.Auth.Kind, one.Auth.Secret, one.Attested));
        var two = world.Roster.Live.Single(altruist => altruist.Label == "two");
        Assert.Equal(("*", false), (string.Join(' ', two.Regions), two.Enabled));
        Assert.Equal(["by import, line 3", "by import, line 2"], (await world.AuditAsync(new AuditFilter { Action = "altruist.add" })).Select(entry => entry.Detail));

        var revision = world.Roster.Revision;
        var again = await ApplyAsync(world, file);
        Assert.Equal(("0 new, 0 changed, 2 unchanged", true), (again.ToString(), again.IsDone));
        Assert.Equal(revision, world.Roster.Revision);
        Assert.Equal(2, (await world.AuditAsync(new AuditFilter { Action = "altruist" })).Count);
    }

    [Fact]
    public async Task What_a_file_does_not_say_stays_and_what_it_changes_is_shown_field_by_field()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var added = RegistryWorld.Done(await world.AddAsync(
            RegistryWorld.Draft with { Label = "one", CapacityRps = 100, Capabilities = ["archive"], Urls = new Dictionary<string, string> { ["websocket"] = "wss://eth1.acme.example/one" } }, Acme));
        var file = Csv("url,label,regions,capacityRps,capabilities", "https://eth1.acme.example,,us-east,none,none");
        var shown = await world.AltruistImport.PreviewAsync(Acme, OfAcme, file, ImportLimits.OfPages, Cancellation);
        var line = Assert.Single(shown.Lines);
        Assert.Equal((2, ImportVerdict.Changed, "one", added.Id.Value), (line.Line, line.Verdict, line.Name, line.Id));
        Assert.Equal(
            [new("regions", "*", "us-east"), new("capabilities", "archive", null), new("capacityRps", "100", null)],
            line.Changes);
        await ApplyAsync(world, file);
        var after = world.Roster.Altruists[added.Id];
        Assert.Equal(("one", "us-east", null, 0, "wss://eth1.acme.example/one"), (after.Label, string.Join(' ', after.Regions), after.CapacityRps, after.Capabilities.Count, after.Urls["websocket"]));
    }

    [Fact]
    public async Task A_secret_or_a_whole_url_is_in_no_preview_and_not_in_the_audit_trail_though_each_change_of_it_is_seen()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        await ApplyAsync(world, Csv("url,chains,websocket,authType,authSecret", $"https://one.acme.example/{Secret}/aaaa1234,0021,wss://one.acme.example/{Secret}/aaaa1234,bearer,{Secret}"));
        var id = Assert.Single(world.Roster.Live).Id.Value;
        var other = await ApplyAsync(world, Csv("id,url,websocket,authType,authSecret", $"{id},https://one.acme.example/{Secret}/bbbb1234,,bearer,"));
        var socket = await ApplyAsync(world, Csv("id,websocket", $"{id},wss://one.acme.example/{Secret}/bbbb1234"));
        var credential = await ApplyAsync(world, Csv("id,url,websocket,authType,authSecret", $"{id},https://one.acme.example/{Secret}/bbbb1234,wss://one.acme.example/{Secret}/bbbb1234,bearer,{Secret}2"));
        var wrong = await ApplyAsync(world, Csv("id,authType,authSecret,url", $"{id},header,{Secret},https://one.acme.example/{Secret}#x"));
        Assert.Equal([1, 1, 1, 0], new[] { other, socket, credential, wrong }.Select(plan => plan.Count(ImportVerdict.Changed)));
        foreach (var plan in new[] { other, socket, credential })
            Assert.NotEmpty(Assert.Single(plan.Lines).Changes);
        Assert.Equal(["authName", "url"], Assert.Single(wrong.Lines).Problems.Select(problem => problem.Column));

        var told = string.Join('\n', new[] { other, socket, credential, wrong }.SelectMany(plan => plan.Lines).SelectMany(line => line.Changes.Select(change => $"{change}").Concat(line.Problems.Select(problem => $"{problem}")))
            .Concat((await world.AuditAsync(new AuditFilter())).Select(entry => $"{entry}")));
        Assert.DoesNotContain(Secret, told, StringComparison.Ordinal);
        Assert.Equal(4, (await world.AuditAsync(new AuditFilter { Subject = id })).Count);
    }

    [Fact]
    public async Task One_wrong_line_keeps_all_from_being_imported_and_everything_wrong_is_named_by_line_and_column()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var plan = await ApplyAsync(world, Csv(
            "label,url,chains,regions,capacityRps,tier,enabled,id",
            "one,https://one.acme.example,0021,,,,,",
            "two,ftp://two.acme.example,21,nowhere,many,,perhaps,",
            "three,https://one.acme.example/,0021,,,,,",
            "four,https://four.acme.example,0021 0009,,,2,,",
            ",,,us-east,,,,019a0000-0000-7000-8000-000000000000",
            "five,,,,,,,"));
        Assert.Equal("1 new, 0 changed, 0 unchanged, 5 wrong", plan.ToString());
        Assert.False(plan.IsDone);
        Assert.Empty(world.Roster.Live);
        Assert.Equal(
            [
                "line 3, capacityRps: must be a whole number",
                "line 3, chains: holds '21', which is not a chain",
                "line 3, enabled: must be true or false",
                "line 3, regions: holds 'nowhere', which is not a region",
                "line 3, url: must start with https://",
                "line 3, chains: is 0021 meant? Spreadsheets take leading zeros away",
                "line 4, url: is that of line 2: an altruist is said once",
                "line 5: Only staff may set 'tier'.",
                "line 6, id: There is no altruist '019a0000-0000-7000-8000-000000000000'.",
                "line 7: says neither id nor url, so that it is not known which altruist is meant",
            ],
            plan.AllProblems.Select(problem => problem.ToString()));
    }

    [Fact]
    public async Task Nobody_imports_what_is_another_providers_and_a_viewer_nothing_at_all()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var others = RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Provider = "other", Url = "https://node.other.example" }));
        var plan = await ApplyAsync(world, Csv("id,provider,url,chains,label", $"{others.Id},,,,mine", ",other,https://x.example,0021,", ",,https://node.other.example,0021,", ",acme,https://y.acme.example,0021,"));
        Assert.Equal("1 new, 0 changed, 0 unchanged, 3 wrong", plan.ToString());
        Assert.Equal(
            ["line 2, id: This altruist belongs to another provider.", "line 3, provider: must be acme here, or empty", "line 4, url: An altruist of another provider already has this URL."],
            plan.AllProblems.Select(problem => problem.ToString()));

        var refused = await world.AltruistImport.ApplyAsync(Actors.ViewerOf("acme"), OfAcme, Csv("url,chains", "https://y.acme.example,0021"), ImportLimits.OfPages, null, Cancellation);
        Assert.Equal("only-looks", refused.Refusal?.Code);
        refused = await world.AltruistImport.PreviewAsync(Acme, new ProviderId("other"), Csv("url,chains", "https://y.acme.example,0021"), ImportLimits.OfPages, Cancellation);
        Assert.Equal("not-yours", refused.Refusal?.Code);
        Assert.Equal("staff-only", (await world.ChainImport.ApplyAsync(Acme, Csv("id", "0033"), ImportLimits.OfPages, Cancellation)).Refusal?.Code);
        var noted = (await world.AuditAsync(new AuditFilter())).Where(entry => entry.Outcome == AuditOutcome.Refused).OrderBy(entry => entry.Action).ToList();
        Assert.Equal(["altruist.add", "altruist.change", "altruist.import", "altruist.import", "chain.import"], noted.Select(entry => entry.Action));
        // What was refused within a file is told as if it had been tried alone.
        Assert.Equal("url-taken: An altruist of another provider already has this URL. (by import, line 4)", noted[0].Detail);
        Assert.Equal((others.Id.Value, "not-yours: This altruist belongs to another provider. (by import, line 2)"), (noted[1].SubjectId, noted[1].Detail));
        Assert.Equal([others.Id], world.Roster.Live.Select(altruist => altruist.Id));
    }

    [Fact]
    public async Task Lines_of_one_file_count_towards_how_many_there_may_be()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        RegistryWorld.Done(await world.ProviderAsync(Actors.Staff, "acme", new ProviderDraft(null, null, null, null) { MaxAltruists = 2 }));
        var plan = await ApplyAsync(world, Csv("url,chains", "https://a.example,0021", "https://b.example,0021", "https://c.example,0021"));
        Assert.Equal(["line 4: acme may have 2 altruists and has them: retire one, or ask staff for more."], plan.AllProblems.Select(problem => problem.ToString()));
        Assert.Empty(world.Roster.Live);
    }

    [Fact]
    public async Task What_was_agreed_to_is_done_and_nothing_else()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var file = Csv("url,chains,label", "https://eth1.acme.example,0021,mine");
        var shown = await world.AltruistImport.PreviewAsync(Acme, OfAcme, file, ImportLimits.OfPages, Cancellation);
        RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Label = "meanwhile" }, Acme));
        var plan = await ApplyAsync(world, file, shown.Print);
        Assert.Equal((false, "0 new, 1 changed, 0 unchanged"), (plan.IsDone, plan.ToString()));
        Assert.Equal("meanwhile", Assert.Single(world.Roster.Live).Label);
        Assert.True((await ApplyAsync(world, file, plan.Print)).IsDone);
        Assert.Equal("mine", Assert.Single(world.Roster.Live).Label);
    }

    [Fact]
    public async Task An_export_that_is_imported_as_it_is_changes_nothing_and_tells_no_url()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Label = "=cmd|'/C calc'!A0", Url = $"https://eth1.acme.example/{Secret}", Auth = new AuthDraft("bearer", new Dictionary<string, string> { ["token"] = Secret }) }, Acme));
        RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Label = "none", Url = "https://two.acme.example", Chains = ["0022"], Capabilities = ["archive", "trace"], CapacityRps = 5, Enabled = false }, Acme));
        RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Label = "x;=1+1", Url = "https://three.acme.example" }, Acme));
        using var stream = new MemoryStream();
        await AltruistCsv.WriteAsync(stream, world.Roster.Live, Cancellation);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.Contains("'=cmd", text, StringComparison.Ordinal);
        // Where a spreadsheet takes a semicolon to part cells, no cell begins within a label.
        Assert.Contains("\"x;=1+1\"", text, StringComparison.Ordinal);
        Assert.All(text.TrimStart('\uFEFF').Split("\r\n", StringSplitOptions.RemoveEmptyEntries), line => Assert.All(line.Split(','), cell => Assert.Matches("\\A\".*\"\\z", cell)));
        Assert.Equal("0 new, 0 changed, 3 unchanged", (await ApplyAsync(world, stream.ToArray())).ToString());
    }

    [Theory]
    [InlineData($"https://one.acme.example/rpc,0021,bearer,{Secret}\r\nhttps://two.acme.example/rpc,0021,bearer,{Secret}2", "column 4")]
    [InlineData($"url,chains,colour,{Secret}\r\n", "colour, column 4")]
    [InlineData("url,ch\"ains,authType,authSecret\r\nurl,chains,authType,swordfish\r\n", "")]
    public async Task Where_the_header_is_missing_or_cannot_be_read_no_cell_is_repeated_as_a_name(string text, string columns)
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var plan = await world.AltruistImport.PreviewAsync(Acme, OfAcme, Encoding.UTF8.GetBytes(text), ImportLimits.OfPages, Cancellation);
        var told = string.Join('\n', plan.AllProblems);
        Assert.DoesNotContain(Secret, told, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", told, StringComparison.Ordinal);
        Assert.NotEmpty(plan.Problems);
        Assert.All(plan.Problems, problem => Assert.Equal(1, problem.Line));
        Assert.Equal(columns, string.Join(", ", plan.Problems.Select(problem => problem.Column).Where(column => column is not null && columns.Contains(column, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Credentials_are_taken_to_the_letter()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        await ApplyAsync(world, Csv("url,chains,authType,authName,authSecret", "https://one.acme.example,0021,basic,'=me, '-pass word "));
        Assert.Equal(("'=me", " '-pass word "), (Assert.Single(world.Roster.Live).Auth.Name, Assert.Single(world.Roster.Live).Auth.Secret));
    }

    [Fact]
    public async Task Whose_claims_end_by_a_file_is_shown_before_and_agreed_to()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var file = Csv("provider,url,chains", "acme,https://shared.example,0021");
        var alone = await PreviewAsync();
        var claim = RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Provider = "other", Url = "https://shared.example", Label = "claimed" }, Actors.AdminOf("other")));
        Assert.False((await world.AltruistImport.ApplyAsync(Actors.Staff, null, file, ImportLimits.OfCommands, alone.Print, Cancellation)).IsDone);
        Assert.Null(world.Roster.Altruists[claim.Id].RetiredAt);

        var shown = await PreviewAsync();
        Assert.Contains(new ImportChange("displaces", null, "claimed of other"), Assert.Single(shown.Lines).Changes);
        Assert.True((await world.AltruistImport.ApplyAsync(Actors.Staff, null, file, ImportLimits.OfCommands, shown.Print, Cancellation)).IsDone);
        Assert.NotNull(world.Roster.Altruists[claim.Id].RetiredAt);

        Task<ImportPlan> PreviewAsync() => world.AltruistImport.PreviewAsync(Actors.Staff, null, file, ImportLimits.OfCommands, Cancellation);
    }

    [Fact]
    public async Task What_takes_long_to_decide_is_decided_anew_while_others_write_and_only_when_what_is_registered_has_changed()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        RegistryWorld.Done(await world.AddAsync(actor: Acme));
        var other = await RegistryWorld.JoinAsync(world.Database);
        var decided = await DecideAsync(world, times => times < 3 ? other.RegionAsync($"meanwhile-{times}") : Task.CompletedTask);
        Assert.Equal((3, "eu meanwhile-1 meanwhile-2 us-east"), decided);
        decided = await DecideAsync(world, _ => world.Database.WriteAsync(write => write.NextRevisionAsync(), Cancellation));
        Assert.Equal(1, decided.Times);
    }

    [Fact]
    public async Task The_example_can_be_imported_as_it_is()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        RegistryWorld.Done(await world.RegionAsync("eu-central"));
        Assert.Equal("2 new, 0 changed, 0 unchanged", (await ApplyAsync(world, Encoding.UTF8.GetBytes(AltruistCsv.Example))).ToString());
    }

    [Fact]
    public async Task Staff_import_for_several_providers_and_what_they_import_is_attested_and_displaces_mere_claims()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var claim = RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Provider = "other", Url = "https://shared.example" }, Actors.AdminOf("other")));
        var plan = await world.AltruistImport.ApplyAsync(
            Actors.Staff, null, Csv("provider,url,chains,tier", "acme,https://shared.example,0021,2", "other,https://node.other.example,0021,", ",https://whose.example,0021,"), ImportLimits.OfCommands, null, Cancellation);
        Assert.Equal(["line 4, provider: is required"], plan.AllProblems.Select(problem => problem.ToString()));
        plan = await world.AltruistImport.ApplyAsync(
            Actors.Staff, null, Csv("provider,url,chains,tier", "acme,https://shared.example,0021,2", "other,https://node.other.example,0021,"), ImportLimits.OfCommands, null, Cancellation);
        Assert.True(plan.IsDone);
        Assert.NotNull(world.Roster.Altruists[claim.Id].RetiredAt);
        Assert.Equal([("acme", 2, true), ("other", 1, true)], world.Roster.Live.Select(altruist => (altruist.Provider.Value, altruist.Tier, altruist.Attested)).Order());
    }

    [Fact]
    public async Task One_that_comes_back_inherits_its_health()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var before = RegistryWorld.Done(await world.AddAsync(actor: Acme));
        RegistryWorld.Done(await world.Altruists.RetireAsync(Acme, before.Id, Cancellation));
        await ApplyAsync(world, Csv("url,chains,enabled", "https://eth1.acme.example,0021,false"));
        var heir = Assert.Single(world.Roster.Live);
        Assert.Equal([(before.Id, heir.Id)], world.Inherited);
    }

    // Chains

    [Fact]
    public async Task A_file_makes_and_changes_chains_with_what_the_catalogue_knows_and_once_more_changes_nothing()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var file = Csv(
            "id,name,protocol,identity,requires,aliases,lagToleranceBlocks,blockTimeSeconds,policy,minEligible,successor,enabled",
            "0053,,,,,,,,,2,,",
            "0009,,,,,,33,0.5,random,,mine,",
            "mine,My chain,evm,31337,archive,my own,,,,,,false");
        var shown = await world.ChainImport.PreviewAsync(Actors.Staff, file, ImportLimits.OfCommands, Cancellation);
        Assert.Equal("2 new, 1 changed, 0 unchanged", shown.ToString());
        Assert.False(world.Roster.Chains.ContainsKey(new("mine")));
        Assert.Equal(
            ["blockTimeSeconds", "lagToleranceBlocks", "policy", "successor"],
            shown.Lines.Single(line => line.Id == "0009").Changes.Select(change => change.Field).Order(StringComparer.Ordinal));

        Assert.True((await world.ChainImport.ApplyAsync(Actors.Staff, file, ImportLimits.OfCommands, Cancellation)).IsDone);
        var chains = world.Roster.Chains;
        Assert.Equal(("Optimism Mainnet", "evm:10", (int?)2), (chains[new("0053")].Name, chains[new("0053")].Network.Value, chains[new("0053")].MinEligible));
        Assert.Equal((33, 0.5, "random", "mine"), (chains[new("0009")].LagToleranceBlocks, chains[new("0009")].BlockTimeSeconds, chains[new("0009")].Policy, chains[new("0009")].Successor?.Value));
        Assert.Equal(("My chain", false), (chains[new("mine")].Name, chains[new("mine")].Enabled));
        Assert.Equal(["my", "own"], chains[new("mine")].Aliases);
        Assert.Equal("0 new, 0 changed, 3 unchanged", (await world.ChainImport.ApplyAsync(Actors.Staff, file, ImportLimits.OfCommands, Cancellation)).ToString());

        await world.ChainImport.ApplyAsync(Actors.Staff, Csv("id,policy,minEligible,name", "0009,none,,", "0053,,none,Optimism"), ImportLimits.OfCommands, Cancellation);
        chains = world.Roster.Chains;
        Assert.Equal((null, 33, null, "Optimism"), (chains[new("0009")].Policy, chains[new("0009")].LagToleranceBlocks, chains[new("0053")].MinEligible, chains[new("0053")].Name));
    }

    [Fact]
    public async Task Chains_that_follow_one_another_may_stand_in_any_order()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var plan = await world.ChainImport.ApplyAsync(
            Actors.Staff, Csv("id,protocol,identity,aliases,successor", "a,evm,101,,b", "b,evm,102,,third", "d,evm,104,,a", "c,evm,103,third,0021"), ImportLimits.OfCommands, Cancellation);
        Assert.Empty(plan.AllProblems);
        Assert.Equal(["b", "c", "0021", "a"], new[] { "a", "b", "c", "d" }.Select(id => world.Roster.Chains[new(id)].Successor?.Value));
    }

    [Fact]
    public async Task What_is_wrong_with_a_file_of_chains_is_named_by_line_and_column_and_nothing_is_imported()
    {
        var world = await RegistryWorld.NewAsync(Fixture);
        var plan = await world.ChainImport.ApplyAsync(
            Actors.Staff,
            Csv("id,protocol,identity,primaries,probe,aliases", "0053,,,,,", "53,,,,,", "a,evm,1,9,,", "b,json,x,,{nonsense,", "0053,,,,,", ",evm,1,,,", "c,evm,77,,,0021", "d,json,x,,{},"),
            ImportLimits.OfCommands, Cancellation);
        var problems = plan.AllProblems.Select(problem => problem.ToString()).ToList();
        Assert.Contains("line 3, protocol: is required: the catalogue does not know this chain", problems);
        Assert.Contains("line 3, id: is 0053 meant? Spreadsheets take leading zeros away", problems);
        Assert.Contains("line 4, primaries: must be from 1 to 8", problems);
        Assert.Contains("line 5, probe: is not JSON", problems);
        Assert.Contains("line 6, id: is that of line 2: a chain is said once", problems);
        Assert.Contains("line 7, id: is required", problems);
        Assert.Contains("line 8, aliases: The alias '0021' already names the chain 0021.", problems);
        Assert.Contains(problems, problem => problem.StartsWith("line 9, probe: ", StringComparison.Ordinal));
        Assert.False(world.Roster.Chains.ContainsKey(new("0053")));
    }

    /// <param name="meanwhile">What somebody else writes while it is decided for the so manieth time.</param>
    /// <returns>How often it was decided, and the regions that were known the last time.</returns>
    private static async Task<(int Times, string Regions)> DecideAsync(RegistryWorld world, Func<int, Task> meanwhile)
    {
        var times = 0;
        var stored = "";
        await world.Writer.WriteAsync(
            roster =>
            {
                times++;
                // Would wait for ever while this holds the turn to write.
                Assert.True(Task.Run(() => meanwhile(times), Cancellation).Wait(TimeSpan.FromMinutes(2)));
                return string.Join(' ', roster.Regions.Keys.Select(region => region.Value).Order(StringComparer.Ordinal));
            },
            _ => true,
            (_, _, regions, _) =>
            {
                stored = regions;
                return Task.CompletedTask;
            },
            Cancellation,
            attempts: 3);
        return (times, stored);
    }

    private static byte[] Csv(params string[] lines) => Encoding.UTF8.GetBytes(string.Join("\r\n", lines));

    private static Task<ImportPlan> ApplyAsync(RegistryWorld world, byte[] file, string? shown = null) =>
        world.AltruistImport.ApplyAsync(Acme, OfAcme, file, ImportLimits.OfPages, shown, Cancellation);
}

public sealed class ImportOnSqlite(SqliteFixture fixture) : ImportContract(fixture), IClassFixture<SqliteFixture>;

public sealed class ImportOnPostgres(PostgresFixture fixture) : ImportContract(fixture), IClassFixture<PostgresFixture>;
