using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;

namespace AltruistManager.Health;

/// <summary>What is known of an altruist in memory; replaced as a whole.</summary>
internal sealed record Watched
{
    /// <summary>Retry probes of one altruist without a change of its state; then the sweeps go on with it.</summary>
    private const int RetryLimit = 20;

    public static readonly Watched New = new() { Memory = Memory.New, Verdict = Verdict.NeverProbed };

    private readonly ProbeLane silentLane;
    private readonly Moment silentUntil;

    public required Memory Memory { get; init; }
    public required Verdict Verdict { get; init; }
    public ProbeOutcome? LastOutcome { get; init; }

    /// <summary>The last silence that counted, where all since then were silent too: of which lane, and until when it waited.</summary>
    public (ProbeLane Lane, DateTimeOffset Until)? LastSilence
    {
        get => (DateTimeOffset?)silentUntil is { } until ? (silentLane, until) : null;
        init => (silentLane, silentUntil) = (value?.Lane ?? default, value?.Until);
    }

    /// <summary>Retry probes since its state last changed.</summary>
    public int Retries { get; init; }

    // The identity is due at the first sweep after each start.
    public int SweepsSinceIdentity { get; init; } = IdentityCheck.EverySweeps;

    /// <summary>Since the start.</summary>
    public int Sweeps { get; init; }

    public bool Jumped { get; init; }

    /// <summary>What the checks of a sweep are judged by; null before the first probe since the start.</summary>
    public SweepFindings? Findings { get; init; }

    /// <summary>Whether its newest probe brought a head; before the first one since the start, whether it was not out.</summary>
    public bool Answers => LastOutcome is null or ProbeOutcome.Ok && Verdict.State is not (VerdictState.Down or VerdictState.Suspended);

    /// <summary>Its identity is proven where it is asked now.</summary>
    public bool Proves(Roster roster, Altruist altruist) => Memory.At(roster.PlaceOf(altruist.InService)) is { IdentityProven: true, WrongIdentity: null };

    /// <summary>Whether a probe of the lane has to ask for the identity: because it is not proven, in doubt or was proven long ago, or a round is about to pick.</summary>
    public bool MustProve(Roster roster, Altruist altruist, ProbeLane lane) => !Proves(roster, altruist) || Jumped || lane == ProbeLane.Ahead || lane == ProbeLane.Steady && SweepsSinceIdentity >= IdentityCheck.EverySweeps - 1;

    /// <summary>Whether the retry lane is to ask until it is decided.</summary>
    /// <param name="altruist">As it is in service.</param>
    public bool IsUndecided(Roster roster, Altruist altruist, HealthOptions options)
    {
        if (Retries >= RetryLimit || LastOutcome is ProbeOutcome.Throttled or ProbeOutcome.Unauthorized or ProbeOutcome.QuotaExhausted)
            return false;
        var memory = Memory.At(roster.PlaceOf(altruist));
        var rising = memory.Goods > 0 && memory.Goods < options.Rise;
        return Verdict.State switch
        {
            // Without proof of control the next probe changes nothing; with a fresh one it does.
            VerdictState.Unknown => memory is not { IdentityProven: true, Base: VerdictState.Healthy } || altruist.Attested,
            VerdictState.Failing => true,
            VerdictState.Healthy => !memory.IdentityProven,
            VerdictState.Down or VerdictState.Lagging or VerdictState.Stale or VerdictState.Throttled => rising,
            _ => false,
        };
    }

    /// <summary>People ended its suspension.</summary>
    public Watched Resumed(DateTimeOffset now) => this with
    {
        Memory = HealthEvaluator.Resume(Memory),
        Verdict = Verdict with { State = VerdictState.Unknown, Reason = "resumed; not decided yet", Since = now, CooldownUntil = null },
        Retries = 0,
    };

    /// <summary>After one more probe.</summary>
    /// <param name="blockTime">Of the network, in seconds.</param>
    public Watched After(ProbeResult probe, HeadAssessment? head, Evaluation evaluation, double blockTime, DateTimeOffset now)
    {
        var changed = evaluation.State != Verdict.State;
        return this with
        {
            Memory = evaluation.Memory,
            Verdict = Verdict with
            {
                State = evaluation.State,
                Reason = evaluation.Reason,
                Since = changed || Verdict.LastProbeAt is null && Verdict.Since == DateTimeOffset.UnixEpoch ? now : Verdict.Since,
                CooldownUntil = evaluation.Memory.CooldownUntil > now ? evaluation.Memory.CooldownUntil : null,
                LastProbeAt = probe.At,
                LastGoodAt = evaluation.Good ? probe.At : Verdict.LastGoodAt,
                Height = probe.Height ?? Verdict.Height,
                LagBlocks = head is { } seen ? seen.LagBlocks : Verdict.LagBlocks,
                LatencyMs = probe.LatencyMs ?? Verdict.LatencyMs,
                Performance = evaluation.Counted ? Verdict.Performance.After(evaluation.Good, probe.At - (Verdict.LastProbeAt ?? DateTimeOffset.MinValue), probe.LatencyMs) : Verdict.Performance,
            },
            LastOutcome = probe.Outcome,
            LastSilence = !probe.Outcome.IsSilence() ? null : evaluation.Counted ? (probe.Lane, probe.At) : LastSilence,
            Retries = changed ? 0 : Retries + (probe.Lane == ProbeLane.Retry ? 1 : 0),
            SweepsSinceIdentity = probe.Identity is not null ? 0 : SweepsSinceIdentity + (probe.Lane == ProbeLane.Steady ? 1 : 0),
            Sweeps = Sweeps + (probe.Lane == ProbeLane.Steady ? 1 : 0),
            Jumped = probe.Identity is null && (Jumped || HasJumped(probe, blockTime)),
        };
    }

    public StoredVerdict ToStored(AltruistId altruist) => new(altruist, Verdict.State, Verdict.Reason, Verdict.Since, Memory, Verdict.Evidence);

    /// <param name="seen">What its newest stored probes say; null when nobody looked.</param>
    public static Watched FromStored(StoredVerdict stored, LastSeen? seen) => new()
    {
        Memory = stored.Memory,
        Verdict = new Verdict
        {
            State = stored.State,
            Reason = stored.Reason,
            Since = stored.Since,
            CooldownUntil = stored.Memory.CooldownUntil,
            LastProbeAt = seen?.ProbeAt,
            LastGoodAt = stored.State is VerdictState.Healthy or VerdictState.Failing ? seen?.AnswerAt : null,
            Height = seen?.Height,
            LatencyMs = seen?.LatencyMs,
            Performance = seen?.Performance ?? Performance.Unknown,
            Evidence = stored.Evidence,
        },
    };

    /// <summary>More than an hour's blocks away from where it should be: perhaps another chain's.</summary>
    private bool HasJumped(ProbeResult probe, double blockTime) =>
        probe.Height is { } height && Verdict is { Height: { } last, LastProbeAt: { } at }
        && Math.Abs(height - last - Math.Max(0, (probe.At - at).TotalSeconds) / blockTime) > 3600 / blockTime;
}
