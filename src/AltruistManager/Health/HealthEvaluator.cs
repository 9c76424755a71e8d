using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>What comparing hashes with the others said of an altruist.</summary>
public enum IntegrityFinding : byte
{
    /// <summary>Not asked, not there, or nobody to compare with.</summary>
    NotJudged,
    Agrees,
    Differs,

    /// <summary>The others do not agree among themselves either.</summary>
    Disagreement,
}

/// <summary>Whose fault a failed probe is, as far as the probe alone cannot tell.</summary>
public enum Blame
{
    AsTold,

    /// <summary>It looks like our fault, but others do well at the same time.</summary>
    TheAltruist,

    /// <summary>It may be ours: counts neither good nor bad until that is settled.</summary>
    BeingChecked,
}

/// <summary>One probe as seen against the rest of the network.</summary>
/// <param name="Endpoint">Fingerprint of where it was asked.</param>
/// <param name="ExpectedIdentity">What the network's nodes prove.</param>
/// <param name="Attested">Control of the endpoint is proven.</param>
/// <param name="Head">Null when the probe brought no head.</param>
/// <param name="IntegrityReason">Which block differs from whose.</param>
/// <param name="Excused">How long of its downtime does not count: verdicts were frozen, or it was draining.</param>
/// <param name="Unwatched">How long before this probe nobody looked, beyond what sweeps may be late; <see cref="Memory.Unwatched"/> adds it up.</param>
/// <param name="Draining">It is draining: a fall is no reason to distrust it afterwards.</param>
public readonly record struct Assessment(
    ProbeResult Probe,
    string Endpoint,
    string ExpectedIdentity,
    bool Attested,
    HeadAssessment? Head,
    IntegrityFinding Integrity = IntegrityFinding.NotJudged,
    string? IntegrityReason = null,
    Blame Blame = Blame.AsTold,
    TimeSpan Excused = default,
    TimeSpan Unwatched = default,
    bool Draining = false);

/// <summary>A state that travels with its reason, and what the next one depends on.</summary>
/// <param name="Counted">Whether the probe counted, as good or bad: one that failed by a fault of ours does not.</param>
public readonly record struct Evaluation(Memory Memory, VerdictState State, string Reason, bool Good, bool Counted);

/// <summary>The state machine of design 5.3, pure: memory and a probe in, memory and a state with its reason out.</summary>
public static class HealthEvaluator
{
    /// <summary>How long a diverged altruist stays so at least.</summary>
    public static readonly TimeSpan DivergedAtLeast = TimeSpan.FromMinutes(15);

    /// <summary>Where doubling ends: one that was down for a day must not wait for another.</summary>
    public static readonly TimeSpan LongestCooldown = TimeSpan.FromHours(1);

    /// <summary>From then on the reason says how long it has been so.</summary>
    private static readonly TimeSpan PersistentThrottling = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan CooldownHalfLife = TimeSpan.FromHours(1);

    private static readonly TimeSpan FallsCountFor = TimeSpan.FromHours(1);

    public static Evaluation Evaluate(Memory memory, Assessment seen, HealthOptions options, DateTimeOffset now)
    {
        var probe = seen.Probe;
        memory = Settled(memory, now).At(seen.Endpoint);
        // Not more than all of it, whatever was done to the clock.
        if (memory.DownSince is { } fell)
            memory = memory with { Unwatched = Min(memory.Unwatched + seen.Unwatched, now - fell) };
        var before = memory;
        if (CountsNothing(seen))
        {
            var same = StateOf(memory, seen.Attested);
            return new Evaluation(memory, same, Explain(memory, same, trouble: null, seen, options, now), Good: false, Counted: false);
        }

        memory = WithIdentity(memory, seen, options, now);
        memory = WithIntegrity(memory, seen.Integrity, options, now);

        var trouble = TroubleOf(memory, seen);
        var good = trouble == Trouble.None;
        memory = trouble switch
        {
            null => memory,
            Trouble.None => WithGood(memory, options, now),
            { } bad => WithBad(memory, bad, probe, options, now),
        };
        if (trouble == Trouble.Failed && memory is { Base: VerdictState.Down, DownSince: { } since } && Downtime(memory, since, seen, now) >= options.SuspendAfter)
            memory = memory with { Suspended = true };
        if (seen.Draining)
            memory = memory with { CooldownUntil = before.CooldownUntil, Cooldown = before.Cooldown, Falls = before.Falls };

        var state = StateOf(memory, seen.Attested);
        return new Evaluation(memory, state, Explain(memory, state, trouble, seen, options, now), good, Counted: trouble is not null);
    }

    /// <summary>A test that its owner or staff asked for passed: what is well is trusted at once (design 5.3), but for one that flaps. That it is well now says nothing of that.</summary>
    public static Memory EndCooldown(Memory memory, HealthOptions options, DateTimeOffset now) =>
        memory with { CooldownUntil = memory.CooldownUntil is { } cooling && FlapsUntil(memory, options) is { } until && until > now ? cooling < until ? cooling : until : null, Cooldown = TimeSpan.Zero };

    /// <summary>Until when it counts as one that flaps; null when it did not fall too often within an hour.</summary>
    public static DateTimeOffset? FlapsUntil(Memory memory, HealthOptions options) =>
        memory.Falls.Count >= options.PickChangesPerHour ? memory.Falls[^options.PickChangesPerHour] + FallsCountFor : null;

    /// <summary>People say that a suspended altruist is well again: it starts anew.</summary>
    public static Memory Resume(Memory memory) => memory with
    {
        Base = VerdictState.Unknown,
        Suspended = false,
        DownSince = null,
        Unwatched = TimeSpan.Zero,
        CooldownUntil = null,
        Goods = 0,
        Bads = 0,
        SameBads = 0,
        LastTrouble = Trouble.None,
    };

    /// <summary>
    /// Its changed endpoint was found good, and the last of its good probes comes next. How it was before counts on: one that was well stays so, one that was not
    /// needs <c>Rise</c> good probes of the new endpoint; the cool-down goes on, and what people or time have to end stays.
    /// </summary>
    /// <param name="goods">Good probes of the new endpoint in a row, with the one that comes next.</param>
    public static Memory AtNewEndpoint(Memory memory, int goods, HealthOptions options) => memory with
    {
        Goods = (memory.Base is VerdictState.Healthy or VerdictState.Failing ? options.Rise : Math.Min(goods, options.Rise)) - 1,
    };

    private static TimeSpan Downtime(Memory memory, DateTimeOffset since, Assessment seen, DateTimeOffset now) => now - since - memory.Unwatched - seen.Excused;

    /// <summary>What the outside sees: the gravest first. Nothing but a fall is said of one whose identity or control is not proven.</summary>
    public static VerdictState StateOf(Memory memory, bool attested) => memory switch
    {
        { Suspended: true } => VerdictState.Suspended,
        { WrongIdentity: not null } => VerdictState.WrongChain,
        { DivergedAt: not null } => VerdictState.Diverged,
        { Base: VerdictState.Down or VerdictState.Throttled or VerdictState.Stale or VerdictState.Lagging } => memory.Base,
        { IdentityProven: false } => VerdictState.Unknown,
        _ => attested ? memory.Base : VerdictState.Unknown,
    };

    /// <summary>Times that lie ahead are from before somebody set the clock back: nothing waits for them longer than it would have.</summary>
    private static Memory Settled(Memory memory, DateTimeOffset now) =>
        memory.Falls is [.., var last] && last > now || memory.DownSince > now || memory.DivergedAt > now || memory.ThrottledSince > now || memory.HealthySince > now || memory.CooldownUntil > now + LongestCooldown
            ? memory with
            {
                DownSince = NotAfter(memory.DownSince, now),
                DivergedAt = NotAfter(memory.DivergedAt, now),
                ThrottledSince = NotAfter(memory.ThrottledSince, now),
                HealthySince = NotAfter(memory.HealthySince, now),
                CooldownUntil = NotAfter(memory.CooldownUntil, now + memory.Cooldown),
                Falls = [.. memory.Falls.Select(at => at > now ? now : at)],
            }
            : memory;

    private static DateTimeOffset? NotAfter(DateTimeOffset? at, DateTimeOffset limit) => at > limit ? limit : at;

    private static Memory WithIdentity(Memory memory, Assessment seen, HealthOptions options, DateTimeOffset now)
    {
        if (seen.Probe.Identity is not { } proved)
            return seen.Probe is { IdentityMissed: true, Outcome: ProbeOutcome.Ok } && memory.IdentityProven ? WithMiss(memory, options, now) : memory;
        return proved == seen.ExpectedIdentity
            ? memory with { IdentityProven = true, IdentityMisses = 0, ProvenAt = seen.Endpoint, WrongIdentity = null }
            : Unsettle(memory, options, now) with { IdentityProven = false, IdentityMisses = 0, ProvenAt = null, WrongIdentity = proved };
    }

    /// <summary>A proof does not hold for ever: who can no longer say which chain it serves is believed no longer.</summary>
    private static Memory WithMiss(Memory memory, HealthOptions options, DateTimeOffset now)
    {
        var misses = Math.Min(memory.IdentityMisses + 1, options.Fall);
        return misses >= options.Fall
            ? Unsettle(memory, options, now) with { IdentityProven = false, IdentityMisses = misses, ProvenAt = null }
            : memory with { IdentityMisses = misses };
    }

    /// <summary>Good probes of before no longer count.</summary>
    private static Memory Unsettle(Memory memory, HealthOptions options, DateTimeOffset now)
    {
        if (memory.Base is VerdictState.Healthy or VerdictState.Failing)
            memory = Fall(memory, options, now) with { Base = VerdictState.Unknown };
        return memory with { Goods = 0 };
    }

    private static Memory WithIntegrity(Memory memory, IntegrityFinding finding, HealthOptions options, DateTimeOffset now)
    {
        if (finding == IntegrityFinding.Differs)
            return memory.DivergedAt is null ? Unsettle(memory, options, now) with { DivergedAt = now } : memory with { Agreements = 0 };
        if (memory.DivergedAt is not { } since)
            return memory;

        var agreements = finding switch
        {
            IntegrityFinding.Agrees => Math.Min(memory.Agreements + 1, options.Rise),
            _ => memory.Agreements,
        };
        return agreements >= options.Rise && now - since >= DivergedAtLeast
            ? memory with { DivergedAt = null, Agreements = 0 }
            : memory with { Agreements = agreements };
    }

    /// <summary>A fault of the prober's own, or one that may be.</summary>
    private static bool CountsNothing(Assessment seen) =>
        seen.Blame == Blame.BeingChecked || seen.Probe.Outcome.IsOurs() && seen.Blame != Blame.TheAltruist;

    /// <summary>Null for a probe that counts neither good nor bad.</summary>
    private static Trouble? TroubleOf(Memory memory, Assessment seen) => seen.Probe.Outcome switch
    {
        ProbeOutcome.Throttled => Trouble.Throttled,
        ProbeOutcome.Ok when memory.WrongIdentity is not null => null,
        ProbeOutcome.Ok => seen.Head?.Judgement switch
        {
            HeadJudgement.Lagging => Trouble.Lagging,
            HeadJudgement.Stale => Trouble.Stale,
            HeadJudgement.Ahead => Trouble.Failed,
            null => Trouble.Failed,
            HeadJudgement.Undecided => null,
            HeadJudgement.InSync when memory.Base is VerdictState.Lagging or VerdictState.Stale && !seen.Head.Value.CaughtUp => null,
            _ => Trouble.None,
        },
        _ => Trouble.Failed,
    };

    private static Memory WithGood(Memory memory, HealthOptions options, DateTimeOffset now)
    {
        var goods = Math.Min(memory.Goods + 1, options.Rise);
        memory = memory with { Goods = goods, Bads = 0, SameBads = 0, LastTrouble = Trouble.None };
        return goods >= options.Rise && memory.Base != VerdictState.Healthy
            ? memory with { Base = VerdictState.Healthy, DownSince = memory.Suspended ? memory.DownSince : null, Unwatched = memory.Suspended ? memory.Unwatched : TimeSpan.Zero, ThrottledSince = null, HealthySince = memory.HealthySince ?? now }
            : memory;
    }

    private static Memory WithBad(Memory memory, Trouble trouble, ProbeResult probe, HealthOptions options, DateTimeOffset now)
    {
        var before = memory.Base;
        // Throttled is no downtime: it adds to nothing but itself.
        var bads = trouble == Trouble.Throttled ? memory.Bads : Math.Min(memory.Bads + 1, options.Fall);
        var same = memory.LastTrouble == trouble ? Math.Min(memory.SameBads + 1, options.Fall) : 1;
        memory = memory with { Goods = 0, Bads = bads, SameBads = same, LastTrouble = trouble };

        var atOnce = trouble == Trouble.Throttled && probe.RetryAfter is not null;
        var fallen = before is VerdictState.Down or VerdictState.Throttled or VerdictState.Stale or VerdictState.Lagging;
        // One that is out already changes its state when the new trouble lasts; one that is in goes when all together are enough.
        var decided = atOnce || (fallen || trouble == Trouble.Throttled ? same >= options.Fall : bads >= options.Fall);
        var next = decided ? StateAfter(trouble) : before == VerdictState.Healthy ? VerdictState.Failing : before;
        var isDown = next == VerdictState.Down || memory.Suspended;
        memory = memory with
        {
            Base = next,
            DownSince = isDown ? memory.DownSince ?? now : null,
            Unwatched = isDown ? memory.Unwatched : TimeSpan.Zero,
            ThrottledSince = next == VerdictState.Throttled ? memory.ThrottledSince ?? now : null,
        };

        if (before is VerdictState.Healthy or VerdictState.Failing && decided)
            memory = Fall(memory, options, now);
        else if (fallen && memory.CooldownUntil <= now)
            memory = Cool(memory, Min(2 * memory.Cooldown, Max(LongestCooldown, options.CooldownInitial)), now);

        if (next == VerdictState.Throttled && probe.RetryAfter is { } away)
        {
            var until = now + Min(away, LongestCooldown);
            memory = memory with { CooldownUntil = memory.CooldownUntil > until ? memory.CooldownUntil : until, Cooldown = Max(memory.Cooldown, options.CooldownInitial) };
        }

        return memory;
    }

    private static VerdictState StateAfter(Trouble trouble) => trouble switch
    {
        Trouble.Lagging => VerdictState.Lagging,
        Trouble.Stale => VerdictState.Stale,
        Trouble.Throttled => VerdictState.Throttled,
        _ => VerdictState.Down,
    };

    /// <summary>It is in use no longer. One that has done so too often within an hour is trusted again only when the first of these falls is an hour ago.</summary>
    private static Memory Fall(Memory memory, HealthOptions options, DateTimeOffset now)
    {
        memory = Cool(memory, CooldownAtFall(memory, options, now), now) with
        {
            HealthySince = null,
            Falls = [.. memory.Falls.Where(at => now - at < FallsCountFor).TakeLast(options.PickChangesPerHour - 1), now],
        };
        return FlapsUntil(memory, options) is { } until && until > memory.CooldownUntil ? memory with { CooldownUntil = until } : memory;
    }

    private static Memory Cool(Memory memory, TimeSpan length, DateTimeOffset now) => memory with { Cooldown = length, CooldownUntil = now + length };

    /// <summary>The last length, halved for each hour of health since, but not less than the first.</summary>
    private static TimeSpan CooldownAtFall(Memory memory, HealthOptions options, DateTimeOffset now)
    {
        var hours = memory.HealthySince is { } since ? Math.Floor((now - since) / CooldownHalfLife) : 0;
        return Max(options.CooldownInitial, memory.Cooldown / Math.Pow(2, Math.Clamp(hours, 0, 60)));
    }

    private static string Explain(Memory memory, VerdictState state, Trouble? trouble, Assessment seen, HealthOptions options, DateTimeOffset now)
    {
        var flaps = memory.CooldownUntil > now && FlapsUntil(memory, options) is { } until && until > now
            ? $"fell {memory.Falls.Count} times within an hour: until {until:HH:mm:ss} UTC it is used only where there is nobody else"
            : null;
        var observed = Describe(trouble, seen);
        switch (state)
        {
            case VerdictState.Suspended:
                return $"down for {Phrase.Duration(Downtime(memory, memory.DownSince ?? now, seen, now))}: a passing test by its provider or staff resumes it; last: {observed}";
            case VerdictState.WrongChain:
                return Advice.Of(memory.WrongIdentity!, seen.ExpectedIdentity);
            case VerdictState.Diverged:
                return seen.Integrity == IntegrityFinding.Differs
                    ? $"{seen.IntegrityReason ?? "has another history than the other providers"}; {Advice.Resync}"
                    : $"had another history than the other providers at {memory.DivergedAt:HH:mm} UTC; {memory.Agreements} of {options.Rise} checks agree again{(memory.Agreements == 0 ? $"; {Advice.Resync}" : "")}";
            case VerdictState.Down or VerdictState.Throttled or VerdictState.Stale or VerdictState.Lagging:
                if (trouble is null or Trouble.None)
                    return memory.Goods == 0 ? $"{VerdictNames.Of(state)}; {observed}" : $"{VerdictNames.Of(state)}, but recovering: {memory.Goods} of {options.Rise} good probes; {observed}";
                return trouble == Trouble.Throttled && memory.ThrottledSince is { } since && now - since >= PersistentThrottling
                    ? $"{observed}; so for {Phrase.Duration(now - since)}, and not picked while it lasts"
                    : observed;
            case VerdictState.Failing:
                var failing = trouble == Trouble.None || trouble is null && memory.Goods > 0
                    ? $"failed before, {memory.Goods} of {options.Rise} good probes since; {observed}"
                    : $"{observed}; {memory.Bads} of {options.Fall} bad probes in a row";
                return flaps is null ? failing : $"{failing}; {flaps}";
            case VerdictState.Unknown when trouble is not (null or Trouble.None):
                return $"{observed}; {memory.Bads} of {options.Fall} bad probes in a row";
            case VerdictState.Unknown when memory is { IdentityProven: false, IdentityMisses: > 0 } && memory.IdentityMisses >= options.Fall:
                return $"{observed}; no longer proves that it serves {seen.ExpectedIdentity}: asked for its identity it answered {memory.IdentityMisses} times in a row with an error or with none{(seen.Probe is { IdentityMissed: true, Detail: { } told } ? $" ({told})" : "")}";
            case VerdictState.Unknown when !memory.IdentityProven:
                return $"{observed}; has not yet proven that it serves {seen.ExpectedIdentity}";
            case VerdictState.Unknown when memory.Base is VerdictState.Healthy or VerdictState.Failing:
                return $"{observed}; control of the endpoint is not proven: prove it or ask staff to attest it";
            case VerdictState.Unknown:
                return $"{observed}; {memory.Goods} of {options.Rise} good probes";
            default:
                var healthy = flaps is not null ? $"healthy; {flaps}" : memory.CooldownUntil > now ? $"healthy; cooling down until {memory.CooldownUntil:HH:mm:ss} UTC" : "healthy";
                var note = observed == AnswersWell ? null : observed;
                return note is null ? healthy : $"{healthy}; {note}";
        }
    }

    private const string AnswersWell = "answers well";

    private static string Describe(Trouble? trouble, Assessment seen)
    {
        var probe = seen.Probe;
        switch (probe.Outcome)
        {
            case var outcome when seen.Blame == Blame.BeingChecked:
                return $"{probe.Detail ?? Advice.Name(outcome)}; whether that is its fault or the prober's is being checked";
            case ProbeOutcome.ResolverFailed when seen.Blame == Blame.TheAltruist:
                return "the name servers of its host do not answer, those of others do: repair its DNS";
            case ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets:
                return "could not be asked for a fault of the prober's own";
            case ProbeOutcome.Throttled:
                var away = probe.RetryAfter is { } wait ? $", asks to stay away for {Phrase.Duration(wait)}" : "";
                return $"throttled{away}: {probe.Detail ?? "too many requests"}; give the prober and the portals more room";
            case ProbeOutcome.Ok:
                var head = (trouble, seen.Head) switch
                {
                    (null, { Judgement: HeadJudgement.Undecided }) => "answers; whether it is in sync is being checked against the others",
                    (null, { Reason: null, LagBlocks: { } lag }) => $"answers, still {Phrase.Count(lag, "block")} behind",
                    (_, { Reason: { } reason }) => reason,
                    (Trouble.Failed, null) => "answers, but without a block: something else than a node answers at this URL",
                    _ => AnswersWell,
                };
                if (trouble == Trouble.Lagging && probe.Syncing == true)
                    head += ", and says itself that it is syncing";
                if (trouble is not null && seen.Head is { Reason: not null, Judgement: var judgement })
                    head = Advice.Of(judgement, head);
                return seen.Integrity == IntegrityFinding.Disagreement && seen.IntegrityReason is { } disagreement
                    ? head == AnswersWell ? disagreement : $"{head}; {disagreement}"
                    : head;
            default:
                return Advice.Of(probe);
        }
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
