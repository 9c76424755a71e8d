namespace AltruistManager.Selection;

/// <summary>
/// Decides one slot (design 5.5): pure, integers only, no clock and no randomness of its own, so that anybody can replay a decision and
/// get the same answer.
/// </summary>
public static class Selector
{
    /// <summary>
    /// The version of these rules, stored in every entry; an old version stays runnable when a new one comes. Version 1 knew no <see cref="Candidate.Lacking"/>:
    /// it is version 2 over candidates of whom none lacks anything. Version 2 knew no <see cref="SlotQuestion.Hold"/>: it is version 3 over slots that are not held.
    /// </summary>
    public const int RuleVersion = 3;

    private const byte Out = byte.MaxValue;

    private const uint NoGroup = uint.MaxValue;
    private const int HighestTier = 0xFFFF;

    /// <summary>Slots of an ordinary size are decided on the stack.</summary>
    private const int OnStack = 256;

    /// <param name="outcome">Overwritten; its arrays are reused when they fit.</param>
    public static void Decide(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, in SelectorRules rules, SlotOutcome outcome)
    {
        var count = question.Candidates.Length;
        Span<byte> classes = count <= OnStack ? stackalloc byte[count] : new byte[count];
        Span<uint> groups = count <= OnStack ? stackalloc uint[count] : new uint[count];
        outcome.Picks.Clear();
        outcome.Turn = -1;
        outcome.Override = -1;
        outcome.Eligible = Classify(question, facts, classes, groups, out var acting);
        CountTurns(question, groups, acting, rules, outcome);
        if (outcome.Eligible == 0)
        {
            KeepOrNone(question, outcome);
            TryPin(question, facts, classes, outcome);
            return;
        }

        Span<Place> places = count <= OnStack ? stackalloc Place[count] : new Place[count];
        var first = Order(question, classes, rules, outcome, places);
        if (!TryPin(question, facts, classes, outcome))
            PickPrimary(question, acting, first, rules, outcome);
        PickStandbys(question, facts, classes, groups, places, rules, outcome);
    }

    /// <summary>True when the candidate could be picked at this decision, as <see cref="Decide"/> judges it.</summary>
    public static bool[] Admitted(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts)
    {
        var classes = new byte[question.Candidates.Length];
        Classify(question, facts, classes, new uint[classes.Length], out _);
        return Array.ConvertAll(classes, value => value != Out);
    }

    /// <summary>Fills the class of each candidate (its usability, or <see cref="Out"/>) and returns how many may be picked.</summary>
    /// <param name="groups">Rank of the offer and tier of those that may be picked; lower goes first.</param>
    /// <param name="acting">The lowest group that has anyone; the rotation is theirs.</param>
    private static int Classify(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, Span<byte> classes, Span<uint> groups, out uint acting)
    {
        var candidates = question.Candidates.AsSpan();
        int trusted = 0, throttled = 0, cooling = 0;
        acting = NoGroup;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var candidate = ref candidates[i];
            ref readonly var fact = ref facts[candidate.Altruist];
            var usability = fact.Usability;
            if (usability == Usability.No || candidate.Lacking || candidate.ExcludedBy >= 0 || (fact.Unseen && !MayStayUnseen(question, candidate.Altruist, ref usability)))
            {
                classes[i] = Out;
                groups[i] = NoGroup;
                continue;
            }

            classes[i] = (byte)usability;
            groups[i] = GroupOf(candidate.Offer, fact.Tier);
            if (usability <= Usability.Failing)
            {
                trusted++;
                acting = Math.Min(acting, groups[i]);
            }
            else if (usability == Usability.Throttled)
            {
                throttled++;
            }
            else
            {
                cooling++;
            }
        }

        if (throttled + cooling == 0)
            return trusted;

        var eligible = trusted + (throttled == 0 ? 0 : KeepThrottled(candidates, facts, classes, trusted, throttled));
        if (cooling > 0 && eligible > 0)
            classes.Replace((byte)Usability.CoolingDown, Out);
        else
            eligible += cooling;
        for (var i = 0; i < classes.Length; i++)
        {
            if (classes[i] == Out)
                groups[i] = NoGroup;
            acting = Math.Min(acting, groups[i]);
        }

        return eligible;
    }

    private static uint GroupOf(int offer, int tier) => ((uint)RegionFallback.Rank(offer) << 16) | (uint)Math.Clamp(tier, 0, HighestTier);

    /// <summary>What was not seen for long keeps its place, but as a standby it serves only after those that were seen.</summary>
    private static bool MayStayUnseen(SlotQuestion question, int altruist, ref Usability usability)
    {
        var incumbent = IncumbentPlace(question, altruist);
        if (incumbent > 0 && usability < Usability.Failing)
            usability = Usability.Failing;
        return incumbent >= 0;
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

    /// <summary>0 for the primary in force, more for a standby, -1 for others.</summary>
    private static int IncumbentPlace(SlotQuestion question, int altruist)
    {
        for (var i = 0; i < question.Was.Length; i++)
        {
            if (question.Was[i].Altruist == altruist)
                return i;
        }

        return -1;
    }

    /// <summary>Who takes part, and from how many turns on: one that enters starts at the fewest of those already there.</summary>
    private static void CountTurns(SlotQuestion question, ReadOnlySpan<uint> groups, uint acting, in SelectorRules rules, SlotOutcome outcome)
    {
        var candidates = question.Candidates.AsSpan();
        if (outcome.After.Length != candidates.Length)
            outcome.After = new TurnsAfter[candidates.Length];
        var after = outcome.After.AsSpan();
        var fewest = int.MaxValue;
        var newcomers = false;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var candidate = ref candidates[i];
            var takesPart = groups[i] == acting && acting != NoGroup;
            after[i] = new TurnsAfter(candidate.Turns, takesPart);
            if (!takesPart)
                continue;
            if (!candidate.Contender)
                newcomers = true;
            else if (candidate.Turns < fewest)
                fewest = candidate.Turns;
        }

        if (rules.ByProvider)
            CountProviders(question, after, outcome);
        else
            outcome.ProvidersAfter = [];
        for (var i = 0; i < candidates.Length && newcomers; i++)
        {
            if (!after[i].Contender || candidates[i].Contender)
                continue;
            // Between providers, their own turns even things out; within one, its altruists are the others.
            var least = rules.ByProvider ? FewestOf(candidates, after, candidates[i].Provider) : fewest;
            if (least < int.MaxValue)
                after[i].Turns = Math.Max(after[i].Turns, least);
        }
    }

    /// <summary>The same for providers: one takes part while any of its altruists does.</summary>
    private static void CountProviders(SlotQuestion question, ReadOnlySpan<TurnsAfter> altruists, SlotOutcome outcome)
    {
        var providers = question.Providers.AsSpan();
        if (outcome.ProvidersAfter.Length != providers.Length)
            outcome.ProvidersAfter = new TurnsAfter[providers.Length];
        var after = outcome.ProvidersAfter.AsSpan();
        for (var i = 0; i < providers.Length; i++)
            after[i] = new TurnsAfter(providers[i].Turns, Contender: false);
        for (var i = 0; i < altruists.Length; i++)
            after[question.Candidates[i].Provider].Contender |= altruists[i].Contender;

        var fewest = int.MaxValue;
        for (var i = 0; i < providers.Length; i++)
        {
            if (after[i].Contender && providers[i].Contender)
                fewest = Math.Min(fewest, providers[i].Turns);
        }

        for (var i = 0; i < providers.Length && fewest < int.MaxValue; i++)
        {
            if (after[i].Contender && !providers[i].Contender)
                after[i].Turns = Math.Max(after[i].Turns, fewest);
        }
    }

    private static int FewestOf(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<TurnsAfter> after, short provider)
    {
        var fewest = int.MaxValue;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].Provider == provider && candidates[i].Contender && after[i].Contender)
                fewest = Math.Min(fewest, candidates[i].Turns);
        }

        return fewest;
    }

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

    /// <summary>Works out the place of each candidate in the rotation, and returns whose turn it is.</summary>
    private static int Order(SlotQuestion question, ReadOnlySpan<byte> classes, in SelectorRules rules, SlotOutcome outcome, Span<Place> places)
    {
        var candidates = question.Candidates.AsSpan();
        var after = outcome.After.AsSpan();
        var first = -1;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out)
                continue;
            ref readonly var candidate = ref candidates[i];
            places[i] = rules.ByProvider
                ? new Place(
                    Place.Lead(classes[i], outcome.ProvidersAfter[candidate.Provider].Turns), question.Providers[candidate.Provider].Draw, after[i].Turns, candidate.Draw)
                : new Place(Place.Lead(classes[i], after[i].Turns), 0, 0, candidate.Draw);
            if (after[i].Contender && (first < 0 || places[i].IsBefore(places[first])))
                first = i;
        }

        return first;
    }

    private static void PickPrimary(SlotQuestion question, uint acting, int first, in SelectorRules rules, SlotOutcome outcome)
    {
        outcome.State = acting <= HighestTier ? SlotState.Fresh : SlotState.Fallback;
        if (!question.Rotate && question.Was.Length > 0 && question.WasState != SlotState.Override)
        {
            var place = Find(question.Candidates, question.Was[0].Altruist);
            if (place >= 0 && outcome.After[place].Contender)
            {
                outcome.Picks.Add(ToPick(question, place));
                return;
            }
        }

        outcome.Picks.Add(ToPick(question, first));
        // Service under a hold is no turn of the rotation.
        if (question.Hold >= 0)
            return;
        outcome.Turn = first;
        outcome.After[first].Turns++;
        if (rules.ByProvider)
            outcome.ProvidersAfter[question.Candidates[first].Provider].Turns++;
    }

    /// <summary>
    /// Nearest region and lowest tier first; there, other providers before the primary's, then other hosts; then as in the rotation.
    /// </summary>
    private static void PickStandbys(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, ReadOnlySpan<uint> groups, Span<Place> places, in SelectorRules rules, SlotOutcome outcome)
    {
        var primary = outcome.Picks[0];
        var wanted = Math.Min(rules.Standbys, outcome.Eligible - (classes[primary.Candidate] == Out ? 0 : 1));
        if (!question.Rotate && question.WasState == outcome.State && CanKeepStandbys(question, classes, outcome, wanted))
        {
            for (var i = 1; i < question.Was.Length; i++)
                outcome.Picks.Add(ToPick(question, Find(question.Candidates, question.Was[i].Altruist)));
            return;
        }

        if (wanted == 0)
            return;

        Span<int> best = stackalloc int[wanted];
        best.Fill(-1);
        var candidates = question.Candidates.AsSpan();
        var provider = candidates[primary.Candidate].Provider;
        var host = facts[primary.Altruist].Host;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out || i == primary.Candidate)
                continue;

            ref var place = ref places[i];
            place = place.Behind(groups[i], sameProvider: candidates[i].Provider == provider);
            var last = best[^1];
            if (last >= 0 && !place.IsBefore(places[last]))
                continue;
            if (facts[candidates[i].Altruist].Host == host)
                place = place.OnSameHost();

            var moving = i;
            for (var k = 0; k < best.Length && moving >= 0; k++)
            {
                if (best[k] < 0 || places[moving].IsBefore(places[best[k]]))
                    (best[k], moving) = (moving, best[k]);
            }
        }

        foreach (var place in best)
            outcome.Picks.Add(ToPick(question, place));
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

    /// <summary>
    /// A candidate's place in the rotation, as numbers that compare in turn: healthy first, then fewest turns, then as drawn. With
    /// fairness between providers their turns and draw come before its own. Of equals the one with the lower id is first.
    /// </summary>
    private readonly record struct Place(ulong First, ulong ProviderDraw, int Turns, ulong Draw)
    {
        private const int TurnBits = 24;
        private const ulong SameHost = 1UL << 30;
        private const ulong SameProvider = 1UL << 31;

        public static ulong Lead(byte usability, int turns) => ((ulong)usability << TurnBits) | (uint)turns;

        /// <summary>The same place among standbys, where the group and the provider count first.</summary>
        public Place Behind(uint group, bool sameProvider) => this with { First = First | ((ulong)group << 32) | (sameProvider ? SameProvider : 0) };

        public Place OnSameHost() => this with { First = First | SameHost };

        public bool IsBefore(in Place other)
        {
            if (First != other.First)
                return First < other.First;
            if (ProviderDraw != other.ProviderDraw)
                return ProviderDraw < other.ProviderDraw;
            return Turns != other.Turns ? Turns < other.Turns : Draw < other.Draw;
        }
    }
}
