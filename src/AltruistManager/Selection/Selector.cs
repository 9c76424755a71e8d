namespace AltruistManager.Selection;

/// <summary>
/// Decides one slot (design 5.5): pure, integers only, no clock and no randomness of its own, so that anybody can replay a decision and
/// get the same answer.
/// </summary>
public static class Selector
{
    /// <summary>The version of these rules, stored in every entry; an old version stays runnable when a new one comes.</summary>
    public const int RuleVersion = 1;

    private const byte Out = byte.MaxValue;

    /// <param name="outcome">Overwritten; its arrays are reused when they fit.</param>
    public static void Decide(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, in SelectorRules rules, SlotOutcome outcome)
    {
        var candidates = question.Candidates.AsSpan();
        Span<byte> classes = candidates.Length <= 1024 ? stackalloc byte[candidates.Length] : new byte[candidates.Length];
        Prepare(question, outcome);

        var eligible = Classify(question, facts, classes);
        outcome.Eligible = eligible;
        if (eligible == 0)
        {
            KeepOrNone(question, outcome);
            TryForcedPin(question, facts, classes, outcome);
            return;
        }

        var acting = ActingGroup(candidates, facts, classes);
        CountTurns(question, facts, classes, acting, outcome);
        if (!TryPin(question, facts, classes, outcome))
            PickPrimary(question, facts, classes, acting, rules, outcome);
        PickStandbys(question, facts, classes, rules, outcome);
    }

    /// <summary>True when the candidate could be picked at this decision, as <see cref="Decide"/> judges it.</summary>
    public static bool[] Admitted(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts)
    {
        var classes = new byte[question.Candidates.Length];
        Classify(question, facts, classes);
        return Array.ConvertAll(classes, value => value != Out);
    }

    private static void Prepare(SlotQuestion question, SlotOutcome outcome)
    {
        outcome.Picks.Clear();
        outcome.Turn = -1;
        outcome.Override = -1;
        if (outcome.After.Length != question.Candidates.Length)
            outcome.After = new TurnsAfter[question.Candidates.Length];
        if (outcome.ProvidersAfter.Length != question.Providers.Length)
            outcome.ProvidersAfter = new TurnsAfter[question.Providers.Length];
        for (var i = 0; i < outcome.After.Length; i++)
            outcome.After[i] = new TurnsAfter(question.Candidates[i].Turns, Contender: false);
        for (var i = 0; i < outcome.ProvidersAfter.Length; i++)
            outcome.ProvidersAfter[i] = new TurnsAfter(question.Providers[i].Turns, Contender: false);
    }

    /// <summary>Fills the class of each candidate (its usability, or <see cref="Out"/>) and returns how many may be picked.</summary>
    private static int Classify(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, Span<byte> classes)
    {
        var candidates = question.Candidates.AsSpan();
        int trusted = 0, throttled = 0, cooling = 0;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var fact = ref facts[candidates[i].Altruist];
            var usability = fact.Usability;
            if (usability == Usability.No || candidates[i].ExcludedBy >= 0 || (fact.Unseen && !IsIncumbent(question, candidates[i].Altruist)))
            {
                classes[i] = Out;
                continue;
            }

            classes[i] = (byte)usability;
            if (usability <= Usability.Failing)
                trusted++;
            else if (usability == Usability.Throttled)
                throttled++;
            else
                cooling++;
        }

        var kept = throttled == 0 ? 0 : KeepThrottled(candidates, facts, classes, trusted, throttled);
        if (cooling == 0)
            return trusted + kept;
        if (trusted + kept == 0)
            return cooling;

        for (var i = 0; i < classes.Length; i++)
        {
            if (classes[i] == (byte)Usability.CoolingDown)
                classes[i] = Out;
        }

        return trusted + kept;
    }

    /// <summary>Where throttling would leave fewer than half, those throttled last stay (design 5.3).</summary>
    private static int KeepThrottled(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<AltruistFacts> facts, Span<byte> classes, int trusted, int throttled)
    {
        var half = (trusted + throttled + 1) / 2;
        var keep = Math.Max(0, half - trusted);
        for (var drop = throttled - keep; drop > 0; drop--)
        {
            // The one throttled first goes first; of equals, the one with the higher id.
            var worst = -1;
            for (var i = 0; i < classes.Length; i++)
            {
                if (classes[i] == (byte)Usability.Throttled
                    && (worst < 0 || facts[candidates[i].Altruist].ThrottledSince <= facts[candidates[worst].Altruist].ThrottledSince))
                    worst = i;
            }

            classes[worst] = Out;
        }

        return keep;
    }

    private static bool IsIncumbent(SlotQuestion question, int altruist)
    {
        for (var i = 0; i < question.Was.Length; i++)
        {
            if (question.Was[i].Altruist == altruist)
                return true;
        }

        return false;
    }

    private static (int Rank, int Tier) ActingGroup(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes)
    {
        var best = (Rank: int.MaxValue, Tier: int.MaxValue);
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out)
                continue;
            var rank = RegionFallback.Rank(candidates[i].Offer);
            if (rank > best.Rank)
                continue;
            var tier = facts[candidates[i].Altruist].Tier;
            if (rank < best.Rank || tier < best.Tier)
                best = (rank, tier);
        }

        return best;
    }

    /// <summary>Who takes part, and from how many turns on: one that enters starts at the fewest of those already there.</summary>
    private static void CountTurns(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, (int Rank, int Tier) acting, SlotOutcome outcome)
    {
        var candidates = question.Candidates.AsSpan();
        var after = outcome.After.AsSpan();
        var fewest = int.MaxValue;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out || !InGroup(candidates[i].Offer, facts[candidates[i].Altruist].Tier, acting))
                continue;
            after[i].Contender = true;
            outcome.ProvidersAfter[candidates[i].Provider].Contender = true;
            if (candidates[i].Contender)
                fewest = Math.Min(fewest, candidates[i].Turns);
        }

        if (fewest is > 0 and < int.MaxValue)
        {
            for (var i = 0; i < candidates.Length; i++)
            {
                if (after[i].Contender && !candidates[i].Contender && after[i].Turns < fewest)
                    after[i].Turns = fewest;
            }
        }

        var providers = question.Providers.AsSpan();
        var fewestOfProviders = int.MaxValue;
        for (var i = 0; i < providers.Length; i++)
        {
            if (outcome.ProvidersAfter[i].Contender && providers[i].Contender)
                fewestOfProviders = Math.Min(fewestOfProviders, providers[i].Turns);
        }

        if (fewestOfProviders is > 0 and < int.MaxValue)
        {
            for (var i = 0; i < providers.Length; i++)
            {
                if (outcome.ProvidersAfter[i].Contender && !providers[i].Contender && providers[i].Turns < fewestOfProviders)
                    outcome.ProvidersAfter[i].Turns = fewestOfProviders;
            }
        }
    }

    private static bool InGroup(int offer, int tier, (int Rank, int Tier) group) => RegionFallback.Rank(offer) == group.Rank && tier == group.Tier;

    private static bool TryPin(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, SlotOutcome outcome)
    {
        for (var p = 0; p < question.Pins.Count; p++)
        {
            var pin = question.Pins[p];
            var place = Find(question.Candidates, pin.Altruist);
            if (place < 0 || (classes[place] == Out && !(pin.Force && !facts[pin.Altruist].Revoked)))
                continue;

            outcome.State = SlotState.Override;
            outcome.Override = pin.Override;
            outcome.Picks.Clear();
            outcome.Picks.Add(ToPick(question, place));
            return true;
        }

        return false;
    }

    private static void TryForcedPin(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, SlotOutcome outcome)
    {
        if (question.Pins.Count > 0)
            TryPin(question, facts, classes, outcome);
    }

    private static void PickPrimary(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, (int Rank, int Tier) acting, in SelectorRules rules, SlotOutcome outcome)
    {
        outcome.State = acting.Rank == 0 ? SlotState.Fresh : SlotState.Fallback;

        if (!question.Rotate && question.Was.Length > 0 && question.WasState != SlotState.Override)
        {
            var place = Find(question.Candidates, question.Was[0].Altruist);
            if (place >= 0 && outcome.After[place].Contender)
            {
                outcome.Picks.Add(ToPick(question, place));
                return;
            }
        }

        var best = -1;
        for (var i = 0; i < classes.Length; i++)
        {
            if (outcome.After[i].Contender && (best < 0 || Before(question, classes, outcome, rules, i, best)))
                best = i;
        }

        outcome.Picks.Add(ToPick(question, best));
        outcome.Turn = best;
        outcome.After[best].Turns++;
        outcome.ProvidersAfter[question.Candidates[best].Provider].Turns++;
    }

    /// <summary>The order of the rotation: healthy first, then fewest turns, then as drawn.</summary>
    private static bool Before(SlotQuestion question, ReadOnlySpan<byte> classes, SlotOutcome outcome, in SelectorRules rules, int left, int right)
    {
        if (classes[left] != classes[right])
            return classes[left] < classes[right];

        ref readonly var a = ref question.Candidates[left];
        ref readonly var b = ref question.Candidates[right];
        if (rules.ByProvider && a.Provider != b.Provider)
        {
            var (turnsA, turnsB) = (outcome.ProvidersAfter[a.Provider].Turns, outcome.ProvidersAfter[b.Provider].Turns);
            if (turnsA != turnsB)
                return turnsA < turnsB;
            var (drawA, drawB) = (question.Providers[a.Provider].Draw, question.Providers[b.Provider].Draw);
            return drawA != drawB ? drawA < drawB : left < right;
        }

        if (outcome.After[left].Turns != outcome.After[right].Turns)
            return outcome.After[left].Turns < outcome.After[right].Turns;
        return a.Draw != b.Draw ? a.Draw < b.Draw : left < right;
    }

    private static void PickStandbys(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, in SelectorRules rules, SlotOutcome outcome)
    {
        var wanted = Math.Min(rules.Standbys, outcome.Eligible - (classes[Math.Max(0, outcome.Picks[0].Candidate)] == Out ? 0 : 1));
        if (!question.Rotate && question.WasState == outcome.State && CanKeepStandbys(question, classes, outcome, wanted))
        {
            for (var i = 1; i < question.Was.Length; i++)
                outcome.Picks.Add(ToPick(question, Find(question.Candidates, question.Was[i].Altruist)));
            return;
        }

        while (outcome.Picks.Count - 1 < wanted)
        {
            var best = -1;
            for (var i = 0; i < classes.Length; i++)
            {
                if (classes[i] != Out && !IsPicked(outcome, i) && (best < 0 || StandbyBefore(question, facts, classes, outcome, rules, i, best)))
                    best = i;
            }

            outcome.Picks.Add(ToPick(question, best));
        }
    }

    /// <summary>Between rounds standbys that still serve stay as they are: portals should not see a change that means nothing.</summary>
    private static bool CanKeepStandbys(SlotQuestion question, ReadOnlySpan<byte> classes, SlotOutcome outcome, int wanted)
    {
        if (question.Was.Length - 1 != wanted || question.Was[0].Altruist != outcome.Picks[0].Altruist)
            return false;

        for (var i = 1; i < question.Was.Length; i++)
        {
            var place = Find(question.Candidates, question.Was[i].Altruist);
            if (place < 0 || classes[place] == Out || RegionFallback.RegionOf(question.Candidates[place].Offer, question.Key.Region, question.Fallbacks) != question.Was[i].Region)
                return false;
        }

        return true;
    }

    /// <summary>Nearest region and lowest tier first; there, other providers before the primary's, then other hosts; then as in the rotation.</summary>
    private static bool StandbyBefore(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, SlotOutcome outcome, in SelectorRules rules, int left, int right)
    {
        ref readonly var a = ref question.Candidates[left];
        ref readonly var b = ref question.Candidates[right];
        var (rankA, rankB) = (RegionFallback.Rank(a.Offer), RegionFallback.Rank(b.Offer));
        if (rankA != rankB)
            return rankA < rankB;

        ref readonly var factsA = ref facts[a.Altruist];
        ref readonly var factsB = ref facts[b.Altruist];
        if (factsA.Tier != factsB.Tier)
            return factsA.Tier < factsB.Tier;

        ref readonly var primary = ref facts[outcome.Picks[0].Altruist];
        var (sameProviderA, sameProviderB) = (factsA.Provider == primary.Provider, factsB.Provider == primary.Provider);
        if (sameProviderA != sameProviderB)
            return sameProviderB;
        var (sameHostA, sameHostB) = (factsA.Host == primary.Host, factsB.Host == primary.Host);
        return sameHostA != sameHostB ? sameHostB : Before(question, classes, outcome, rules, left, right);
    }

    private static bool IsPicked(SlotOutcome outcome, int candidate)
    {
        foreach (var pick in outcome.Picks)
        {
            if (pick.Candidate == candidate)
                return true;
        }

        return false;
    }

    /// <summary>Never worse than before: the last pick is kept, unless using it could harm.</summary>
    private static void KeepOrNone(SlotQuestion question, SlotOutcome outcome)
    {
        outcome.State = SlotState.None;
        foreach (var was in question.Was)
        {
            if (!was.MayKeep)
            {
                // A primary that may not be kept takes its standbys along: they were not eligible either.
                if (outcome.Picks.Count == 0)
                    return;
                continue;
            }

            outcome.State = SlotState.Degraded;
            outcome.Picks.Add(new PickRef(Find(question.Candidates, was.Altruist), was.Altruist, was.Region));
        }
    }

    private static PickRef ToPick(SlotQuestion question, int place) =>
        new(place, question.Candidates[place].Altruist, RegionFallback.RegionOf(question.Candidates[place].Offer, question.Key.Region, question.Fallbacks));

    /// <summary>Candidates stand in the order of their altruists.</summary>
    private static int Find(ReadOnlySpan<Candidate> candidates, int altruist)
    {
        int low = 0, high = candidates.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = candidates[middle].Altruist;
            if (found == altruist)
                return middle;
            if (found < altruist)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }
}
