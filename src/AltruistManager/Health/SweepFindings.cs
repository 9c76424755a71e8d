using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;

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
    private Whole Height { get; init; }
    private Moment HeadTime { get; init; }
    private bool? Syncing { get; init; }

    /// <summary>Null when the newest probe brought no head.</summary>
    private HeadJudgement? Head { get; init; }
    private bool IsTolerated { get; init; }
    private Whole LagBlocks { get; init; }
    private string? HeadReason { get; init; }

    /// <summary>The height whose hash was compared; none when none was.</summary>
    private Whole Compared { get; init; }
    private bool HasBlock { get; init; }
    private IntegrityFinding Finding { get; init; }
    private string? Integrity { get; init; }
    private Moment ComparedAt { get; init; }
    private Real LatencyMs { get; init; }
    private Real ConnectMs { get; init; }

    /// <param name="before">What was found before; parts that this probe did not ask about stay. Null for nothing.</param>
    /// <param name="head">Null when the probe brought no head.</param>
    /// <param name="finding">What comparing hashes said.</param>
    /// <param name="integrity">The same in words; null where there is nothing to add.</param>
    public static SweepFindings After(SweepFindings? before, ProbeResult probe, HeadAssessment? head, IntegrityFinding finding, string? integrity)
    {
        var after = (before ?? new SweepFindings()) with
        {
            At = probe.At,
            Outcome = probe.Outcome,
            Detail = probe.Detail,
            Height = probe.Height,
            HeadTime = probe.HeadTime,
            Syncing = probe.Syncing,
            Head = head?.Judgement,
            IsTolerated = head is { } seen && (seen.LagBlocks is not { } lag || lag <= seen.ToleranceBlocks),
            LagBlocks = head?.LagBlocks,
            HeadReason = head?.Reason,
            LatencyMs = probe.LatencyMs,
            ConnectMs = probe.ConnectMs,
        };
        if (probe.Identity is { } identity)
            // Nearly always the same: one text for both times.
            after = after with { Identity = identity == before?.Identity ? before.Identity : identity, IdentityAt = probe.At };
        return probe.IntegrityHeight is not { } height
            ? after
            : after with { Compared = height, HasBlock = probe.IntegrityHash is not null, Finding = finding, Integrity = integrity, ComparedAt = probe.At };
    }

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
            LagBlocks = LagBlocks,
            HeadTime = HeadTime,
            Syncing = Syncing,
            AgainstOthers = against,
            HeadTooOld = tooOld,
            Integrity = OfIntegrity(),
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
        HeadJudgement.Stale => (null, AdviceOfHead()),
        // Old by its own date, whatever the others have.
        HeadJudgement.Lagging when HeadReason is not null && IsTolerated => (null, AdviceOfHead()),
        HeadJudgement.Ahead when HeadReason is not null && (DateTimeOffset?)HeadTime > (DateTimeOffset?)At + FutureTolerance => (null, AdviceOfHead()),
        HeadJudgement.Lagging or HeadJudgement.Ahead => (new Judged(CheckState.Failed, AdviceOfHead(), At), null),
        HeadJudgement.Undecided => (new Judged(CheckState.Unknown, "answers; whether it is in sync is being checked against the others", At), null),
        _ when HeadReason is not null => (new Judged(CheckState.Passed, $"answers with block {(long?)Height}; {HeadReason}", At), null),
        _ when (long?)LagBlocks is { } behind => (new Judged(CheckState.Passed, behind == 0 ? $"answers with block {(long?)Height}, as the others do" : $"answers with block {(long?)Height}, {Phrase.Count(behind, "block")} behind, which is tolerated", At), null),
        _ => (null, null),
    };

    private string AdviceOfHead() => Advice.Of(Head!.Value, HeadReason ?? "is not where the others are");

    private Judged? OfIntegrity() => (long?)Compared is not { } height ? null : Finding switch
    {
        IntegrityFinding.Agrees => new(CheckState.Passed, $"has the same block {height} as the others", ComparedAt),
        IntegrityFinding.Differs => new(CheckState.Failed, $"{Integrity ?? "has another history than the other providers"}; {Advice.Resync}", ComparedAt),
        IntegrityFinding.Disagreement => new(CheckState.Unknown, Integrity ?? "the providers disagree among themselves", ComparedAt),
        _ when !HasBlock => new(CheckState.Unknown, $"does not have block {height}, so it is not judged by it", ComparedAt),
        _ => new(CheckState.Unknown, $"told block {height}; there is nobody to compare it with", ComparedAt),
    };
}
