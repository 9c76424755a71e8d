using System.Globalization;
using AltruistManager.Probing;
using AltruistManager.Simulator;

namespace AltruistManager.Tests.Probing;

/// <summary>Each fault that the simulator knows leads to the outcome that the judgement builds on.</summary>
public sealed class SimulatedFaultTests : IDisposable
{
    private static readonly Dictionary<string, Fault> Known = new()
    {
        ["none"] = Faults.Slow(TimeSpan.Zero),
        ["slow"] = Faults.Slow(TimeSpan.FromMilliseconds(200)),
        ["too slow"] = Faults.Slow(TimeSpan.FromMinutes(10)),
        ["down"] = Faults.Down,
        ["silent"] = Faults.Silent,
        ["html"] = Faults.Html,
        ["endless"] = Faults.EndlessBody,
        ["dripping"] = Faults.Dripping,
        ["wrong id"] = Faults.WrongId,
        ["null id"] = Faults.NullId,
        ["batch"] = Faults.BatchForSingle,
        ["cut short"] = Faults.CutShort,
        ["401"] = Faults.Unauthorized,
        ["500"] = Faults.Status(500),
        ["429"] = Faults.RateLimited(TimeSpan.FromSeconds(9)),
        ["rpc limit"] = Faults.RateLimitedByRpc,
        ["rpc error"] = Faults.RpcError(-32603, "internal error"),
        ["bomb"] = Faults.CompressedBomb(),
        ["brotli bomb"] = Faults.CompressedBomb(encoding: "br"),
        ["huge"] = Faults.HugeBody(),
        ["deep"] = Faults.DeepJson(),
        ["headers"] = Faults.HugeHeaders(),
        ["redirect"] = Faults.Redirect("http://169.254.169.254/latest/meta-data"),
    };

    private readonly ManualTime time = new();
    private readonly ProbeBench bench;

    public SimulatedFaultTests() => bench = new ProbeBench(time: time);

    public void Dispose() => bench.Dispose();

    [Theory]
    [InlineData("none", ProbeOutcome.Ok)]
    [InlineData("slow", ProbeOutcome.Ok)]
    [InlineData("too slow", ProbeOutcome.Timeout)]
    [InlineData("down", ProbeOutcome.ConnectRefused)]
    [InlineData("silent", ProbeOutcome.Timeout)]
    [InlineData("html", ProbeOutcome.NotJson)]
    [InlineData("endless", ProbeOutcome.TooLarge)]
    [InlineData("dripping", ProbeOutcome.Timeout)]
    [InlineData("wrong id", ProbeOutcome.InvalidAnswer)]
    [InlineData("null id", ProbeOutcome.InvalidAnswer)]
    [InlineData("batch", ProbeOutcome.InvalidAnswer)]
    [InlineData("cut short", ProbeOutcome.ConnectionLost)]
    [InlineData("401", ProbeOutcome.Unauthorized)]
    [InlineData("500", ProbeOutcome.HttpError)]
    [InlineData("429", ProbeOutcome.Throttled)]
    [InlineData("rpc limit", ProbeOutcome.Throttled)]
    [InlineData("rpc error", ProbeOutcome.RpcError)]
    [InlineData("bomb", ProbeOutcome.TooLarge)]
    [InlineData("brotli bomb", ProbeOutcome.TooLarge)]
    [InlineData("huge", ProbeOutcome.TooLarge)]
    [InlineData("deep", ProbeOutcome.InvalidAnswer)]
    [InlineData("headers", ProbeOutcome.TooLarge)]
    [InlineData("redirect", ProbeOutcome.HttpError)]
    public async Task Fault_has_its_outcome(string fault, ProbeOutcome outcome)
    {
        await using var world = await SimulatedWorld.StartAsync(new(), TestContext.Current.CancellationToken);
        var node = world.AddNode(world.AddChain(1, TimeSpan.FromSeconds(1)), "node", new() { OwnPort = true });
        node.Fault = Known[fault];

        var probing = bench.ProbeAsync(node.Url.ToString(), timeoutMs: 4_000);
        if (outcome == ProbeOutcome.Timeout)
        {
            await Wait.UntilAsync("the node is asked", () => node.Requests > 0);
            time.Advance(TimeSpan.FromSeconds(4));
        }

        var result = await probing.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(outcome == result.Outcome, $"{result.Outcome}: {result.Detail}");
        if (fault == "429")
            Assert.Equal(TimeSpan.FromSeconds(9), result.RetryAfter);
    }

    [Fact]
    public async Task Chain_is_seen_as_it_is()
    {
        await using var world = await SimulatedWorld.StartAsync(new() { Clock = time }, TestContext.Current.CancellationToken);
        var chain = world.AddChain(42161, TimeSpan.FromMilliseconds(50), transactionsPerBlock: 1_500);
        var good = world.AddNode(chain, "good");
        var lagging = world.AddNode(chain, "lagging");
        lagging.Fault = Faults.Lagging(500).And(Faults.SaysSyncing).And(Faults.WrongChain(1)).And(Faults.Forked(10));
        var height = chain.Height - 600;
        var questions = new ProbeQuestions(Identity: true, IntegrityHeight: height, Syncing: true);

        var healthy = await bench.ProbeAsync(good.Url.ToString(), questions);
        var behind = await bench.ProbeAsync(lagging.Url.ToString(), questions);

        Assert.Equal(("42161", false, chain.HashAt(height)), (healthy.Identity, healthy.Syncing, healthy.IntegrityHash));
        Assert.Equal(chain.TimeAt(healthy.Height!.Value), healthy.HeadTime);
        Assert.Equal(("1", true, chain.HashAt(height, branch: 1)), (behind.Identity, behind.Syncing, behind.IntegrityHash));
        Assert.Equal(500, healthy.Height.Value - behind.Height!.Value);
        Assert.StartsWith("0x", healthy.HeadHash, StringComparison.Ordinal);
        Assert.Equal(height.ToString(CultureInfo.InvariantCulture), $"{healthy.IntegrityHeight}");
    }
}
