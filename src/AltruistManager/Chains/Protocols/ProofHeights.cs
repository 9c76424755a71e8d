namespace AltruistManager.Chains.Protocols;

/// <summary>Where an archive is asked to prove itself: at the beginning of the history and in the middle of it.</summary>
internal static class ProofHeights
{
    /// <param name="first">The first block that has what is asked for; 1 for most chains, as the genesis block is unlike the others.</param>
    /// <param name="head">The newest block.</param>
    /// <returns>One or two heights.</returns>
    public static IEnumerable<long> Between(long first, long head)
    {
        yield return first;
        if (first + ((head - first) / 2) is var middle && middle > first)
            yield return middle;
    }
}
