using AltruistManager.Chains;
using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

public sealed class NetworkRulesTests
{
    [Fact]
    public void Where_chains_differ_the_strictest_holds_and_the_lowest_id_gives_the_block_time()
    {
        var rules = NetworkRules.From([Make("0022", 3, 5, 120, 64), Make("0021", 12, 8, 90, null)]);
        Assert.Equal(new NetworkRules(12, 5, 90, 64), rules);
    }

    [Fact]
    public void A_tolerance_of_zero_means_unknown()
    {
        Assert.Equal(5, NetworkRules.From([Make("a", 12, 0, null, null), Make("b", 12, 5, null, null)]).LagToleranceBlocks);
        Assert.Equal(NetworkRules.Default.LagToleranceBlocks, NetworkRules.From([Make("a", 12, 0, null, null)]).LagToleranceBlocks);
    }

    [Fact]
    public void A_fast_chain_tolerates_seconds_and_a_slow_one_blocks()
    {
        Assert.Equal(200, NetworkRules.Default.ToleranceBlocks(0.05));
        Assert.Equal(3, NetworkRules.Default.ToleranceBlocks(12));
    }

    private static Chain Make(string id, double blockTime, int tolerance, double? age, int? offset) => new()
    {
        Id = new ChainId(id),
        Name = id,
        Network = new NetworkId("evm", "1"),
        BlockTimeSeconds = blockTime,
        LagToleranceBlocks = tolerance,
        MaxHeadAgeSeconds = age,
        IntegrityOffsetBlocks = offset,
        RequestTimeoutMs = 10_000,
    };
}
