using System.Globalization;
using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;
using AltruistManager.Web.Tests.EndToEnd;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>What staff do, from beginning to end, in a real browser on the real service.</summary>
public sealed class StaffJourneys(Pages pages) : IClassFixture<Pages>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IServiceProvider Services => pages.App.Services;

    private Roster Roster => Services.GetRequiredService<RosterCache>().Current;

    [Fact]
    public async Task An_altruist_is_pinned_after_a_preview_and_the_pin_ends_by_itself()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/altruists?text=northwind-eth");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Pin northwind-eth-1" }).ClickAsync();
        var panel = visitor.Page.Locator("form.panel");
        await Assertions.Expect(panel).ToContainTextAsync("northwind-eth-1 of Northwind");
        await visitor.LiveAsync();
        await Button(panel, "Preview").ClickAsync();
        await Assertions.Expect(panel.Locator(".wrong")).ToHaveTextAsync("Is required.");

        await panel.GetByLabel("Region").SelectOptionAsync("us-east");
        await panel.GetByLabel("Lasts").SelectOptionAsync(new SelectOptionValue { Label = "until a time …" });
        await panel.GetByLabel("Reason").FillAsync("a rehearsal");
        await panel.GetByLabel("Note").FillAsync("canary-note-41");
        await panel.GetByLabel("Until (UTC)").FillAsync(In(TimeSpan.FromMinutes(5)));
        await Button(panel, "Preview").ClickAsync();
        await Assertions.Expect(panel.Locator(".effect")).ToContainTextAsync("would tell portals something else at once");
        await Assertions.Expect(panel.Locator(".effect")).ToContainTextAsync("northwind-eth-1");
        Assert.DoesNotContain(Services.GetRequiredService<OverrideStore>().Active, rule => rule.Reason == "a rehearsal");

        // What was shown counts no more once something else stands there. A busy machine has to be done with all that is looked at before it ends.
        await panel.GetByLabel("Until (UTC)").FillAsync(In(TimeSpan.FromSeconds(75)));
        await Button(panel, "Preview").ClickAsync();
        await Button(panel, "Pin it now").ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("It is pinned");
        var row = visitor.Page.Locator("table.orders tbody tr", new() { HasText = "a rehearsal" });
        await Assertions.Expect(row).ToContainTextAsync("picked in 1 slot");
        await Assertions.Expect(row).ToContainTextAsync("Note: canary-note-41");
        Assert.Equal(("northwind-eth-1", "override"), await PickAsync());
        Assert.DoesNotContain("canary-note-41", await pages.App.Anonymous.GetStringAsync("/slots/0021/us-east", Cancellation), StringComparison.Ordinal);

        await Assertions.Expect(row).ToContainTextAsync("expired", new() { Timeout = 75_000 + Visitor.Patience });
        await Eventually.BeTrueAsync("the rotation goes on", async () => (await PickAsync()).State == "fresh");
        await AssertToldAsync("override.add");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_pin_of_what_is_not_eligible_warns_and_is_ended_by_hand()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync($"/admin/overrides?order=pin&altruist={pages.Altruists["acme-avax-1"]}");
        var panel = visitor.Page.Locator("form.panel");
        await panel.GetByLabel("Reason").FillAsync("nobody else there");
        await Button(panel, "Preview").ClickAsync();
        await Assertions.Expect(panel.Locator(".notice")).ToContainTextAsync("The pin waits until it is, unless force is set.");
        await panel.GetByLabel("Force it").CheckAsync();
        await Button(panel, "Preview").ClickAsync();
        await Assertions.Expect(panel.Locator(".notice")).ToContainTextAsync("It is pinned all the same");
        await Button(panel, "Pin it now").ClickAsync();
        var row = visitor.Page.Locator("table.orders tbody tr", new() { HasText = "nobody else there" });
        await Assertions.Expect(row).ToContainTextAsync("forced");
        await row.GetByRole(AriaRole.Button, new() { Name = "End… Pin of acme-avax-1" }).ClickAsync();
        await Button(row, "End it now").ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("ended");
        await AssertToldAsync("override.end");
    }

    [Fact]
    public async Task The_rotation_is_held_and_goes_on()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/overrides");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Hold…" }).ClickAsync();
        var panel = visitor.Page.Locator("form.panel");
        await panel.GetByLabel("Chain").FillAsync("polyg");
        await panel.GetByRole(AriaRole.Button, new() { Name = "Polygon 0009" }).ClickAsync();
        await panel.GetByLabel("Reason").FillAsync("an upgrade of the gateway");
        await Button(panel, "Preview").ClickAsync();
        await Assertions.Expect(panel.Locator(".effect")).ToContainTextAsync("The rotation would stop in 4 slots");
        await Button(panel, "Hold now").ClickAsync();
        var row = visitor.Page.Locator("table.orders tbody tr", new() { HasText = "an upgrade of the gateway" });
        await Assertions.Expect(row).ToContainTextAsync("holds 4 slots");
        await row.GetByRole(AriaRole.Button, new() { Name = "End… Hold" }).ClickAsync();
        await Button(row, "End it now").ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("is ended");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Holds", Exact = true }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("ended");
        await AssertToldAsync("hold.add");
        await AssertToldAsync("hold.end");
    }

    [Fact]
    public async Task A_provider_is_added_its_administrator_invited_and_manages_it_alone()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/providers");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add a provider" }).ClickAsync();
        await visitor.Page.GetByLabel("Id", new() { Exact = true }).FillAsync("acme");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("There is a provider acme already");
        await visitor.Page.GetByLabel("Id", new() { Exact = true }).FillAsync("newco");
        await visitor.Page.GetByLabel("Name").FillAsync("Newco Nodes");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Newco Nodes");
        await visitor.LiveAsync();

        await visitor.Page.GetByLabel("Altruists at most").FillAsync("three");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".wrong")).ToHaveTextAsync("Must be a whole number.");
        await visitor.Page.GetByLabel("Altruists at most").FillAsync("3");
        await visitor.Page.GetByLabel("Shares").FillAsync("2");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("Saved.");
        Assert.Equal((2, 3), (Roster.Providers[new ProviderId("newco")].Shares, Roster.Providers[new ProviderId("newco")].MaxAltruists));

        await visitor.Page.GetByLabel("Role").SelectOptionAsync(nameof(MemberRole.Admin));
        await visitor.Page.GetByLabel("Good for").SelectOptionAsync("1");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make the link" }).ClickAsync();
        var link = new Uri(await visitor.SecretAsync());
        await using (var invited = await pages.VisitAsync())
        {
            await invited.GoAsync(link.AbsolutePath);
            await invited.Page.GetByLabel("Email").FillAsync("ops@newco.example");
            await invited.Page.GetByLabel("Choose a password").FillAsync(Person.Password);
            await invited.Page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
            await Assertions.Expect(invited.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
            await invited.GoLiveAsync("/my/newco");
            await Assertions.Expect(invited.Page.GetByRole(AriaRole.Link, new() { Name = "Add the first one" })).ToBeVisibleAsync();
            Assert.Equal((int)HttpStatusCode.Forbidden, (await invited.GoAsync("/admin/providers/newco")).Status);
        }

        await visitor.GoLiveAsync("/admin/providers/newco");
        Assert.Equal(0, await visitor.Page.Locator(".secret").CountAsync());
        await Assertions.Expect(visitor.Page.Locator("table tbody tr", new() { HasText = "ops@newco.example" })).ToContainTextAsync("administrator");
        foreach (var action in new[] { "provider.add", "provider.change", "invitation.add", "invitation.use" })
            await AssertToldAsync(action);
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_payout_change_that_waits_is_shown_and_called_off_by_a_second_factor_alone()
    {
        var registry = Services.GetRequiredService<ProviderRegistry>();
        var helios = Roster.Providers[new ProviderId("helios")];
        foreach (var address in new[] { "0xfirst", "0xsecond" })
            await registry.PutAsync(Actor.Operator, helios.Id, new ProviderDraft(helios.Name, null, null, address), new FieldErrors(), Cancellation);
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/providers/helios");
        var waiting = visitor.Page.Locator(".field", new() { HasText = "it is paid to" });
        await Assertions.Expect(waiting).ToContainTextAsync("0x");
        await waiting.GetByRole(AriaRole.Button, new() { Name = "Call the change off" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices .notice")).ToContainTextAsync("second factor");
        Assert.NotNull(Roster.Providers[helios.Id].NextPayoutAt);
    }

    [Fact]
    public async Task A_chain_is_added_from_the_catalogue_changed_disabled_and_retired()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/chains");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add a chain" }).ClickAsync();
        await visitor.Page.GetByLabel("From the catalogue").FillAsync("F005");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Base F005" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Add Base");
        await visitor.LiveAsync();
        await Assertions.Expect(visitor.Page.GetByLabel("Identity")).ToHaveValueAsync("8453");
        await Assertions.Expect(visitor.Page.GetByLabel("Protocol")).ToHaveValueAsync("evm");
        await Assertions.Expect(visitor.Page.GetByLabel("Block time, seconds")).ToHaveValueAsync("2");

        await visitor.Page.GetByLabel("Lag tolerated, blocks").FillAsync("0");
        await visitor.Page.GetByLabel("In use at once").FillAsync("many");
        await visitor.Page.GetByLabel("Requires").FillAsync("Archive!");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Assertions.Expect(FieldOf(visitor, "Lag tolerated").Locator(".wrong")).ToHaveTextAsync("Must be from 1 to 1000000.");
        await Assertions.Expect(FieldOf(visitor, "In use at once").Locator(".wrong")).ToHaveTextAsync("Must be a whole number.");
        await Assertions.Expect(FieldOf(visitor, "Requires").Locator(".wrong")).ToContainTextAsync("which is not a capability");
        await visitor.Page.GetByLabel("Lag tolerated, blocks").FillAsync("25");
        await visitor.Page.GetByLabel("In use at once").FillAsync("2");
        await visitor.Page.GetByLabel("Requires").FillAsync("archive");
        await visitor.Page.GetByLabel("Policy").SelectOptionAsync("random");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("The chain is added");
        var added = Roster.Chains[new ChainId("F005")];
        Assert.Equal(("evm:8453", 25, 2, "random", "archive"), (added.Network.Value, added.LagToleranceBlocks, added.Primaries, added.Policy, Assert.Single(added.Requires)));
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Base");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("disabled");
        Assert.False(Roster.Chains[added.Id].Enabled);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire it for good" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".lead")).ToContainTextAsync("is retired");
        await visitor.GoLiveAsync("/admin/chains?show=retired");
        await Assertions.Expect(visitor.Page.Locator("tbody tr")).ToContainTextAsync("Base");

        await visitor.GoLiveAsync("/admin/chains/0021");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire it for good" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("living altruists serve the chain 0021");
        foreach (var action in new[] { "chain.add", "chain.change", "chain.retire" })
            await AssertToldAsync(action);
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task What_somebody_else_changed_of_a_chain_since_its_page_was_opened_is_not_written_over()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/chains/0021");
        var chain = System.Text.Json.Nodes.JsonNode.Parse((await pages.App.Staff.GetJsonAsync("/api/v1/chains/0021", Cancellation)).GetRawText())!;
        chain["requestTimeoutMs"] = 9_000;
        await (await pages.App.Staff.PutAsJsonAsync("/api/v1/chains/0021", chain, Cancellation)).ReadJsonAsync(Cancellation);
        await visitor.Page.GetByLabel("Lag tolerated, blocks").FillAsync("77");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("Somebody else changed it since you opened it");
        Assert.Equal((9_000, false), (Roster.Chains[new ChainId("0021")].RequestTimeoutMs, Roster.Chains[new ChainId("0021")].LagToleranceBlocks == 77));
    }

    [Fact]
    public async Task A_tier_is_set_where_the_chain_is()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/chains/0021");
        await visitor.Page.GetByLabel("Tier of helios-eth-2").FillAsync("3");
        await visitor.Page.GetByLabel("Tier of helios-eth-2").BlurAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("helios-eth-2 is in tier 3");
        Assert.Equal(3, Roster.Altruists[new AltruistId(pages.Altruists["helios-eth-2"])].Tier);
    }

    [Fact]
    public async Task A_region_gets_its_fallbacks_by_keyboard_alone_and_is_retired()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/regions");
        await PressAsync("Add a region");
        await visitor.Page.GetByLabel("Id", new() { Exact = true }).FillAsync("asia");
        await visitor.Page.GetByLabel("Name").FillAsync("Asia");
        foreach (var fallback in new[] { "us-east", "us-west" })
        {
            await visitor.Page.GetByLabel("Another fallback").SelectOptionAsync(fallback);
            await PressAsync("Add to the fallbacks");
            await Assertions.Expect(visitor.Page.Locator(".ranked")).ToContainTextAsync(fallback);
        }

        await PressAsync("US West up");
        await PressAsync("Add it");
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("The region Asia is added");
        Assert.Equal(["us-west", "us-east"], Roster.Regions[new RegionId("asia")].Fallbacks.Select(fallback => fallback.Value));

        await PressAsync("Retire… US West");
        await PressAsync("Retire US West");
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("It is a fallback of asia");
        await PressAsync("Retire… Asia");
        await PressAsync("Retire Asia");
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("The region Asia is retired");
        Assert.False(Roster.Regions.ContainsKey(new RegionId("asia")));
        Assert.Equal(HttpStatusCode.NotFound, (await pages.App.Portal.GetAsync("/api/v1/selections?region=asia", Cancellation)).StatusCode);
        await AssertToldAsync("region.retire");

        async Task PressAsync(string name)
        {
            var button = visitor.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
            await Assertions.Expect(button).ToBeEnabledAsync();
            await button.FocusAsync();
            await visitor.Page.Keyboard.PressAsync("Enter");
        }
    }

    [Fact]
    public async Task A_user_is_made_by_a_link_signed_out_everywhere_and_the_last_of_staff_stays()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/users");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add a user" }).ClickAsync();
        var panel = visitor.Page.Locator("form.panel");
        await panel.GetByLabel("Email").FillAsync("new@acme.example");
        await panel.GetByLabel("Role").SelectOptionAsync(GrantViewer);
        await panel.GetByLabel("Provider", new() { Exact = true }).FillAsync("acme");
        await panel.GetByRole(AriaRole.Button, new() { Name = "Acme Nodes" }).ClickAsync();
        await Button(panel, "Add and make a link").ClickAsync();
        var link = new Uri(await visitor.SecretAsync());

        await using var made = await pages.VisitAsync();
        await made.GoAsync(link.PathAndQuery);
        await made.Page.GetByRole(AriaRole.Textbox, new() { Name = "New password" }).FillAsync(Person.Password);
        await made.Page.GetByRole(AriaRole.Button, new() { Name = "Set it" }).ClickAsync();
        await Assertions.Expect(made.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("The password is set.");
        await made.SignInAsync("new@acme.example");
        await made.GoLiveAsync("/my/acme");

        await visitor.GoLiveAsync("/admin/users?text=new%40acme");
        Assert.Equal(0, await visitor.Page.Locator(".secret").CountAsync());
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "new@acme.example" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".people")).ToContainTextAsync("viewer of Acme Nodes");
        await visitor.LiveAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("signed out everywhere");
        await Assertions.Expect(made.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make staff" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("is staff now");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "No longer staff…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Take staff rights" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("taken away");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Disable…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Disable it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("It is disabled");

        await visitor.GoLiveAsync($"/admin/users/{pages.Users[Pages.Staff]}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "No longer staff…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Take staff rights" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("This is the last staff user");
        foreach (var action in new[] { "user.add", "user.grant", "user.password-link", "user.end-sessions", "user.revoke", "user.disable" })
            await AssertToldAsync(action);
    }

    [Fact]
    public async Task A_portal_is_added_gets_a_key_and_an_owner_and_its_exposure_is_shown()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/portals");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add a portal" }).ClickAsync();
        await visitor.Page.GetByLabel("Id", new() { Exact = true }).FillAsync("edge");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("edge");
        await visitor.LiveAsync();
        await visitor.Page.GetByLabel("Name").Last.FillAsync("deployment");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }).ClickAsync();
        using var client = pages.App.Client(await visitor.SecretAsync());
        await client.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);

        await visitor.Page.GetByLabel("Email of another owner").FillAsync(Pages.OfPortal);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Add the owner" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".people")).ToContainTextAsync(Pages.OfPortal);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Show whom its keys have seen" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("could be read between");

        await visitor.Page.GetByRole(AriaRole.Group, new() { Name = "Regions" }).GetByLabel("All, also those to come").UncheckAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".wrong")).ToContainTextAsync("Needs at least one");
        await visitor.Page.GetByRole(AriaRole.Group, new() { Name = "Regions" }).GetByLabel("US West us-west").CheckAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notices")).ToContainTextAsync("Saved");
        Assert.Equal(["us-west"], Services.GetRequiredService<PortalBook>().Find("edge")!.Regions);

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire…" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Retire it and end its keys" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Portals");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/selections?region=us-west", Cancellation)).StatusCode);
        foreach (var action in new[] { "portal.add", "portal.change", "portal.retire", "key.create" })
            await AssertToldAsync(action);
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Whoever_is_no_staff_is_refused_by_the_features_themselves_and_the_trail_tells()
    {
        using var scope = Services.CreateScope();
        var services = scope.ServiceProvider;
        var admin = new Actor { Kind = ActorKind.User, Id = pages.Users[Pages.Admin], Name = Pages.Admin, Providers = new Dictionary<string, MemberRole> { ["acme"] = MemberRole.Admin } };
        var errors = new FieldErrors();
        var pin = new OverrideDraft { Kind = OverrideKind.Pin, Altruist = pages.Altruists["acme-eth-1"], Reason = "mine", ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) };
        var orders = services.GetRequiredService<OrderRegistry>();
        var rule = orders.Check(Actor.Operator, pin, errors).Value!;
        RefusalKind?[] refusals =
        [
            orders.Check(admin, pin, errors).Refusal?.Kind,
            (await orders.AddAsync(admin, rule, Cancellation)).Refusal?.Kind,
            (await orders.EndOverrideAsync(admin, rule.Id, null, Cancellation))?.Kind,
            orders.Check(admin, new HoldDraft { Reason = "mine", Until = rule.ExpiresAt }, errors).Refusal?.Kind,
            (await orders.AddAsync(admin, new HoldDraft { Reason = "mine", Until = rule.ExpiresAt }, errors, Cancellation)).Refusal?.Kind,
            (await orders.EndHoldAsync(admin, "x", Cancellation))?.Kind,
            (await services.GetRequiredService<ChainRegistry>().AddAsync(admin, new ChainId("F00C"), new ChainDraft(), errors, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<ChainRegistry>().PutAsync(admin, new ChainId("0021"), new ChainDraft(), errors, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<ChainRegistry>().RetireAsync(admin, "0003", Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<RegionRegistry>().AddAsync(admin, new RegionId("mine"), new RegionDraft(null, null), errors, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<RegionRegistry>().RetireAsync(admin, new RegionId("eu-central"), Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<ProviderRegistry>().AddAsync(admin, new ProviderId("mine"), new ProviderDraft(null, null, null, null), errors, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<PortalBook>().AddAsync(admin, "mine", new PortalDraft(null, null, null), errors, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<PortalBook>().RetireAsync(admin, "gateway", Cancellation))?.Kind,
            (await services.GetRequiredService<AltruistRegistry>().ChangeAsync(admin, new AltruistId(pages.Altruists["acme-eth-1"]), new AltruistDraft { Tier = 4 }, errors, Cancellation)).Refusal?.Kind,
        ];
        Assert.All(refusals, refusal => Assert.Equal(RefusalKind.Forbidden, refusal));
        var staff = pages.Users[Pages.Staff];
        var registry = services.GetRequiredService<UserRegistry>();
        Assert.NotNull((await services.GetRequiredService<Users>().AddAsync(admin, "mine@acme.example")).Outcome.Refusal);
        Assert.Null((await services.GetRequiredService<PasswordLinks>().MakeAsync(admin, staff)).Path);
        Assert.Null((await services.GetRequiredService<Invitations>().InviteAsync(admin, Grant.Staff, null, Invitations.Lifetime, Cancellation)).Path);
        Assert.Null((await services.GetRequiredService<Invitations>().InviteAsync(Actor.Operator, Grant.Staff, null, TimeSpan.FromDays(31), Cancellation)).Path);
        foreach (var change in new[]
        {
            await registry.EndSessionsAsync(admin, staff, Cancellation), await registry.DisableAsync(admin, staff, Cancellation), await registry.EnableAsync(admin, staff, Cancellation),
            await registry.GrantAsync(admin, admin.Id, Grant.Staff, Cancellation), await registry.RevokeAsync(admin, staff, Grant.Staff, Cancellation), await registry.GrantAsync(admin, admin.Id, Grant.Owning("gateway"), Cancellation),
        })
            Assert.False(change.IsDone);

        string[] actions =
        [
            "override.add", "override.end", "hold.add", "hold.end", "chain.change", "chain.retire", "region.change", "region.retire", "provider.change", "portal.change", "portal.retire",
            "altruist.change", "user.add", "user.password-link", "user.end-sessions", "user.disable", "user.enable", "user.grant", "user.revoke", "invitation.add",
        ];
        await services.GetRequiredService<RefusalLog>().FlushAsync(Cancellation);
        var told = await services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Actor = admin.Author, Outcome = AuditOutcome.Refused }, null, 200, Cancellation);
        Assert.Superset(actions.ToHashSet(), told.Select(line => line.Action).ToHashSet());
    }

    private const string GrantViewer = "viewer";

    private static ILocator Button(ILocator within, string name) => within.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static ILocator FieldOf(Visitor visitor, string label) => visitor.Page.Locator(".field", new() { Has = visitor.Page.Locator("label", new() { HasText = label }) });

    /// <summary>As the field for it wants it.</summary>
    /// <summary>As a field for a time takes it: a whole minute it would shorten.</summary>
    private static string In(TimeSpan time)
    {
        var at = TimeProvider.System.GetUtcNow().Add(time);
        return (at.Second == 0 ? at.AddSeconds(1) : at).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
    }

    private async Task<(string Label, string State)> PickAsync()
    {
        var pick = await pages.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation);
        return (pick.GetProperty("primary").GetProperty("label").GetString()!, pick.GetProperty("state").GetString()!);
    }

    /// <summary>The audit trail says that it was done.</summary>
    private async Task AssertToldAsync(string action) => Assert.Contains(
        await Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = action }, null, 50, Cancellation), line => line.Outcome is AuditOutcome.Done);
}
