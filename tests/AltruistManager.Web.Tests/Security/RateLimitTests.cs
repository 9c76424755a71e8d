using System.Net;

namespace AltruistManager.Web.Tests.Security;

public sealed class RateLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_is_too_fast_is_told_when_to_come_back_and_nobody_else_is_slowed()
    {
        await using var app = await AppFixture.StartAsync(("Limits:RequestsPerSecond", "10"), ("Limits:AnonymousRequestsPerSecond", "3"));

        var byKey = await ManyAsync(app.Portal, "/api/v1/decisions", 60);
        Assert.Contains(byKey, answer => answer.StatusCode is HttpStatusCode.OK);
        var refused = await byKey.First(answer => answer.StatusCode is HttpStatusCode.TooManyRequests).ReadProblemAsync(Cancellation);
        Assert.Equal((429, "too-fast", "1"), (refused.Status, refused.Slug, refused.Response.Headers.RetryAfter!.ToString()));

        Assert.Equal(HttpStatusCode.OK, (await app.Staff.GetAsync("/api/v1/decisions", Cancellation)).StatusCode);

        var byAddress = await ManyAsync(app.Anonymous, "/api/v1/decisions", 40);
        Assert.Contains(byAddress, answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
        Assert.All(await ManyAsync(app.Anonymous, "/healthz/live", 40), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

        // Invented keys count as their address.
        using var invented = app.Client("am_0123456789abcdef_0123456789012345678901234567890123456789012");
        Assert.Contains(await ManyAsync(invented, "/api/v1/decisions", 40), answer => answer.StatusCode is HttpStatusCode.TooManyRequests);

        await AppWithPicks.UntilAsync("the key may call again", async () => (await app.Portal.GetAsync("/api/v1/decisions", Cancellation)).StatusCode is HttpStatusCode.OK);
    }

    [Fact]
    public async Task Zero_is_no_limit()
    {
        await using var app = await AppFixture.StartAsync();
        Assert.All(await ManyAsync(app.Anonymous, "/api/v1/decisions", 100), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    private static async Task<HttpResponseMessage[]> ManyAsync(HttpClient client, string path, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.GetAsync(path, Cancellation)));
}
