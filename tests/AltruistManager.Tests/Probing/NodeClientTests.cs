using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Probing;

/// <summary>What is taken out of an answer, over JSON-RPC and over REST, and what is told of every call.</summary>
public sealed class NodeClientTests : IDisposable
{
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { ConnectCallback = ConnectAsync });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => http.Dispose();

    [Theory]
    [InlineData("""{"sync_info":{"latest_block_height":"12","other":{"latest_block_height":"99"}},"latest_block_height":"98"}""", "sync_info.latest_block_height", "12")]
    [InlineData("""{"sync_info":[{"latest_block_height":"12"}]}""", "sync_info.latest_block_height", null)]
    [InlineData("""{"block_metas":[{"block_id":{"hash":"AB"}},{"block_id":{"hash":"CD"}}]}""", "block_metas.0.block_id.hash", "AB")]
    [InlineData("""{"block_metas":[[7],{"block_id":{"hash":"CD"}}]}""", "block_metas.1.block_id.hash", "CD")]
    [InlineData("""{"block_metas":{"0":{"block_id":{"hash":"AB"}}}}""", "block_metas.0.block_id.hash", "AB")]
    [InlineData("""{"block_metas":[]}""", "block_metas.0.block_id.hash", null)]
    [InlineData("""[100,200]""", "1", "200")]
    [InlineData("""{"a":{"a":{"a":true}}}""", "a.a.a", "true")]
    [InlineData("""{"a":{"a":{"a":false}},"b":{"a":{"a":true}}}""", "a.a.a", "false")]
    [InlineData("""{"\u0061":-1.5e3}""", "a", "-1.5e3")]
    [InlineData("""{"a":{"x":[[[{"a":1}]]]},"b":2}""", "b", "2")]
    [InlineData("""{"a":{"b":1}}""", "a", null)]
    public async Task Field_is_found_by_its_path_and_nowhere_else(string result, string path, string? value)
    {
        await using var rpc = new TestNode(exchange => exchange.ReplyAsync(result));
        await using var rest = new TestNode(exchange => exchange.BodyAsync(result));

        var overRpc = await Client(rpc).AskAsync(new NodeQuestion("m", "[]", NodeQuestion.Scalar, [path, "none.at.all"]), Cancellation);
        var overRest = await Client(rest).AskAsync(NodeQuestion.Get("/x", NodeQuestion.Scalar, path, "none.at.all"), Cancellation);

        Assert.Equal(value, overRpc![path]);
        Assert.Equal(value, overRest![path]);
        Assert.Null(overRpc["none.at.all"]);
    }

    [Fact]
    public async Task Null_is_told_from_nothing()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync("""{"time":null}"""));

        var answer = await Client(node).AskAsync(new NodeQuestion("m", "[]", NodeQuestion.Scalar, ["time", "height"]), Cancellation);

        Assert.Equal(["time"], answer!.Fields.Select(field => field.Key));
        Assert.Null(answer["time"]);
    }

    [Fact]
    public async Task Field_that_comes_again_counts_as_it_came_last()
    {
        await using var node = new TestNode(exchange => exchange.ReplyAsync("""{"height":1,"time":2,"height":3}"""));

        var answer = await Client(node).AskAsync(new NodeQuestion("m", "[]", NodeQuestion.Scalar, ["time", "height"]), Cancellation);

        Assert.Equal([("height", "3"), ("time", "2")], answer!.Fields.Select(field => (field.Key, field.Value)));
    }

    [Fact]
    public void Any_document_gives_what_a_tree_of_it_gives() => Prop.ForAll(Documents.ToArbitrary(), Gen.Choose(1, 64).ToArbitrary(), (document, piece) =>
    {
        var tree = JsonDocument.Parse(document).RootElement;
        var reader = new NodeAnswerReader(id: null, AnswerShape.Of(Documents.Paths));
        var bytes = Encoding.UTF8.GetBytes(document);
        for (var (from, to) = (0, 0); from < bytes.Length || to < bytes.Length;)
        {
            to = Math.Min(bytes.Length, to + piece);
            from += reader.Read(bytes.AsSpan(from, to - from), isLast: to == bytes.Length);
        }

        var fields = reader.Result!.Fields.ToDictionary();
        return Documents.Paths.All(path => (fields.TryGetValue(path, out var found), found) == Find(tree, path) && reader.Result[path] == found);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Rest_is_plain_http_without_an_envelope()
    {
        var requests = new List<string>();
        await using var node = new TestNode(exchange =>
        {
            requests.Add(exchange.Request);
            return exchange.BodyAsync("""{"height":5,"error":"shown beside the result","id":7,"result":null}""");
        });
        var client = Client(node, "/key?a=b");

        var posted = await client.AskAsync(NodeQuestion.Post("/v1/query/block", """{"height":5}""", NodeQuestion.Scalar, "height"), Cancellation);
        var got = await client.AskAsync(NodeQuestion.Get("/v1/status", NodeQuestion.Scalar, "height"), Cancellation);

        Assert.Equal(("5", "5"), (posted!["height"], got!["height"]));
        Assert.StartsWith("POST /key/v1/query/block?a=b HTTP/1.1", requests[0], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n{\"height\":5}", requests[0], StringComparison.Ordinal);
        Assert.StartsWith("GET /key/v1/status?a=b HTTP/1.1", requests[1], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", requests[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("400 Bad Request", """{"code":400,"message":"height is above the head"}""", ProbeOutcome.HttpError, "HTTP 400: error 400 height is above the head", "400")]
    [InlineData("404 Not Found", """{"error":"no such block"}""", ProbeOutcome.HttpError, "HTTP 404: error no such block", "404")]
    [InlineData("500 Internal Server Error", """{"error":{"code":3,"message":"oops"}}""", ProbeOutcome.HttpError, "HTTP 500: error 3 oops", null)]
    [InlineData("404 Not Found", "<html>", ProbeOutcome.HttpError, "HTTP 404", null)]
    [InlineData("403 Forbidden", """{"message":"this key is out of credits"}""", ProbeOutcome.QuotaExhausted, "top it up", null)]
    [InlineData("200 OK", """{"message":"API rate limit exceeded"}""", ProbeOutcome.Ok, "", null)]
    [InlineData("200 OK", """{"error":"API rate limit exceeded"}""", ProbeOutcome.Throttled, "rate limit", null)]
    [InlineData("200 OK", """{"error":{"code":7,"message":"no"}}""", ProbeOutcome.RpcError, "GET /x: error 7 no", "7")]
    [InlineData("200 OK", "17", ProbeOutcome.Ok, "", null)]
    [InlineData("200 OK", "ok", ProbeOutcome.NotJson, "no JSON: ok", null)]
    [InlineData("200 OK", "<html>", ProbeOutcome.NotJson, "an HTML page", null)]
    public async Task Rest_failure_is_told_in_the_nodes_own_words(string status, string body, ProbeOutcome outcome, string detail, string? code)
    {
        await using var node = TestNode.Json(body, status: status);
        var client = Client(node);

        var answer = await client.AskAsync(NodeQuestion.Get("/x", NodeQuestion.Scalar, "height"), Cancellation);

        Assert.Equal(outcome, client.Failure?.Outcome ?? ProbeOutcome.Ok);
        Assert.Contains(detail, client.Failure?.Detail ?? "", StringComparison.Ordinal);
        Assert.Equal((outcome == ProbeOutcome.Ok, code), (answer is not null, client.Error?.Code));
    }

    [Fact]
    public async Task Error_of_the_node_is_told_apart_from_no_answer()
    {
        await using var node = TestNode.Json("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32007,"message":"Slot 5 was skipped"}}""");
        var client = Client(node);

        Assert.Null(await client.AskAsync(new NodeQuestion("getBlock", "[5]", NodeQuestion.Scalar, []), Cancellation));

        Assert.Equal(new NodeError("-32007", "Slot 5 was skipped"), client.Error);
    }

    [Fact]
    public async Task Every_call_is_told_in_its_order()
    {
        await using var node = new TestNode(exchange => exchange.Method == "b"
            ? exchange.BodyAsync($$"""{"id":{{exchange.Id}},"error":{"code":-1,"message":"no s3cretkey"} }""")
            : exchange.ReplyAsync("""{"height":"0x5","time":null,"hash":"s3cretKEY"}"""));
        var client = Client(node, "/s3cretkey");

        var began = Stopwatch.GetTimestamp();
        await client.AskAsync(new NodeQuestion("a", """["0x5",false]""", NodeQuestion.Scalar, ["height", "time", "hash"]), Cancellation);
        await client.AskAsync(new NodeQuestion("b", "[]", NodeQuestion.Scalar, []), Cancellation);

        Assert.Equal(["""a ["0x5",false]""", "b []"], client.Exchanges.Select(exchange => exchange.Asked));
        Assert.Equal(["height: 0x5, time: null, hash: …", "b: error -1 no …"], client.Exchanges.Select(exchange => exchange.Answered));
        Assert.All(client.Exchanges, exchange => Assert.InRange(exchange.LatencyMs, 0, Stopwatch.GetElapsedTime(began).TotalMilliseconds));
    }

    [Fact]
    public async Task Probe_keeps_its_calls_and_where_they_went()
    {
        using var bench = ProbeBench.Often();
        await using var node = TestNode.Evm(() => 100);

        var first = await bench.ProbeAsync(node.Url, new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: false));
        var second = await bench.ProbeAsync(node.Url);
        var failed = await bench.ProbeAsync("http://127.0.0.1:1");

        Assert.Equal(("127.0.0.1", null, "127.0.0.1"), (first.Address, second.Address, failed.Address));
        Assert.Equal(["eth_getBlockByNumber [\"latest\",false]", "eth_chainId []"], first.Exchanges.Select(exchange => exchange.Asked));
        Assert.Equal(["0x1"], first.Exchanges.Skip(1).Select(exchange => exchange.Answered));
        Assert.Equal((true, false), (first.Exchanges[0].ConnectMs is not null, first.Exchanges[1].ConnectMs is not null));
        Assert.Equal("the connection was refused", Assert.Single(failed.Exchanges).Answered);
    }

    [Theory]
    [InlineData(300, true)]
    [InlineData(30, false)]
    public async Task Node_that_is_not_asked_again_soon_is_told_to_hang_up_with_the_last_question(int interval, bool hangsUp)
    {
        var asked = new List<(string Method, bool Close)>();
        using var bench = new ProbeBench(configure: options => options.Interval = TimeSpan.FromSeconds(interval));
        await using var node = new TestNode(exchange =>
        {
            asked.Add((exchange.Method, exchange.Request.Contains("Connection: close\r\n", StringComparison.Ordinal)));
            return exchange.ReplyAsync(exchange.Method == "eth_chainId" ? "\"0x1\"" : TestNode.Block(100));
        });

        await bench.ProbeAsync(node.Url, new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: false));

        Assert.Equal([("eth_getBlockByNumber", false), ("eth_chainId", hangsUp)], asked);
    }

    private NodeClient Client(TestNode node, string path = "")
    {
        var url = node.Url + path;
        return new NodeClient(new EndpointLine(http, ProbeBench.Altruist(url), release: null), new Uri(url), TimeProvider.System, Cancellation);
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(context.DnsEndPoint, cancellation);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }

    private static (bool Found, string? Value) Find(JsonElement at, string path)
    {
        foreach (var part in path.Split('.'))
        {
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(part, out var property))
                at = property;
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(part, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength())
                at = at[index];
            else
                return (false, null);
        }

        return at.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? (false, null)
            : (true, at.ValueKind switch { JsonValueKind.String => at.GetString(), JsonValueKind.Null => null, _ => at.GetRawText() });
    }

    /// <summary>Small documents of few names, so that most paths are somewhere in them.</summary>
    private static class Documents
    {
        public static readonly string[] Paths = ["a", "b", "a.a", "a.b", "b.0", "b.1.a", "a.b.0.a", "0", "1.a"];

        public static Arbitrary<string> ToArbitrary() => Gen.Sized(size => Values(Math.Min(size, 5))).ToArbitrary();

        private static Gen<string> Values(int depth)
        {
            var scalars = Gen.Elements("1", "-2.5", "\"x\"", "\"\\u00e4\"", "true", "false", "null");
            if (depth == 0)
                return scalars;
            var inner = Values(depth - 1);
            return Gen.OneOf(
                scalars,
                Gen.ListOf(inner).Select(items => $"[{string.Join(',', items)}]"),
                Gen.SubListOf("a", "b", "c", "0").SelectMany(names => Gen.ListOf(inner, names.Count).Select(values => $"{{{string.Join(',', names.Zip(values, (name, value) => $"\"{name}\":{value}"))}}}")));
        }
    }
}
