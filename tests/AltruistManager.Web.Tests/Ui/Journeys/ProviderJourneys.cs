using System.Net;
using System.Text;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Health;
using AltruistManager.Web.Tests.EndToEnd;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>What those who look after a provider's altruists do, from beginning to end, in a real browser on the real service.</summary>
public sealed class ProviderJourneys(Pages pages) : IClassFixture<Pages>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_altruist_is_tested_added_and_picked()
    {
        // Nodes of tests have no public address; only staff may register such.
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/my/acme");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Add an altruist" }).First.ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Add an altruist");
        await visitor.LiveAsync();
        await visitor.Page.GetByLabel("URL", new() { Exact = true }).FillAsync(pages.NewNode("acme-eth-9"));
        await visitor.Page.GetByLabel("Chains", new() { Exact = true }).FillAsync("ether");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Ethereum 0021" }).ClickAsync();
        await visitor.Page.GetByLabel("Label").FillAsync("acme-eth-9");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Test now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".test")).ToContainTextAsync("The test passed");
        await Assertions.Expect(visitor.Page.Locator(".test")).ToContainTextAsync("identity");
        Assert.DoesNotContain((await AltruistsAsync()).EnumerateArray(), altruist => altruist.GetProperty("label").GetString() == "acme-eth-9");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("acme-eth-9");
        await Assertions.Expect(visitor.Page.Locator(".badges .health")).ToHaveTextAsync("healthy");
        await Eventually.BeTrueAsync("the new one is picked", async () =>
        {
            await pages.PickAnewAsync();
            return (await pages.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary").GetProperty("label").GetString() == "acme-eth-9";
        });
        await Assertions.Expect(visitor.Page.Locator(".standings")).ToContainTextAsync("In use now");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task What_answers_as_another_chain_is_saved_as_a_draft()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/my/acme/add");
        await visitor.Page.GetByLabel("URL", new() { Exact = true }).FillAsync(pages.NewNode("acme-polygon-9"));
        await visitor.Page.GetByLabel("Chains", new() { Exact = true }).FillAsync("0009");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Polygon 0009" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Test now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".test")).ToContainTextAsync("The test failed");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save as a draft" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".answer")).ToContainTextAsync("switched off, as a draft is");
        Assert.Contains((await AltruistsAsync()).EnumerateArray(), altruist => altruist.GetProperty("state").GetString() == "disabled");
    }

    [Fact]
    public async Task What_is_wrong_with_a_new_altruist_is_said_beside_its_field()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync("/my/acme/add");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".field", new() { HasText = "Where portals connect to" }).Locator(".wrong")).ToHaveTextAsync("Is required.");
        await Assertions.Expect(visitor.Page.Locator(".field", new() { HasText = "What it serves" }).Locator(".wrong")).ToHaveTextAsync("Must have at least one.");

        await visitor.Page.GetByLabel("URL", new() { Exact = true }).FillAsync("http://127.0.0.1:8545");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Test now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".field", new() { HasText = "Where portals connect to" }).Locator(".wrong")).ToHaveTextAsync("Leads to an address that is not public.");
    }

    [Fact]
    public async Task An_altruist_is_drained_for_maintenance_and_comes_back()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync($"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Drain…" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".effect")).ToBeVisibleAsync();
        await visitor.Page.GetByLabel("Reason").FillAsync("a new kernel");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Drain now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("It drains");
        await Assertions.Expect(visitor.Page.Locator(".badges .health")).ToHaveTextAsync("draining");
        await Assertions.Expect(visitor.Page.Locator(".answer")).ToContainTextAsync("Draining until it is resumed: a new kernel");
        await pages.PickAnewAsync();
        Assert.NotEqual(
            "acme-eth-1", (await pages.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary").GetProperty("label").GetString());

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("It is back");
        await Assertions.Expect(visitor.Page.Locator(".badges .health")).ToHaveTextAsync("healthy");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_viewer_sees_everything_and_changes_nothing()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Viewer);
        string[] paths = ["/my/acme", $"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}", "/my/acme/add", $"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}/edit", "/my/acme/import", "/my/acme/keys", "/my/acme/team", "/my/acme/settings"];
        string[] changes = ["Add an altruist", "Import", "Preview", "Save", "Test now", "Drain…", "Edit", "Rotate credentials…", "Retire…", "Make the key", "Make the link", "Remove…"];
        foreach (var path in paths)
        {
            await visitor.GoLiveAsync(path);
            foreach (var change in changes)
            {
                Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Button, new() { Name = change }).CountAsync());
                Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Link, new() { Name = change }).CountAsync());
            }
        }

        // Nor by whatever way an event might be sent: the features decide it themselves.
        using var scope = pages.App.Services.CreateScope();
        var services = scope.ServiceProvider;
        var viewer = new Actor { Kind = ActorKind.User, Id = "viewer", Name = Pages.Viewer, Providers = new Dictionary<string, MemberRole> { ["acme"] = MemberRole.Viewer } };
        var altruist = new AltruistId(pages.Altruists["acme-eth-1"]);
        var registry = services.GetRequiredService<AltruistRegistry>();
        var draft = new AltruistDraft { Provider = "acme", Url = "https://node.example.com", Chains = ["0021"] };
        RefusalKind?[] refusals =
        [
            (await registry.AddAsync(viewer, draft, new FieldErrors(), Cancellation)).Refusal?.Kind,
            (await registry.ChangeAsync(viewer, altruist, new AltruistDraft { Label = "mine" }, new FieldErrors(), Cancellation)).Refusal?.Kind,
            (await registry.RetireAsync(viewer, altruist, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<AltruistImport>().ApplyAsync(viewer, new ProviderId("acme"), Encoding.UTF8.GetBytes("url,chains\nhttps://node.example.com,0021\n"), ImportLimits.OfPages, null, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<AltruistTest>().TryAsync(viewer, draft, new FieldErrors(), Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<AltruistTest>().RunAsync(viewer, services.GetRequiredService<RosterCache>().Current.Altruists[altruist], Cancellation)).Refusal?.Kind,
            services.GetRequiredService<DrainRegistry>().Check(viewer, altruist, new DrainDraft("mine", null, null), new FieldErrors()).Refusal?.Kind,
            (await services.GetRequiredService<DrainRegistry>().ResumeAsync(viewer, altruist, null, Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<CredentialRotation>().RotateAsync(viewer, altruist, new AuthDraft("none", new Dictionary<string, string>()), new FieldErrors(), Cancellation)).Refusal?.Kind,
            (await services.GetRequiredService<ProviderRegistry>().PutAsync(viewer, new ProviderId("acme"), new ProviderDraft("Mine", null, null, null), new FieldErrors(), Cancellation)).Refusal?.Kind,
        ];
        Assert.All(refusals, refusal => Assert.Equal(RefusalKind.Forbidden, refusal));
        Assert.Null((await services.GetRequiredService<ApiKeyStore>().CreateAsync(viewer, "mine", KeyScope.Provider, "acme", null, null, Cancellation)).Key);
    }

    [Fact]
    public async Task A_key_is_made_shown_once_used_and_revoked()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync("/my/acme/keys");
        await visitor.Page.GetByLabel("Name").FillAsync("deployment");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }).ClickAsync();
        var key = await visitor.SecretAsync();
        using var client = pages.App.Client(key);
        using (var changed = await client.PatchAsJsonAsync($"/api/v1/altruists/{pages.Altruists["acme-eth-1"]}", new { capacityRps = 70 }, Cancellation))
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        await visitor.GoLiveAsync("/my/acme/keys");
        Assert.Equal(0, await visitor.Page.Locator(".secret").CountAsync());
        var row = visitor.Page.Locator("tbody tr", new() { HasText = "deployment" });
        await Assertions.Expect(row).ToContainTextAsync(" ago");
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke… deployment" }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke for good" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("revoked");
        await Eventually.BeTrueAsync("nobody gets in with it", async () =>
        {
            using var refused = await client.GetAsync("/api/v1/altruists", Cancellation);
            return refused.StatusCode == HttpStatusCode.Unauthorized;
        });
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Somebody_is_invited_and_the_last_administrator_stays()
    {
        var owner = await Security.Person.MakeAsync(pages.App, "owner@northwind.example", Grant.Of("northwind", MemberRole.Admin));
        await using var visitor = await pages.VisitAsAsync("owner@northwind.example");
        await visitor.GoLiveAsync("/my/northwind/team");
        await visitor.Page.GetByLabel("Email").FillAsync("new@northwind.example");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make the link" }).ClickAsync();
        var link = await visitor.SecretAsync();
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("new@northwind.example");

        await using (var invited = await pages.VisitAsync())
        {
            Assert.Equal((int)HttpStatusCode.OK, (await invited.GoAsync(new Uri(link).AbsolutePath)).Status);
            Assert.Contains("northwind", await invited.Page.InnerTextAsync("main"), StringComparison.OrdinalIgnoreCase);
        }

        var row = visitor.Page.Locator("tbody tr", new() { HasText = "owner@northwind.example" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Make viewer of owner@northwind.example" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice")).ToContainTextAsync("This is the last admin of northwind");
        Assert.Equal(MemberRole.Admin, pages.App.Services.GetRequiredService<UserBook>().Find(owner)!.Providers["northwind"]);

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice")).ToContainTextAsync("taken back");
        await using var late = await pages.VisitAsync();
        await late.GoAsync(new Uri(link).AbsolutePath);
        Assert.DoesNotContain("northwind", await late.Page.InnerTextAsync("main"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_is_said_of_a_provider_is_changed()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.OfTwo);
        await visitor.GoLiveAsync("/my/acme/settings");
        await visitor.Page.GetByLabel("Website").FillAsync("nonsense");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".wrong")).ToBeVisibleAsync();
        await visitor.Page.GetByLabel("Website").FillAsync("https://acme.example/");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice")).ToContainTextAsync("Saved.");
        Assert.Equal("https://acme.example/", pages.App.Services.GetRequiredService<RosterCache>().Current.Providers[new ProviderId("acme")].Website);
    }

    [Fact]
    public async Task A_user_who_is_disabled_is_led_out_of_an_open_page()
    {
        var user = await Security.Person.MakeAsync(pages.App, "leaving@acme.example", Grant.Of("acme", MemberRole.Admin));
        await using var visitor = await pages.VisitAsAsync("leaving@acme.example");
        await visitor.GoLiveAsync("/my/acme");
        await pages.App.Services.GetRequiredService<UserRegistry>().DisableAsync(Actor.Operator, user, Cancellation);
        await IsLedOutAsync(visitor);
    }

    [Fact]
    public async Task Who_signs_out_in_one_window_is_led_out_of_the_other()
    {
        await Security.Person.MakeAsync(pages.App, "two.windows@acme.example", Grant.Of("acme", MemberRole.Viewer));
        await using var visitor = await pages.VisitAsAsync("two.windows@acme.example");
        await using var elsewhere = await pages.VisitAsAsync("two.windows@acme.example");
        await visitor.GoLiveAsync("/my/acme");
        await elsewhere.GoLiveAsync("/my/acme");
        var other = await visitor.Page.Context.NewPageAsync();
        await other.GotoAsync("/account");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await IsLedOutAsync(visitor);
        Assert.EndsWith("/my/acme", elsewhere.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_of_one_provider_is_refused_everywhere_else()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Viewer);
        foreach (var path in new[] { "/my/northwind", "/my/northwind/keys", "/my/northwind/team", $"/my/northwind/altruists/{pages.Altruists["northwind-eth-1"]}", $"/my/acme/altruists/{pages.Altruists["northwind-eth-1"]}", "/my/portals/gateway" })
        {
            Assert.Equal((path, (int)HttpStatusCode.NotFound), (path, (await visitor.GoAsync(path)).Status));
            Assert.DoesNotContain("northwind-eth-1", await visitor.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        }

        Assert.Equal((int)HttpStatusCode.Forbidden, (await visitor.GoAsync("/setup/regions")).Status);
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("This page is not for you");
    }

    [Fact]
    public async Task Maintenance_is_planned_shown_ahead_and_called_off()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync($"/my/acme/altruists/{pages.Altruists["acme-avax-1"]}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Drain…" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".effect")).ToBeVisibleAsync();
        await visitor.Page.GetByLabel("Reason").FillAsync("another rack");
        var day = TimeProvider.System.GetUtcNow().AddDays(2);
        await visitor.Page.GetByLabel("From (UTC)").FillAsync($"{day:yyyy-MM-dd}T10:00");
        await visitor.Page.GetByLabel("Until (UTC)").FillAsync($"{day:yyyy-MM-dd}T12:00");
        await visitor.Page.GetByLabel("Until (UTC)").PressAsync("Tab");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Plan it" }).ClickAsync();
        var ahead = visitor.Page.Locator(".rules", new() { HasText = "Maintenance ahead" });
        await Assertions.Expect(ahead).ToContainTextAsync("another rack");
        var drains = (await pages.App.Staff.GetJsonAsync($"/api/v1/altruists/{pages.Altruists["acme-avax-1"]}", Cancellation)).GetProperty("drains");
        Assert.Equal("another rack", drains[0].GetProperty("reason").GetString());

        await ahead.GetByRole(AriaRole.Button, new() { Name = "Call it off" }).ClickAsync();
        await Assertions.Expect(ahead).ToHaveCountAsync(0);
        Assert.Empty(visitor.Complaints);
    }

    /// <summary>Within seconds, and told why.</summary>
    private static async Task IsLedOutAsync(Visitor visitor)
    {
        await Assertions.Expect(visitor.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your session is over");
        Assert.Contains("back=%2Fmy%2Facme", visitor.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_loses_the_role_finds_nothing_on_an_open_page()
    {
        var user = await Security.Person.MakeAsync(pages.App, "removed@acme.example", Grant.Of("acme", MemberRole.Admin));
        await using var visitor = await pages.VisitAsAsync("removed@acme.example");
        await visitor.GoLiveAsync("/my/acme");
        await pages.App.Services.GetRequiredService<UserRegistry>().RevokeAsync(Actor.Operator, user, Grant.Of("acme", MemberRole.Admin), Cancellation);
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Nothing here");
    }

    private async Task<JsonElement> AltruistsAsync() => (await pages.App.Staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items");
}
