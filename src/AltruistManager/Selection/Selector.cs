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

    /// <summary>Slots of an ordinary size are decided on the stack.</summary>
    private const int OnStack = 256;

    /// <param name="outcome">Overwritten; its arrays are reused when they fit.</param>
    public static void Decide(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, in SelectorRules rules, SlotOutcome outcome)
    {
        var count = question.Candidates.Length;
        Span<byte> classes = count <= OnStack ? stackalloc byte[count] : new byte[count];
        outcome.Picks.Clear();
        outcome.Turn = -1;
        outcome.Override = -1;
        outcome.Eligible = Classify(question, facts, classes, out var acting);
        CountTurns(question, facts, classes, acting, outcome);
        if (outcome.Eligible == 0)
        {
            KeepOrNone(question, outcome);
            TryPin(question, facts, classes, outcome);
            return;
        }

        Span<Place> places = count <= OnStack ? stackalloc Place[count] : new Place[count];
        Order(question, classes, rules, outcome, places);
        if (!TryPin(question, facts, classes, outcome))
            PickPrimary(question, acting, places, outcome);
        PickStandbys(question, facts, classes, places, rules, outcome);
    }

    /// <summary>True when the candidate could be picked at this decision, as <see cref="Decide"/> judges it.</summary>
    public static bool[] Admitted(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts)
    {
        var classes = new byte[question.Candidates.Length];
        Classify(question, facts, classes, out _);
        return Array.ConvertAll(classes, value => value != Out);
    }

    /// <summary>Fills the class of each candidate (its usability, or <see cref="Out"/>) and returns how many may be picked.</summary>
    /// <param name="acting">The nearest region's rank and its lowest tier that have anyone; the rotation is theirs.</param>
    private static int Classify(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, Span<byte> classes, out (int Rank, int Tier) acting)
    {
        var candidates = question.Candidates.AsSpan();
        int trusted = 0, throttled = 0, cooling = 0;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var fact = ref facts[candidates[i].Altruist];
            var usability = fact.Usability;
            if (usability == Usability.No || candidates[i].ExcludedBy >= 0)
            {
                classes[i] = Out;
                continue;
            }

            if (fact.Unseen)
            {
                var incumbent = IncumbentPlace(question, candidates[i].Altruist);
                if (incumbent < 0)
                {
                    classes[i] = Out;
                    continue;
                }

                // A standby that was not seen for long serves only after those that were.
                if (incumbent > 0 && usability < Usability.Failing)
                    usability = Usability.Failing;
            }

            classes[i] = (byte)usability;
            if (usability <= Usability.Failing)
                trusted++;
            else if (usability == Usability.Throttled)
                throttled++;
            else
                cooling++;
        }

        var eligible = trusted + (throttled == 0 ? 0 : KeepThrottled(candidates, facts, classes, trusted, throttled));
        if (cooling > 0 && eligible > 0)
            classes.Replace((byte)Usability.CoolingDown, Out);
        else
            eligible += cooling;
        acting = ActingGroup(candidates, facts, classes);
        return eligible;
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
        var providers = question.Providers.AsSpan();
        if (outcome.After.Length != candidates.Length)
            outcome.After = new TurnsAfter[candidates.Length];
        if (outcome.ProvidersAfter.Length != providers.Length)
            outcome.ProvidersAfter = new TurnsAfter[providers.Length];
        var after = outcome.After.AsSpan();
        var providersAfter = outcome.ProvidersAfter.AsSpan();
        for (var i = 0; i < providers.Length; i++)
            providersAfter[i] = new TurnsAfter(providers[i].Turns, Contender: false);

        var fewest = int.MaxValue;
        var newcomers = false;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var candidate = ref candidates[i];
            var takesPart = classes[i] != Out && RegionFallback.Rank(candidate.Offer) == acting.Rank && facts[candidate.Altruist].Tier == acting.Tier;
            after[i] = new TurnsAfter(candidate.Turns, takesPart);
            if (!takesPart)
                continue;
            providersAfter[candidate.Provider].Contender = true;
            if (!candidate.Contender)
                newcomers = true;
            else if (candidate.Turns < fewest)
                fewest = candidate.Turns;
        }

        if (!newcomers)
            return;
        for (var i = 0; i < candidates.Length && fewest < int.MaxValue; i++)
        {
            if (after[i].Contender && !candidates[i].Contender)
                after[i].Turns = Math.Max(after[i].Turns, fewest);
        }

        var fewestOfProviders = int.MaxValue;
        for (var i = 0; i < providers.Length; i++)
        {
            if (providersAfter[i].Contender && providers[i].Contender)
                fewestOfProviders = Math.Min(fewestOfProviders, providers[i].Turns);
        }

        for (var i = 0; i < providers.Length && fewestOfProviders < int.MaxValue; i++)
        {
            if (providersAfter[i].Contender && !providers[i].Contender)
                providersAfter[i].Turns = Math.Max(providersAfter[i].Turns, fewestOfProviders);
        }
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

    /// <summary>Works out the place of each candidate in the rotation.</summary>
    private static void Order(SlotQuestion question, ReadOnlySpan<byte> classes, in SelectorRules rules, SlotOutcome outcome, Span<Place> places)
    {
        var candidates = question.Candidates.AsSpan();
        var after = outcome.After.AsSpan();
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out)
                continue;
            ref readonly var candidate = ref candidates[i];
            places[i] = rules.ByProvider
                ? new Place(
                    Place.Lead(classes[i], outcome.ProvidersAfter[candidate.Provider].Turns), question.Providers[candidate.Provider].Draw, after[i].Turns, candidate.Draw)
                : new Place(Place.Lead(classes[i], after[i].Turns), 0, 0, candidate.Draw);
        }
    }

    private static void PickPrimary(SlotQuestion question, (int Rank, int Tier) acting, ReadOnlySpan<Place> places, SlotOutcome outcome)
    {
        outcome.State = acting.Rank == 0 ? SlotState.Fresh : SlotState.Fallback;
        var after = outcome.After.AsSpan();
        if (!question.Rotate && question.Was.Length > 0 && question.WasState != SlotState.Override)
        {
            var place = Find(question.Candidates, question.Was[0].Altruist);
            if (place >= 0 && after[place].Contender)
            {
                outcome.Picks.Add(ToPick(question, place));
                return;
            }
        }

        var best = -1;
        for (var i = 0; i < places.Length; i++)
        {
            if (after[i].Contender && (best < 0 || places[i].IsBefore(places[best])))
                best = i;
        }

        outcome.Picks.Add(ToPick(question, best));
        outcome.Turn = best;
        after[best].Turns++;
        outcome.ProvidersAfter[question.Candidates[best].Provider].Turns++;
    }

    /// <summary>
    /// Nearest region and lowest tier first; there, other providers before the primary's, then other hosts; then as in the rotation.
    /// </summary>
    private static void PickStandbys(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, Span<Place> places, in SelectorRules rules, SlotOutcome outcome)
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
        ref readonly var primaryFacts = ref facts[primary.Altruist];
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out || i == primary.Candidate)
                continue;

            ref readonly var fact = ref facts[candidates[i].Altruist];
            places[i] = places[i].Behind(
                RegionFallback.Rank(candidates[i].Offer), fact.Tier, fact.Provider == primaryFacts.Provider, fact.Host == primaryFacts.Host);
            var moving = i;
            for (var k = 0; k < best.Length; k++)
            {
                if (best[k] < 0 || places[moving].IsBefore(places[best[k]]))
                    (best[k], moving) = (moving, best[k]);
                if (moving < 0)
                    break;
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
        private const int HighestTier = 0xFFFF;

        public static ulong Lead(byte usability, int turns) => ((ulong)usability << TurnBits) | (uint)turns;

        /// <summary>The same place among standbys, where what the primary is like counts first.</summary>
        public Place Behind(int rank, int tier, bool sameProvider, bool sameHost) => this with
        {
            First = First
                | ((ulong)rank << 56)
                | ((ulong)Math.Clamp(tier, 0, HighestTier) << 40)
                | (sameProvider ? 1UL << 39 : 0)
                | (sameHost ? 1UL << 38 : 0),
        };

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
