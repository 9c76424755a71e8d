using System.Net;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>The later life of an altruist, in a real browser on the real service.</summary>
public sealed class AltruistJourneyTests(JourneyBrowser browser) : IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Provider_rotates_credentials_that_are_tested_first_edits_the_altruist_and_retires_it()
    {
        await using var app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.1"), ("Probing:HotInterval", "00:10:00"));
        await using var gateway = await EchoGateway.StartAsync("old-token");
        await PutAsync(app, "regions/us-east", new { name = "US East" });
        await PutAsync(app, "providers/acme", new { name = "Acme Nodes" });
        await PutAsync(app, "chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10 });
        var added = await app.Staff.PostAsJsonAsync(
            "/api/v1/altruists",
            new { provider = "acme", chains = new[] { "0021" }, url = gateway.Url, regions = new[] { "us-east" }, label = "acme-eth-1", auth = new { type = "bearer", token = "old-token" } }, Cancellation);
        var id = (await added.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        await Wait.UntilAsync("the altruist is healthy", async () => (await app.Staff.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation)).GetProperty("state").GetString() == "healthy");
        await (await app.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadJsonAsync(Cancellation);
        await Person.MakeAsync(app, "admin@acme.example", Grant.Of("acme", MemberRole.Admin));
        await using var visitor = await browser.VisitAsync(app.Address);
        var page = visitor.Page;
        await visitor.SignInAsync("admin@acme.example");

        await visitor.GoLiveAsync($"/my/acme/altruists/{id}");
        await PressAsync("Rotate credentials…");
        await page.GetByLabel("Token").FillAsync("mistyped");
        await PressAsync("Test and publish");
        await Assertions.Expect(page.Locator(".notices").First).ToContainTextAsync("Nothing was changed");
        Assert.Equal("""{"type":"bearer","token":"old-token"}""", await PublishedAsync());
        await PressAsync("Retire…");
        await Assertions.Expect(page.Locator(".notices").First).Not.ToContainTextAsync("Nothing was changed");
        await PressAsync("Rotate credentials…");
        gateway.Wants = "-token";
        await page.GetByLabel("Credentials", new() { Exact = true }).SelectOptionAsync("header");
        await page.GetByLabel("Name of the header").FillAsync("X-Key");
        await page.GetByLabel("Its value").FillAsync("new-token");
        await PressAsync("Test and publish");
        await Assertions.Expect(page.Locator(".notices").First).ToContainTextAsync("The new credentials are in service");
        Assert.Equal("""{"type":"header","name":"X-Key","value":"new-token"}""", await PublishedAsync());
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Test and publish" })).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Edit");
        await visitor.LiveAsync();
        await page.GetByLabel("Label").FillAsync("acme-eth-renamed");
        await page.GetByText("More", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Capacity, requests a second").FillAsync("many");
        await PressAsync("Save");
        await Assertions.Expect(page.Locator(".wrong")).ToHaveTextAsync("Must be a whole number.");
        await page.GetByLabel("Capacity, requests a second").FillAsync("250");
        await PressAsync("Save");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("acme-eth-renamed");
        await visitor.LiveAsync();
        var edited = app.Services.GetRequiredService<RosterCache>().Current.Altruists[new AltruistId(id)];
        Assert.Equal(("acme-eth-renamed", 250, gateway.Url), (edited.Label, edited.CapacityRps, edited.Url.TrimEnd('/')));
        Assert.Equal("""{"type":"header","name":"X-Key","value":"new-token"}""", await PublishedAsync());

        await PressAsync("Retire…");
        await Assertions.Expect(page.Locator(".panel")).ToContainTextAsync("It is the last eligible in 1 slot: 0021/us-east.");
        await PressAsync("Retire it for good");
        await Assertions.Expect(page.Locator(".answer")).ToContainTextAsync("It is no longer probed or picked; its history stays.");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Retire…" })).ToHaveCountAsync(0);
        using (var none = await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, none.StatusCode);
        await visitor.GoLiveAsync("/my/acme");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("No altruist yet");
        Assert.Empty(visitor.Complaints);
        var told = await app.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Subject = $"altruist:{id}" }, null, 50, Cancellation);
        Assert.Equal(["altruist.retire", "altruist.change", "altruist.credentials"], told.Where(line => line is { ActorName: "admin@acme.example", Outcome: AuditOutcome.Done }).Select(line => line.Action));

        Task PressAsync(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

        async Task<string> PublishedAsync()
        {
            var pick = await app.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation);
            return JsonSerializer.Serialize(pick.GetProperty("primary").GetProperty("auth"));
        }
    }

    private static async Task PutAsync(AppFixture app, string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
