using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Web.Tests.Security;
using AltruistManager.Web.Tests.Ui.Journeys;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>How a provider shows that an endpoint is its own, and how it is told where it is paid, in a real browser.</summary>
public sealed class ProofPageTests(AppFixture app, JourneyBrowser browser) : IClassFixture<AppFixture>, IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Control_that_is_shown_before_saving_counts_for_what_is_saved_there_and_staff_attest_the_rest()
    {
        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" });
        await PutAsync("providers/shown", new { name = "Shown Nodes" });
        await Person.MakeAsync(app, "admin@shown.example", Grant.Of("shown", MemberRole.Admin));
        await using var visitor = await browser.VisitAsync(app.Address);
        var page = visitor.Page;
        await visitor.SignInAsync("admin@shown.example");
        await FillAsync("https://eth1.shown.example/rpc", "shown-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what to do" }).ClickAsync();
        await Assertions.Expect(page.Locator(".secret")).ToContainTextAsync("altruist-manager=");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("_altruist-manager.eth1.shown.example");
        await JourneyBrowser.PhotographAsync(visitor, "my-add-proof");

        // Another host is another thing to prove.
        var answer = await page.Locator(".secret").InnerTextAsync();
        await page.GetByLabel("URL", new() { Exact = true }).FillAsync("https://eth2.shown.example/rpc");
        await page.GetByLabel("Label").FocusAsync();
        await Assertions.Expect(page.Locator(".secret")).ToHaveCountAsync(0);
        await page.GetByLabel("URL", new() { Exact = true }).FillAsync("https://eth1.shown.example/rpc");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what to do" }).ClickAsync();
        await Assertions.Expect(page.Locator(".secret")).ToHaveTextAsync(answer);

        // As if it had been found there: the hosts of tests have no public address.
        var store = app.Services.GetRequiredService<ControlStore>();
        const string Place = "secure eth1.shown.example:443";
        var shown = await store.StartNewAsync(Actor.Operator, new ProviderId("shown"), Place, Cancellation);
        Assert.Equal(answer, shown.Challenge.Answer);
        Assert.True(await store.ProveNewAsync(Actor.Operator, new ProviderId("shown"), Place, shown.Challenge, ControlProof.Dns, Cancellation));
        await page.GetByRole(AriaRole.Button, new() { Name = "Check now" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Control is proven by DNS.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("shown-1");
        await visitor.LiveAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Prove that it is yours" })).ToHaveCountAsync(0);
        Assert.Equal(ControlProof.Dns, Assert.Single(Roster.Live, altruist => altruist is { Label: "shown-1", Attested: true }).ControlBy);

        await FillAsync("https://eth3.shown.example/rpc", "shown-3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what to do" }).ClickAsync();
        await Assertions.Expect(page.Locator(".secret")).ToContainTextAsync("altruist-manager=");
        var begun = await page.Locator(".secret").InnerTextAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("shown-3");
        await visitor.LiveAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Prove that it is yours" })).ToBeVisibleAsync();
        // What was begun before it was saved goes on.
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what to do" }).ClickAsync();
        await Assertions.Expect(page.Locator(".secret")).ToHaveTextAsync(begun);
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-proof");
        // It is nobody's own to attest.
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Attest it…" })).ToHaveCountAsync(0);

        await Person.MakeAsync(app, "staff@shown.example", Grant.Staff);
        await using var staff = await browser.VisitAsync(app.Address);
        await staff.SignInAsync("staff@shown.example");
        await staff.GoLiveAsync(new Uri(page.Url).AbsolutePath);
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it…" }).ClickAsync();
        await Assertions.Expect(staff.Page.Locator("main")).ToContainTextAsync("Attest that its provider controls eth3.shown.example?");
        await JourneyBrowser.PhotographAsync(staff, "my-altruist-attest");
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it…" })).ToBeFocusedAsync();
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it…" }).ClickAsync();
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it publicly" }).ClickAsync();
        await Assertions.Expect(staff.Page.GetByRole(AriaRole.Heading, new() { Name = "Prove that it is yours" })).ToHaveCountAsync(0);
        Assert.Equal(ControlProof.Staff, Assert.Single(Roster.Live, altruist => altruist is { Label: "shown-3", Attested: true }).ControlBy);
        Assert.Empty(visitor.Complaints.Concat(staff.Complaints));

        async Task FillAsync(string url, string label)
        {
            await visitor.GoLiveAsync("/my/shown/add");
            await page.GetByLabel("URL", new() { Exact = true }).FillAsync(url);
            await page.GetByLabel("Chains", new() { Exact = true }).FillAsync("ether");
            await page.GetByRole(AriaRole.Button, new() { Name = "Ethereum 0021" }).ClickAsync();
            await page.GetByLabel("Label").FillAsync(label);
        }
    }

    [Fact]
    public async Task What_is_asked_to_be_attested_is_asked_anew_once_it_is_another_url_and_a_form_that_is_older_than_what_it_changes_is_not_saved()
    {
        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" });
        await PutAsync("providers/moved", new { name = "Moved Nodes" });
        var owner = new Actor { Kind = ActorKind.User, Id = "owner", Name = "owner@moved.example", HasSecondFactor = true, Providers = new Dictionary<string, MemberRole> { ["moved"] = MemberRole.Admin } };
        var registry = app.Services.GetRequiredService<AltruistRegistry>();
        var made = (await registry.AddAsync(owner, new AltruistDraft { Chains = ["0021"], Url = "https://eth1.moved.example" }, new FieldErrors(), Cancellation)).Value!;
        await Person.MakeAsync(app, "staff@moved.example", Grant.Staff);
        await using var staff = await browser.VisitAsync(app.Address);
        await staff.SignInAsync("staff@moved.example");
        await staff.GoLiveAsync($"/my/moved/altruists/{made.Id}");
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it…" }).ClickAsync();
        await Assertions.Expect(staff.Page.Locator("main")).ToContainTextAsync("controls eth1.moved.example?");
        Assert.Null((await registry.ChangeAsync(owner, made.Id, new AltruistDraft { Url = "https://eth2.moved.example" }, new FieldErrors(), Cancellation)).Refusal);
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it publicly" }).ClickAsync();
        await Assertions.Expect(staff.Page.Locator(".notices").First).ToContainTextAsync("Its URLs were changed since you looked");
        await Assertions.Expect(staff.Page.GetByRole(AriaRole.Button, new() { Name = "Attest it publicly" })).ToHaveCountAsync(0);
        Assert.False(Roster.Altruists[made.Id].Attested);

        await staff.GoLiveAsync($"/my/moved/altruists/{made.Id}/edit");
        Assert.Null((await registry.ChangeAsync(owner, made.Id, new AltruistDraft { CapacityRps = 70 }, new FieldErrors(), Cancellation)).Refusal);
        await staff.Page.GetByLabel("Label").FillAsync("older");
        await staff.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(staff.Page.Locator(".notices").First).ToContainTextAsync("Somebody else changed it since you opened it");
        Assert.Equal(("eth1.moved.example", 70), (Roster.Altruists[made.Id].Label, Roster.Altruists[made.Id].CapacityRps));
        Assert.Empty(staff.Complaints);
    }

    [Fact]
    public async Task Change_of_where_it_is_paid_is_told_on_every_page_to_everybody_of_the_provider_and_saving_something_else_leaves_it()
    {
        await PutAsync("providers/paid", new { name = "Paid Nodes" });
        await Person.MakeAsync(app, "admin@paid.example", Grant.Of("paid", MemberRole.Admin));
        await Person.MakeAsync(app, "viewer@paid.example", Grant.Of("paid", MemberRole.Viewer));
        await using var admin = await browser.VisitAsync(app.Address);
        await admin.SignInAsync("admin@paid.example");
        await admin.GoLiveAsync("/my/paid/settings");
        await Assertions.Expect(admin.Page.Locator("main")).Not.ToContainTextAsync("Payout address:");

        // A colleague, while the page is open.
        var colleague = new Actor { Kind = ActorKind.User, Id = "colleague", Name = "colleague@paid.example", HasSecondFactor = true, Providers = new Dictionary<string, MemberRole> { ["paid"] = MemberRole.Admin } };
        var registry = app.Services.GetRequiredService<ProviderRegistry>();
        Assert.Null((await registry.PutAsync(colleague, new ProviderId("paid"), new ProviderDraft("Paid Nodes", null, null, "pokt1qwertyuiopasdfghjkl"), new FieldErrors(), Cancellation)).Refusal);
        await admin.Page.GetByLabel("Website").FillAsync("https://paid.example");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(admin.Page.Locator(".notices").First).ToContainTextAsync("Somebody else changed it since you opened it");
        Assert.Equal("pokt1qwertyuiopasdfghjkl", Roster.Providers[new ProviderId("paid")].NextPayoutAddress);

        await admin.GoLiveAsync("/my/paid/settings");
        await admin.Page.GetByLabel("Website").FillAsync("https://paid.example");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(admin.Page.Locator(".notices").First).ToContainTextAsync("Saved.");
        var stored = Roster.Providers[new ProviderId("paid")];
        Assert.Equal(("https://paid.example", "pokt1qwertyuiopasdfghjkl"), (stored.Website, stored.NextPayoutAddress));

        await using var viewer = await browser.VisitAsync(app.Address);
        await viewer.SignInAsync("viewer@paid.example");
        foreach (var path in new[] { "/my/paid", "/my/paid/keys", "/my/paid/settings" })
        {
            await viewer.GoLiveAsync(path);
            var notice = viewer.Page.Locator(".notice", new() { HasText = "Payout address:" });
            await Assertions.Expect(notice).ToContainTextAsync("colleague@paid.example said that Paid Nodes is to be paid to pokt1qwertyuiopasdfghjkl from");
            await Assertions.Expect(notice).ToContainTextAsync("Until then it is paid to nowhere.");
            await Assertions.Expect(notice).ToContainTextAsync("have an administrator call it off");
        }

        await JourneyBrowser.PhotographAsync(viewer, "my-settings-payout-viewer");
        await admin.GoLiveAsync("/my/paid");
        await JourneyBrowser.PhotographAsync(admin, "my-overview-payout");
        await admin.Page.GetByRole(AriaRole.Link, new() { Name = "call it off in the settings" }).ClickAsync();
        await Assertions.Expect(admin.Page.Locator("h1")).ToHaveTextAsync("Settings");
        await admin.LiveAsync();
        await Assertions.Expect(admin.Page.GetByRole(AriaRole.Button, new() { Name = "Call the change off" })).ToBeVisibleAsync();
        Assert.Empty(admin.Complaints.Concat(viewer.Complaints));
    }

    [Fact]
    public async Task Where_it_is_paid_is_set_and_called_off_by_whoever_proved_a_second_factor_alone()
    {
        const string Address = "pokt1zxcvbnmasdfghjklqwertyuiop";
        var id = new ProviderId("earns");
        await PutAsync("providers/earns", new { name = "Earning Nodes" });
        var user = await Person.MakeAsync(app, "admin@earns.example", Grant.Of("earns", MemberRole.Admin));
        await using var unsure = await browser.VisitAsync(app.Address);
        await unsure.SignInAsync("admin@earns.example");
        await unsure.GoLiveAsync("/my/earns/settings");
        await unsure.Page.GetByLabel("Payout address").FillAsync(Address);
        await unsure.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(unsure.Page.Locator(".notices").First).ToContainTextAsync("second factor");
        Assert.Null(Roster.Providers[id].NextPayoutAt);

        var secret = await Person.GiveSecondFactorAsync(app, user);
        await using var admin = await browser.VisitAsync(app.Address);
        var page = admin.Page;
        await admin.GoAsync("/sign-in?back=/my/earns/settings");
        await page.GetByLabel("Email").FillAsync("admin@earns.example");
        await page.GetByLabel("Password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByLabel("The six digits").FillAsync(AccountTests.Code(secret, 0));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Settings");
        await admin.LiveAsync();
        await page.GetByLabel("Payout address").FillAsync(Address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var news = page.Locator(".notice", new() { HasText = "Payout address:" });
        await Assertions.Expect(news).ToContainTextAsync($"admin@earns.example said that Earning Nodes is to be paid to {Address} from");
        await Assertions.Expect(page.Locator("form .notice")).ToContainTextAsync($"on it is paid to {Address}; until then to nowhere.");
        Assert.Equal(Address, Roster.Providers[id].NextPayoutAddress);
        Assert.Null(Roster.Providers[id].PayoutAddress);
        await JourneyBrowser.PhotographAsync(admin, "my-settings-payout");

        // Nor is it called off by who did not prove it.
        await unsure.GoLiveAsync("/my/earns/settings");
        await unsure.Page.GetByRole(AriaRole.Button, new() { Name = "Call the change off" }).ClickAsync();
        await Assertions.Expect(unsure.Page.Locator(".notices").First).ToContainTextAsync("second factor");
        Assert.Equal(Address, Roster.Providers[id].NextPayoutAddress);
        await page.GetByRole(AriaRole.Button, new() { Name = "Call the change off" }).ClickAsync();
        await Assertions.Expect(page.Locator(".notices").First).ToContainTextAsync("The change is called off");
        await Assertions.Expect(news).ToContainTextAsync($"called off that Earning Nodes is to be paid to {Address}: it is paid to nowhere as before.");
        await Assertions.Expect(page.GetByLabel("Payout address")).ToHaveValueAsync("");
        await JourneyBrowser.PhotographAsync(admin, "my-settings-payout-off");
        Assert.Null(Roster.Providers[id].NextPayoutAt);
        Assert.Null(Roster.Providers[id].PayoutAddress);
        Assert.Empty(admin.Complaints.Concat(unsure.Complaints));
    }

    private Roster Roster => app.Services.GetRequiredService<RosterCache>().Current;

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
