using AltruistManager.Probing;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Health;

/// <summary>Puts what a probe brought beside what the others say of it, for the checks to be judged by. Pure.</summary>
internal static class SweepFindings
{
    private static readonly TimeSpan FutureTolerance = TimeSpan.FromSeconds(60);

    /// <param name="before">What was found before; parts that this probe did not ask about stay. Null for nothing.</param>
    /// <param name="head">Null when the probe brought no head.</param>
    /// <param name="integrity">What comparing hashes said.</param>
    public static SweepFacts After(SweepFacts? before, ProbeResult probe, string expectedIdentity, HeadAssessment? head, IntegrityFinding finding, string? integrity)
    {
        var (against, tooOld) = OfHead(probe, head);
        return new SweepFacts
        {
            ExpectedIdentity = expectedIdentity,
            At = probe.At,
            Outcome = probe.Outcome,
            Detail = probe.Detail,
            Identity = probe.Identity ?? before?.Identity,
            IdentityAt = probe.Identity is null ? before?.IdentityAt : probe.At,
            Height = probe.Height,
            LagBlocks = head?.LagBlocks,
            HeadTime = probe.HeadTime,
            Syncing = probe.Syncing,
            AgainstOthers = against,
            HeadTooOld = tooOld,
            Integrity = probe.IntegrityHeight is { } height ? OfIntegrity(probe, height, finding, integrity) : before?.Integrity,
            LatencyMs = probe.LatencyMs,
            ConnectMs = probe.ConnectMs,
        };
    }

    /// <summary>What a stored memory says before the first probe after a start.</summary>
    public static SweepFacts Remembered(Memory memory, string expectedIdentity) => new()
    {
        ExpectedIdentity = expectedIdentity,
        Identity = memory.WrongIdentity ?? (memory.IdentityProven ? expectedIdentity : null),
    };

    private static (Judged? AgainstOthers, string? TooOld) OfHead(ProbeResult probe, HeadAssessment? head) => head switch
    {
        null => (null, null),
        { Judgement: HeadJudgement.Stale } stale => (null, stale.Reason),
        // Old by its own date, whatever the others have.
        { Judgement: HeadJudgement.Lagging, Reason: { } old } seen when seen.LagBlocks is not { } lag || lag <= seen.ToleranceBlocks => (null, old),
        { Judgement: HeadJudgement.Ahead, Reason: { } future } when probe.HeadTime > probe.At + FutureTolerance => (null, future),
        { Judgement: HeadJudgement.Lagging or HeadJudgement.Ahead } => (new Judged(CheckState.Failed, head.Value.Reason ?? "is not where the others are", probe.At), null),
        { Judgement: HeadJudgement.Undecided } => (new Judged(CheckState.Unknown, "answers; whether it is in sync is being checked against the others", probe.At), null),
        { Reason: { } note } => (new Judged(CheckState.Passed, $"answers with block {probe.Height}; {note}", probe.At), null),
        { LagBlocks: { } behind } => (new Judged(CheckState.Passed, behind == 0 ? $"answers with block {probe.Height}, as the others do" : $"answers with block {probe.Height}, {Phrase.Count(behind, "block")} behind, which is tolerated", probe.At), null),
        _ => (null, null),
    };

    private static Judged OfIntegrity(ProbeResult probe, long height, IntegrityFinding finding, string? reason) => finding switch
    {
        IntegrityFinding.Agrees => new(CheckState.Passed, $"has the same block {height} as the others", probe.At),
        IntegrityFinding.Differs => new(CheckState.Failed, $"{reason ?? "has another history than the other providers"}: resync the node from a trusted source", probe.At),
        IntegrityFinding.Disagreement => new(CheckState.Unknown, reason ?? "the providers disagree among themselves", probe.At),
        _ when probe.IntegrityHash is null => new(CheckState.Unknown, $"does not have block {height}, so it is not judged by it", probe.At),
        _ => new(CheckState.Unknown, $"told block {height}; there is nobody to compare it with", probe.At),
    };
}
