using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests.Api;

/// <summary>What changes and refusals leave behind, and who may read it.</summary>
public sealed class AuditApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Path = "/api/v1/audit";

    /// <summary>Every call that may change something, and its line; null for what is none of the trail's business.</summary>
    private static readonly Dictionary<string, string?> Lines = new()
    {
        ["putRegion"] = "region.add",
        ["putChain"] = "chain.add",
        ["retireChain"] = "chain.retire",
        ["putProvider"] = "provider.add",
        ["addAltruist"] = "altruist.add",
        ["changeAltruist"] = "altruist.change",
        ["rotateCredentials"] = "altruist.credentials",
        ["testAltruist"] = "altruist.test",
        ["proveAltruist"] = "altruist.challenge",
        ["drainAltruist"] = "altruist.drain",
        ["resumeAltruist"] = "altruist.resume",
        ["retireAltruist"] = "altruist.retire",
        ["putPortal"] = "portal.add",
        ["retirePortal"] = "portal.retire",
        ["addOverride"] = "override.add",
        ["deleteOverride"] = "override.end",
        ["addHold"] = "hold.add",
        ["deleteHold"] = "hold.end",
        ["runRound"] = "round.run",
        // Counts of portals, many a minute; no change.
        ["addRelayReport"] = null,
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AppFixture App => picks.App;

    [Fact]
    public async Task Every_call_that_changes_something_leaves_a_line()
    {
        string[] changing = ["POST", "PUT", "PATCH", "DELETE"];
        var calls = App.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal))
            .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Any(changing.Contains) == true)
            .Select(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName).Order().ToList();
        Assert.Equal(Lines.Keys.Order(), calls);

        var before = (await App.Staff.GetJsonAsync($"{Path}?limit=1", Cancellation)).GetProperty("items")[0].GetProperty("id").GetString()!;
        await App.Staff.PutAsJsonAsync("/api/v1/regions/mars", new { }, Cancellation);
        await App.Staff.PutAsJsonAsync("/api/v1/chains/0555", new { protocol = "evm", identity = "555" }, Cancellation);
        await App.Staff.DeleteAsync("/api/v1/chains/0555", Cancellation);
        await App.Staff.PutAsJsonAsync("/api/v1/providers/newcomer", new { }, Cancellation);
        var made = await (await App.Staff.PostAsJsonAsync(
            "/api/v1/altruists", new { provider = "newcomer", chains = new[] { "0099" }, url = picks.World.Node("one").Url + "elsewhere", regions = new[] { "mars" } }, Cancellation)).ReadJsonAsync(Cancellation);
        var altruist = $"/api/v1/altruists/{made.GetProperty("id").GetString()}";
        await App.Staff.PatchAsJsonAsync(altruist, new { label = "newest" }, Cancellation);
        await App.Staff.PutAsJsonAsync($"{altruist}/credentials", new { auth = new { type = "bearer", token = "abc" } }, Cancellation);
        await App.Staff.PatchAsJsonAsync(altruist, new { attested = false }, Cancellation);
        await App.Staff.PostAsync($"{altruist}/proof", null, Cancellation);
        await App.Staff.PostAsync($"{altruist}/test", null, Cancellation);
        await App.Staff.PostAsJsonAsync($"{altruist}/drain", new { reason = "new disks" }, Cancellation);
        await App.Staff.PostAsync($"{altruist}/resume", null, Cancellation);
        await App.Staff.DeleteAsync(altruist, Cancellation);
        await App.Staff.PutAsJsonAsync("/api/v1/portals/passing", new { }, Cancellation);
        await App.Staff.DeleteAsync("/api/v1/portals/passing", Cancellation);
        var rule = await (await App.Staff.PostAsJsonAsync(
            "/api/v1/overrides", new { kind = "exclude", provider = "newcomer", reason = "a test", expiresAt = TimeProvider.System.GetUtcNow().AddHours(1) }, Cancellation)).ReadJsonAsync(Cancellation);
        await App.Staff.DeleteAsync($"/api/v1/overrides/{rule.GetProperty("id").GetString()}", Cancellation);
        var hold = await (await App.Staff.PostAsJsonAsync("/api/v1/holds", new { reason = "a test", until = TimeProvider.System.GetUtcNow().AddHours(1) }, Cancellation)).ReadJsonAsync(Cancellation);
        await App.Staff.DeleteAsync($"/api/v1/holds/{hold.GetProperty("id").GetString()}", Cancellation);
        await picks.RoundAsync();

        await Wait.UntilAsync("all of it is in the trail", async () =>
        {
            var told = (await ItemsAsync(App.Staff, $"{Path}?limit=200")).Where(line => long.Parse(Text(line, "id")) > long.Parse(before)).Select(line => Text(line, "action")).ToHashSet();
            return Lines.Values.All(action => action is null || told.Contains(action));
        });
    }

    [Fact]
    public async Task Line_says_who_did_it_from_where_and_what_differs()
    {
        await App.Provider("acme").PatchAsJsonAsync($"/api/v1/altruists/{picks.Altruists["one"]}", new { capacityRps = 123 }, Cancellation);
        var line = (await ItemsAsync(App.Staff, $"{Path}?subject={picks.Altruists["one"]}&action=altruist.change&provider=acme"))[0];
        Assert.StartsWith("key:", Text(line, "actor"), StringComparison.Ordinal);
        Assert.Equal(("test", "127.0.0.1", $"altruist:{picks.Altruists["one"]}", "done"), (Text(line, "actorName"), Text(line, "address"), Text(line, "subject"), Text(line, "outcome")));
        Assert.Equal("""{"capacityRps":123}""", line.GetProperty("after").GetRawText());
        Assert.Equal("""{"capacityRps":null}""", line.GetProperty("before").GetRawText());
    }

    [Fact]
    public async Task Provider_reads_what_concerns_itself_and_is_told_of_staff_only_that_it_was_staff()
    {
        await App.Staff.PatchAsJsonAsync($"/api/v1/altruists/{picks.Altruists["two"]}", new { tier = 2 }, Cancellation);
        await App.Staff.PatchAsJsonAsync($"/api/v1/altruists/{picks.Altruists["two"]}", new { tier = 1 }, Cancellation);
        var lines = await ItemsAsync(App.Provider("acme"), $"{Path}?limit=200");
        Assert.All(lines, line => Assert.Equal("acme", Text(line, "provider")));
        var byStaff = lines.First(line => Text(line, "subject") == $"altruist:{picks.Altruists["two"]}");
        Assert.Equal(("key:staff", "staff", null), (Text(byStaff, "actor"), Text(byStaff, "actorName"), byStaff.GetProperty("address").GetString()));

        Assert.Equal(403, (await App.Provider("acme").GetProblemAsync($"{Path}?provider=bolt", Cancellation)).Status);
        Assert.Equal(403, (await App.Portal.GetProblemAsync(Path, Cancellation)).Status);
        Assert.Equal(401, (await App.Anonymous.GetProblemAsync(Path, Cancellation)).Status);
    }

    [Fact]
    public async Task Refused_calls_and_keys_that_are_not_good_are_in_the_trail()
    {
        var key = await App.CreateKeyAsync(KeyScope.Portal);
        using var portal = App.Client(key);
        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Forbidden, (await portal.PostAsync("/api/v1/rounds", null, Cancellation)).StatusCode);
        Assert.Equal(403, (await App.Provider("bolt").GetProblemAsync($"/api/v1/altruists/{picks.Altruists["one"]}/probes", Cancellation)).Status);
        using var stranger = App.Client("am_0123456789abcdef_0123456789012345678901234567890123456789012");
        await stranger.GetAsync("/api/v1/selections", Cancellation);
        await App.Services.GetRequiredService<ApiKeyStore>().RevokeAsync(Actor.Operator, key.Split('_')[1], Cancellation);
        await Wait.UntilAsync("the key is refused", async () => (await portal.GetAsync("/api/v1/selections", Cancellation)).StatusCode is HttpStatusCode.Unauthorized);

        await Wait.UntilAsync("all of it is in the trail", async () =>
        {
            var lines = (await ItemsAsync(App.Staff, $"{Path}?limit=200")).Where(line => Text(line, "outcome") == "refused").ToList();
            return lines.Exists(line => Text(line, "actor") == $"key:{key.Split('_')[1]}" && Text(line, "action") == "call.runRound" && line.GetProperty("times").GetInt32() >= 1)
                && lines.Exists(line => Text(line, "action") == "call.listAltruistProbes" && Text(line, "provider") == "bolt")
                && lines.Exists(line => Text(line, "action") == "key.sign-in" && Text(line, "actor") == "nobody:127.0.0.1" && Text(line, "detail").EndsWith(" key", StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task The_whole_trail_comes_as_csv()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}?action=region&limit=1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));
        using var answer = await App.Staff.SendAsync(request, Cancellation);
        Assert.Equal(("text/csv", "audit.csv"), (answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.FileNameStar ?? answer.Content.Headers.ContentDisposition?.FileName));
        var lines = (await answer.Content.ReadAsStringAsync(Cancellation)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("id,at,actorKind,actor,", lines[0], StringComparison.Ordinal);
        // The default region by the service itself, and two by the fixture.
        Assert.InRange(lines.Length, 4, 10);
        Assert.Contains(lines, line => line.Contains("service,service,the service,,region.add,region,global", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("action=a%25b", "action")]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=x", "to")]
    [InlineData("before=x", "before")]
    [InlineData("limit=0", "limit")]
    public async Task Wrong_filter_is_named(string query, string field) =>
        Assert.Contains(field, (await App.Staff.GetProblemAsync($"{Path}?{query}", Cancellation)).Errors.Keys);

    private static async Task<List<JsonElement>> ItemsAsync(HttpClient client, string path) => [.. (await client.GetJsonAsync(path, Cancellation)).GetProperty("items").EnumerateArray()];

    private static string Text(JsonElement line, string field) => line.GetProperty(field).GetString() ?? "";
}
