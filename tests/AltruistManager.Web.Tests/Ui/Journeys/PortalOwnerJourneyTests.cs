using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Web.Tests.EndToEnd;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>What who looks after a portal does, in a real browser on the real service.</summary>
public sealed class PortalOwnerJourneyTests(AppFixture app, JourneyBrowser browser) : IClassFixture<AppFixture>, IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Owner_lets_a_gateway_in_sees_what_it_reports_and_rotates_its_key_without_a_gap()
    {
        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" });
        await PutAsync("providers/acme", new { name = "Acme Nodes" });
        await PutAsync("portals/gateway", new { name = "Gateway" });
        await PutAsync("portals/other", new { name = "Other" });
        var added = await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = "https://eth1.acme.example", label = "acme-eth-1" }, Cancellation);
        var altruist = (await added.ReadJsonAsync(Cancellation)).GetProperty("id").GetString();
        string path;
        using (var scope = app.Services.CreateScope())
            path = (await scope.ServiceProvider.GetRequiredService<Invitations>().InviteAsync(Actor.Operator, Grant.Owning("gateway"), "owner@gateway.example", Invitations.Lifetime, Cancellation)).Path!;

        await using var owner = await browser.VisitAsync(app.Address);
        var page = owner.Page;
        await owner.GoAsync(path);
        await page.GetByLabel("Choose a password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Gateway");
        await owner.LiveAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("No key yet");
        await JourneyBrowser.PhotographAsync(owner, "my-portal-new");

        using var first = app.Client(await MakeAsync("first"));
        await page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Assertions.Expect(page.Locator(".secret")).ToHaveCountAsync(0);
        var now = TimeProvider.System.GetUtcNow();
        using (var reported = await first.PostAsJsonAsync("/api/v1/relay-reports", new
        {
            id = "first",
            region = "us-east",
            from = now.AddMinutes(-1),
            to = now,
            altruists = new object[]
            {
                new { altruist, chain = "0021", servedAs = "primary", relays = 1200, errors = new { timeout = 7 }, latencyBuckets = new Dictionary<string, int> { ["50"] = 1193 } },
                new { altruist, chain = "0021", servedAs = "standby", relays = 30, errors = new { }, latencyBuckets = new Dictionary<string, int> { ["50"] = 30 } },
            },
        }, Cancellation))
            Assert.Equal(HttpStatusCode.Accepted, reported.StatusCode);
        await owner.GoLiveAsync("/my/portals/gateway");
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Relays by altruist" }).Locator("tbody td")).ToHaveTextAsync(["1,230", "30", "7"]);
        await Assertions.Expect(KeyRow("first")).ToContainTextAsync(" ago");

        using var second = app.Client(await MakeAsync("second"));
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("2 are active: revoke one before you make another.");
        foreach (var client in new[] { first, second })
            await client.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        await KeyRow("first").GetByRole(AriaRole.Button, new() { Name = "Revoke… first" }).ClickAsync();
        await KeyRow("first").GetByRole(AriaRole.Button, new() { Name = "Revoke for good" }).ClickAsync();
        await Assertions.Expect(KeyRow("first")).ToContainTextAsync("revoked");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Make the key" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(owner, "my-portal-rotated");
        await Eventually.BeTrueAsync("the revoked key lets nobody in", async () =>
        {
            using var refused = await first.GetAsync("/api/v1/selections?region=us-east", Cancellation);
            return refused.StatusCode == HttpStatusCode.Unauthorized;
        });
        await second.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);

        Assert.Equal((int)HttpStatusCode.NotFound, (await owner.GoAsync("/my/portals/other")).Status);
        Assert.Empty(owner.Complaints);
        var told = await app.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = "key" }, null, 50, Cancellation);
        Assert.Equal(["key.revoke", "key.create", "key.create"], told.Where(line => line.ActorName == "owner@gateway.example").Select(line => line.Action));

        ILocator KeyRow(string name) => page.GetByRole(AriaRole.Region, new() { Name = "Keys" }).Locator("tbody tr", new() { HasText = name });

        async Task<string> MakeAsync(string name)
        {
            await page.GetByLabel("Name").FillAsync(name);
            await page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }).ClickAsync();
            // Focused, wherever on the page it was asked for.
            return await owner.SecretAsync();
        }
    }

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
