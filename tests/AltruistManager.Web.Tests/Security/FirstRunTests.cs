using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Web.Ui.Pages.Setup;

namespace AltruistManager.Web.Tests.Security;

/// <summary>Who may set the service up, and when it is over.</summary>
public sealed class FirstRunTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Empty_service_leads_every_page_to_the_first_run_and_no_call()
    {
        await using var app = await AppFixture.StartAsync();
        using var person = new Person(app);
        foreach (var page in new[] { "/", "/altruists", "/sign-in", "/account", "/methodology" })
        {
            using var answer = await person.GetAsync(page);
            Assert.Equal((HttpStatusCode.Found, "/setup"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        }

        foreach (var call in new[] { "/api/v1/chains", "/healthz/live", "/openapi/v1.json", "/css/site.css" })
        {
            using var answer = await person.GetAsync(call);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using (var staffs = await person.GetAsync("/setup/chains"))
            Assert.StartsWith("/sign-in", staffs.Headers.Location!.PathAndQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_with_chains_but_nobody_keeps_its_pages_and_can_be_set_up()
    {
        await using var app = await AppFixture.StartAsync();
        using (await app.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" }, Cancellation))
        using (var person = new Person(app))
        {
            Assert.Contains("Ethereum", await person.ReadAsync("/"));
            Assert.Contains("Who are you?", await person.ReadAsync("/setup"));
        }
    }

    [Fact]
    public async Task Token_of_the_log_makes_the_first_staff_user_and_nobody_after()
    {
        await using var app = await AppFixture.StartAsync();
        var first = app.Services.GetRequiredService<FirstRun>();
        using var thief = new Person(app);
        using (var guess = await SubmitAsync(thief, "a guess", "thief@acme.example"))
            Assert.Contains("not the token", await guess.Content.ReadAsStringAsync(Cancellation));
        Assert.False(app.Services.GetRequiredService<UserBook>().Any);

        using var person = new Person(app);
        using (var weak = await SubmitAsync(person, first.Token, "root@acme.example", "password123"))
            Assert.Contains("guessed first", await weak.Content.ReadAsStringAsync(Cancellation));
        var late = Person.HiddenOf(await thief.ReadAsync("/setup"), "staff");
        using (var made = await SubmitAsync(person, first.Token, "root@acme.example"))
            Assert.Equal("/setup/regions", made.Headers.Location!.PathAndQuery);
        Assert.Contains("Where are your portals?", await person.ReadAsync("/setup/regions"));

        using (await thief.PostAsync("/setup", [.. late, ("Input.Token", first.Token), ("Input.Email", "thief@acme.example"), ("Input.Password", Person.Password)]))
        {
            using var scope = app.Services.CreateScope();
            Assert.Null(await scope.ServiceProvider.GetRequiredService<Users>().FindByEmailAsync("thief@acme.example"));
        }
    }

    [Fact]
    public async Task Of_two_who_send_the_token_at_once_one_becomes_staff()
    {
        await using var app = await AppFixture.StartAsync();
        var token = app.Services.GetRequiredService<FirstRun>().Token;
        using var one = new Person(app);
        using var two = new Person(app);
        // Both are let to it before either is made.
        var forms = new[] { (one, await one.ReadAsync("/setup")), (two, await two.ReadAsync("/setup")) };
        var answers = await Task.WhenAll(forms.Select((form, number) => form.Item1.PostAsync(
            "/setup", [.. Person.HiddenOf(form.Item2, "staff"), ("Input.Token", token), ("Input.Email", $"root{number}@acme.example"), ("Input.Password", Person.Password)])));
        Assert.Single(answers, answer => answer.Headers.Location?.PathAndQuery == "/setup/regions");
        Assert.Single(await app.Services.GetRequiredService<UserStore>().ListAsync(null, null, 9, Cancellation));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Fact]
    public async Task Altruist_that_does_not_pass_its_test_ends_no_first_run_whatever_a_form_says()
    {
        await using var app = await AppFixture.StartAsync();
        var first = app.Services.GetRequiredService<FirstRun>();
        using var person = new Person(app);
        using (await SubmitAsync(person, first.Token, "root@acme.example"))
        using (await app.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" }, Cancellation))
        using (var added = await person.SubmitAsync(
            "/setup/altruist", "altruist", ("Input.Provider", "acme"), ("Input.Chain", "0021"), ("Input.Region", "*"), ("Input.Url", "http://127.0.0.1:9/nobody")))
        {
            var html = await added.Content.ReadAsStringAsync(Cancellation);
            Assert.Contains("does not answer as it should", html, StringComparison.Ordinal);
            Assert.DoesNotContain("Finish", html, StringComparison.Ordinal);
        }

        // Whoever comes back finds it filled in; it is tested once more before anything ends.
        var again = await person.ReadAsync("/setup/altruist");
        Assert.Contains("http://127.0.0.1:9/nobody", again, StringComparison.Ordinal);
        using (var finished = await person.PostAsync("/setup/altruist", [.. Person.HiddenOf(again, "finish")]))
            Assert.Contains("does not answer as it should", await finished.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.True(first.IsOpen);
    }

    [Fact]
    public async Task First_run_that_is_over_stays_so_after_a_restart()
    {
        await using var app = await AppFixture.StartAsync();
        await Person.MakeAsync(app, "root@acme.example", Grant.Staff);
        await app.Services.GetRequiredService<FirstRun>().CloseAsync(Cancellation);
        await app.RestartAsync(() => { });
        await Wait.UntilAsync("the service has looked", () => Task.FromResult(app.Services.GetRequiredService<Initialisation>().IsDone));
        using var person = new Person(app);
        using (await person.SignInAsync("root@acme.example"))
            Assert.Contains("was set up already", await person.ReadAsync("/setup"));
        using var closed = await person.GetAsync("/setup/regions");
        Assert.Equal("/setup", closed.Headers.Location!.PathAndQuery);
    }

    private static Task<HttpResponseMessage> SubmitAsync(Person person, string token, string email, string password = Person.Password) =>
        person.SubmitAsync("/setup", "staff", ("Input.Token", token), ("Input.Email", email), ("Input.Password", password));
}
