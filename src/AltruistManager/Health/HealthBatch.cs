using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>Probes of one network that are judged together, and all that their judgement depends on.</summary>
internal sealed class HealthBatch
{
    public required NetworkId Network { get; init; }

    /// <summary>In the order in which they count; of altruists that are in the roster, as they are in service.</summary>
    public required IReadOnlyList<(ProbeResult Probe, Altruist Altruist)> Probes { get; init; }

    public required Roster Roster { get; init; }

    public required ReferenceTrace Trace { get; init; }

    /// <summary>What the last sweep left for those who are asked beside sweeps: a newcomer of another history is not to be healthy until the next.</summary>
    public required AgreedHash? Agreed { get; init; }

    /// <summary>What is known of an altruist; null for nothing.</summary>
    public required Func<AltruistId, Watched?> Known { get; init; }

    public required HealthOptions Health { get; init; }

    public required ProbingOptions Probing { get; init; }

    /// <summary>Tells faults of ours from theirs; it has taken the batch in.</summary>
    public required Preservation Preservation { get; init; }

    public required DrainBook Drains { get; init; }

    /// <summary>All that may be picked now.</summary>
    public required Func<IEnumerable<Altruist>> Eligible { get; init; }

    /// <summary>When anybody was probed last before the start; null where nothing is known of that.</summary>
    public required DateTimeOffset? WatchedUntil { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>The verdicts after the batch, and what follows from them.</summary>
    public HealthBatchOutcome Judge()
    {
        var rules = NetworkRules.From(Roster.ChainsByNetwork.GetValueOrDefault(Network, []));
        var watched = Probes.Select(pair => pair.Altruist.Id).Distinct().ToDictionary(id => id, id => Known(id) ?? Watched.New);

        // One text for all: each keeps it.
        var expected = Network.Identity;
        // Who votes is settled first, with what this very batch proves.
        var proven = watched.ToDictionary(pair => pair.Key, pair => pair.Value.Proves(Roster, Roster.Altruists[pair.Key]));
        foreach (var (probe, altruist) in Probes)
            if (probe.Identity is { } identity)
                proven[altruist.Id] = identity == expected;
        var comparable = Probes.Where(pair => pair.Probe is { IntegrityHeight: not null, IntegrityHash: not null } && proven[pair.Altruist.Id]).ToList();
        var integrity = Agreed is { } agreed && Probes[0].Probe.Lane is ProbeLane.Retry or ProbeLane.Ahead
            ? comparable.DistinctBy(pair => pair.Altruist.Id).ToDictionary(pair => pair.Altruist.Id, pair => agreed.Judge(pair.Probe))
            : IntegrityCheck.Compare([.. comparable.Select(pair => new IntegrityAnswer(pair.Altruist.Id, pair.Altruist.Provider, pair.Probe.IntegrityHeight!.Value, pair.Probe.IntegrityHash!, watched[pair.Altruist.Id].Memory.DivergedAt is not null))]);
        // What the last sweep agreed on may be history itself by now, after a reset of the chain: whoever is in use falls by a sweep only, which asks all at once.
        var doubted = Probes[0].Probe.Lane == ProbeLane.Ahead && integrity.Values.Any(found => found.Finding == IntegrityFinding.Differs);
        if (doubted)
            integrity = integrity.Where(pair => pair.Value.Finding != IntegrityFinding.Differs).ToDictionary();

        Observation?[] observations = [.. Probes.Select(pair => pair.Probe is { Outcome: ProbeOutcome.Ok, Height: { } height }
            ? new Observation(pair.Altruist.Id, pair.Altruist.Provider, pair.Altruist.Role == AltruistRole.Reference, Votes(pair.Altruist.Id), pair.Probe.At, height, pair.Probe.HeadTime)
            : (Observation?)null)];
        var outcome = new HealthBatchOutcome { Watched = watched, Trace = Trace.Observe([.. observations.OfType<Observation>()], Votes, rules, Probing.Interval), SweepWanted = doubted };
        var small = new Dictionary<EgressSide, bool>();
        foreach (var ((probe, altruist), observation) in Probes.Zip(observations))
        {
            var before = watched[altruist.Id];
            if (Preservation.IsFrozen(altruist))
                continue;
            var head = observation is { } seen ? outcome.Trace.Judge(seen, rules) : (HeadAssessment?)null;
            var (finding, reason) = integrity.GetValueOrDefault(altruist.Id, (IntegrityFinding.NotJudged, null));
            // Probes of several lanes that waited for the same silence saw one thing, not several in a row. Those of one lane follow each other.
            var repeats = probe.Outcome.IsSilence() && before.LastSilence is { } counted && probe.Lane != counted.Lane && probe.At - Preservation.TimeoutOf(probe) < counted.Until;
            var blame = repeats ? Blame.BeingChecked : Preservation.BlameOf(probe, altruist);
            var seenSo = new Assessment(probe, Roster.PlaceOf(altruist), expected, altruist.Attested, head, finding, reason, blame)
            {
                Excused = before.Memory.DownSince is { } since ? ExcusedSince(altruist, since) : default,
                Unwatched = UnwatchedTime(altruist, before, couldAsk: !probe.Outcome.IsOurs() || blame == Blame.TheAltruist),
                Draining = Drains.InForce(altruist.Id, Now) is not null,
            };
            var evaluation = HealthEvaluator.Evaluate(before.Memory, seenSo, Health, Now);
            if (probe.Outcome.IsUnproven() && Falls(before.Memory, evaluation.Memory) && Preservation.MayFall(probe, altruist, IsSmall) == FallRuling.Held)
                evaluation = HealthEvaluator.Evaluate(before.Memory, seenSo with { Blame = Blame.BeingChecked }, Health, Now);
            var after = before.After(probe, head, evaluation, outcome.Trace.BlockTime(rules), Now);
            after = after with { Findings = SweepFindings.After(before.Findings, probe.Identity == expected ? probe with { Identity = expected } : probe, head, finding, reason) };
            watched[altruist.Id] = after;

            outcome.SweepWanted |= head?.Judgement == HeadJudgement.Undecided && probe.Lane != ProbeLane.Steady;
            if (evaluation.State != before.Verdict.State)
                watched[altruist.Id] = after = outcome.Change(after, before.Verdict.State, altruist, Probing.Vantage, probe, ComparedWith.Of(outcome.Trace, rules, probe, head, reason), Now);
            if (evaluation.State != before.Verdict.State || evaluation.Memory != before.Memory)
                outcome.Written[altruist.Id] = after.ToStored(altruist.Id);
            outcome.Wake |= evaluation.State != before.Verdict.State
                || after.Memory.CooldownUntil != before.Memory.CooldownUntil
                || evaluation.Good && !(before.Verdict.LastGoodAt >= Now - 2 * Probing.Interval);
        }

        return outcome;

        // Counted once: in a large outage it means a walk over everybody.
        bool IsSmall(EgressSide side) => small.TryGetValue(side, out var known) ? known : small[side] = Preservation.IsSmall(side, Eligible());

        TimeSpan ExcusedSince(Altruist altruist, DateTimeOffset since) => Preservation.FrozenBetween(altruist, since, Now) + Drains.Between(altruist.Id, since, Now);

        // A sweep may be late; what is longer is a prober that was away, or a clock that was set ahead. One that could not ask has not looked at all.
        TimeSpan UnwatchedTime(Altruist altruist, Watched before, bool couldAsk)
        {
            if (before.Memory.DownSince is not { } fell)
                return TimeSpan.Zero;
            var since = (before.Verdict.LastProbeAt ?? WatchedUntil) is { } last && last > fell ? last : fell;
            var late = couldAsk ? 2 * Probing.Interval : TimeSpan.Zero;
            return Now - since > late && Now - since - late - ExcusedSince(altruist, since) is var unwatched && unwatched > TimeSpan.Zero ? unwatched : TimeSpan.Zero;
        }

        static bool Falls(Memory before, Memory after) =>
            before.Base is VerdictState.Healthy or VerdictState.Failing && after.Base is not (VerdictState.Healthy or VerdictState.Failing);

        bool Votes(AltruistId id)
        {
            if (integrity.TryGetValue(id, out var found) && found.Finding == IntegrityFinding.Differs)
                return false;
            if (proven.TryGetValue(id, out var known))
                return known && watched[id].Memory.DivergedAt is null;
            return Roster.Altruists.TryGetValue(id, out var other) && other is { RetiredAt: null, Enabled: true }
                && Known(id) is { } unasked && unasked.Proves(Roster, other) && unasked.Memory.DivergedAt is null;
        }
    }
}

/// <summary>What a batch changes; nothing of it is in force yet.</summary>
internal sealed class HealthBatchOutcome
{
    public required ReferenceTrace Trace { get; init; }

    /// <summary>All altruists of the batch.</summary>
    public required IReadOnlyDictionary<AltruistId, Watched> Watched { get; init; }

    /// <summary>Those that changed in what is stored.</summary>
    public Dictionary<AltruistId, StoredVerdict> Written { get; } = [];

    public List<VerdictChange> Changes { get; } = [];

    /// <summary>What the changes rest on.</summary>
    public List<Evidence> Evidence { get; } = [];

    /// <summary>Something changed that may matter to a pick.</summary>
    public bool Wake { get; set; }

    /// <summary>Only a fresh sweep can tell who is behind.</summary>
    public bool SweepWanted { get; set; }

    /// <summary>Notes a change with what it rests on.</summary>
    /// <returns>What is known of the altruist then.</returns>
    public Watched Change(Watched after, VerdictState from, Altruist altruist, string vantage, ProbeResult probe, ComparedWith compared, DateTimeOffset now)
    {
        var change = new VerdictChange(0, altruist.Id, now, from, after.Verdict.State, after.Verdict.Reason);
        var evidence = Health.Evidence.Of(change, altruist, vantage, probe, compared);
        Changes.Add(change with { Evidence = evidence.Hash });
        Evidence.Add(evidence);
        return after with { Verdict = after.Verdict with { Evidence = evidence.Hash } };
    }
}
