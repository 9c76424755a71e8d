using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AltruistManager.Publishing;
using AltruistManager.Tests.Probing;

namespace AltruistManager.Tests.Publishing;

/// <summary>Targets behind HTTP, each against a server that records what it is asked.</summary>
public sealed class HttpPublisherTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly ConcurrentQueue<(string Line, string Headers, string Body)> asked = new();

    private string status = "200 OK";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_second_portal_api_gets_the_whole_set_in_use_with_its_credentials()
    {
        await using var server = Server();
        await using var scene = new PublishingScene();
        var runner = scene
            .Pick("0021", primaries: 2, PublishingScene.Json("a", "https://a.example/rpc?k=1", "basic"), PublishingScene.Json("b", "http://b.example:8545", "bearer"), PublishingScene.Json("c"))
            .Pick("0040", PublishingScene.Json("d", "https://d.example"))
            .Pick("0050")
            .Pick("0060", PublishingScene.Json("e", auth: "header"))
            .Start(Portal("portal-database-v2", server, ("0021", "eth"), ("0040", "bsc/1"), ("0050", "gone"), ("0060", "keyed")));

        Assert.True(await runner.TryAsync(Cancellation));
        var calls = asked.ToDictionary(call => call.Line);
        Assert.Equal(["PUT /base/v2/chain/bsc%2F1", "PUT /base/v2/chain/eth"], calls.Keys.Order());
        Assert.Contains("\r\nAuthorization: cnry-portal-key\r\n", calls["PUT /base/v2/chain/eth"].Headers, StringComparison.OrdinalIgnoreCase);
        AssertJson(
            """
            {"altruists":{"https://a.example/rpc?k=1":{"url":"https://a.example:443/rpc?k=1","auth":"portal:cnry-a","authType":"basic_auth"},
                          "http://b.example:8545":{"url":"http://b.example:8545","auth":"cnry-b","authType":"bearer_token"}}}
            """,
            calls["PUT /base/v2/chain/eth"].Body);
        AssertJson("""{"altruists":{"https://d.example":{"url":"https://d.example:443","auth":"","authType":"none"}}}""", calls["PUT /base/v2/chain/bsc%2F1"].Body);
        Assert.Equal("the target cannot carry header credentials", Assert.Single(runner.Status.LeftOut).Reason);
        Assert.Equal(["gone", "keyed"], runner.Status.Kept.Select(kept => kept.Target).Order());

        // Only what changed is told again, and a revoked altruist is replaced where there is a pick.
        asked.Clear();
        scene.Revoke("d").Pick("0040", PublishingScene.Json("f"));
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.DoesNotContain("d.example", Assert.Single(asked).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_portal_api_gets_one_url()
    {
        await using var server = Server();
        await using var scene = new PublishingScene();
        var runner = scene.Pick("0021", PublishingScene.Json("a", auth: "basic"), PublishingScene.Json("b")).Pick("0040").Start(Portal("portal-database-v1", server, ("0021", "0021"), ("0040", "0040")));
        Assert.True(await runner.TryAsync(Cancellation));
        var call = Assert.Single(asked);
        Assert.Equal("PUT /base/v1/blockchain/0021", call.Line);
        AssertJson("""{"altruist":"https://b.example/rpc"}""", call.Body);
    }

    [Fact]
    public async Task A_chain_that_a_portal_refuses_keeps_none_of_the_others()
    {
        await using var server = Server(line => line.EndsWith("/unknown", StringComparison.Ordinal) ? "404 Not Found" : "200 OK");
        await using var scene = new PublishingScene();
        var runner = scene.Pick("0001", PublishingScene.Json("a")).Pick("0002", PublishingScene.Json("b")).Start(Portal("portal-database-v2", server, ("0001", "unknown"), ("0002", "known")));
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("'unknown' was answered 404", runner.Status.State.Error);
        Assert.Contains(asked, call => call.Line == "PUT /base/v2/chain/known");
    }

    [Fact]
    public async Task A_webhook_can_be_verified_and_its_repeat_be_told()
    {
        await using var server = Server();
        await using var scene = new PublishingScene();
        var runner = scene.Pick("0021", PublishingScene.Json("a", auth: "bearer")).Start(Hook(server));
        status = "500 Internal Server Error";
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("it answered 500", runner.Status.State.Error);
        status = "204 No Content";
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.True(await runner.TryAsync(Cancellation));

        var (first, second) = (asked.First(), asked.Last());
        Assert.Equal(2, asked.Count);
        Assert.Equal("POST /base/hook", second.Line);
        Assert.Equal(Header(first, "webhook-id"), Header(second, "webhook-id"));
        Assert.Equal(scene.Clock.GetUtcNow().ToUnixTimeSeconds().ToString(), Header(second, "webhook-timestamp"));
        var signed = $"{Header(second, "webhook-id")}.{Header(second, "webhook-timestamp")}.{second.Body}";
        Assert.Equal(
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret[6..]), Encoding.UTF8.GetBytes(signed)))}",
            Header(second, "webhook-signature"));
        var body = JsonDocument.Parse(second.Body).RootElement;
        Assert.Equal(("selections.changed", scene.Body), (body.GetProperty("type").GetString(), body.GetProperty("data").GetRawText()));

        scene.Pick("0021", PublishingScene.Json("b"));
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.NotEqual(Header(second, "webhook-id"), Header(asked.Last(), "webhook-id"));
    }

    [Fact]
    public void The_signature_is_that_of_the_standards_own_example() =>
        Assert.Equal(
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            AltruistManager.Publishing.Webhook.Sign(
                Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", Encoding.UTF8.GetBytes("""{"test": 2432232314}""")));

    [Fact]
    public async Task Targets_are_reached_as_probes_are()
    {
        await using var server = Server();
        await using var guarded = new PublishingScene(reachesLoopback: false);
        var runner = guarded.Pick("0021", PublishingScene.Json("a")).Start(Hook(server));
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Contains("Probing:AllowedPrivateNetworks", runner.Status.State.Error, StringComparison.Ordinal);
        Assert.Equal(0, server.Connections);

        await using var scene = new PublishingScene();
        status = $"307 Temporary Redirect\r\nLocation: {server.Url}/elsewhere";
        runner = scene.Pick("0021", PublishingScene.Json("a")).Start(Hook(server));
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("it answered 307", runner.Status.State.Error);
        Assert.Single(asked);
    }

    [Fact]
    public async Task A_target_that_is_silent_costs_its_timeout_and_no_more()
    {
        await using var server = new TestNode(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));
        var time = new ManualTime();
        await using var scene = new PublishingScene(callTime: time);
        scene.Publishing.Timeout = TimeSpan.FromSeconds(3);
        var runner = scene.Pick("0001", PublishingScene.Json("a")).Pick("0002", PublishingScene.Json("b")).Start(Portal("portal-database-v2", server, ("0001", "x"), ("0002", "y")));
        var trying = runner.TryAsync(Cancellation);
        await server.UntilAskedAsync();
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await trying.WaitAsync(TimeSpan.FromMinutes(2), Cancellation));
        Assert.Equal("it did not answer within 3 s", runner.Status.State.Error);
        Assert.Equal(1, server.Requests);
    }

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement), actual);

    private static string Header((string Line, string Headers, string Body) call, string name) =>
        call.Headers.Split("\r\n").Single(line => line.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];

    private static PortalDatabaseOptions Portal(string kind, TestNode server, params (string, string)[] chains) => PublishingScene.Options<PortalDatabaseOptions>(
        kind,
        options =>
        {
            options.Url = $"{server.Url}/base/";
            options.Key = "cnry-portal-key";
        },
        chains);

    private static WebhookOptions Hook(TestNode server) => PublishingScene.Options<WebhookOptions>("webhook", options =>
    {
        options.Url = $"{server.Url}/base/hook";
        options.Secret = Secret;
    });

    private TestNode Server(Func<string, string>? answers = null) => new(exchange =>
    {
        var end = exchange.Request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        asked.Enqueue((exchange.Line, exchange.Request[..(end + 2)], exchange.Request[(end + 4)..]));
        return exchange.SendAsync($"HTTP/1.1 {answers?.Invoke(exchange.Line) ?? status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", close: true);
    });
}
