using System.Net;
using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

/// <summary>Credentials go to their own endpoint, over connections of its own, and come back in no text.</summary>
public sealed class CredentialTests
{
    private const string Secret = "canary-S3cret+/ä \"x\"";

    private static readonly EndpointAuth[] EachType =
    [
        new(AuthKind.Basic, "portal", Secret),
        new(AuthKind.Bearer, "", "canary-S3cret.token~+/="),
        new(AuthKind.Header, "X-Api-Key", "canary-S3cret header"),
        new(AuthKind.Query, "api-key", Secret),
    ];

    public static TheoryData<AuthKind> Kinds => [.. EachType.Select(auth => auth.Kind)];

    [Fact]
    public async Task Each_type_is_shown_as_its_endpoint_wants_it()
    {
        var seen = new List<string>();
        await using var node = new TestNode(exchange =>
        {
            seen.Add(exchange.Request);
            return exchange.ReplyAsync(TestNode.Block(100));
        });
        using var bench = new ProbeBench();
        foreach (var auth in EachType)
            Assert.Equal(ProbeOutcome.Ok, (await bench.ProbeAsync(ProbeBench.Altruist($"{node.Url}/rpc?net=1") with { Auth = auth })).Outcome);

        Assert.Contains($"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"portal:{Secret}"))}\r\n", seen[0], StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer canary-S3cret.token~+/=\r\n", seen[1], StringComparison.Ordinal);
        Assert.Contains("X-Api-Key: canary-S3cret header\r\n", seen[2], StringComparison.Ordinal);
        Assert.StartsWith($"POST /rpc?net=1&api-key={Uri.EscapeDataString(Secret)} HTTP/1.1", seen[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Altruists_of_one_host_share_no_connection_once_they_have_credentials()
    {
        await using var node = TestNode.Evm(() => 100);
        using var bench = ProbeBench.Often();
        var mine = ProbeBench.Altruist(node.Url) with { Auth = new EndpointAuth(AuthKind.Bearer, "", "one") };
        await bench.ProbeAsync(node.Url);
        await bench.ProbeAsync(node.Url);
        Assert.Equal(1, node.Connections);
        await bench.ProbeAsync(mine);
        await bench.ProbeAsync(mine);
        Assert.Equal(2, node.Connections);
        await bench.ProbeAsync(mine with { Auth = new EndpointAuth(AuthKind.Bearer, "", "two") });
        Assert.Equal(3, node.Connections);
    }

    [Fact]
    public async Task Credentials_are_put_on_no_request_to_another_host()
    {
        var altruist = ProbeBench.Altruist("https://mine.example/rpc") with { Auth = EachType[1], Urls = new Dictionary<string, string> { ["websocket"] = "wss://ws.mine.example" } };
        var sent = new List<Uri>();
        using var http = new HttpMessageInvoker(new CredentialHandler(altruist, new Recorder(sent)));
        using var own = new HttpRequestMessage(HttpMethod.Get, "https://mine.example/other");
        using var socket = new HttpRequestMessage(HttpMethod.Get, "wss://ws.mine.example/");
        (await http.SendAsync(own, TestContext.Current.CancellationToken)).Dispose();
        (await http.SendAsync(socket, TestContext.Current.CancellationToken)).Dispose();
        Assert.NotNull(own.Headers.Authorization);

        foreach (var stranger in new[] { "https://other.example/rpc", "https://mine.example:8443/rpc", "http://mine.example/rpc", "https://mine.example.evil.example/" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, stranger);
            await Assert.ThrowsAsync<InvalidOperationException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
            Assert.Null(request.Headers.Authorization);
        }

        Assert.Equal(2, sent.Count);
    }

    [Fact]
    public void Handlers_that_nobody_uses_are_dropped()
    {
        var clock = new Clock();
        using var pools = new CredentialPools((_, _) => new Recorder([]), clock);
        var altruist = ProbeBench.Altruist("https://mine.example") with { Auth = EachType[1] };
        var held = pools.Open(altruist, isSeldom: false);
        pools.Open(altruist, isSeldom: false).Dispose();
        pools.Open(altruist with { Auth = EachType[2] }, isSeldom: false).Dispose();
        pools.Open(altruist, isSeldom: true).Dispose();
        Assert.Equal(3, pools.Count);

        clock.Seconds += 11;
        pools.DropResting();
        Assert.Equal(2, pools.Count);
        clock.Seconds += 110;
        pools.DropResting();
        Assert.Equal(1, pools.Count);
        held.Dispose();
        pools.DropResting();
        Assert.Equal(1, pools.Count);
        clock.Seconds += 121;
        pools.DropResting();
        Assert.Equal(0, pools.Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_gateway_that_repeats_what_it_was_sent_gives_no_secret_away(AuthKind kind)
    {
        var auth = Array.Find(EachType, auth => auth.Kind == kind)!;
        string? request = null;
        Func<TestNode.Exchange, string, Task>[] gateways =
        [
            // The whole request in an error, in a page, with a refusal, as what was asked for, and cut in the middle of it.
            (exchange, echo) => exchange.BodyAsync($$$"""{"jsonrpc":"2.0","id":{{{exchange.Id}}},"error":{"code":-32000,"message":{{{System.Text.Json.JsonSerializer.Serialize(echo)}}}}}"""),
            (exchange, echo) => exchange.SendAsync($"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<p>{WebUtility.HtmlEncode(echo)}</p>", close: true),
            (exchange, echo) => exchange.SendAsync($"HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{{\"error\":{System.Text.Json.JsonSerializer.Serialize(echo)}}}", close: true),
            (exchange, echo) => exchange.ReplyAsync(exchange.Method == "eth_chainId" ? System.Text.Json.JsonSerializer.Serialize(echo) : TestNode.Block(100)),
            (exchange, echo) => exchange.SendAsync($"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{new string(' ', 440)}no: {echo[^60..]}", close: true),
        ];
        foreach (var gateway in gateways)
        {
            await using var node = new TestNode(exchange =>
            {
                request ??= exchange.Request;
                var head = exchange.Request.Split("\r\n\r\n")[0].Replace("\r\n", " ");
                var secrets = Array.FindAll(head.Split(' '), word => word.Contains("canary", StringComparison.OrdinalIgnoreCase) || word.Length > 25);
                return gateway(exchange, $"{string.Join(' ', secrets)} {auth.Secret} {head}");
            });
            using var bench = new ProbeBench();
            var result = await bench.ProbeAsync(ProbeBench.Altruist($"{node.Url}/canary-path-7f3a") with { Auth = auth }, new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: true));
            var told = string.Join('\n', result.Exchanges.SelectMany(exchange => new[] { exchange.Asked, exchange.Answered }).Append(result.Detail).Append(result.Identity).Append(result.ToString()));

            Assert.DoesNotContain("S3cret", told, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("canary", told, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"portal:{auth.Secret}"))[..12], told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Words_without_a_secret_stay_as_they_are()
    {
        var redactor = new Redactor(ProbeBench.Altruist("https://eth.example/rpc/v1/0123456789abcdef") with { Auth = EachType[1] });
        Assert.Equal("error -32000 header not found", redactor.Clean("error -32000 header not found"));
        Assert.Equal("key … is unknown", redactor.Clean("key 0123456789ABCDEF is unknown"));
        Assert.Equal("key …", redactor.Clean("key 01234567"));
        Assert.Equal("key …", redactor.Clean("key 0123"));
        Assert.Equal("key 012", redactor.Clean("key 012"));
    }

    [Fact]
    public async Task Identity_is_compared_as_it_is_wherever_the_node_lives()
    {
        await using var node = TestNode.Evm(() => 100, chainId: "0xaa36a7");
        using var bench = new ProbeBench();

        var right = await bench.ProbeAsync(ProbeBench.Altruist($"{node.Url}/11155111/rpc?chainId=11155111", network: "evm:11155111"), new ProbeQuestions(Identity: true, null, false));
        Assert.Equal("11155111", right.Identity);
        var wrong = await bench.ProbeAsync(ProbeBench.Altruist($"{node.Url}/11155111", network: "evm:1"), new ProbeQuestions(Identity: true, null, false));
        Assert.Equal("…", wrong.Identity);
    }

    [Fact]
    public async Task Credentials_follow_a_changed_websocket_and_leave_the_old_one()
    {
        await using var node = TestNode.Evm(() => 100);
        using var bench = new ProbeBench();
        var before = ProbeBench.Altruist(node.Url) with { Auth = EachType[1], Urls = new Dictionary<string, string> { ["websocket"] = "wss://old.example/" } };
        Assert.Equal(ProbeOutcome.Ok, (await bench.ProbeAsync(before)).Outcome);

        var after = before with { Urls = new Dictionary<string, string> { ["websocket"] = "wss://new.example/" } };
        Assert.NotEqual(CredentialHandler.PlacesOf(before), CredentialHandler.PlacesOf(after));
        Assert.Equal(ProbeOutcome.Ok, (await bench.ProbeAsync(after)).Outcome);
        Assert.Equal(2, node.Connections);
    }

    [Fact]
    public void An_altruist_and_its_endpoint_print_no_secret()
    {
        var altruist = ProbeBench.Altruist("https://eth.example/canary") with { Auth = EachType[0] };
        var text = $"{altruist} {altruist.Endpoint} {altruist.Auth} {altruist with { Serving = altruist.Endpoint }}";
        Assert.DoesNotContain("canary", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_fingerprint_tells_endpoints_apart_and_is_no_part_of_what_makes_altruists_equal()
    {
        var altruist = ProbeBench.Altruist("https://eth.example/rpc");
        var copy = altruist with { };
        Assert.NotEmpty(altruist.Fingerprint);
        Assert.Equal(copy, altruist);
        Assert.Equal(altruist.Endpoint.Fingerprint, altruist.Fingerprint);
        Assert.NotEqual(altruist.Fingerprint, (altruist with { Url = "https://eth.example/rpc2" }).Fingerprint);
        Assert.NotEqual(altruist.Fingerprint, (altruist with { Auth = EachType[0] }).Fingerprint);
    }

    private sealed class Recorder(List<Uri> sent) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            sent.Add(request.RequestUri!);
            return Task.FromResult(new HttpResponseMessage());
        }
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
