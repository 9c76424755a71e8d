using AltruistManager.Probing.Checks;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class ConsistencyCheckTests : IDisposable
{
    private readonly CheckBench bench = new();

    private ConsistencyCheck Check => new(bench.Http, bench.Options, TimeProvider.System);

    [Fact]
    public async Task Load_balancer_behind_the_url_mixes_heights()
    {
        var asked = 0;
        await using var node = TestNode.Evm(() => Interlocked.Increment(ref asked) % 2 == 0 ? 1_000 : 863);

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url));

        Assert.Equal(CheckState.Warned, result.State);
        Assert.StartsWith("answers of the same moment are 137 blocks apart (the lowest 863)", result.Reason);
        Assert.Equal(4, node.Connections);
    }

    [Fact]
    public async Task Heights_within_the_tolerance_are_no_spread()
    {
        var asked = 0;
        await using var node = TestNode.Evm(() => 1_000 + (Interlocked.Increment(ref asked) % 2));

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url));

        Assert.Equal((CheckState.Passed, "4 answers of the same moment are 1 block apart (the lowest 1000), which is tolerated"), (result.State, result.Reason));
    }

    [Fact]
    public async Task Node_that_tells_one_height_passes()
    {
        await using var node = TestNode.Evm(() => 1_000);

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url));

        Assert.Equal((CheckState.Passed, "4 answers of the same moment are at the same height"), (result.State, result.Reason));
    }

    [Fact]
    public async Task Answer_that_is_missing_is_not_counted()
    {
        var asked = 0;
        await using var node = new TestNode(exchange => Interlocked.Increment(ref asked) > 1 ? exchange.ReplyAsync(TestNode.Block(5)) : exchange.SendAsync("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url));

        Assert.Equal((CheckState.Passed, "3 answers of the same moment are at the same height"), (result.State, result.Reason));
    }

    [Fact]
    public async Task One_answer_is_nothing_to_compare()
    {
        var asked = 0;
        await using var node = new TestNode(exchange => Interlocked.Increment(ref asked) == 1 ? exchange.ReplyAsync(TestNode.Block(5)) : exchange.SendAsync("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));

        var result = await bench.RunAsync(Check, CheckBench.Altruist(node.Url));

        Assert.Equal(CheckState.Unknown, result.State);
        Assert.Contains("HTTP 500", result.Reason);
    }

    [Fact]
    public async Task Samples_take_no_longer_than_a_probe()
    {
        await using var node = new TestNode(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));

        var running = bench.RunAsync(Check, CheckBench.Altruist(node.Url));
        await node.UntilAskedAsync(4);
        bench.Time.Advance(bench.Options.Value.Timeout);

        Assert.Equal(CheckState.Unknown, (await running).State);
    }

    public void Dispose() => bench.Dispose();
}
