using AltruistManager.Altruists;

namespace AltruistManager.Health;

/// <summary>The head that one altruist answered with.</summary>
/// <param name="Votes">Its identity is proven and it is neither wrong-chain nor diverged.</param>
/// <param name="HeadTime">The time the head carries; null where the protocol has none.</param>
public readonly record struct Observation(AltruistId Altruist, ProviderId Provider, bool Reference, bool Votes, DateTimeOffset At, long Height, DateTimeOffset? HeadTime);

public enum HeadJudgement : byte
{
    InSync,
    Lagging,
    Stale,

    /// <summary>Higher than the chain can be, or dated in the future.</summary>
    Ahead,

    /// <summary>Only a fresh sweep can tell: counts neither good nor bad.</summary>
    Undecided,
}

/// <summary>What the trace says of one observation.</summary>
/// <param name="LagBlocks">Blocks behind the network's head as far as it is known; null while nobody can tell.</param>
/// <param name="ToleranceBlocks">How many are tolerated now.</param>
/// <param name="Reason">In words a provider understands; null when there is nothing to say.</param>
public readonly record struct HeadAssessment(HeadJudgement Judgement, long? LagBlocks, double ToleranceBlocks, string? Reason)
{
    /// <summary>Close enough to the head to leave <see cref="VerdictState.Lagging"/>.</summary>
    public bool CaughtUp => LagBlocks is not { } lag || lag <= ToleranceBlocks / 2;
}
