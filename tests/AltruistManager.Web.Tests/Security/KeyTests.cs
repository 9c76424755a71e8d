using System.Net;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.Authorization;

namespace AltruistManager.Web.Tests.Security;

public sealed class KeyTests(AppFixture app) : IClassFixture<AppFixture>
{
    private const string Guarded = "/api/v1/selections";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ApiKeyStore Keys => app.Services.GetRequiredService<ApiKeyStore>();

    [Fact]
    public async Task Path_that_does_not_exist_is_404_with_and_without_a_key()
    {
        Assert.Equal("unknown-path", (await app.Anonymous.GetProblemAsync("/api/v1/nothing", Cancellation)).Slug);
        Assert.Equal(404, (await app.Staff.GetProblemAsync("/api/v1/nothing", Cancellation)).Status);
    }

    [Fact]
    public async Task Wrong_method_names_the_right_ones()
    {
        var problem = await (await app.Anonymous.PutAsync("/api/v1/decisions", null, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((405, "method-not-allowed"), (problem.Status, problem.Slug));
        Assert.Contains("GET", problem.Response.Content.Headers.Allow);
    }

    [Fact]
    public async Task No_key_and_wrong_scope_are_told_apart()
    {
        var none = await app.Anonymous.GetProblemAsync(Guarded, Cancellation);
        Assert.Equal((401, "no-key", "Bearer"), (none.Status, none.Slug, none.Response.Headers.WwwAuthenticate.ToString()));
        var wrong = await app.Provider("acme").GetProblemAsync(Guarded, Cancellation);
        Assert.Equal((403, "forbidden"), (wrong.Status, wrong.Slug));
        Assert.Contains("insufficient_scope", wrong.Response.Headers.WwwAuthenticate.ToString());
    }

    [Theory]
    [InlineData("Bearer am_nonsense")]
    [InlineData("Bearer")]
    [InlineData("Basic dTpw")]
    [InlineData("Bearer am_0123456789abcdef_0123456789012345678901234567890123456789012")]
    public async Task Unknown_key_is_refused_even_where_none_is_needed(string header)
    {
        using var client = app.Client(null);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        foreach (var path in new[] { Guarded, "/api/v1/decisions" })
        {
            var problem = await client.GetProblemAsync(path, Cancellation);
            Assert.Equal((401, "unknown-key"), (problem.Status, problem.Slug));
        }

        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous.GetAsync("/api/v1/decisions", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Key_made_beside_the_running_service_is_taken_at_its_very_first_request()
    {
        for (var i = 0; i < 20; i++)
        {
            using var client = app.Client(await app.CreateKeyAsync(KeyScope.Portal));
            using var answer = await client.GetAsync(Guarded, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Revoked_key_ends_within_a_second()
    {
        var key = await app.CreateKeyAsync(KeyScope.Portal);
        using var client = app.Client(key);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Guarded, Cancellation)).StatusCode);

        await Keys.RevokeAsync(Actor.Operator, key.Split('_')[1], Cancellation);
        var started = TimeProvider.System.GetTimestamp();
        await Wait.UntilAsync("the key is refused", async () => (await client.GetAsync(Guarded, Cancellation)).StatusCode is HttpStatusCode.Unauthorized);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(45));
        Assert.Equal("revoked-key", (await client.GetProblemAsync(Guarded, Cancellation)).Slug);
    }

    [Fact]
    public async Task Expired_key_says_so()
    {
        using var client = app.Client(await app.CreateKeyAsync(KeyScope.Portal, expiresAt: TimeProvider.System.GetUtcNow().AddSeconds(-1)));
        Assert.Equal("expired-key", (await client.GetProblemAsync(Guarded, Cancellation)).Slug);
    }

    [Fact]
    public void Every_endpoint_says_who_may_call_it()
    {
        var open = app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAuthorizeData>() is null && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .Select(endpoint => endpoint.DisplayName);
        Assert.Empty(open);
    }

    [Fact]
    public void Only_what_the_contract_calls_public_may_be_called_without_a_key()
    {
        string[] known =
        [
            "altruists", "altruists/{id}", "altruists/{id}/changes", "altruists/{id}/standing", "chains", "chains/{chain}", "chains/{id}", "decisions", "decisions/{id}", "protocols", "providers", "providers/{id}", "regions", "regions/{id}",
            "transparency/head", "transparency/entries", "transparency/entries/{generation:long}", "transparency/entries/{generation:long}/header", "transparency/key",
            // Who reads it sends no key (docs/publishers.md); only altruists that their owners made public are in it.
            "publishers/{name}/catalogue",
        ];
        var open = app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("api/v1/", StringComparison.Ordinal))
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null || endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().All(policy => policy.Policy == "public"))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {endpoint.RoutePattern.RawText!.Trim('/')["api/v1/".Length..]}"))
            .ToList();
        Assert.NotEmpty(open);
        Assert.All(open, call => Assert.True(call.Split(' ') is ["GET" or "HEAD", var path] && known.Contains(path), call));
    }
}
