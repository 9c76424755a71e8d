using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests.Api;

/// <summary>What an owner is shown of how an altruist is probed.</summary>
public sealed class AltruistProbesApiTests(AppWithPicks scene) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string One => scene.Altruists["one"];

    [Theory]
    [InlineData("GET", "probes")]
    [InlineData("GET", "budget")]
    [InlineData("GET", "evidence/00")]
    [InlineData("POST", "test")]
    public async Task Only_owner_and_staff_see_how_an_altruist_is_probed(string method, string path)
    {
        var app = scene.App;
        Assert.Equal((401, 403, 403), (await StatusAsync(app.Anonymous, method, One, path), await StatusAsync(app.Portal, method, One, path), await StatusAsync(app.Provider("bolt"), method, One, path)));
        Assert.Equal(404, await StatusAsync(app.Staff, method, "none", path));
        var expected = path == "evidence/00" ? 404 : 200;
        Assert.Equal((expected, expected), (await StatusAsync(app.Provider("acme"), method, One, path), await StatusAsync(app.Staff, method, One, path)));
    }

    [Fact]
    public async Task A_test_tells_each_check_with_what_was_asked_and_what_came_back()
    {
        await scene.RoundAsync();
        var report = await TestAsync(scene.App.Provider("acme"), One);

        Assert.True(report.GetProperty("passed").GetBoolean(), report.ToString());
        Assert.Equal(("in-service", "127.0.0.1", "local"), (Text(report, "endpoint"), Text(report, "address"), Text(report, "vantage")));
        var checks = report.GetProperty("checks").EnumerateArray().ToDictionary(check => Text(check, "name")!);
        Assert.Equal(["consistency", "data-integrity", "head-age", "height", "identity", "latency"], checks.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("passed", Text(checks["identity"], "state"));
        Assert.Equal("proves that it serves 1", Text(checks["identity"], "reason"));
        var call = checks["identity"].GetProperty("calls").EnumerateArray().Single();
        Assert.Equal(("eth_chainId []", "0x1"), (Text(call, "asked"), Text(call, "answered")));
        Assert.Equal(4, checks["consistency"].GetProperty("calls").GetArrayLength());

        // A sweep may have come after it.
        var probe = (await scene.App.Staff.GetJsonAsync($"/api/v1/altruists/{One}/probes?limit=50", Cancellation)).GetProperty("items").EnumerateArray().First(probe => Text(probe, "lane") == "test");
        Assert.Equal("ok", Text(probe, "outcome"));
        Assert.True(probe.GetProperty("calls").GetInt32() >= 7);
    }

    [Fact]
    public async Task A_test_of_a_node_that_is_down_says_what_to_do_and_asks_no_more_than_it_must()
    {
        var node = scene.World.Node("two");
        node.Fault = Faults.Down;
        try
        {
            var report = await TestAsync(scene.App.Staff, scene.Altruists["two"]);
            Assert.False(report.GetProperty("passed").GetBoolean());
            Assert.StartsWith("height: ", Text(report, "reason"));
            var checks = report.GetProperty("checks").EnumerateArray().ToDictionary(check => Text(check, "name")!);
            Assert.Equal(("failed", "skipped", "skipped"), (Text(checks["height"], "state"), Text(checks["latency"], "state"), Text(checks["consistency"], "state")));
        }
        finally
        {
            node.Heal();
        }
    }

    [Fact]
    public async Task Every_change_keeps_its_evidence_whose_bytes_hash_to_what_the_change_says()
    {
        var change = (await scene.App.Anonymous.GetJsonAsync($"/api/v1/altruists/{One}/changes?limit=1", Cancellation)).GetProperty("items")[0];
        var hash = Text(change, "evidence")!;

        using var answer = await scene.App.Provider("acme").GetAsync($"/api/v1/altruists/{One}/evidence/{hash}", Cancellation);
        var body = await answer.Content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal(("application/json", hash), (answer.Content.Headers.ContentType?.MediaType, Convert.ToHexStringLower(SHA256.HashData(body))));
        var evidence = JsonDocument.Parse(body).RootElement;
        Assert.Equal((One, Text(change, "to"), Text(change, "reason")), (Text(evidence, "altruist"), Text(evidence, "to"), Text(evidence, "reason")));
        Assert.NotEmpty(evidence.GetProperty("exchanges").EnumerateArray());
        Assert.DoesNotContain(scene.World.Node("one").Url.AbsolutePath, Encoding.UTF8.GetString(body));
        // Another altruist's hash is nothing here.
        Assert.Equal(404, await StatusAsync(scene.App.Staff, "GET", scene.Altruists["three"], $"evidence/{hash}"));
    }

    [Fact]
    public async Task The_budget_tells_what_was_measured_and_what_the_configuration_makes_of_a_day()
    {
        await scene.RoundAsync();
        var budget = await scene.App.Provider("acme").GetJsonAsync($"/api/v1/altruists/{One}/budget", Cancellation);

        var kinds = budget.GetProperty("kinds").EnumerateArray().ToDictionary(kind => Text(kind, "kind")!);
        Assert.Equal(["ahead", "checks", "failovers", "hot", "retries", "sweeps", "tests", "trial"], kinds.Keys.Order(StringComparer.Ordinal));
        Assert.True(kinds["sweeps"].GetProperty("calls").GetInt64() > kinds["sweeps"].GetProperty("probes").GetInt64());
        // Head, hash and what it says of itself each hour, the identity every twelfth time; four samples each hour.
        Assert.Equal((74, 96), (kinds["sweeps"].GetProperty("expectedPerDay").GetInt32(), kinds["checks"].GetProperty("expectedPerDay").GetInt32()));
        Assert.Equal(kinds.Values.Sum(kind => kind.GetProperty("calls").GetInt64()), budget.GetProperty("callsLastDay").GetInt64());
    }

    [Fact]
    public async Task Everybody_sees_the_checks_of_an_altruist_and_what_it_has_proven()
    {
        await Wait.UntilAsync("the checks ran", async () =>
            (await ShowAsync(One)).GetProperty("checks").EnumerateArray().Any(check => (Text(check, "name"), Text(check, "state")) == ("consistency", "passed")));
        var shown = await ShowAsync(One);

        Assert.Equal("passed", Text(shown.GetProperty("checks").EnumerateArray().Single(check => Text(check, "name") == "height"), "state"));
        Assert.Empty(shown.GetProperty("proven").EnumerateArray());
        Assert.DoesNotContain(scene.World.Node("one").Url.AbsolutePath, shown.ToString());
        Assert.False((await scene.App.Anonymous.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items")[0].TryGetProperty("checks", out _));
    }

    [Fact]
    public async Task A_claimed_archive_and_a_websocket_count_once_they_are_proven()
    {
        var node = scene.World.AddNode(scene.World.Node("one").Chain, "capable");
        var socket = new UriBuilder(node.Url) { Scheme = "ws" }.Uri.ToString();
        var made = await scene.App.Staff.PostAsJsonAsync(
            "/api/v1/altruists",
            new { provider = "bolt", chains = new[] { "0021" }, url = node.Url.ToString(), urls = new { websocket = socket }, regions = new[] { "eu" }, label = "capable", capabilities = new[] { "archive" } },
            Cancellation);
        var id = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;

        await Wait.UntilAsync("both are proven", async () => (await ShowAsync(id)).GetProperty("proven").GetArrayLength() == 2);
        Assert.Equal(["archive", "websocket"], (await ShowAsync(id)).GetProperty("proven").EnumerateArray().Select(capability => capability.GetString()));
        await Wait.UntilAsync("portals are told the WebSocket", async () =>
        {
            var primary = (await scene.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=eu", Cancellation)).GetProperty("primary");
            return Text(primary, "altruist") == id && primary.GetProperty("urls").TryGetProperty("websocket", out var told) && told.GetString() == socket;
        });
        await scene.App.Staff.DeleteAsync($"/api/v1/altruists/{id}", Cancellation);
    }

    [Fact]
    public async Task A_retired_altruist_is_not_tested()
    {
        var node = scene.World.AddNode(scene.World.Node("one").Chain, "leaving");
        var made = await scene.App.Staff.PostAsJsonAsync(
            "/api/v1/altruists", new { provider = "bolt", chains = new[] { "0021" }, url = node.Url.ToString(), regions = new[] { "eu" }, label = "leaving" }, Cancellation);
        var id = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        await scene.App.Staff.DeleteAsync($"/api/v1/altruists/{id}", Cancellation);

        Assert.Equal(410, await StatusAsync(scene.App.Staff, "POST", id, "test"));
    }

    [Fact]
    public async Task A_passing_test_ends_a_suspension_after_which_it_must_rise_as_any_other_and_the_newest_endpoint_is_tested()
    {
        await using var app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.2"), ("Health:SuspendAfter", "00:00:00.1"), ("Probing:Interval", "00:00:01"));
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var node = world.AddNode(world.AddChain(1, TimeSpan.FromSeconds(1)), "one");
        await app.Staff.PutAsJsonAsync("/api/v1/providers/acme", new { name = "Acme" }, Cancellation);
        await app.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = Array.Empty<string>() }, Cancellation);
        node.Fault = Faults.Down;
        var made = await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = node.Url.ToString(), label = "one" }, Cancellation);
        var id = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        await Wait.UntilAsync("it is suspended", async () => await StateAsync() == "suspended");

        Assert.False((await TestAsync(app.Staff, id)).GetProperty("passed").GetBoolean());
        Assert.Equal("suspended", await StateAsync());
        node.Heal();
        var passed = await TestAsync(app.Provider("acme"), id);
        Assert.Equal((true, "the suspension has ended; it is probed until it is healthy"), (passed.GetProperty("passed").GetBoolean(), Text(passed, "ended")));
        await Wait.UntilAsync("it is healthy", async () => await StateAsync() == "healthy");
        var last = (await app.Anonymous.GetJsonAsync($"/api/v1/altruists/{id}/changes", Cancellation)).GetProperty("items").EnumerateArray().Take(2).Select(change => Text(change, "to"));
        Assert.Equal(["healthy", "unknown"], last);

        var other = world.AddNode(node.Chain, "other");
        other.Fault = Faults.WrongChain(137);
        using var moved = await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{id}", new { url = other.Url.ToString() }, Cancellation);
        var trial = await TestAsync(app.Staff, id);
        Assert.Equal(("on-trial", false), (Text(trial, "endpoint"), trial.GetProperty("passed").GetBoolean()));
        Assert.StartsWith("identity: serves another chain: proves 137, not 1", Text(trial, "reason"));
        Assert.Equal("healthy", await StateAsync());

        async Task<string?> StateAsync() => Text(await app.Anonymous.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation), "state");
    }

    [Fact]
    public async Task Tests_are_limited_per_caller()
    {
        await using var app = await AppFixture.StartAsync(("Limits:TestsPerMinute", "2"));
        Assert.Equal((404, 404), (await StatusAsync(app.Staff, "POST", "none", "test"), await StatusAsync(app.Staff, "POST", "none", "test")));

        using var refused = await app.Staff.PostAsync("/api/v1/altruists/none/test", null, Cancellation);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 2, 60);
        Assert.Equal(404, await StatusAsync(app.Provider("acme"), "POST", "none", "test"));
    }

    private async Task<JsonElement> ShowAsync(string id) => await scene.App.Anonymous.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation);

    private static async Task<JsonElement> TestAsync(HttpClient client, string id) => await (await client.PostAsync($"/api/v1/altruists/{id}/test", null, Cancellation)).ReadJsonAsync(Cancellation);

    private static async Task<int> StatusAsync(HttpClient client, string method, string id, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1/altruists/{id}/{path}");
        using var answer = await client.SendAsync(request, Cancellation);
        return (int)answer.StatusCode;
    }

    private static string? Text(JsonElement thing, string field) => thing.GetProperty(field).GetString();
}
