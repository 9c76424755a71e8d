using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using AltruistManager.Simulator;
using AltruistManager.Web.Ui.Pages.Setup;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>From an empty database to a pick that a portal gets, with nothing but the pages and the token of the log.</summary>
public sealed partial class SetupJourneyTests(JourneyBrowser browser) : IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Newcomer_gets_from_nothing_to_a_served_pick()
    {
        await using var app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.300"));
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var node = world.AddNode(world.AddChain(1, TimeSpan.FromSeconds(1)), "first", new SimulatedNodeOptions { OwnPort = false });
        await using var root = await browser.VisitAsync(app.Address);
        var page = root.Page;

        await root.GoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Who are you?" })).ToBeVisibleAsync();
        await root.GoAsync($"/setup?token={app.Services.GetRequiredService<FirstRun>().Token}");
        await JourneyBrowser.PhotographAsync(root, "setup-1");
        await page.GetByLabel("Your email").FillAsync("root@acme.example");
        await page.GetByLabel("Choose a password").FillAsync("nine green herons");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();

        await page.GetByLabel("US East").CheckAsync();
        await page.GetByLabel("Others").FillAsync("me-central");
        await JourneyBrowser.PhotographAsync(root, "setup-2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();

        await page.GetByLabel("Find").FillAsync("ethereum mainnet");
        await root.FollowAsync(page.GetByRole(AriaRole.Button, new() { Name = "Find" }), "q=ethereum");
        await page.Locator("label.choice", new() { HasText = "0021" }).GetByRole(AriaRole.Checkbox).CheckAsync();
        await JourneyBrowser.PhotographAsync(root, "setup-3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();

        await page.GetByLabel("Provider").FillAsync("acme");
        await page.GetByLabel("URL").FillAsync("http://127.0.0.1:9/nobody");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add and test it now" }).ClickAsync();
        await Assertions.Expect(page.GetByText("It does not answer as it should")).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(root, "setup-4-failed");
        await page.GetByLabel("URL").FillAsync(node.Url.ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Correct and test again" }).ClickAsync();
        await Assertions.Expect(page.GetByText("It answers well")).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(root, "setup-4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Finish" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "It is served" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(root, "setup-5");

        var curl = Curl().Match(await page.Locator(".paste").InnerTextAsync());
        using var portal = new HttpClient();
        portal.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", curl.Groups[1].Value);
        var body = await portal.GetJsonAsync(curl.Groups[2].Value, Cancellation);
        Assert.Equal(("0021", node.Url.ToString()), (body.GetProperty("chain").GetString(), body.GetProperty("primary").GetProperty("url").GetString()));

        await root.GoAsync("/setup");
        await Assertions.Expect(page.GetByText("was set up already")).ToBeVisibleAsync();
        Assert.Empty(root.Complaints);
    }

    [GeneratedRegex(@"^curl -H 'Authorization: Bearer (am_[^']+)' '(http[^']+)'\s*$")]
    private static partial Regex Curl();
}
