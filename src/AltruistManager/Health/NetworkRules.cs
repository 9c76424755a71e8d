using AltruistManager.Chains;

namespace AltruistManager.Health;

/// <summary>What its chains say of a network; where they differ: the smallest tolerance and head age, the largest offset, the block time of the lowest id.</summary>
/// <param name="SeedBlockTimeSeconds">The configured block time, until it is measured.</param>
/// <param name="MaxHeadAgeSeconds">How old a head may be; null judges no age.</param>
public sealed record NetworkRules(double SeedBlockTimeSeconds, int LagToleranceBlocks, double? MaxHeadAgeSeconds, int IntegrityOffsetBlocks)
{
    /// <summary>What a network takes whose chains say nothing of use.</summary>
    public static readonly NetworkRules Default = new(12, 3, null, DefaultIntegrityOffset);

    /// <summary>Below this no lag counts, however fast the chain: answers take time to arrive.</summary>
    public const double LeastToleranceSeconds = 10;

    private const int DefaultIntegrityOffset = 32;

    public static NetworkRules From(IReadOnlyCollection<Chain> chains)
    {
        if (chains.Count == 0)
            return Default;

        var seed = chains.MinBy(chain => chain.Id)!.BlockTimeSeconds;
        // 0 means that nobody knows the tolerance, not that there is none.
        var tolerances = chains.Where(chain => chain.LagToleranceBlocks > 0).Select(chain => chain.LagToleranceBlocks);
        return new NetworkRules(
            seed > 0 ? seed : Default.SeedBlockTimeSeconds,
            tolerances.DefaultIfEmpty(Default.LagToleranceBlocks).Min(),
            chains.Min(chain => chain.MaxHeadAgeSeconds),
            chains.Max(chain => chain.IntegrityOffsetBlocks ?? DefaultIntegrityOffset));
    }

    public double ToleranceSeconds(double blockTimeSeconds) => Math.Max(LagToleranceBlocks * blockTimeSeconds, LeastToleranceSeconds);

    /// <summary>At least one block: that much is jitter on any chain.</summary>
    public double ToleranceBlocks(double blockTimeSeconds) => Math.Max(ToleranceSeconds(blockTimeSeconds) / blockTimeSeconds, 1);
}
