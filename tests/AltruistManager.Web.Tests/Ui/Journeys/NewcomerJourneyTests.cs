using AltruistManager.Accounts;
using AltruistManager.Simulator;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>From the link of an invitation to a pick that a portal gets.</summary>
public sealed class NewcomerJourneyTests(JourneyBrowser browser) : IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Invited_provider_adds_an_altruist_and_it_serves_the_first_pick()
    {
        await using var app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.300"));
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var node = world.AddNode(world.AddChain(1, TimeSpan.FromSeconds(1)), "first", new SimulatedNodeOptions { OwnPort = false });
        await PutAsync(app, "regions/us-east", new { name = "US East" });
        await PutAsync(app, "chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 20 });
        await PutAsync(app, "providers/newcomer", new { name = "Newcomer Nodes" });
        var (path, _) = await app.Services.GetRequiredService<Invitations>().InviteAsync(Actor.Operator, Grant.Of("newcomer", MemberRole.Admin), "erin@newcomer.example", Invitations.Lifetime, Cancellation);
        await using var erin = await browser.VisitAsync(app.Address);
        var page = erin.Page;

        await erin.GoAsync(path!);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("may change the things of newcomer");
        await JourneyBrowser.PhotographAsync(erin, "newcomer-invitation");
        await page.GetByLabel("Choose a password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "My altruists" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Newcomer Nodes");
        await erin.LiveAsync();
        await JourneyBrowser.PhotographAsync(erin, "newcomer-nothing-yet");

        await page.GetByRole(AriaRole.Link, new() { Name = "Add an altruist" }).First.ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Add an altruist");
        await erin.LiveAsync();
        await page.GetByLabel("URL", new() { Exact = true }).FillAsync("https://rpc.newcomer.example/eth");
        await page.GetByLabel("Chains", new() { Exact = true }).FillAsync("ether");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ethereum 0021" }).ClickAsync();
        await page.GetByLabel("Label").FillAsync("newcomer-eth-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("newcomer-eth-1");
        await erin.LiveAsync();
        await JourneyBrowser.PhotographAsync(erin, "newcomer-added");
        using (var none = await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation))
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, none.StatusCode);

        // Staff attest it; and give it the address of the node, for those of tests are not public.
        var id = new Uri(page.Url).Segments[^1];
        using (var attested = await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{id}", new { url = node.Url.ToString(), attested = true }, Cancellation))
            await attested.ReadJsonAsync(Cancellation);

        await Assertions.Expect(page.Locator(".badges .health")).ToHaveTextAsync("healthy");
        await Assertions.Expect(page.Locator(".standings")).ToContainTextAsync("In use now");
        await JourneyBrowser.PhotographAsync(erin, "newcomer-picked");
        var primary = (await app.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary");
        Assert.Equal(("newcomer", node.Url.ToString()), (primary.GetProperty("provider").GetString(), primary.GetProperty("url").GetString()));
        Assert.Empty(erin.Complaints);
    }

    private static async Task PutAsync(AppFixture app, string path, object body)
    {
        using var answer = await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation);
        await answer.ReadJsonAsync(Cancellation);
    }
}
