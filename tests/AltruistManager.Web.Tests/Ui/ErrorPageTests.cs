using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Web.Tests.Security;
using AltruistManager.Web.Tests.Ui.Journeys;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>What is shown instead of a page, in a real browser: as it looks, and that everybody can use it.</summary>
public sealed class ErrorPageTests(JourneyBrowser browser) : IClassFixture<JourneyBrowser>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_may_not_see_a_page_or_cannot_be_shown_it_is_told_so_in_every_way()
    {
        await using var app = await AppFixture.StartAsync(("Accounts:RequireSecondFactorForStaff", "true"));
        foreach (var path in new[] { "regions/us-east", "providers/acme" })
            await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", new { }, Cancellation)).ReadJsonAsync(Cancellation);
        await (await app.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" }, Cancellation)).ReadJsonAsync(Cancellation);
        await (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = "https://eth1.acme.example" }, Cancellation)).ReadJsonAsync(Cancellation);
        await Person.MakeAsync(app, "viewer@acme.example", Grant.Of("acme", MemberRole.Viewer));
        await Person.MakeAsync(app, "staff@manager.example", Grant.Staff);
        await using var viewer = await browser.VisitAsync(app.Address);
        await viewer.SignInAsync("viewer@acme.example");
        await ShowAsync(viewer, "/admin", "This page is not for you", "forbidden");
        await Assertions.Expect(viewer.Page.Locator("main")).ToContainTextAsync("viewer@acme.example");
        await using var staff = await browser.VisitAsync(app.Address);
        await staff.SignInAsync("staff@manager.example");
        await ShowAsync(staff, "/admin", "This page is not for you", "forbidden-second-factor");
        await Assertions.Expect(staff.Page.GetByRole(AriaRole.Link, new() { Name = "Set up a second factor" })).ToHaveAttributeAsync("href", "/account");

        // What pages of consoles cannot read they say themselves.
        await app.Services.GetRequiredService<Database>().WriteAsync(write => write.ExecuteAsync("alter table sessions rename to gone"), Cancellation);
        await ShowAsync(viewer, "/slots/0021/us-east", "This page could not be made", "failed");
        await ShowAsync(viewer, "/my/acme", "acme", "my-overview-failed");
        await Assertions.Expect(viewer.Page.Locator(".notices").First).ToContainTextAsync("The database does not answer");
        // The browser itself tells the console of an answer that is none.
        Assert.All(viewer.Complaints.Concat(staff.Complaints), said => Assert.Contains("Failed to load resource", said, StringComparison.Ordinal));
    }

    private static async Task ShowAsync(Visitor visitor, string path, string title, string name)
    {
        await visitor.GoAsync(path);
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync(title);
        await JourneyBrowser.PhotographAsync(visitor, name);
    }
}
