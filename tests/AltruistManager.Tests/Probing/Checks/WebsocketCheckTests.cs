using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class WebsocketCheckTests : IDisposable
{
    private const string Subscribed = """{"jsonrpc":"2.0","id":1,"result":"0xcd"}""";

    // With the mask that clients put on what they send.
    private const int BytesOfPong = 6;

    private static readonly byte[] Ping = [0x89, 0];

    private readonly CheckBench bench = new() { Pace = new NetworkPace(BlockTimeSeconds: 0.1, ToleranceBlocks: 3) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private WebsocketCheck Check => new(bench.Http, bench.Options, bench.Time);

    [Fact]
    public async Task Head_of_the_same_height_over_the_websocket_proves_it()
    {
        string? asked = null;
        await using var node = TestNode.Evm(() => 1_000);
        await using var socket = Socket(async stream =>
        {
            asked = await ReadAsync(stream);
            await SendAsync(stream, Subscribed);
            await SendAsync(stream, Head(1_001));
        });

        var result = await bench.RunAsync(Check, At(node, socket));

        Assert.Equal((CheckState.Passed, "subscribed and was told block 1001, as its own URL has it"), (result.State, result.Reason));
        Assert.Contains("eth_subscribe", asked);
        Assert.Equal(["subscribe over the WebSocket: eth_subscribe [\"newHeads\"]", "eth_getBlockByNumber [\"latest\",false]"], result.Exchanges.Select(call => call.Asked));
        Assert.Equal(Check.CallsOf(CheckBench.Subject(At(node, socket))), result.Exchanges.Count);
    }

    [Fact]
    public async Task Websocket_of_another_chain_or_of_a_node_that_is_behind_is_not_proven()
    {
        await using var node = TestNode.Evm(() => 1_000);
        await using var socket = Socket(async stream =>
        {
            await ReadAsync(stream);
            await SendAsync(stream, Subscribed);
            await SendAsync(stream, Head(500));
        });

        var result = await bench.RunAsync(Check, At(node, socket));

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith("the WebSocket told block 500 while its own URL has 1000", result.Reason);
    }

    [Fact]
    public async Task Refused_subscription_is_told_in_the_nodes_words()
    {
        await using var node = TestNode.Evm(() => 1_000);
        await using var socket = Socket(async stream =>
        {
            await ReadAsync(stream);
            await SendAsync(stream, """{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"notifications not supported"}}""");
        });

        var result = await bench.RunAsync(Check, At(node, socket));

        Assert.Equal(CheckState.Failed, result.State);
        Assert.Contains("notifications not supported", result.Reason);
    }

    [Fact]
    public async Task Http_server_that_opens_no_websocket_fails_with_its_status()
    {
        await using var node = TestNode.Evm(() => 1_000);
        await using var socket = Socket(_ => Task.CompletedTask, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

        var result = await bench.RunAsync(Check, At(node, socket));

        Assert.Equal(CheckState.Failed, result.State);
        Assert.Contains("the WebSocket did not open: HTTP 404", result.Reason);
    }

    [Fact]
    public async Task Subscription_without_a_head_in_time_is_not_decided()
    {
        await using var node = TestNode.Evm(() => 1_000);
        var subscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var socket = Socket(async (stream, raw) =>
        {
            await ReadAsync(stream);
            await SendAsync(stream, Subscribed);
            // Whoever answers a ping has read what came before it.
            await raw.WriteAsync(Ping, Cancellation);
            await raw.ReadExactlyAsync(new byte[BytesOfPong], Cancellation);
            subscribed.SetResult();
            // Until the check gives up.
            await Assert.ThrowsAnyAsync<WebSocketException>(() => ReadAsync(stream));
        });

        var running = bench.RunAsync(Check, At(node, socket));
        await subscribed.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancellation);
        bench.Time.Advance(TimeSpan.FromSeconds(10));

        var result = await running.WaitAsync(TimeSpan.FromMinutes(2), Cancellation);
        Assert.Equal((CheckState.Unknown, "subscribed, but no new head came within 10 s"), (result.State, result.Reason));
    }

    [Fact]
    public async Task Websocket_on_a_private_address_is_not_connected_to()
    {
        await using var node = TestNode.Evm(() => 1_000);
        var opened = false;
        await using var socket = Socket(_ =>
        {
            opened = true;
            return Task.CompletedTask;
        });

        var result = await bench.RunAsync(Check, At(node, socket) with { MayBePrivate = false });

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith("the name leads to an address that may not be probed", result.Reason);
        Assert.False(opened);
    }

    [Fact]
    public async Task Claim_without_a_url_fails_with_what_to_do()
    {
        await using var node = TestNode.Evm(() => 1_000);

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url, "websocket"));

        Assert.Equal((CheckState.Failed, "claims websocket, but has no URL for it: set urls.websocket or take the claim back"), (result.State, result.Reason));
    }

    [Fact]
    public void A_url_is_a_claim_too()
    {
        var plain = CheckBench.Altruist("https://a.example");

        Assert.False(Check.Concerns(CheckBench.Subject(plain)));
        Assert.True(Check.Concerns(CheckBench.Subject(plain with { Capabilities = ["websocket"] })));
        Assert.True(Check.Concerns(CheckBench.Subject(plain with { Urls = new Dictionary<string, string> { ["websocket"] = "wss://a.example" } })));
    }

    [Fact]
    public async Task Plain_websocket_is_refused_where_plain_http_is()
    {
        using var strict = new CheckBench(allowHttp: false);
        var check = new WebsocketCheck(strict.Http, Options.Create(new ProbingOptions()), TimeProvider.System);

        var result = await strict.RunAsync(check, CheckBench.Altruist("https://a.example") with { Urls = new Dictionary<string, string> { ["websocket"] = "ws://a.example" } });

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith("ws is not allowed here", result.Reason);
    }

    public void Dispose() => bench.Dispose();

    private static Altruist At(TestNode node, TestNode socket) =>
        CheckBench.Altruist(node.Url, "websocket") with { Urls = new Dictionary<string, string> { ["websocket"] = socket.Url.Replace("http:", "ws:", StringComparison.Ordinal) } };

    private static string Head(long height) => $$$"""{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0xcd","result":{"hash":"0x1","number":"0x{{{height:x}}}"} } }""";

    /// <summary>Shakes hands as a WebSocket server does, byte by byte, and hands the connection over.</summary>
    private static TestNode Socket(Func<WebSocket, Task> serve, string? refusal = null) => Socket((socket, _) => serve(socket), refusal);

    private static TestNode Socket(Func<WebSocket, Stream, Task> serve, string? refusal = null) => new(_ => Task.CompletedTask, async stream =>
    {
        var request = "";
        var buffer = new byte[4096];
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal))
            request += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancellation));
        if (refusal is not null)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(refusal), Cancellation);
            return stream;
        }

        var key = request.Split("Sec-WebSocket-Key: ")[1].Split('\r')[0].Trim();
#pragma warning disable CA5350 // The protocol asks for SHA-1.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"), Cancellation);
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        await serve(socket, stream);
        return stream;
    });

    private static async Task<string> ReadAsync(WebSocket socket)
    {
        var buffer = new byte[4096];
        var part = await socket.ReceiveAsync(buffer, Cancellation);
        return Encoding.UTF8.GetString(buffer, 0, part.Count);
    }

    private static Task SendAsync(WebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Cancellation);
}
