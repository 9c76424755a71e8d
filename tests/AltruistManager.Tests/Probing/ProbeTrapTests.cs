using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

/// <summary>Each a wrong verdict that some system gave in production, or a fault a node may have.</summary>
public sealed class ProbeTrapTests : IDisposable
{
    private static readonly ProbeQuestions Everything = new(Identity: true, IntegrityHeight: 90, Syncing: true);

    private readonly ProbeBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Connection_that_the_node_closed_just_before_it_was_used_again_is_no_bad_probe()
    {
        var closes = false;
        await using var node = new TestNode(exchange =>
        {
            if (!closes)
                return exchange.ReplyAsync(TestNode.Block(100));
            closes = false;
            return exchange.SendAsync("", close: true);
        });
        using var often = ProbeBench.Often();

        Assert.Equal(ProbeOutcome.Ok, (await often.ProbeAsync(node.Url)).Outcome);
        closes = true;
        var again = await often.ProbeAsync(node.Url);

        Assert.Equal((ProbeOutcome.Ok, 2), (again.Outcome, node.Connections));
        Assert.Equal(3, node.Requests);
    }

    [Fact]
    public async Task Node_that_closes_every_connection_unanswered_is_asked_once_more_and_no_more()
    {
        var closes = false;
        await using var node = new TestNode(exchange => closes ? exchange.SendAsync("", close: true) : exchange.ReplyAsync(TestNode.Block(100)));
        using var often = ProbeBench.Often();

        Assert.Equal(ProbeOutcome.Ok, (await often.ProbeAsync(node.Url)).Outcome);
        closes = true;
        Assert.Equal(ProbeOutcome.ConnectionLost, (await often.ProbeAsync(node.Url)).Outcome);
        Assert.Equal(3, node.Requests);
        Assert.Equal(ProbeOutcome.ConnectionLost, (await often.ProbeAsync(node.Url)).Outcome);
        Assert.Equal(4, node.Requests);
    }

    [Fact]
    public async Task Good_node_tells_all()
    {
        await using var node = TestNode.Evm(() => 100);

        var result = await bench.ProbeAsync(node.Url, Everything);

        Assert.Equal((ProbeOutcome.Ok, null), (result.Outcome, result.Detail));
        Assert.Equal((100, TestNode.HashOf(100), "1"), (result.Height, result.HeadHash, result.Identity));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_001_200), result.HeadTime);
        Assert.Equal((90, TestNode.HashOf(90), false), (result.IntegrityHeight, result.IntegrityHash, result.Syncing));
    }

    [Fact]
    public async Task Question_is_plain_json_rpc_without_cookies_or_credentials()
    {
        var requests = new List<string>();
        await using var node = new TestNode(exchange =>
        {
            requests.Add(exchange.Request);
            return exchange.BodyAsync($$"""{"jsonrpc":"2.0","id":{{exchange.Id}},"result":{{TestNode.Block(1)}}}""", "Set-Cookie: a=b\r\n");
        });

        await bench.ProbeAsync($"{node.Url}/v1/key?x=1", path: "/ext/rpc");
        await bench.ProbeAsync($"{node.Url}/v1/key?x=1", path: "/ext/rpc");

        Assert.Equal(2, requests.Count);
        Assert.All(requests, request => Assert.StartsWith("POST /v1/key/ext/rpc?x=1 HTTP/1.1", request, StringComparison.Ordinal));
        Assert.All(requests, request => Assert.DoesNotContain("Cookie", request, StringComparison.OrdinalIgnoreCase));
        Assert.All(requests, request => Assert.DoesNotContain("Authorization", request, StringComparison.OrdinalIgnoreCase));
        Assert.All(requests, request => Assert.Contains("\"method\":\"eth_getBlockByNumber\",\"params\":[\"latest\",false]", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connect_time_stands_apart_and_open_connections_are_used_again()
    {
        await using var node = TestNode.Evm(() => 100);
        using var often = ProbeBench.Often();

        var first = await often.ProbeAsync(node.Url, Everything);
        var second = await often.ProbeAsync(node.Url, Everything);

        Assert.NotNull(first.ConnectMs);
        Assert.Null(second.ConnectMs);
        Assert.NotNull(first.LatencyMs);
        Assert.NotNull(second.LatencyMs);
        Assert.Equal((1, 8), (node.Connections, node.Requests));
    }

    [Fact]
    public async Task First_request_does_not_pay_for_the_connection()
    {
        await using var node = TestNode.Evm(() => 100);
        var time = new ManualTime();
        using var slow = new ProbeBench(_ =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return [IPAddress.Loopback];
        }, time: time);

        var result = await slow.ProbeAsync($"http://node.test:{node.Port}");

        Assert.Equal((1_000, 0), (result.ConnectMs, result.LatencyMs));
    }

    [Fact]
    public async Task Fast_failures_have_no_latency()
    {
        await using var node = TestNode.Json("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32000,"message":"header not found"}}""");

        var result = await bench.ProbeAsync(node.Url, Everything);

        Assert.Equal(ProbeOutcome.RpcError, result.Outcome);
        Assert.Contains("header not found", result.Detail, StringComparison.Ordinal);
        Assert.Null(result.LatencyMs);
        Assert.Equal(1, node.Requests);
    }

    [Fact]
    public async Task Full_block_of_a_thousand_transactions_is_no_fault()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync(TestNode.Block(7, transactions: 20_000)));

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal((ProbeOutcome.Ok, 7), (result.Outcome, result.Height));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6","extra":{"number":"0x9","error":{"code":1}}},"error":null}""", ProbeOutcome.Ok, "")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6","error":"shown inside the result"}}""", ProbeOutcome.Ok, "")]
    [InlineData("""{"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"},"id":$id}""", ProbeOutcome.Ok, "")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "somebody else")]
    [InlineData("""{"jsonrpc":"2.0","id":"$id","result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "somebody else")]
    [InlineData("""{"jsonrpc":"2.0","id":$id0,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "somebody else")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "no id")]
    [InlineData("""{"jsonrpc":"2.0","result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "no id")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}""", ProbeOutcome.InvalidAnswer, "-32700 parse error")]
    [InlineData("""{"jsonrpc":"2.0","id":$id}""", ProbeOutcome.InvalidAnswer, "neither")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":null}""", ProbeOutcome.InvalidAnswer, "not an object")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":["0x5"]}""", ProbeOutcome.InvalidAnswer, "not an object")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"5","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "number")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "number")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0xffffffffffffffff","hash":"0x$hash","timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "number")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x7fffffffffffffff"}}""", ProbeOutcome.InvalidAnswer, "timestamp")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":null,"timestamp":"0x6"}}""", ProbeOutcome.InvalidAnswer, "hash")]
    [InlineData("""[{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}}]""", ProbeOutcome.InvalidAnswer, "batch")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}""", ProbeOutcome.NotJson, "broken")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"result":{"number":"0x5","hash":"0x$hash","timestamp":"0x6"}} trailing""", ProbeOutcome.NotJson, "broken")]
    [InlineData("""{"id":$id,"result":"\ud800"}""", ProbeOutcome.NotJson, "broken")]
    [InlineData("", ProbeOutcome.NotJson, "empty")]
    [InlineData("ok", ProbeOutcome.NotJson, "no JSON: ok")]
    [InlineData("<html><body>Welcome to nginx!</body></html>", ProbeOutcome.NotJson, "an HTML page")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32005,"message":"limit"}}""", ProbeOutcome.Throttled, "-32005")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"error":{"code":-32097,"message":"Rate Limit exceeded"}}""", ProbeOutcome.Throttled, "Rate Limit")]
    [InlineData("""{"error":"Too Many Requests"}""", ProbeOutcome.Throttled, "Too Many")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32000,"message":"invalid API key"}}""", ProbeOutcome.Unauthorized, "API key")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32601,"message":"the method does not exist"}}""", ProbeOutcome.RpcError, "eth_getBlockByNumber: error -32601")]
    [InlineData("""{"jsonrpc":"2.0","id":$id,"error":{}}""", ProbeOutcome.InvalidAnswer, "without code")]
    public async Task Answer_is_classified_by_what_it_really_is(string json, ProbeOutcome outcome, string detail)
    {
        await using var node = TestNode.Json(json.Replace("$hash", new string('a', 64), StringComparison.Ordinal));

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(outcome, result.Outcome);
        Assert.Contains(detail, result.Detail ?? "", StringComparison.Ordinal);
        Assert.Equal(outcome == ProbeOutcome.Ok ? 5 : null, result.Height);
    }

    [Theory]
    [InlineData("401 Unauthorized", ProbeOutcome.Unauthorized, "401")]
    [InlineData("402 Payment Required", ProbeOutcome.QuotaExhausted, "402")]
    [InlineData("403 Forbidden", ProbeOutcome.Unauthorized, "403")]
    [InlineData("404 Not Found", ProbeOutcome.HttpError, "404")]
    [InlineData("429 Too Many Requests", ProbeOutcome.Throttled, "429")]
    [InlineData("502 Bad Gateway", ProbeOutcome.HttpError, "502")]
    public async Task Http_status_is_told(string status, ProbeOutcome outcome, string detail)
    {
        await using var node = TestNode.Json("<html>", status: status);

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(outcome, result.Outcome);
        Assert.Contains(detail, result.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("403 Forbidden", """{"error":{"code":-32000,"message":"origin not on the list"}}""", ProbeOutcome.Unauthorized, "HTTP 403: error -32000 origin not on the list")]
    [InlineData("403 Forbidden", """{"error":{"code":-32000,"message":"monthly quota used up"}}""", ProbeOutcome.QuotaExhausted, "monthly quota used up")]
    [InlineData("429 Too Many Requests", """{"error":{"code":429,"message":"60 per minute"}}""", ProbeOutcome.Throttled, "60 per minute")]
    public async Task Refusal_is_told_in_its_own_words(string status, string json, ProbeOutcome outcome, string detail)
    {
        await using var node = TestNode.Json(json, status: status);

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(outcome, result.Outcome);
        Assert.Contains(detail, result.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, ProbeOutcome.Unauthorized)]
    [InlineData(429, ProbeOutcome.Throttled)]
    public async Task Refusal_that_never_ends_is_still_one(int status, ProbeOutcome outcome)
    {
        await using var node = TestNode.Http($"HTTP/1.1 {status} No\r\nContent-Length: 500\r\n\r\n{{");

        // The time has to pass, and on a busy machine the head of the answer may take longer than a short one.
        ProbeOutcome told;
        var timeoutMs = 1_000;
        do
        {
            timeoutMs *= 2;
            told = (await bench.ProbeAsync(node.Url, timeoutMs: timeoutMs)).Outcome;
        }
        while (told is ProbeOutcome.Timeout or ProbeOutcome.ConnectTimeout && timeoutMs < 60_000);
        Assert.Equal(outcome, told);
    }

    [Fact]
    public async Task Refusal_inside_an_error_page_is_read_too()
    {
        await using var node = TestNode.Json("""{"jsonrpc":"2.0","id":null,"error":{"code":429,"message":"slow down"}}""", "Retry-After: 7\r\n", "503 Service Unavailable");

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal((ProbeOutcome.Throttled, TimeSpan.FromSeconds(7)), (result.Outcome, result.RetryAfter));
    }

    [Theory]
    [InlineData("30", 30, 30)]
    [InlineData("0", 0, 0)]
    [InlineData("99999999", 86_400, 86_400)]
    [InlineData("-5", null, null)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)]
    [InlineData("$inAnHour", 3_000, 3_601)]
    public async Task Retry_after_is_honoured_in_both_forms(string header, int? least, int? most)
    {
        header = header.Replace("$inAnHour", TimeProvider.System.GetUtcNow().AddHours(1).ToString("R"), StringComparison.Ordinal);
        await using var node = TestNode.Json("", $"Retry-After: {header}\r\n", "429 Too Many Requests");

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.Throttled, result.Outcome);
        Assert.Equal(least is null, result.RetryAfter is null);
        if (result.RetryAfter is { } wait)
            Assert.InRange(wait.TotalSeconds, least!.Value, most!.Value);
    }

    [Fact]
    public async Task Deep_json_is_cut()
    {
        await using var node = TestNode.Json($$"""{"jsonrpc":"2.0","id":$id,"result":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}""");

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.InvalidAnswer, result.Outcome);
        Assert.Contains("deep", result.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0x1", "1")]
    [InlineData("0x1388", "5000")]
    [InlineData("0xA4b1", "42161")]
    [InlineData("0xffffffffffffffffff", "4722366482869645213695")]
    [InlineData("1", null)]
    [InlineData("0x", null)]
    [InlineData("0x1 ", null)]
    [InlineData("-0x1", null)]
    [InlineData("0xg", null)]
    public async Task Identity_is_read_exactly(string answer, string? identity)
    {
        await using var node = TestNode.Evm(() => 100, answer);

        var result = await bench.ProbeAsync(node.Url, Everything);

        Assert.Equal(ProbeOutcome.Ok, result.Outcome);
        Assert.Equal(identity, result.Identity);
        Assert.Equal(identity is null, result.Detail?.Contains("identity", StringComparison.Ordinal) ?? false);
    }

    [Theory]
    [InlineData("false", false)]
    [InlineData("true", true)]
    [InlineData("""{"startingBlock":"0x0","currentBlock":"0x5","highestBlock":"0x9"}""", true)]
    [InlineData("""{"currentBlock":"0x9","highestBlock":"0x9"}""", false)]
    [InlineData("""{"batchSeen":5,"extra":[1,2]}""", true)]
    [InlineData("\"what\"", null)]
    [InlineData("null", null)]
    [InlineData("7", null)]
    public async Task Syncing_of_any_shape_is_advice(string answer, bool? syncing)
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync(exchange.Method == "eth_syncing" ? answer : TestNode.Block(5)));

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(false, null, true));

        Assert.Equal((ProbeOutcome.Ok, syncing), (result.Outcome, result.Syncing));
    }

    [Fact]
    public async Task Missing_method_does_not_make_a_node_bad()
    {
        await using var node = new TestNode(exchange => exchange.Method == "eth_getBlockByNumber"
            ? exchange.ReplyAsync(TestNode.Block(5))
            : exchange.BodyAsync($$"""{"jsonrpc":"2.0","id":{{exchange.Id}},"error":{"code":-32601,"message":"unsupported"} }"""));

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(true, null, true));

        Assert.Equal((ProbeOutcome.Ok, 5, null, null), (result.Outcome, result.Height, result.Identity, result.Syncing));
        Assert.Contains("identity: eth_chainId: error -32601 unsupported", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Block_that_a_node_does_not_have_is_no_hash()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync(exchange.Params[0].GetString() == "latest" ? TestNode.Block(5) : "null"));

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(false, 3, false));

        Assert.Equal((ProbeOutcome.Ok, 3, null), (result.Outcome, result.IntegrityHeight, result.IntegrityHash));
    }

    [Fact]
    public async Task Block_of_another_height_proves_nothing()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync(TestNode.Block(5)));

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(false, 3, false));

        Assert.Equal((ProbeOutcome.Ok, null, null), (result.Outcome, result.IntegrityHeight, result.IntegrityHash));
        Assert.Contains("block 3", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_that_accepts_and_sends_nothing_is_cut_off()
    {
        await using var node = new TestNode(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));
        var time = new ManualTime();
        using var timed = new ProbeBench(time: time);

        var probing = timed.ProbeAsync(node.Url, timeoutMs: 3_000);
        await node.UntilAskedAsync();
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(ProbeOutcome.Timeout, (await InTimeAsync(probing)).Outcome);
    }

    [Fact]
    public async Task One_byte_at_a_time_does_not_prolong_the_deadline()
    {
        var time = new ManualTime();
        var dripped = 0;
        await using var node = new TestNode(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{");
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, exchange.Cancellation);
                Interlocked.Increment(ref dripped);
                time.Advance(TimeSpan.FromMilliseconds(100));
                await exchange.SendAsync(" ");
            }
        });
        using var timed = new ProbeBench(time: time);

        var result = await InTimeAsync(timed.ProbeAsync(node.Url, timeoutMs: 2_000));

        Assert.Equal(ProbeOutcome.Timeout, result.Outcome);
        Assert.True(Volatile.Read(ref dripped) >= 20, $"{dripped} bytes");
    }

    [Fact]
    public async Task All_questions_share_one_deadline()
    {
        var time = new ManualTime();
        await using var node = new TestNode(exchange =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return exchange.ReplyAsync(exchange.Method == "eth_chainId" ? "\"0x1\"" : TestNode.Block(5));
        });
        using var timed = new ProbeBench(time: time);

        var result = await InTimeAsync(timed.ProbeAsync(node.Url, Everything, timeoutMs: 3_500));

        Assert.Equal((ProbeOutcome.Ok, null), (result.Outcome, result.Identity));
        Assert.Equal(2, node.Requests);
    }

    [Fact]
    public async Task Endless_body_is_cut_at_the_cap_of_the_question()
    {
        var sent = 0L;
        await using var node = new TestNode(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":[1");
            var piece = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(",12345678", 10_000)));
            while (true)
            {
                await exchange.SendAsync(piece);
                sent += piece.Length;
            }
        });

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.TooLarge, result.Outcome);
        Assert.Contains("2048 KB", result.Detail, StringComparison.Ordinal);
        Assert.InRange(Interlocked.Read(ref sent), 0, 20_000_000);
    }

    [Fact]
    public async Task Scalar_has_a_smaller_cap()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync(exchange.Method == "eth_chainId" ? $"[{string.Join(',', Enumerable.Repeat("12345678", 10_000))}]" : TestNode.Block(5)));

        var result = await bench.ProbeAsync(node.Url, new ProbeQuestions(true, null, false));

        Assert.Equal(ProbeOutcome.Ok, result.Outcome);
        Assert.Contains("identity: the answer is larger than 64 KB", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_endless_string_is_cut()
    {
        await using var node = TestNode.Json($$"""{"a":"{{new string('x', 1_000_000)}}"}""");

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.TooLarge, result.Outcome);
    }

    [Fact]
    public async Task Compressed_answer_is_read()
    {
        await using var node = new TestNode(async exchange =>
        {
            var packed = new MemoryStream();
            await using (var pack = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                await pack.WriteAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{exchange.Id}},"result":{{TestNode.Block(5)}}}"""));
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n");
            await exchange.SendAsync(packed.ToArray());
        });

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal((ProbeOutcome.Ok, 5), (result.Outcome, result.Height));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Broken_compression_is_no_json(string encoding)
    {
        await using var node = TestNode.Http($"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 10\r\n\r\n0123456789");

        Assert.Equal(ProbeOutcome.NotJson, (await bench.ProbeAsync(node.Url)).Outcome);
    }

    [Fact]
    public async Task Ten_megabytes_of_headers_are_not_read()
    {
        await using var node = new TestNode(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\n");
            for (var line = 0; line < 10_000; line++)
                await exchange.SendAsync($"X-{line}: {new string('x', 1_000)}\r\n");
        });

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.TooLarge, result.Outcome);
        Assert.Contains("headers", result.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_to_a_metadata_address_is_not_followed(int status)
    {
        await using var inside = TestNode.Evm(() => 1);
        await using var node = TestNode.Json("", $"Location: {inside.Url}/latest/meta-data\r\n", $"{status} Elsewhere");

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.HttpError, result.Outcome);
        Assert.Contains("redirects are not followed", result.Detail, StringComparison.Ordinal);
        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task Answer_that_is_no_http_is_told()
    {
        await using var node = new TestNode(exchange => exchange.SendAsync("SSH-2.0-OpenSSH_9.2p1\r\n\r\n", close: true));

        Assert.Equal(ProbeOutcome.HttpError, (await bench.ProbeAsync(node.Url)).Outcome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"jsonrpc\":")]
    public async Task Lost_connection_is_told(string before)
    {
        await using var node = new TestNode(exchange => exchange.SendAsync(before, close: true));

        Assert.Equal(ProbeOutcome.ConnectionLost, (await bench.ProbeAsync(node.Url)).Outcome);
    }

    [Fact]
    public async Task Refused_connection_is_told()
    {
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var result = await bench.ProbeAsync($"http://127.0.0.1:{((IPEndPoint)unused.LocalEndPoint!).Port}");

        Assert.Equal(ProbeOutcome.ConnectRefused, result.Outcome);
    }

    [Fact]
    public async Task Details_hold_no_secret_of_the_url_and_nothing_unprintable()
    {
        await using var node = TestNode.Json("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32000,"message":"\u001b[31mkey S3CRETpath of /v2/s3cretPATH?token=t0psecret\r\nis wrong, call us, for this is long enough to fill pages and pages with words nobody wants to read in a log line at all"}}""");

        var result = await bench.ProbeAsync($"{node.Url}/v2/s3cretPATH?token=t0psecret");

        Assert.Equal(ProbeOutcome.RpcError, result.Outcome);
        Assert.DoesNotContain("s3cret", result.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("t0psecret", result.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(result.Detail!, char.IsControl);
        Assert.InRange(result.Detail!.Length, 20, 180);
    }

    [Fact]
    public async Task Http_is_refused_where_only_https_is_allowed()
    {
        await using var node = TestNode.Evm(() => 1);
        using var strict = new ProbeBench(configure: options => options.AllowHttp = false);

        Assert.Equal(ProbeOutcome.AddressRefused, (await strict.ProbeAsync(node.Url)).Outcome);
        Assert.Equal(0, node.Connections);
    }

    [Fact]
    public async Task Private_address_is_only_for_altruists_that_may_be_private()
    {
        await using var node = TestNode.Evm(() => 1);

        Assert.Equal(ProbeOutcome.Ok, (await bench.ProbeAsync(node.Url)).Outcome);
        // The open connection of the other one is not used either.
        var result = await bench.ProbeAsync(node.Url, mayBePrivate: false);

        Assert.Equal(ProbeOutcome.AddressRefused, result.Outcome);
        Assert.Equal(1, node.Connections);
    }

    [Theory]
    [InlineData("http://[::1]:$port")]
    [InlineData("http://[::ffff:127.0.0.1]:$port")]
    [InlineData("http://169.254.169.254")]
    [InlineData("http://0.0.0.0:$port")]
    public async Task Address_outside_the_allowed_networks_is_refused(string url)
    {
        await using var node = TestNode.Evm(() => 1);

        var result = await bench.ProbeAsync(url.Replace("$port", $"{node.Port}", StringComparison.Ordinal), mayBePrivate: url.Contains("::1", StringComparison.Ordinal) && !url.Contains("ffff", StringComparison.Ordinal));

        Assert.Equal(ProbeOutcome.AddressRefused, result.Outcome);
        Assert.Equal(0, node.Connections);
    }

    [Fact]
    public async Task Name_that_rebinds_to_loopback_is_refused_and_looked_up_once_per_connection()
    {
        await using var node = TestNode.Evm(() => 1);
        var lookUps = 0;
        using var rebinding = new ProbeBench(_ => Interlocked.Increment(ref lookUps) == 1 ? [IPAddress.Loopback] : [IPAddress.Parse("192.168.1.1")]);

        // Checked and connected by one answer: a second look-up would lead elsewhere.
        Assert.Equal(ProbeOutcome.Ok, (await rebinding.ProbeAsync($"http://rebind.test:{node.Port}")).Outcome);
        Assert.Equal(1, lookUps);

        var result = await rebinding.ProbeAsync($"http://rebind.test:{node.Port}", mayBePrivate: false);

        Assert.Equal(ProbeOutcome.AddressRefused, result.Outcome);
        // Where the name leads is not told: the reason is public.
        Assert.DoesNotContain("192.168.1.1", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_private_address_among_public_ones_is_enough_to_refuse()
    {
        await using var node = TestNode.Evm(() => 1);
        using var mixed = new ProbeBench(_ => [IPAddress.Parse("8.8.8.8"), IPAddress.Loopback]);

        Assert.Equal(ProbeOutcome.AddressRefused, (await mixed.ProbeAsync($"http://mixed.test:{node.Port}", mayBePrivate: false)).Outcome);
        Assert.Equal(0, node.Connections);
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, ProbeOutcome.NameNotFound)]
    [InlineData(SocketError.NoData, ProbeOutcome.NameNotFound)]
    [InlineData(SocketError.TryAgain, ProbeOutcome.ResolverFailed)]
    [InlineData(SocketError.NoRecovery, ProbeOutcome.ResolverFailed)]
    [InlineData(SocketError.ConnectionRefused, ProbeOutcome.ResolverFailed)]
    [InlineData(SocketError.TooManyOpenSockets, ProbeOutcome.NoSockets)]
    public async Task Name_that_does_not_exist_is_the_altruists_fault_and_a_dead_resolver_ours(SocketError error, ProbeOutcome outcome)
    {
        using var failing = new ProbeBench(_ => throw new SocketException((int)error));

        Assert.Equal(outcome, (await failing.ProbeAsync("https://node.test/s3cretPATH")).Outcome);
    }

    [Fact]
    public async Task Slow_resolver_is_our_fault_and_delays_nobody_else()
    {
        await using var node = TestNode.Evm(() => 1);
        var time = new ManualTime();
        var lookUps = 0;
        using var release = new ManualResetEventSlim();
        using var slow = new ProbeBench(host =>
        {
            if (host.StartsWith("slow", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref lookUps);
                release.Wait(TestContext.Current.CancellationToken);
            }

            return [IPAddress.Loopback];
        }, time: time);
        var stuck = Enumerable.Range(0, 100).Select(number => slow.ProbeAsync($"http://slow{number}.test:{node.Port}", timeoutMs: 1_000)).ToList();

        var quick = await slow.ProbeAsync($"http://quick.test:{node.Port}", timeoutMs: 10_000);

        Assert.Equal(ProbeOutcome.Ok, quick.Outcome);
        await Wait.UntilAsync("all names are looked up", () => Volatile.Read(ref lookUps) >= stuck.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        foreach (var probing in stuck)
            Assert.Equal(ProbeOutcome.ResolverFailed, (await InTimeAsync(probing)).Outcome);
        release.Set();
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused, ProbeOutcome.ConnectRefused)]
    [InlineData(SocketError.TimedOut, ProbeOutcome.ConnectTimeout)]
    [InlineData(SocketError.HostUnreachable, ProbeOutcome.Unreachable)]
    [InlineData(SocketError.NetworkUnreachable, ProbeOutcome.Unreachable)]
    [InlineData(SocketError.TooManyOpenSockets, ProbeOutcome.NoSockets)]
    [InlineData(SocketError.NoBufferSpaceAvailable, ProbeOutcome.NoSockets)]
    [InlineData(SocketError.AddressNotAvailable, ProbeOutcome.Unreachable)]
    [InlineData(SocketError.AccessDenied, ProbeOutcome.Unreachable)]
    [InlineData(SocketError.ConnectionReset, ProbeOutcome.ConnectionLost)]
    public void Connect_errors_are_told_apart(SocketError error, ProbeOutcome outcome) => Assert.Equal(outcome, GuardedHttp.Classify(error).Outcome);

    /// <summary>As for IPv6 in a container without it; to the broadcast address of loopback there is no route on any machine.</summary>
    [Fact]
    public async Task Addresses_without_a_route_hide_neither_the_one_that_answers_nor_the_altruists_own_failure()
    {
        await using var node = TestNode.Evm(() => 1);
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var nowhere = IPAddress.Parse("127.255.255.255");
        using var dual = new ProbeBench(host => host == "after.test" ? [IPAddress.Loopback, nowhere] : [nowhere, nowhere, nowhere, IPAddress.Loopback], time: new ManualTime());

        Assert.Equal(ProbeOutcome.Ok, (await dual.ProbeAsync($"http://before.test:{node.Port}")).Outcome);
        Assert.Equal(ProbeOutcome.ConnectRefused, (await dual.ProbeAsync($"http://before.test:{((IPEndPoint)unused.LocalEndPoint!).Port}")).Outcome);
        var refused = await dual.ProbeAsync($"http://after.test:{((IPEndPoint)unused.LocalEndPoint!).Port}");
        // The address is that of the failure that is told.
        Assert.Equal((ProbeOutcome.ConnectRefused, IPAddress.Loopback.ToString()), (refused.Outcome, refused.Address));
    }

    /// <summary>What is said of a connection is said of the one that the answer came over.</summary>
    [Fact]
    public async Task Connection_that_came_free_while_another_was_being_made_is_a_used_one()
    {
        var first = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        var requests = 0;
        await using var node = new TestNode(async exchange =>
        {
            if (Interlocked.Increment(ref requests) == 1)
            {
                first.SetResult();
                await finish.Task.WaitAsync(TestContext.Current.CancellationToken);
            }

            await exchange.ReplyAsync(TestNode.Block(1));
        });
        var lookUps = 0;
        using var release = new ManualResetEventSlim();
        using var slow = new ProbeBench(_ =>
        {
            if (Interlocked.Increment(ref lookUps) > 1)
                release.Wait(TestContext.Current.CancellationToken);
            return [IPAddress.Loopback];
        }, options => options.Interval = GuardedHttp.Kept);
        var one = slow.ProbeAsync($"http://node.test:{node.Port}");
        await first.Task.WaitAsync(TestContext.Current.CancellationToken);
        var other = slow.ProbeAsync($"http://node.test:{node.Port}");
        await Wait.UntilAsync("a second connection is being made", () => Volatile.Read(ref lookUps) == 2);

        finish.SetResult();

        var (made, used) = (await one, await other);
        release.Set();
        Assert.Equal((ProbeOutcome.Ok, IPAddress.Loopback.ToString()), (made.Outcome, made.Address));
        Assert.Equal((ProbeOutcome.Ok, null, null), (used.Outcome, used.Address, used.ConnectMs));
    }

    [Fact]
    public async Task Connection_that_is_never_made_is_a_connect_timeout()
    {
        // A full backlog: the kernel drops further handshakes.
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(1);
        var place = (IPEndPoint)deaf.LocalEndPoint!;
        var fillers = Enumerable.Range(0, 8).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var filler in fillers)
            _ = filler.ConnectAsync(place, TestContext.Current.CancellationToken).AsTask().ContinueWith(done => done.Exception, TaskScheduler.Default);
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, TestContext.Current.CancellationToken);

        var result = await bench.ProbeAsync($"http://127.0.0.1:{place.Port}", timeoutMs: 8_000);

        Assert.Equal((ProbeOutcome.ConnectTimeout, "127.0.0.1"), (result.Outcome, result.Address));
        fillers.ForEach(filler => filler.Dispose());
    }

    [Fact]
    public async Task Shutdown_is_no_timeout()
    {
        await using var node = new TestNode(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));
        using var stopping = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            bench.Prober.ProbeAsync(ProbeBench.Altruist(node.Url), new EvmProtocol(), "", ProbeLane.Hot, default, TimeSpan.FromMinutes(10), stopping.Token));
    }

    [Theory]
    [InlineData(-10, -1, "valid only from")]
    [InlineData(-10, 10, "not trusted")]
    [InlineData(1, 10, "valid only from")]
    public async Task Certificate_that_is_invalid_has_a_clear_reason(int fromDays, int toDays, string detail)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wanted = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        wanted.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = wanted.CreateSelfSigned(now.AddDays(fromDays), now.AddDays(toDays));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using var node = new TestNode(exchange => exchange.ReplyAsync(TestNode.Block(5)), async stream =>
        {
            var secured = new SslStream(stream);
            await secured.AuthenticateAsServerAsync(certificate);
            return secured;
        });

        var result = await bench.ProbeAsync($"https://127.0.0.1:{node.Port}");

        Assert.Equal(ProbeOutcome.TlsInvalid, result.Outcome);
        Assert.Contains(detail, result.Detail, StringComparison.Ordinal);
        Assert.Equal(0, node.Requests);
    }

    [Fact]
    public async Task Nothing_that_a_certificate_refers_to_is_fetched()
    {
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var inside = TestNode.Http("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        var now = TimeProvider.System.GetUtcNow();
        var issuerWanted = new CertificateRequest("CN=issuer", issuerKey, HashAlgorithmName.SHA256);
        issuerWanted.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var issuer = issuerWanted.CreateSelfSigned(now.AddDays(-1), now.AddDays(9));
        var wanted = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        wanted.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: [$"{inside.Url}/ocsp"], caIssuersUris: [$"{inside.Url}/latest/meta-data"]));
        using var signed = wanted.Create(issuer, now.AddDays(-1), now.AddDays(8), [1, 2, 3]);
        using var whole = signed.CopyWithPrivateKey(key);
        using var certificate = X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
        await using var node = new TestNode(exchange => exchange.ReplyAsync(TestNode.Block(5)), async stream =>
        {
            var secured = new SslStream(stream);
            // The server would fetch it too, for its own chain.
            await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) });
            return secured;
        });

        Assert.Equal(ProbeOutcome.TlsInvalid, (await bench.ProbeAsync($"https://127.0.0.1:{node.Port}")).Outcome);
        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task Plain_http_behind_https_is_a_tls_fault()
    {
        await using var node = new TestNode(_ => Task.CompletedTask, async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            return stream;
        });

        Assert.Equal(ProbeOutcome.TlsInvalid, (await bench.ProbeAsync($"https://127.0.0.1:{node.Port}")).Outcome);
    }

    /// <summary>What waits for the clock of the test only would wait for ever if it did not heed it.</summary>
    private static Task<ProbeResult> InTimeAsync(Task<ProbeResult> probing) => probing.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
}
