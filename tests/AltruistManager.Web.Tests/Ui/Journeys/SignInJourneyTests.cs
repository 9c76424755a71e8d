using AltruistManager.Accounts;
using AltruistManager.Web.Tests.Security;
using Microsoft.AspNetCore.Identity;
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
        await Assertions.Expect(page.Locator("img.qr")).ToHaveJSPropertyAsync("complete", true);
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
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in with a passkey" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(carla, "sign-in-passkey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your account" })).ToBeVisibleAsync();

        // Another browser, by password and code; then the first one throws it out.
        await using var elsewhere = await browser.VisitAsync(app.Address, phone: true, dark: true);
        await elsewhere.GoAsync("/account");
        await SignInAsync(elsewhere.Page);
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Heading, new() { Name = "Code of your app" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(elsewhere, "sign-in-code");
        await elsewhere.Page.GetByRole(AriaRole.Link, new() { Name = "Use a recovery code" }).ClickAsync();
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Heading, new() { Name = "Recovery code" })).ToBeVisibleAsync();
        await elsewhere.Page.GetByLabel("One of the recovery codes").FillAsync("none of them");
        await elsewhere.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("none of your recovery codes");
        await JourneyBrowser.PhotographAsync(elsewhere, "sign-in-recovery");
        await elsewhere.Page.GetByRole(AriaRole.Link, new() { Name = "Use the app instead" }).ClickAsync();
        await Assertions.Expect(elsewhere.Page.GetByRole(AriaRole.Heading, new() { Name = "Code of your app" })).ToBeVisibleAsync();
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

    [Fact]
    public async Task Service_of_others_that_signs_people_in_is_offered_connected_and_let_go_again()
    {
        const string Other = "Acme ID";
        await using var own = await AppFixture.StartAsync(
            ("Accounts:ExternalName", Other), ("Accounts:ExternalClientId", "us"), ("Accounts:ExternalClientSecret", "our secret"),
            ("Accounts:ExternalAuthorizationUrl", "http://127.0.0.1:1/authorize"), ("Accounts:ExternalTokenUrl", "http://127.0.0.1:1/token"), ("Accounts:ExternalUserUrl", "http://127.0.0.1:1/user"));
        var id = await Person.MakeAsync(own, Email, Grant.Of("acme", MemberRole.Viewer));
        await using var carla = await browser.VisitAsync(own.Address);
        var page = carla.Page;
        await carla.GoAsync("/sign-in?problem=stranger");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = $"Sign in with {Other}" })).ToBeVisibleAsync();
        await JourneyBrowser.PhotographAsync(carla, "sign-in-external");
        await SignInAsync(page);
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();

        await carla.GoAsync("/account/external");
        await page.GetByLabel("Your password").FillAsync("not my password");
        await page.GetByRole(AriaRole.Button, new() { Name = "Connect" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("That is not your password.");
        await JourneyBrowser.PhotographAsync(carla, "account-external-connect");

        // As if it had been connected there.
        var store = own.Services.GetRequiredService<UserStore>();
        await store.AddLoginAsync((await store.FindByIdAsync(id, TestContext.Current.CancellationToken))!, new UserLoginInfo("external", "42", Other), TestContext.Current.CancellationToken);
        await carla.GoAsync("/account");
        await JourneyBrowser.PhotographAsync(carla, "account-external");
        await page.GetByRole(AriaRole.Link, new() { Name = "Disconnect" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Your account there lets you in here.");
        await JourneyBrowser.PhotographAsync(carla, "account-external-disconnect");
        await page.GetByLabel("Your password").FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Disconnect" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("It signs nobody in here any more.");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true })).ToBeVisibleAsync();
        Assert.Empty(carla.Complaints);
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GetByLabel("Email").FillAsync(Email);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Person.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }
}
