using System.Globalization;
using System.Text;
using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Tests.Simulator;

public sealed class SimulatedNodeTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task Node_answers_what_it_is()
    {
        var node = fixture.NewNode();
        Assert.Equal("0x7a69", (await fixture.ResultAsync(node, "eth_chainId")).GetString());
        Assert.Equal("31337", (await fixture.ResultAsync(node, "net_version")).GetString());
        Assert.False((await fixture.ResultAsync(node, "eth_syncing")).GetBoolean());
        Assert.StartsWith("Simulated/", (await fixture.ResultAsync(node, "web3_clientVersion")).GetString(), StringComparison.Ordinal);
        Assert.Equal(7, (await fixture.AnswerAsync(node, "eth_chainId")).GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task Block_is_larger_than_a_scalar_and_linked_to_its_parent()
    {
        var node = fixture.NewNode();
        var before = TimeProvider.System.GetUtcNow();
        var text = (await fixture.ResultAsync(node, "eth_getBlockByNumber", """["latest",false]""")).GetRawText();
        Assert.True(text.Length > 64 << 10, $"{text.Length} bytes");
        var head = JsonElement.Parse(text);
        var height = NodeFixture.Number(head.GetProperty("number"));
        Assert.Equal(fixture.Chain.HashAt(height), head.GetProperty("hash").GetString());
        Assert.Equal(1200, head.GetProperty("transactions").GetArrayLength());
        var time = DateTimeOffset.FromUnixTimeSeconds(NodeFixture.Number(head.GetProperty("timestamp")));
        Assert.InRange(time, before.AddSeconds(-5), TimeProvider.System.GetUtcNow());
        var parent = await fixture.ResultAsync(node, "eth_getBlockByNumber", $"""["0x{height - 1:x}",false]""");
        Assert.Equal(head.GetProperty("parentHash").GetString(), parent.GetProperty("hash").GetString());
    }

    [Fact]
    public async Task Finalized_block_is_behind_and_a_block_to_come_is_null()
    {
        var node = fixture.NewNode();
        var before = node.Height;
        var final = await fixture.ResultAsync(node, "eth_getBlockByNumber", """["finalized",false]""");
        Assert.InRange(NodeFixture.Number(final.GetProperty("number")), before - SimulatedChain.FinalityBlocks, node.Height - SimulatedChain.FinalityBlocks);
        var future = await fixture.ResultAsync(node, "eth_getBlockByNumber", """["0xffffffff",false]""");
        Assert.Equal(JsonValueKind.Null, future.ValueKind);
    }

    [Theory]
    [InlineData("eth_nothing", "[]", -32601)]
    [InlineData("eth_getBlockByNumber", "[]", -32602)]
    [InlineData("eth_getBlockByNumber", """["newest",false]""", -32602)]
    public async Task Wrong_question_gets_an_rpc_error(string method, string parameters, int code)
    {
        var answer = await fixture.AnswerAsync(fixture.NewNode(), method, parameters);
        Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Batch_is_answered_in_order_and_counted_by_call()
    {
        var node = fixture.NewNode();
        using var content = new StringContent(
            """[{"jsonrpc":"2.0","id":"a","method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_blockNumber","params":[]}]""",
            Encoding.UTF8,
            "application/json");
        using var response = await fixture.Client.PostAsync(node.Url, content, TestContext.Current.CancellationToken);
        var batch = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("a", batch[0].GetProperty("id").GetString());
        Assert.Equal("0x7a69", batch[0].GetProperty("result").GetString());
        Assert.Equal(2, batch[1].GetProperty("id").GetInt32());
        Assert.Equal(1, node.Requests);
        Assert.Equal(1, node.Calls("eth_chainId"));
        Assert.Equal(1, node.Calls("eth_blockNumber"));
        Assert.Equal(0, node.Calls("eth_syncing"));
    }

    [Fact]
    public async Task Malformed_question_gets_a_parse_error_with_id_null()
    {
        using var content = new StringContent("{nonsense", Encoding.UTF8, "application/json");
        using var response = await fixture.Client.PostAsync(fixture.NewNode().Url, content, TestContext.Current.CancellationToken);
        var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(-32700, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("id").ValueKind);
    }

    [Fact]
    public async Task Nodes_of_one_chain_agree()
    {
        var height = $"0x{fixture.Chain.Height.ToString("x", CultureInfo.InvariantCulture)}";
        var hashes = new List<string?>();
        foreach (var node in new[] { fixture.NewNode(), fixture.NewNode(ownPort: true) })
            hashes.Add((await fixture.ResultAsync(node, "eth_getBlockByNumber", $"""["{height}",false]""")).GetProperty("hash").GetString());
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public void Name_is_taken_once()
    {
        var node = fixture.NewNode();
        Assert.Throws<ArgumentException>(() => fixture.World.AddNode(fixture.Chain, node.Name));
    }
}
