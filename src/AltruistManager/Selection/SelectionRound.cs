#pragma warning disable
namespace AltruistManager.Selection;

/// <summary>What a round did (contract 3.2, <c>POST /rounds</c>).</summary>
public readonly record struct RoundOutcome(long Round, long Generation, int Slots, int Changed);

/// <summary>Decides all slots, or those that need it, and publishes the result: read inputs, decide, one transaction, swap the snapshot. One at a time.</summary>
public sealed class SelectionRound
{
    /// <summary>Loads the state from the database or the last-good file, so that portals are served before the port opens.</summary>
    public Task StartAsync(CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>A full round over every slot.</summary>
    public Task<RoundOutcome> RunAsync(Trigger trigger, DateTimeOffset scheduledAt, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>The standing rule (design 5.5): re-picks at once every slot whose published result is no longer what the rules give.</summary>
    /// <param name="cause">What the caller changed; falls and recoveries are found by themselves.</param>
    public Task<RoundOutcome> SettleAsync(Trigger cause, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>When the last round was committed; null before the first.</summary>
    public DateTimeOffset? LastRoundAt { get; private set; }

    public long LastRound { get; private set; }
}
