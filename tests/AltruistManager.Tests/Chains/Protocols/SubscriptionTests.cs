using System.Net.WebSockets;
using System.Text;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;
using AltruistManager.Simulator;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>What the facts say of subscriptions is what nodes do.</summary>
public sealed class SubscriptionTests
{
    [Theory]
    [InlineData("evm", "5")]
    [InlineData("solana", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")]
    [InlineData("cometbft", "osmosis-1")]
    [InlineData("substrate", "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3")]
    [InlineData("starknet", "SN_MAIN")]
    public async Task New_head_arrives_where_the_facts_say_it_stands(string protocol, string identity)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var facts = ProtocolList.All.Find(new NetworkId(protocol, identity), [])!.Facts.Subscription!;
        await using var world = await SimulatedWorld.StartAsync(new(), cancellation);
        var chain = world.AddChain(protocol, identity, TimeSpan.FromMilliseconds(40));
        var node = world.AddNode(chain, "node");
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(node.Url) { Scheme = "ws" }.Uri, cancellation);

        await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":7,"method":"{{facts.Method}}","params":{{facts.Parameters}}}"""), WebSocketMessageType.Text, true, cancellation);
        var subscribed = await ReceiveAsync(socket, "result");
        var first = Scalars.Number(await ReceiveAsync(socket, facts.Height));
        var second = Scalars.Number(await ReceiveAsync(socket, facts.Height));

        Assert.NotNull(subscribed);
        Assert.InRange(first!.Value, 1_000_000, chain.Height);
        Assert.InRange(second!.Value, first.Value + 1, chain.Height);
    }

    [Fact]
    public async Task Frozen_node_sends_no_heads_and_answers_questions()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var world = await SimulatedWorld.StartAsync(new(), cancellation);
        var node = world.AddNode(world.AddChain(5, TimeSpan.FromMilliseconds(10)), "node");
        node.Fault = Faults.Frozen;
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(node.Url) { Scheme = "ws" }.Uri, cancellation);

        foreach (var method in new[] { "eth_subscribe", "eth_blockNumber", "eth_unsubscribe" })
            await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":7,"method":"{{method}}","params":["newHeads"]}"""), WebSocketMessageType.Text, true, cancellation);

        Assert.Equal("0x1", await ReceiveAsync(socket, "result"));
        Assert.Equal($"0x{node.Height:x}", await ReceiveAsync(socket, "result"));
        Assert.Equal("-32601", await ReceiveAsync(socket, "error.code"));
    }

    private static async Task<string?> ReceiveAsync(WebSocket socket, string path)
    {
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled), TestContext.Current.CancellationToken);
            filled += read.Count;
            if (!read.EndOfMessage)
                continue;
            var reader = new NodeAnswerReader(id: null, AnswerShape.Of([path]));
            reader.Read(buffer.AsSpan(0, filled), isLast: true);
            return reader.Result![path];
        }
    }
}
