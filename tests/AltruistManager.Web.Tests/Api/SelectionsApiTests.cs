using System.Net;

namespace AltruistManager.Web.Tests.Api;

public sealed class SelectionsApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Slot = "/api/v1/selections/0021?region=us-east";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Portal => picks.App.Portal;

    [Fact]
    public async Task Pick_says_all_a_portal_needs()
    {
        using var answer = await Portal.GetAsync(Slot, Cancellation);
        var pick = await answer.ReadJsonAsync(Cancellation);

        Assert.Equal(("0021", "us-east", "fresh"), (pick.GetProperty("chain").GetString(), pick.GetProperty("region").GetString(), pick.GetProperty("state").GetString()));
        var primary = pick.GetProperty("primary");
        Assert.Contains(primary.GetProperty("altruist").GetString(), picks.Altruists.Values);
        Assert.StartsWith("http://127.0.0.1", primary.GetProperty("url").GetString());
        Assert.Equal(2, pick.GetProperty("standbys").GetArrayLength());
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(pick.GetProperty("generation").GetInt64().ToString(), answer.Headers.GetValues("Altruist-Generation").Single());
        Assert.EndsWith("Z", answer.Headers.GetValues("Altruist-Round-At").Single());
        Assert.Equal("max-age=30, stale-if-error=2592000, private", string.Join(", ", answer.Headers.CacheControl!.ToString().Split(", ").Order().Where(part => part != "private").Append("private")));
        Assert.False(answer.Headers.ETag!.IsWeak);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));

        var decision = await picks.App.Anonymous.GetJsonAsync($"/api/v1/decisions/{pick.GetProperty("decision").GetString()}", Cancellation);
        Assert.Equal(primary.GetProperty("altruist").GetString(), decision.GetProperty("result").GetProperty("altruist").GetString());
    }

    [Fact]
    public async Task Alias_names_the_same_slot_byte_for_byte() =>
        Assert.Equal(await Portal.GetStringAsync(Slot, Cancellation), await Portal.GetStringAsync("/api/v1/selections/eth?region=us-east", Cancellation));

    [Theory]
    [InlineData("{0}", 304)]
    [InlineData("W/{0}", 304)]
    [InlineData("\"other\", {0}", 304)]
    [InlineData("*", 304)]
    [InlineData("\"other\"", 200)]
    public async Task What_a_portal_already_has_is_not_sent_again(string ifNoneMatch, int status)
    {
        using var first = await Portal.GetAsync(Slot, Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, Slot);
        request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch.Replace("{0}", first.Headers.ETag!.Tag));
        using var second = await Portal.SendAsync(request, Cancellation);

        Assert.Equal(status, (int)second.StatusCode);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(first.Headers.GetValues("Altruist-Round-At"), second.Headers.GetValues("Altruist-Round-At"));
        Assert.Equal(first.Headers.CacheControl, second.Headers.CacheControl);
        Assert.Equal(status == 304, (await second.Content.ReadAsByteArrayAsync(Cancellation)).Length == 0);
    }

    [Fact]
    public async Task Head_has_the_headers_and_no_body()
    {
        using var get = await Portal.GetAsync(Slot, Cancellation);
        using var head = await Portal.SendAsync(new HttpRequestMessage(HttpMethod.Head, Slot), Cancellation);
        Assert.Equal((HttpStatusCode.OK, get.Headers.ETag), (head.StatusCode, head.Headers.ETag));
        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task Region_without_altruists_gets_those_of_its_fallback()
    {
        var pick = await Portal.GetJsonAsync("/api/v1/selections/0021?region=eu", Cancellation);
        Assert.Equal(("fallback", "us-east"), (pick.GetProperty("state").GetString(), pick.GetProperty("primary").GetProperty("region").GetString()));
    }

    [Fact]
    public async Task Bulk_call_lists_every_slot_of_the_region_in_chain_order()
    {
        var all = await Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        Assert.Equal(["0021", "0099"], all.GetProperty("selections").EnumerateArray().Select(slot => slot.GetProperty("chain").GetString()));
        Assert.Equal(["fresh", "none"], all.GetProperty("selections").EnumerateArray().Select(slot => slot.GetProperty("state").GetString()));
        Assert.Equal(0, all.GetProperty("revoked").GetArrayLength());
    }

    [Fact]
    public async Task Missing_region_means_the_default_one()
    {
        Assert.Equal("global", (await Portal.GetJsonAsync("/api/v1/selections", Cancellation)).GetProperty("region").GetString());
        Assert.Equal("no-altruist", (await Portal.GetProblemAsync("/api/v1/selections/0021", Cancellation)).Slug);
    }

    [Theory]
    [InlineData("/api/v1/selections/nothing?region=us-east", 404, "unknown-chain")]
    [InlineData("/api/v1/selections/0021?region=nowhere", 404, "unknown-region")]
    [InlineData("/api/v1/selections?region=nowhere", 404, "unknown-region")]
    [InlineData("/api/v1/selections/0099?region=us-east", 503, "no-altruist")]
    public async Task What_cannot_be_answered_says_why(string path, int status, string slug)
    {
        var problem = await Portal.GetProblemAsync(path, Cancellation);
        Assert.Equal((status, slug), (problem.Status, problem.Slug));
        Assert.Equal(status == 503, problem.Response.Headers.RetryAfter is not null);
    }

    [Fact]
    public async Task Retired_chain_is_gone_and_names_its_successor()
    {
        await (await picks.App.Staff.PutAsJsonAsync("/api/v1/chains/0777", new { name = "Old", protocol = "evm", identity = "777", blockTimeSeconds = 1, lagToleranceBlocks = 1, aliases = Array.Empty<string>(), successor = "0021" }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.True((await picks.App.Staff.DeleteAsync("/api/v1/chains/0777", Cancellation)).IsSuccessStatusCode);
        using var answer = await Portal.GetAsync("/api/v1/selections/0777?region=us-east", Cancellation);
        var problem = await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Cancellation);
        Assert.Equal((HttpStatusCode.Gone, "0021"), (answer.StatusCode, problem.GetProperty("successor").GetString()));
    }

    [Fact]
    public async Task Selections_are_for_portals()
    {
        Assert.Equal(401, (await picks.App.Anonymous.GetProblemAsync(Slot, Cancellation)).Status);
        Assert.Equal(403, (await picks.App.Provider("acme").GetProblemAsync(Slot, Cancellation)).Status);
        Assert.Equal(HttpStatusCode.OK, (await picks.App.Staff.GetAsync(Slot, Cancellation)).StatusCode);
    }
}
