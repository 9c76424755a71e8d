using System.Net;
using System.Web;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Tests.Security;

/// <summary>Signing in by a service of others, which here is a small one of our own.</summary>
public sealed class ExternalSignInTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_connected_the_account_comes_in_by_the_other_service_and_strangers_do_not()
    {
        var asked = new List<string>();
        await using var other = await StartServiceAsync(asked);
        var root = other.Urls.Single();
        await using var app = await AppFixture.StartAsync(
            ("Accounts:ExternalName", "Acme ID"), ("Accounts:ExternalClientId", "us"), ("Accounts:ExternalClientSecret", "our secret"), ("Accounts:ExternalIdField", "id"),
            ("Accounts:ExternalAuthorizationUrl", $"{root}/authorize"), ("Accounts:ExternalTokenUrl", $"{root}/token"), ("Accounts:ExternalUserUrl", $"{root}/user"));
        await Person.MakeAsync(app, "dora@acme.example", Grant.Of("acme", MemberRole.Viewer));

        using var stranger = new Person(app);
        Assert.Equal("/sign-in?problem=stranger", await GoThroughAsync(stranger, "/sign-in"));
        Assert.Contains("Nobody here is connected", await stranger.ReadAsync("/sign-in?problem=stranger"));

        using var dora = new Person(app);
        using (await dora.SignInAsync("dora@acme.example"))
            Assert.Contains("not connected", await dora.ReadAsync("/account"));
        // Who finds a browser signed in gets no way in of their own.
        Assert.Equal("/account/external?problem=password", await GoThroughAsync(dora, "/account/external"));
        Assert.Equal("/account/external?problem=password", await GoThroughAsync(dora, "/account/external", "not my password"));
        Assert.Contains("not your password", await dora.ReadAsync("/account/external?problem=password"));
        using var thief = new Person(app);
        thief.Cookies["__Host-session"] = dora.Cookies["__Host-session"];
        Assert.Equal("/account/external", await GoThroughAsync(dora, "/account/external", Person.Password));
        // Her session began anew: a copy of the one before is worth nothing.
        Assert.DoesNotContain("dora@acme.example", await thief.ReadAsync("/methodology"));
        Assert.DoesNotContain("not connected", await dora.ReadAsync("/account"));
        using var again = new Person(app);
        Assert.Equal("/altruists", await GoThroughAsync(again, "/sign-in?back=/altruists"));
        Assert.Contains("dora@acme.example", await again.ReadAsync("/"));

        Assert.All(asked, query => Assert.Contains("code_challenge=", query));
        using var page = await again.GetAsync("/account");
        Assert.Contains("form-action 'self';", page.Headers.GetValues("Content-Security-Policy").Single());
        using var signIn = await stranger.GetAsync("/sign-in");
        Assert.Contains($"form-action 'self' {root};", signIn.Headers.GetValues("Content-Security-Policy").Single());

        // Disconnected, it lets nobody in, and who came in by it is out.
        using (var wrong = await dora.SubmitAsync("/account/external", "disconnect", ("Input.Password", "not my password")))
            Assert.Contains("not your password", await wrong.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains("dora@acme.example", await again.ReadAsync("/methodology"));
        using (var done = await dora.SubmitAsync("/account/external", "disconnect", ("Input.Password", Person.Password)))
            Assert.Contains("signs nobody in here any more", await done.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains("not connected", await dora.ReadAsync("/account"));
        Assert.DoesNotContain("dora@acme.example", await again.ReadAsync("/methodology"));
        using var late = new Person(app);
        Assert.Equal("/sign-in?problem=stranger", await GoThroughAsync(late, "/sign-in"));
    }

    [Fact]
    public async Task Second_account_there_is_not_connected_and_disconnecting_leaves_no_way_in()
    {
        var account = 42;
        await using var other = await StartServiceAsync([], () => account);
        var root = other.Urls.Single();
        await using var app = await AppFixture.StartAsync(
            ("Accounts:ExternalName", "Acme ID"), ("Accounts:ExternalClientId", "us"), ("Accounts:ExternalClientSecret", "our secret"), ("Accounts:ExternalIdField", "id"),
            ("Accounts:ExternalAuthorizationUrl", $"{root}/authorize"), ("Accounts:ExternalTokenUrl", $"{root}/token"), ("Accounts:ExternalUserUrl", $"{root}/user"));
        var id = await Person.MakeAsync(app, "dora@acme.example");
        using var dora = new Person(app);
        using (await dora.SignInAsync("dora@acme.example"))
        {
        }

        // Two windows with the same form.
        var form = await dora.ReadAsync("/account/external");
        Assert.Equal("/account/external", await GoThroughAsync(dora, "/account/external", Person.Password, form));
        account = 43;
        Assert.Equal("/account/external?problem=connect", await GoThroughAsync(dora, "/account/external", Person.Password, form));
        Assert.Contains("is connected already", await dora.ReadAsync("/account/external?problem=connect"));
        using (var stranger = new Person(app))
            Assert.Equal("/sign-in?problem=stranger", await GoThroughAsync(stranger, "/sign-in"));

        // One that came in beside the first before that was refused.
        var store = app.Services.GetRequiredService<UserStore>();
        await store.AddLoginAsync((await store.FindByIdAsync(id, Cancellation))!, new UserLoginInfo("external", "43", "Acme ID"), Cancellation);
        using (var done = await dora.SubmitAsync("/account/external", "disconnect", ("Input.Password", Person.Password)))
            Assert.Contains("signs nobody in here any more", await done.Content.ReadAsStringAsync(Cancellation));
        using var late = new Person(app);
        Assert.Equal("/sign-in?problem=stranger", await GoThroughAsync(late, "/sign-in"));
    }

    [Fact]
    public async Task Return_that_this_browser_did_not_ask_for_signs_nobody_in()
    {
        await using var other = await StartServiceAsync([]);
        var root = other.Urls.Single();
        await using var app = await AppFixture.StartAsync(
            ("Accounts:ExternalName", "Acme ID"), ("Accounts:ExternalClientId", "us"), ("Accounts:ExternalClientSecret", "our secret"),
            ("Accounts:ExternalAuthorizationUrl", $"{root}/authorize"), ("Accounts:ExternalTokenUrl", $"{root}/token"), ("Accounts:ExternalUserUrl", $"{root}/user"));
        await Person.MakeAsync(app, "dora@acme.example");
        using var person = new Person(app);
        using var answer = await person.GetAsync("/sign-in/external/callback?code=good&state=invented");
        Assert.Equal("/sign-in?problem=external", answer.Headers.Location!.OriginalString);
        using var done = await person.GetAsync("/sign-in/external/done");
        Assert.StartsWith("/sign-in", done.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    /// <summary>Sends the form on the page, goes to the other service and comes back.</summary>
    /// <param name="html">The page as it was opened before; null opens it.</param>
    /// <returns>The path it ends at.</returns>
    private static async Task<string> GoThroughAsync(Person person, string page, string? password = null, string? html = null)
    {
        html ??= await person.ReadAsync(page);
        var action = WebUtility.HtmlDecode(html.Split("action=\"").First(part => part.StartsWith("/sign-in/external", StringComparison.Ordinal)).Split('"')[0]);
        (string, string)[] typed = password is null ? [] : [("Input.Password", password)];
        using var there = await person.PostAsync(action, [.. Person.HiddenOf(html, action.Replace("&", "&amp;", StringComparison.Ordinal)), .. typed]);
        if (there.Headers.Location!.OriginalString.StartsWith('/'))
            return there.Headers.Location.OriginalString;
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var granted = await http.GetAsync(there.Headers.Location, Cancellation);
        using var back = await person.GetAsync(granted.Headers.Location!.PathAndQuery);
        using var done = await person.GetAsync(back.Headers.Location!.OriginalString);
        return done.Headers.Location!.OriginalString;
    }

    private static async Task<WebApplication> StartServiceAsync(List<string> asked, Func<int>? account = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var service = builder.Build();
        service.Urls.Add("http://127.0.0.1:0");
        service.MapGet("/authorize", (HttpContext context) =>
        {
            asked.Add(context.Request.QueryString.Value!);
            return Results.Redirect($"{context.Request.Query["redirect_uri"]}?code=good&state={HttpUtility.UrlEncode(context.Request.Query["state"])}");
        });
        service.MapPost("/token", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            return form["code"] == "good" && form["client_secret"] == "our secret" && form["code_verifier"].Count == 1
                ? Results.Json(new { access_token = "token of dora", token_type = "Bearer" })
                : Results.BadRequest();
        });
        service.MapGet("/user", (HttpContext context) => context.Request.Headers.Authorization == "Bearer token of dora" ? Results.Json(new { id = account?.Invoke() ?? 42, sub = "dora" }) : Results.Unauthorized());
        await service.StartAsync(Cancellation);
        return service;
    }
}
