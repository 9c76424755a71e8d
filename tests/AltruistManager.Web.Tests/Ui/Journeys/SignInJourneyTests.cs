using AltruistManager.Accounts;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>People come in with what they have, in a real browser.</summary>
public sealed class SignInJourneyTests(AppFixture app, JourneyBrowser browser) : IClassFixture<AppFixture>, IClassFixture<JourneyBrowser>
{
    private const string Email = "carla@acme.example";

    [Fact]
    public async Task Password_then_code_of_the_app_then_passkey_then_everywhere_out()
    {
        await Person.MakeAsync(app, Email, Grant.Of("acme", MemberRole.Admin));
        await using var carla = await browser.VisitAsync(app.Address);
        var page = carla.Page;
        await JourneyBrowser.GiveDeviceAsync(carla);

        await carla.GoAsync("/account");
        await JourneyBrowser.PhotographAsync(carla, "sign-in");
        await SignInAsync(page);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your account" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(carla, "account");

        // The app.
        await page.GetByRole(AriaRole.Link, new() { Name = "Set up" }).ClickAsync();
        await page.GetByLabel("Your password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it up" }).ClickAsync();
        var secret = (await page.Locator("code.key").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        Assert.True(await page.Locator("img.qr").EvaluateAsync<int>("picture => picture.naturalWidth") > 100);
        await JourneyBrowser.PhotographAsync(carla, "account-authenticator");
        await page.GetByLabel("Code").FillAsync(AccountTests.Code(secret, 0));
        await page.GetByRole(AriaRole.Button, new() { Name = "Switch it on" }).ClickAsync();
        await Assertions.Expect(page.Locator(".codes li")).ToHaveCountAsync(Users.RecoveryCodes);
        await JourneyBrowser.PhotographAsync(carla, "account-recovery-codes");

        // The passkey.
        await carla.GoAsync("/account/passkeys");
        await page.GetByLabel("What you call it").FillAsync("Carla's phone");
        await page.GetByLabel("Your password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Carla's phone can sign you in")).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(carla, "account-passkeys");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sign in" })).ToBeVisibleAsync();

        await carla.GoAsync("/sign-in?back=/account");
        await page.GetByRole(AriaRole.Link, new() { Name = "Use a passkey" }).ClickAsync();
        await JourneyBrowser.PhotographAsync(carla, "sign-in-passkey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your account" })).ToBeVisibleAsync();

        // Another browser, by password and code; then the first one throws it out.
        await using var elsewhere = await browser.VisitAsync(app.Address, phone: true, dark: true);
        await elsewhere.GoAsync("/account");
        await SignInAsync(elsewhere.Page);
        await JourneyBrowser.PhotographAsync(elsewhere, "sign-in-code");
        await elsewhere.Page.GetByLabel("The six digits").FillAsync(AccountTests.Code(secret, 1));
        await elsewhere.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Heading, new() { Name = "Your account" })).ToBeVisibleAsync();
        Assert.Equal(0, await elsewhere.OverflowAsync());

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere else" }).ClickAsync();
        await Assertions.Expect(page.GetByText("All other sessions have ended")).ToBeVisibleAsync();
        await elsewhere.GoAsync("/account");
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();

        Assert.Empty(carla.Complaints.Concat(elsewhere.Complaints));
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GetByLabel("Email").FillAsync(Email);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }
}
