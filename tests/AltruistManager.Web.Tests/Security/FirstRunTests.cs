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
    public async Task First_run_that_is_over_stays_so_after_a_restart()
    {
        await using var app = await AppFixture.StartAsync();
        await Person.MakeAsync(app, "root@acme.example", Grant.Staff);
        await app.Services.GetRequiredService<FirstRun>().CloseAsync(Cancellation);
        await app.RestartAsync(() => { });
        await AppWithPicks.UntilAsync("the service has looked", () => Task.FromResult(app.Services.GetRequiredService<Initialisation>().IsDone));
        using var person = new Person(app);
        using (await person.SignInAsync("root@acme.example"))
            Assert.Contains("was set up already", await person.ReadAsync("/setup"));
        using var closed = await person.GetAsync("/setup/regions");
        Assert.Equal("/setup", closed.Headers.Location!.PathAndQuery);
    }

    private static Task<HttpResponseMessage> SubmitAsync(Person person, string token, string email, string password = Person.Password) =>
        person.SubmitAsync("/setup", "staff", ("Input.Token", token), ("Input.Email", email), ("Input.Password", password));
}
