using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using AltruistManager.Web.Tests.Security;
using AltruistManager.Web.Tests.Ui.Journeys;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>The pages around an account that no journey stops at, in a real browser: as they look, and that everybody can use them.</summary>
public sealed class FormPageTests(Pages pages) : IClassFixture<Pages>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_for_who_is_not_signed_in_is_shown_without_complaint_in_every_way()
    {
        using var scope = pages.App.Services.CreateScope();
        var staff = Actor.Operator;
        var invitation = (await scope.ServiceProvider.GetRequiredService<Invitations>().InviteAsync(staff, Grant.Of("acme", MemberRole.Viewer), "new@acme.example", Invitations.Lifetime, Cancellation)).Path!;
        var forgetful = await Person.MakeAsync(pages.App, "forgetful@acme.example");
        var link = (await scope.ServiceProvider.GetRequiredService<PasswordLinks>().MakeAsync(staff, forgetful)).Path!;
        await using var visitor = await pages.VisitAsync();
        foreach (var (name, path) in new[]
        {
            ("sign-in-empty", "/sign-in"), ("forgot-password", "/forgot-password"), ("join", invitation), ("join-too-late", "/join/nothing"), ("reset-password", link), ("reset-password-too-late", "/reset-password"),
            ("setup-closed", "/setup"),
        })
        {
            await visitor.GoAsync(path);
            await JourneyBrowser.PhotographAsync(visitor, name);
        }

        await visitor.GoAsync("/sign-in");
        await visitor.Page.GetByLabel("Email").FillAsync("forgetful@acme.example");
        await visitor.Page.GetByLabel("Password").FillAsync("something else");
        await visitor.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Microsoft.Playwright.Assertions.Expect(visitor.Page.GetByRole(Microsoft.Playwright.AriaRole.Alert)).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(visitor, "sign-in-refused");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Every_page_of_an_account_is_shown_without_complaint_in_every_way()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Viewer);
        foreach (var (name, path) in new[] { ("account-plain", "/account"), ("account-password", "/account/password"), ("account-passkeys-none", "/account/passkeys"), ("account-authenticator-begin", "/account/authenticator") })
        {
            await visitor.GoAsync(path);
            await JourneyBrowser.PhotographAsync(visitor, name);
        }

        Assert.Empty(visitor.Complaints);
    }
}
