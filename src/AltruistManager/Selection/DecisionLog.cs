#pragma warning disable
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Reads decisions and sessions back, for the public API and the pages.</summary>
public sealed class DecisionLog
{
    /// <summary>Newest first, of the chains and regions given; null means all.</summary>
    /// <param name="before">Continue after this one.</param>
    public Task<IReadOnlyList<Decision>> ListAsync(Chains.ChainId? chain, RegionId? region, DecisionId? before, int limit, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>Null when there is none, or its entry's body is no longer kept.</summary>
    public Task<Decision?> FindAsync(DecisionId id, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>The slot's picks, newest first.</summary>
    /// <param name="before">Sessions that started before; null starts with the newest.</param>
    public Task<IReadOnlyList<Session>> SessionsAsync(SlotKey slot, DateTimeOffset? before, int limit, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>How many sessions of each altruist touched the last hour, over all slots.</summary>
    public Task<IReadOnlyDictionary<AltruistId, int>> SessionsLastHourAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
