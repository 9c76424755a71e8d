using AltruistManager.Chains.Protocols;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class CapabilityCheckTests : IDisposable
{
    private readonly CheckBench bench = new();
    private readonly CapabilityCheck archive = new("archive");

    [Fact]
    public async Task Archive_is_not_proven_by_a_header_that_pruned_nodes_also_hold()
    {
        // Has every header from the first on, but no old state.
        await using var node = Node(exchange => exchange.Method == "eth_getBalance"
            ? exchange.BodyAsync($$$"""{"jsonrpc":"2.0","id":{{{exchange.Id}}},"error":{"code":-32000,"message":"missing trie node"}}""")
            : exchange.ReplyAsync(TestNode.Block(1_000_000)));

        var result = await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"));

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith("claims archive, but has no state at block 1", result.Reason);
        Assert.Contains("missing trie node", result.Reason);
        Assert.Contains(result.Exchanges, call => call.Asked.StartsWith("eth_getBalance", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Archive_is_proven_by_old_state()
    {
        await using var node = Node(exchange => exchange.ReplyAsync(exchange.Method switch
        {
            "eth_getBalance" => "\"0x0\"",
            "eth_getTransactionByBlockNumberAndIndex" => Transaction(exchange, nonce: 5),
            "eth_getTransactionCount" => "\"0x5\"",
            _ => TestNode.Block(1_000_000),
        }));

        var result = await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"));

        Assert.Equal(CheckState.Passed, result.State);
    }

    /// <summary>Only the newest blocks have transactions: the 41st of its sender stands in the head.</summary>
    [Theory]
    [InlineData("0x7", CheckState.Passed, "proven: ")]
    [InlineData("0x28", CheckState.Passed, "proven: ")]
    [InlineData("0x29", CheckState.Failed, "claims archive, but has no state at block 250000: what it answers for that height contradicts a transaction in block 1000000, as the newest state does: serve it")]
    [InlineData("0x0", CheckState.Unknown, "claims archive, which does not count before it is proven: old blocks have no transactions to compare its old state with, and the account of one in block 1000000 had sent none before")]
    public async Task Archive_of_an_old_history_without_transactions_is_told_by_an_account_of_today(string before, CheckState state, string words)
    {
        await using var node = Node(exchange => exchange.ReplyAsync(exchange.Method switch
        {
            "eth_getBalance" => "\"0x0\"",
            "eth_getTransactionByBlockNumberAndIndex" => exchange.Params[0].GetString() == "0xf4240" ? Transaction(exchange, nonce: 40) : "null",
            "eth_getTransactionCount" => $"\"{before}\"",
            _ => TestNode.Block(1_000_000),
        }));

        var result = await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"));

        Assert.Equal(state, result.State);
        Assert.StartsWith(words, result.Reason, StringComparison.Ordinal);
    }

    /// <summary>Whatever it says of old states, nothing speaks against the newest being told for them.</summary>
    [Fact]
    public async Task Archive_of_a_chain_without_transactions_is_not_proven()
    {
        await using var node = Node(exchange => exchange.ReplyAsync(exchange.Method switch
        {
            "eth_getBalance" => "\"0xde0b6b3a7640000\"",
            "eth_getTransactionByBlockNumberAndIndex" => "null",
            _ => TestNode.Block(1_000_000),
        }));

        var result = await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"));

        Assert.Equal(CheckState.Unknown, result.State);
        Assert.EndsWith("none of the blocks that were looked at has a transaction to compare its old state with", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_that_does_not_answer_says_nothing_of_its_capability()
    {
        await using var node = TestNode.Http("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");

        var result = await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"));

        Assert.Equal(CheckState.Unknown, result.State);
        Assert.Contains("HTTP 503", result.Reason);
    }

    [Fact]
    public async Task Throttling_says_nothing_of_a_capability()
    {
        await using var node = Node(exchange => exchange.Method == "eth_getBalance"
            ? exchange.SendAsync("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
            : exchange.ReplyAsync(TestNode.Block(1_000_000)));

        Assert.Equal(CheckState.Unknown, (await bench.RunAsync(archive, CheckBench.Altruist(node.Url, "archive"))).State);
    }

    [Fact]
    public void Whatever_a_protocol_can_prove_has_a_check()
    {
        using var protocols = new ServiceCollection().AddChainProtocols().BuildServiceProvider();

        Assert.Empty(protocols.GetServices<IChainProtocol>().SelectMany(protocol => protocol.Facts.Capabilities.Keys).Except(CapabilityCheck.Provable));
    }

    [Fact]
    public void Only_what_is_claimed_is_checked()
    {
        Assert.True(archive.Concerns(CheckBench.Subject(CheckBench.Altruist("https://a.example", "archive"))));
        Assert.False(archive.Concerns(CheckBench.Subject(CheckBench.Altruist("https://a.example", "trace"))));
    }

    [Fact]
    public async Task Claim_that_nobody_can_prove_does_not_count()
    {
        await using var node = TestNode.Evm(() => 100);

        var result = await bench.RunAsync(new CapabilityCheck("teleport"), CheckBench.Altruist(node.Url, "teleport"));

        Assert.Equal((CheckState.Unknown, "teleport cannot be proven on evm, so the claim does not count"), (result.State, result.Reason));
    }

    public void Dispose() => bench.Dispose();

    private static string Transaction(TestNode.Exchange exchange, int nonce) =>
        $$"""{"blockNumber":{{exchange.Params[0].GetRawText()}},"from":"0x{{1:x40}}","nonce":"0x{{nonce:x}}","type":"0x2"}""";

    private static TestNode Node(Func<TestNode.Exchange, Task> answer) => new(answer);
}
