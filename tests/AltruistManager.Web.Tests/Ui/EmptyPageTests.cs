using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Web.Tests.Security;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>What a page says when there is nothing to show, or when it cannot be made.</summary>
public sealed class EmptyPageTests(AppFixture app) : IClassFixture<AppFixture>
{
    [Fact]
    public async Task An_empty_service_says_what_to_do_first()
    {
        // Without anybody who can sign in, every page would lead to the first run.
        await Person.MakeAsync(app, "staff@acme.example", Grant.Staff);
        Assert.Contains("/admin/chains", await app.Anonymous.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("/admin/providers", await app.Anonymous.GetStringAsync("/altruists", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/methodology", HttpStatusCode.OK)]
    [InlineData("/sign-in", HttpStatusCode.OK)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    public async Task A_monitor_that_asks_for_the_head_of_a_page_gets_it_without_the_body(string path, HttpStatusCode status)
    {
        await Person.MakeAsync(app, $"who-asks-for{path.Replace('/', '-')}@acme.example", Grant.Staff);
        using var whole = await app.Anonymous.GetAsync(path, TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var head = await app.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, head.StatusCode);
        Assert.Equal(whole.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal(whole.Headers.GetValues("Content-Security-Policy"), head.Headers.GetValues("Content-Security-Policy"));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_page_that_fails_says_so_and_nothing_more()
    {
        await using var broken = await AppFixture.StartAsync();
        using (var added = await broken.Staff.PutAsJsonAsync(
            "/api/v1/chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1" }, TestContext.Current.CancellationToken))
            Assert.True(added.IsSuccessStatusCode);
        var database = broken.Services.GetRequiredService<Database>();
        await database.WriteAsync(write => write.ExecuteAsync("alter table log_decisions rename to gone"), TestContext.Current.CancellationToken);

        using var answer = await broken.Anonymous.GetAsync("/slots/0021/global", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        var html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("This page could not be made", html, StringComparison.Ordinal);
        Assert.DoesNotContain("log_decisions", html, StringComparison.Ordinal);
    }
}
