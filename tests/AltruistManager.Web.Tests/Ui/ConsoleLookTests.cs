using AltruistManager.Accounts;
using AltruistManager.Web.Tests.Security;
using AltruistManager.Web.Tests.Ui.Journeys;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>How every page of the consoles looks, in a real browser: without complaint, in every way, and without moving when its connection comes to stand.</summary>
public abstract class ConsoleLookTests(Pages pages, Func<string, bool> isOurs) : IClassFixture<Pages>
{
    /// <summary>What browsers call good is 0.1.</summary>
    private const double MostMoved = 0.02;

    protected Pages Pages => pages;

    [Fact]
    public async Task Every_page_is_shown_without_complaint_can_be_used_by_everybody_and_stands_still()
    {
        foreach (var user in pages.ConsoleAddresses.Where(page => isOurs(page.User)).GroupBy(page => page.User))
        {
            await using var visitor = await pages.VisitAsAsync(user.Key);
            await visitor.Page.AddInitScriptAsync(
                """
                window.moved = 0;
                window.movers = [];
                new PerformanceObserver(list => list.getEntries().forEach(entry => {
                    window.moved += entry.value;
                    entry.sources.forEach(source => window.movers.push(`${source.node?.nodeName}.${source.node?.className ?? source.node?.parentElement?.className} ${source.previousRect.top} ${source.currentRect.top}`));
                })).observe({ type: 'layout-shift', buffered: true })
                """);
            foreach (var (name, path, _) in user)
            {
                await visitor.GoLiveAsync(path);
                await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
                Assert.True(await visitor.Page.EvaluateAsync<double>("window.moved") <= MostMoved, $"{path} moves: {await visitor.Page.EvaluateAsync<string>("window.movers.join(', ')")}");
                Assert.NotEqual("", await visitor.Page.TitleAsync());
                await JourneyBrowser.PhotographAsync(visitor, name);
            }

            Assert.Empty(visitor.Complaints);
        }
    }

    /// <summary>Of several the first.</summary>
    protected static Task PressAsync(Visitor visitor, string name) => visitor.Page.GetByRole(AriaRole.Button, new() { Name = name }).First.ClickAsync();

    protected static ILocatorAssertions Expect(Visitor visitor, string selector) => Assertions.Expect(visitor.Page.Locator(selector).First);
}

public sealed class ProviderConsoleLookTests(Pages pages) : ConsoleLookTests(pages, user => user != Pages.Staff)
{
    [Fact]
    public async Task What_opens_on_the_pages_of_a_provider_is_shown_without_complaint_and_can_be_used_by_everybody()
    {
        await using var visitor = await Pages.VisitAsAsync(Pages.Admin);
        var page = visitor.Page;
        await visitor.GoLiveAsync($"/my/acme/altruists/{Pages.Altruists["acme-eth-1"]}");
        await page.Locator(".chart-table summary").First.ClickAsync();
        await PressAsync(visitor, "Drain…");
        await Expect(visitor, ".effect").ToBeVisibleAsync();
        await PressAsync(visitor, "Drain now");
        await Expect(visitor, ".panel .wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-drain");
        await PressAsync(visitor, "Rotate credentials…");
        await page.GetByLabel("Credentials", new() { Exact = true }).SelectOptionAsync("header");
        await PressAsync(visitor, "Test and publish");
        await Expect(visitor, ".panel .wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-credentials");
        await PressAsync(visitor, "Retire…");
        await Expect(visitor, "#retire-title").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-retire");
        await PressAsync(visitor, "Test now");
        await Expect(visitor, ".test").ToContainTextAsync("The test passed");
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-tested");

        await visitor.GoLiveAsync($"/my/acme/altruists/{Pages.Altruists["acme-avax-1"]}?show=history");
        await PressAsync(visitor, "Test now");
        await Expect(visitor, ".test").ToContainTextAsync("The test failed");
        await PressAsync(visitor, "Show the evidence");
        await Expect(visitor, ".changes-list pre").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-altruist-evidence");

        await visitor.GoLiveAsync("/my/acme/add");
        await page.GetByLabel("Chains", new() { Exact = true }).FillAsync("ether");
        await PressAsync(visitor, "Save");
        await Expect(visitor, ".wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-add-wrong");

        await visitor.GoLiveAsync("/my/acme/keys");
        await page.GetByLabel("Name").FillAsync("deployment");
        await PressAsync(visitor, "Make the key");
        await Expect(visitor, ".secret").ToBeVisibleAsync();
        await PressAsync(visitor, "Revoke… deployment");
        await Expect(visitor, ".acts .risky").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-keys-made");

        await visitor.GoLiveAsync("/my/acme/team");
        await page.GetByLabel("Email").FillAsync("new@acme.example");
        await PressAsync(visitor, "Make the link");
        await Expect(visitor, ".secret").ToBeVisibleAsync();
        await PressAsync(visitor, $"Remove… {Pages.Viewer}");
        await Expect(visitor, ".acts .risky").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "my-team-invited");
        Assert.Empty(visitor.Complaints);
    }
}

public sealed class StaffConsoleLookTests(Pages pages) : ConsoleLookTests(pages, user => user == Pages.Staff)
{
    [Fact]
    public async Task What_opens_on_the_pages_of_staff_is_shown_without_complaint_and_can_be_used_by_everybody()
    {
        await using var visitor = await Pages.VisitAsAsync(Pages.Staff);
        var page = visitor.Page;
        await visitor.GoLiveAsync("/admin");
        await PressAsync(visitor, "Acknowledge…");
        await page.GetByLabel("A note for the others").FillAsync("its provider knows");
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge", Exact = true }).ClickAsync();
        await page.Locator("details.seen summary").ClickAsync();
        await PressAsync(visitor, "Acknowledge…");
        await Expect(visitor, ".matter-note").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-attention-acknowledge");
        await PressAsync(visitor, "Take it back");

        await visitor.GoLiveAsync("/admin/overrides?order=exclude&provider=acme");
        await page.GetByLabel("Reason").FillAsync("its certificate is stolen");
        await PressAsync(visitor, "Preview");
        await Expect(visitor, ".effects").ToBeVisibleAsync();
        await PressAsync(visitor, "End…");
        await Expect(visitor, ".orders .risky").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-overrides-preview");

        await visitor.GoLiveAsync("/admin/settings");
        await PressAsync(visitor, "Change… Falls per hour");
        await page.Locator(".setting-form input").FillAsync("0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Expect(visitor, ".setting .wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-settings-change");

        await visitor.GoLiveAsync($"/admin/users/{await MakeWithSecondFactorAsync("helper@manager.example")}");
        await PressAsync(visitor, "Link for a new password");
        await Expect(visitor, ".secret").ToBeVisibleAsync();
        await PressAsync(visitor, "Take the second factor…");
        await PressAsync(visitor, "Disable…");
        await PressAsync(visitor, "No longer staff…");
        await Expect(visitor, ".listing .risky").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-user-panels");

        await visitor.GoLiveAsync("/admin/users");
        await PressAsync(visitor, "Add a user");
        await page.Locator("#add-role").SelectOptionAsync("viewer");
        await page.Locator("#add-provider").FillAsync("acme");
        await Expect(visitor, ".found .button").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-users-add");

        await visitor.GoLiveAsync("/admin/portals/gateway");
        await page.GetByLabel("Email of another owner").FillAsync("ops@portal.example");
        await PressAsync(visitor, "Add the owner");
        await Expect(visitor, ".secret").ToBeVisibleAsync();
        await PressAsync(visitor, "Show whom its keys have seen");
        await Expect(visitor, "[aria-label='Whom its keys have seen']").ToBeVisibleAsync();
        await PressAsync(visitor, "Revoke…");
        await PressAsync(visitor, "Retire…");
        await Expect(visitor, "#retire-title").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-portal-panels");

        await visitor.GoLiveAsync("/admin/providers");
        await PressAsync(visitor, "Add a provider");
        await PressAsync(visitor, "Add it");
        await Expect(visitor, ".panel .wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-providers-add");

        await visitor.GoLiveAsync("/admin/regions");
        await PressAsync(visitor, "Edit US West");
        await PressAsync(visitor, "Retire… Europe Central");
        await Expect(visitor, ".ranked").ToBeVisibleAsync();
        await Expect(visitor, ".list .risky").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-regions-edit");

        await visitor.GoLiveAsync("/admin/chains");
        await PressAsync(visitor, "Add a chain");
        await page.GetByLabel("From the catalogue").FillAsync("Base");
        await Expect(visitor, ".found .button").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-chains-add");

        await visitor.GoLiveAsync("/admin/chains/0021");
        await PressAsync(visitor, "Retire…");
        await page.GetByLabel("Lag tolerated, blocks").FillAsync("0");
        await PressAsync(visitor, "Save");
        await Expect(visitor, ".page-form .wrong").ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "admin-chain-retire");
        Assert.Empty(visitor.Complaints);
    }

    /// <summary>One of staff.</summary>
    /// <returns>Its id.</returns>
    private async Task<string> MakeWithSecondFactorAsync(string email)
    {
        var id = await Person.MakeAsync(Pages.App, email, Grant.Staff);
        await Person.GiveSecondFactorAsync(Pages.App, id);
        return id;
    }
}
