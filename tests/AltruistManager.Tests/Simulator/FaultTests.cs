using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Tests.Simulator;

/// <summary>What somebody who asks a node with a fault notices.</summary>
public sealed class FaultTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Down_refuses_connections_and_cuts_open_ones_until_it_heals()
    {
        var node = fixture.NewNode(ownPort: true);
        await fixture.HeightAsync(node);
        node.Fault = Faults.Down;
        // Whether the client has heard of it already or finds the open connection cut.
        await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var error = await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
            Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
        }

        node.Heal();
        Assert.True(await fixture.HeightAsync(node) >= 500);
        node.Fault = Faults.Down;
        await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
        node.Fault = Faults.Slow(TimeSpan.FromMilliseconds(1));
        Assert.True(await fixture.HeightAsync(node) >= 500);
    }

    [Fact]
    public async Task Down_cuts_an_answer_that_is_under_way()
    {
        var node = fixture.NewNode(ownPort: true);
        node.Fault = Faults.Silent;
        var asking = fixture.SendAsync(node, "eth_blockNumber");
        await ArrivedAsync(node);
        node.Fault = Faults.Down;
        await Assert.ThrowsAsync<HttpRequestException>(() => asking);
    }

    [Fact]
    public async Task Down_without_a_port_of_its_own_cuts_the_connection_and_harms_nobody_else()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Down;
        await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
        await fixture.HeightAsync(fixture.NewNode());
    }

    [Fact]
    public async Task Slow_answers_late()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Slow(TimeSpan.FromMilliseconds(300));
        var begin = Stopwatch.GetTimestamp();
        await fixture.HeightAsync(node);
        Assert.True(Stopwatch.GetElapsedTime(begin) >= TimeSpan.FromMilliseconds(290));
    }

    [Fact]
    public async Task Lagging_is_behind_by_that_many_blocks()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Lagging(20);
        var before = fixture.Chain.Height;
        var height = await fixture.HeightAsync(node);
        Assert.InRange(height, before - 20, fixture.Chain.Height - 20);
        var head = await fixture.ResultAsync(node, "eth_getBlockByNumber", $"""["0x{before + 100_000:x}",false]""");
        Assert.Equal(JsonValueKind.Null, head.ValueKind);
    }

    [Fact]
    public async Task Ahead_tells_blocks_that_do_not_exist()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Ahead(10_000);
        Assert.True(await fixture.HeightAsync(node) > fixture.Chain.Height + 9_000);
        var head = await fixture.ResultAsync(node, "eth_getBlockByNumber", """["latest",false]""");
        var time = DateTimeOffset.FromUnixTimeSeconds(NodeFixture.Number(head.GetProperty("timestamp")));
        Assert.True(time > TimeProvider.System.GetUtcNow().AddMinutes(7));
    }

    [Fact]
    public async Task Mixed_heights_jump_from_request_to_request()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.MixedHeights(400);
        for (var request = 0; request < 4; request++)
        {
            var behind = request % 2 == 0 ? 0 : 400;
            var before = fixture.Chain.Height;
            Assert.InRange(await fixture.HeightAsync(node), before - behind, fixture.Chain.Height - behind);
        }
    }

    [Fact]
    public async Task Frozen_stays_where_it_was_while_the_chain_goes_on()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Frozen;
        var height = await fixture.HeightAsync(node);
        await Wait.UntilAsync("the chain goes on", () => fixture.Chain.Height > height + 1);
        Assert.Equal(height, await fixture.HeightAsync(node));
        node.Fault = node.Fault!.And(Faults.Slow(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(height, await fixture.HeightAsync(node));
        node.Heal();
        Assert.True(await fixture.HeightAsync(node) > height);
    }

    [Fact]
    public async Task Wrong_chain_tells_another_chain_id()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.WrongChain(0x1388);
        Assert.Equal("0x1388", (await fixture.ResultAsync(node, "eth_chainId")).GetString());
        Assert.Equal("5000", (await fixture.ResultAsync(node, "net_version")).GetString());
    }

    [Fact]
    public async Task Forked_has_other_hashes_from_that_height_on_and_agrees_with_its_branch()
    {
        var (sound, one, two, other) = (fixture.NewNode(), fixture.NewNode(), fixture.NewNode(), fixture.NewNode());
        one.Fault = two.Fault = Faults.Forked(300);
        other.Fault = Faults.Forked(300, branch: 2);
        Assert.Equal(await HashAsync(sound, 299), await HashAsync(one, 299));
        Assert.NotEqual(await HashAsync(sound, 300), await HashAsync(one, 300));
        Assert.Equal(await HashAsync(one, 300), await HashAsync(two, 300));
        Assert.NotEqual(await HashAsync(one, 300), await HashAsync(other, 300));
        var first = await fixture.ResultAsync(one, "eth_getBlockByNumber", """["0x12c",false]""");
        Assert.Equal(await HashAsync(sound, 299), first.GetProperty("parentHash").GetString());
    }

    [Fact]
    public async Task Pruned_does_not_have_old_blocks()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Pruned(128);
        var old = await fixture.ResultAsync(node, "eth_getBlockByNumber", """["0x64",false]""");
        Assert.Equal(JsonValueKind.Null, old.ValueKind);
        Assert.Equal(JsonValueKind.Object, (await fixture.ResultAsync(node, "eth_getBlockByNumber", """["latest",false]""")).ValueKind);
    }

    [Fact]
    public async Task Rate_limited_answers_429_and_says_when_to_come_back()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.RateLimited(TimeSpan.FromSeconds(12));
        using var limited = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(12), limited.Headers.RetryAfter!.Delta);
        node.Fault = Faults.RateLimited();
        using var silent = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Null(silent.Headers.RetryAfter);
        node.Fault = Faults.RateLimitedByRpc;
        Assert.Equal(-32005, (await fixture.AnswerAsync(node, "eth_blockNumber")).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Unauthorized_and_any_other_status_can_be_had()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Unauthorized;
        using var refused = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        node.Fault = Faults.Status(503);
        using var broken = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, broken.StatusCode);
    }

    [Fact]
    public async Task Html_comes_with_status_200()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Html;
        using var response = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("<!doctype html>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endless_body_goes_on_past_every_cap()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.EndlessBody;
        using var response = await fixture.SendAsync(node, "eth_blockNumber");
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[64 << 10];
        for (long read = 0; read < 8 << 20;)
        {
            var got = await body.ReadAsync(buffer, Cancellation);
            Assert.NotEqual(0, got);
            read += got;
        }
    }

    [Fact]
    public async Task Dripping_sends_one_byte_a_second()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Dripping;
        var begin = Stopwatch.GetTimestamp();
        using var response = await fixture.SendAsync(node, "eth_blockNumber");
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[100];
        var dripped = 0;
        while (dripped < 2)
        {
            // Whoever reads late finds several.
            var got = await body.ReadAsync(buffer, Cancellation);
            Assert.NotEqual(0, got);
            dripped += got;
        }

        Assert.True(Stopwatch.GetElapsedTime(begin) >= (dripped - 1) * TimeSpan.FromMilliseconds(900), $"{dripped} bytes");
    }

    [Fact]
    public async Task Silent_accepts_and_never_answers()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Silent;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var asking = fixture.SendAsync(node, "eth_blockNumber", cancellation: patience.Token);
        await ArrivedAsync(node);
        patience.CancelAfter(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Wrong_ids_errors_and_batches_are_answers_to_another_question()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.WrongId;
        Assert.NotEqual(7, (await fixture.AnswerAsync(node, "eth_blockNumber")).GetProperty("id").GetInt32());
        node.Fault = Faults.NullId;
        Assert.Equal(JsonValueKind.Null, (await fixture.AnswerAsync(node, "eth_blockNumber")).GetProperty("id").ValueKind);
        node.Fault = Faults.BatchForSingle;
        Assert.Equal(JsonValueKind.Array, (await fixture.AnswerAsync(node, "eth_blockNumber")).ValueKind);
        node.Fault = Faults.RpcError(-32000, "header \"not\" found");
        var error = (await fixture.AnswerAsync(node, "eth_blockNumber")).GetProperty("error");
        Assert.Equal(-32000, error.GetProperty("code").GetInt32());
        Assert.Equal("header \"not\" found", error.GetProperty("message").GetString());
        node.Fault = Faults.Body("""{"jsonrpc":"2.0","id":7}""");
        Assert.False((await fixture.AnswerAsync(node, "eth_blockNumber")).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task Syncing_is_told_by_a_node_that_is_at_the_head()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.SaysSyncing;
        Assert.Equal(JsonValueKind.Object, (await fixture.ResultAsync(node, "eth_syncing")).ValueKind);
        Assert.True(await fixture.HeightAsync(node) >= 500);
    }

    [Fact]
    public async Task Cut_short_ends_in_the_middle()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.CutShort;
        using var response = await fixture.SendAsync(node, "eth_getBlockByNumber", """["latest",false]""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
    }

    [Fact]
    public async Task Compressed_bomb_is_small_on_the_wire_and_large_in_memory()
    {
        const long bytes = 128 << 20;
        var node = fixture.NewNode();
        node.Fault = Faults.CompressedBomb(bytes);
        using var response = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        var sent = await response.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.True(sent.Length < bytes / 500, $"{sent.Length} bytes");
        await using var body = new GZipStream(new MemoryStream(sent), CompressionMode.Decompress);
        var buffer = new byte[1 << 20];
        long whole = 0;
        for (int got; (got = await body.ReadAsync(buffer, Cancellation)) > 0;)
            whole += got;
        Assert.Equal(bytes, whole);
    }

    [Fact]
    public async Task Huge_headers_exceed_what_a_client_takes()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.HugeHeaders();
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, error.HttpRequestError);
    }

    [Fact]
    public async Task Redirect_leads_elsewhere()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Redirect("http://169.254.169.254/latest/meta-data");
        using var response = await fixture.SendAsync(node, "eth_blockNumber");
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal("169.254.169.254", response.Headers.Location!.Host);
    }

    [Fact]
    public async Task Faults_go_together()
    {
        var node = fixture.NewNode();
        node.Fault = Faults.Lagging(5).And(Faults.WrongChain(9)).And(Faults.Slow(TimeSpan.FromMilliseconds(100))).And(Faults.Lagging(5));
        var begin = Stopwatch.GetTimestamp();
        Assert.Equal("0x9", (await fixture.ResultAsync(node, "eth_chainId")).GetString());
        Assert.True(Stopwatch.GetElapsedTime(begin) >= TimeSpan.FromMilliseconds(90));
        Assert.True(await fixture.HeightAsync(node) <= fixture.Chain.Height - 10);
        Assert.Equal("lagging by 5 blocks, chain id 9, slow by 100 ms, lagging by 5 blocks", node.Fault.ToString());
    }

    [Fact]
    public async Task World_ends_while_nodes_are_silent()
    {
        var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var node = world.AddNode(world.AddChain(1, TimeSpan.FromSeconds(1)), "silent", new SimulatedNodeOptions { OwnPort = true });
        node.Fault = Faults.Silent;
        var asking = fixture.SendAsync(node, "eth_blockNumber");
        await ArrivedAsync(node);
        await world.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => asking);
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => fixture.SendAsync(node, "eth_blockNumber"));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
    }

    [Fact]
    public async Task World_refuses_to_listen_for_others() =>
        await Assert.ThrowsAsync<ArgumentException>(() => SimulatedWorld.StartAsync(new SimulatedWorldOptions { Address = IPAddress.Any }, Cancellation));

    private static Task ArrivedAsync(SimulatedNode node) => Wait.UntilAsync("the request arrives", () => node.Requests > 0);

    private async Task<string?> HashAsync(SimulatedNode node, long height) =>
        (await fixture.ResultAsync(node, "eth_getBlockByNumber", $"""["0x{height:x}",false]""")).GetProperty("hash").GetString();
}
