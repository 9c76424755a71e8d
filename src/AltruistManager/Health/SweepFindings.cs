using AltruistManager.Probing;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Health;

/// <summary>
/// What the newest probes of an altruist brought, beside what the others say of it. Kept of everybody and read of hardly anybody, so it becomes words only for
/// those who ask (<see cref="Facts"/>). Pure.
/// </summary>
internal sealed record SweepFindings
{
    private static readonly TimeSpan FutureTolerance = TimeSpan.FromSeconds(60);

    private Moment At { get; init; }
    private ProbeOutcome Outcome { get; init; }
    private string? Detail { get; init; }
    private string? Identity { get; init; }
    private Moment IdentityAt { get; init; }
    private long? Height { get; init; }
    private Moment HeadTime { get; init; }
    private bool? Syncing { get; init; }
    private HeadAssessment? Head { get; init; }
    private Compared? Integrity { get; init; }
    private double? LatencyMs { get; init; }
    private double? ConnectMs { get; init; }

    /// <param name="before">What was found before; parts that this probe did not ask about stay. Null for nothing.</param>
    /// <param name="head">Null when the probe brought no head.</param>
    /// <param name="finding">What comparing hashes said.</param>
    /// <param name="integrity">The same in words; null where there is nothing to add.</param>
    public static SweepFindings After(SweepFindings? before, ProbeResult probe, HeadAssessment? head, IntegrityFinding finding, string? integrity) => new()
    {
        At = probe.At,
        Outcome = probe.Outcome,
        Detail = probe.Detail,
        Identity = probe.Identity ?? before?.Identity,
        IdentityAt = probe.Identity is not null ? probe.At : before?.IdentityAt ?? default,
        Height = probe.Height,
        HeadTime = probe.HeadTime,
        Syncing = probe.Syncing,
        Head = head,
        Integrity = probe.IntegrityHeight is { } height ? new Compared(height, probe.IntegrityHash is not null, finding, integrity, probe.At) : before?.Integrity,
        LatencyMs = probe.LatencyMs,
        ConnectMs = probe.ConnectMs,
    };

    /// <summary>For the checks to be judged by.</summary>
    public SweepFacts Facts(string expectedIdentity)
    {
        var (against, tooOld) = OfHead();
        return new SweepFacts
        {
            ExpectedIdentity = expectedIdentity,
            At = At,
            Outcome = Outcome,
            Detail = Detail,
            Identity = Identity,
            IdentityAt = IdentityAt,
            Height = Height,
            LagBlocks = Head?.LagBlocks,
            HeadTime = HeadTime,
            Syncing = Syncing,
            AgainstOthers = against,
            HeadTooOld = tooOld,
            Integrity = Integrity?.InWords(),
            LatencyMs = LatencyMs,
            ConnectMs = ConnectMs,
        };
    }

    /// <summary>What a stored memory says before the first probe after a start.</summary>
    public static SweepFacts Remembered(Memory memory, string expectedIdentity) => new()
    {
        ExpectedIdentity = expectedIdentity,
        Identity = memory.WrongIdentity ?? (memory.IdentityProven ? expectedIdentity : null),
    };

    private (Judged? AgainstOthers, string? TooOld) OfHead() => Head switch
    {
        null => (null, null),
        { Judgement: HeadJudgement.Stale } stale => (null, stale.Reason),
        // Old by its own date, whatever the others have.
        { Judgement: HeadJudgement.Lagging, Reason: { } old } seen when seen.LagBlocks is not { } lag || lag <= seen.ToleranceBlocks => (null, old),
        { Judgement: HeadJudgement.Ahead, Reason: { } future } when (DateTimeOffset?)HeadTime > (DateTimeOffset?)At + FutureTolerance => (null, future),
        { Judgement: HeadJudgement.Lagging or HeadJudgement.Ahead } seen => (new Judged(CheckState.Failed, seen.Reason ?? "is not where the others are", At), null),
        { Judgement: HeadJudgement.Undecided } => (new Judged(CheckState.Unknown, "answers; whether it is in sync is being checked against the others", At), null),
        { Reason: { } note } => (new Judged(CheckState.Passed, $"answers with block {Height}; {note}", At), null),
        { LagBlocks: { } behind } => (new Judged(CheckState.Passed, behind == 0 ? $"answers with block {Height}, as the others do" : $"answers with block {Height}, {Phrase.Count(behind, "block")} behind, which is tolerated", At), null),
        _ => (null, null),
    };

    private readonly record struct Compared(long Height, bool HasBlock, IntegrityFinding Finding, string? Reason, Moment At)
    {
        public Judged InWords() => Finding switch
        {
            IntegrityFinding.Agrees => new(CheckState.Passed, $"has the same block {Height} as the others", At),
            IntegrityFinding.Differs => new(CheckState.Failed, $"{Reason ?? "has another history than the other providers"}: resync the node from a trusted source", At),
            IntegrityFinding.Disagreement => new(CheckState.Unknown, Reason ?? "the providers disagree among themselves", At),
            _ when !HasBlock => new(CheckState.Unknown, $"does not have block {Height}, so it is not judged by it", At),
            _ => new(CheckState.Unknown, $"told block {Height}; there is nobody to compare it with", At),
        };
    }
}
