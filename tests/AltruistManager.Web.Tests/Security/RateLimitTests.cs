using System.Net;

namespace AltruistManager.Web.Tests.Security;

public sealed class RateLimitTests
{
    private const string Path = "/api/v1/decisions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Key_that_is_too_fast_is_told_when_to_come_back_and_no_other_key_is_slowed()
    {
        await using var app = await AppFixture.StartAsync(("Limits:RequestsPerSecond", "10"));
        var answers = await ManyAsync(app.Portal, 300);
        Assert.InRange(answers.Count(answer => answer.StatusCode is HttpStatusCode.OK), 10, 299);
        var refused = await answers.First(answer => answer.StatusCode is HttpStatusCode.TooManyRequests).ReadProblemAsync(Cancellation);
        Assert.Equal((429, "too-fast", "1"), (refused.Status, refused.Slug, refused.Response.Headers.RetryAfter!.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await app.Staff.GetAsync(Path, Cancellation)).StatusCode);
        Assert.All(await ManyAsync(app.Anonymous, 60), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

        await Wait.UntilAsync("the key may call again", async () => (await app.Portal.GetAsync(Path, Cancellation)).StatusCode is HttpStatusCode.OK);
    }

    [Fact]
    public async Task Address_without_a_key_that_is_too_fast_is_told_when_to_come_back_and_keys_of_that_address_are_not_slowed()
    {
        await using var app = await AppFixture.StartAsync(("Limits:AnonymousRequestsPerSecond", "3"));
        var answers = await ManyAsync(app.Anonymous, 100);
        Assert.InRange(answers.Count(answer => answer.StatusCode is HttpStatusCode.OK), 3, 99);
        var refused = await answers.First(answer => answer.StatusCode is HttpStatusCode.TooManyRequests).ReadProblemAsync(Cancellation);
        Assert.Equal((429, "too-fast", "1"), (refused.Status, refused.Slug, refused.Response.Headers.RetryAfter!.ToString()));
        Assert.All(await ManyAsync(app.Portal, 40), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.All(await ManyAsync(app.Anonymous, 40, "/healthz/live"), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

        // Invented keys count as their address.
        using var invented = app.Client("am_0123456789abcdef_0123456789012345678901234567890123456789012");
        Assert.Contains(await ManyAsync(invented, 200), answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Zero_is_no_limit()
    {
        await using var app = await AppFixture.StartAsync();
        Assert.All(await ManyAsync(app.Anonymous, 100), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    [Fact]
    public async Task Stranger_does_not_get_past_the_limit_by_saying_that_it_is_somebody_else()
    {
        await using var app = await AppFixture.StartAsync(("Limits:AnonymousRequestsPerSecond", "3"), ("Http:TrustedProxies:0", "192.0.2.0/24"));
        Assert.Contains(await ForwardedAsync(app, 200, number => $"198.51.100.{number}"), answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Without_configured_proxies_nobody_may_say_that_it_is_somebody_else()
    {
        await using var app = await AppFixture.StartAsync(("Limits:AnonymousRequestsPerSecond", "3"));
        Assert.Contains(await ForwardedAsync(app, 200, number => $"198.51.100.{number}"), answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Callers_behind_a_configured_proxy_are_told_apart_by_the_address_that_the_proxy_saw()
    {
        await using var app = await AppFixture.StartAsync(("Limits:AnonymousRequestsPerSecond", "3"), ("Http:TrustedProxies:0", "127.0.0.0/8"), ("Http:TrustedProxies:1", "10.0.0.0/8"));
        Assert.All(await ForwardedAsync(app, 40, number => $"198.51.100.{number}"), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        // Through two proxies; what the caller itself wrote stands before them.
        Assert.All(await ForwardedAsync(app, 40, number => $"192.0.2.1, 203.0.113.{100 + number}, 10.0.0.1"), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Contains(await ForwardedAsync(app, 200, number => $"198.51.100.{number}, 203.0.113.9, 10.0.0.1"), answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
    }

    private static async Task<HttpResponseMessage[]> ManyAsync(HttpClient client, int count, string path = Path) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.GetAsync(path, Cancellation)));

    private static async Task<HttpResponseMessage[]> ForwardedAsync(AppFixture app, int count, Func<int, string> forwardedFor) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Path);
            request.Headers.Add("X-Forwarded-For", forwardedFor(number));
            return await app.Anonymous.SendAsync(request, Cancellation);
        }));
}
