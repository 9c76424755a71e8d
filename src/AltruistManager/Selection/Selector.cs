using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>
/// Decides one slot (design 5.5): pure, integers only, no clock and no randomness of its own, so that anybody can replay a decision and
/// get the same answer.
/// </summary>
public static class Selector
{
    /// <summary>
    /// The version of these rules, stored in every entry; an old version stays runnable when a new one comes. Until version 3 whoever entered while nobody was there
    /// started at 0. Version 2 knew one primary, one policy (<c>least-used</c>), no shares, cap or hold: it is version 3 where all of them are at their defaults. Version 1 knew no
    /// <see cref="Candidate.Lacking"/> either.
    /// </summary>
    public const int RuleVersion = 4;

    /// <summary>The first in which who enters an empty slot does not start below those who were there before.</summary>
    private const int EntersLevelWithThoseGone = 4;

    private const byte Out = byte.MaxValue;

    private const uint NoGroup = uint.MaxValue;
    private const int HighestTier = 0xFFFF;

    /// <summary>In percent of the traffic; below it nobody is told of another share.</summary>
    private const int SmallChange = 5;

    /// <summary>Slots of an ordinary size are decided on the stack.</summary>
    private const int OnStack = 256;

    /// <param name="outcome">Overwritten; its arrays are reused when they fit.</param>
    public static void Decide(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, in SelectorRules rules, SlotOutcome outcome)
    {
        var count = question.Candidates.Length;
        Span<byte> classes = count <= OnStack ? stackalloc byte[count] : new byte[count];
        Span<uint> groups = count <= OnStack ? stackalloc uint[count] : new uint[count];
        Span<int> weights = count <= OnStack ? stackalloc int[count] : new int[count];
        outcome.Picks.Clear();
        outcome.Turns.Clear();
        outcome.Override = -1;
        outcome.Eligible = Classify(question, facts, classes, groups, out var acting);
        weights.Fill(PolicyView.FullWeight);
        var view = new PolicyView(question, facts, classes, groups, acting, outcome, rules);
        if (acting != NoGroup)
            question.Policy.Weigh(view, weights);
        CountTurns(question, groups, weights, acting, rules, outcome);
        if (outcome.Eligible == 0)
        {
            KeepOrNone(question, outcome);
            TryPin(question, facts, classes, outcome);
            return;
        }

        Span<Place> places = count <= OnStack ? stackalloc Place[count] : new Place[count];
        var first = Order(view, classes, weights, places);
        if (!TryPin(question, facts, classes, outcome))
            PickPrimaries(view, classes, weights, places, first);
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
        foreach (ref readonly var was in question.Was.AsSpan())
        {
            if (was.Altruist != altruist)
                continue;
            if (was.Weight == 0 && usability < Usability.Failing)
                usability = Usability.Failing;
            return true;
        }

        return false;
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

    /// <summary>
    /// Who takes part, and from how many turns on: one that enters starts level with the one of those already there that had the fewest for its weight. Where nobody is there, with the one
    /// that ever had the most: it would hold the slot until it had as many as those who return.
    /// </summary>
    private static void CountTurns(SlotQuestion question, ReadOnlySpan<uint> groups, ReadOnlySpan<int> weights, uint acting, in SelectorRules rules, SlotOutcome outcome)
    {
        var candidates = question.Candidates.AsSpan();
        if (outcome.After.Length != candidates.Length)
            outcome.After = new TurnsAfter[candidates.Length];
        var after = outcome.After.AsSpan();
        var fewest = Level.None;
        var newcomers = false;
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var candidate = ref candidates[i];
            var takesPart = groups[i] == acting && acting != NoGroup && weights[i] > 0;
            after[i] = new TurnsAfter(candidate.Turns, takesPart);
            if (!takesPart)
                continue;
            if (!candidate.Contender)
                newcomers = true;
            else
                fewest = fewest.Least(candidate.Turns, weights[i]);
        }

        if (rules.CountsProviders)
            CountProviders(question, after, rules, outcome);
        else
            outcome.ProvidersAfter = [];
        for (var i = 0; i < candidates.Length && newcomers; i++)
        {
            if (!after[i].Contender || candidates[i].Contender)
                continue;
            // Between providers, their own turns even things out; within one, its altruists are the others.
            var least = rules.ByProvider ? FewestOf(candidates, after, weights, candidates[i].Provider) : fewest;
            if (least == Level.None && rules.Version >= EntersLevelWithThoseGone)
                least = MostOf(candidates, weights, rules.ByProvider ? candidates[i].Provider : null);
            after[i].Turns = Math.Max(after[i].Turns, least.For(weights[i]));
        }
    }

    /// <summary>The same for providers: one takes part while any of its altruists does.</summary>
    private static void CountProviders(SlotQuestion question, ReadOnlySpan<TurnsAfter> altruists, in SelectorRules rules, SlotOutcome outcome)
    {
        var providers = question.Providers.AsSpan();
        if (outcome.ProvidersAfter.Length != providers.Length)
            outcome.ProvidersAfter = new ProviderTurnsAfter[providers.Length];
        var after = outcome.ProvidersAfter.AsSpan();
        for (var i = 0; i < providers.Length; i++)
            after[i] = new ProviderTurnsAfter(providers[i].Turns, providers[i].Given, Contender: false);
        if (!rules.ByProvider)
            return;
        for (var i = 0; i < altruists.Length; i++)
            after[question.Candidates[i].Provider].Contender |= altruists[i].Contender;

        var fewest = Level.None;
        for (var i = 0; i < providers.Length; i++)
        {
            if (after[i].Contender && providers[i].Contender)
                fewest = fewest.Least(providers[i].Turns, providers[i].Shares);
        }

        if (fewest == Level.None && rules.Version >= EntersLevelWithThoseGone)
        {
            foreach (var provider in providers)
                fewest = fewest.Most(provider.Turns, provider.Shares);
        }

        for (var i = 0; i < providers.Length; i++)
        {
            if (after[i].Contender && !providers[i].Contender)
                after[i].Turns = Math.Max(after[i].Turns, fewest.For(providers[i].Shares));
        }
    }

    private static Level FewestOf(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<TurnsAfter> after, ReadOnlySpan<int> weights, short provider)
    {
        var fewest = Level.None;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].Provider == provider && candidates[i].Contender && after[i].Contender)
                fewest = fewest.Least(candidates[i].Turns, weights[i]);
        }

        return fewest;
    }

    /// <param name="provider">Only among its own; null for all.</param>
    private static Level MostOf(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<int> weights, short? provider)
    {
        var most = Level.None;
        for (var i = 0; i < candidates.Length; i++)
        {
            if ((provider is null || candidates[i].Provider == provider) && weights[i] > 0)
                most = most.Most(candidates[i].Turns, weights[i]);
        }

        return most;
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
            outcome.Picks.Add(ToPick(question, place, SlotQuestion.WholeTurn));
            return true;
        }

        return false;
    }

    /// <summary>Works out the place of each candidate in the rotation, and returns whose turn it is.</summary>
    private static int Order(in PolicyView view, ReadOnlySpan<byte> classes, ReadOnlySpan<int> weights, Span<Place> places)
    {
        var candidates = view.Question.Candidates.AsSpan();
        var counted = view.Rules.CountsProviders ? view.Question.Providers.Length : 0;
        Span<ProviderPlace> providers = counted <= OnStack ? stackalloc ProviderPlace[counted] : new ProviderPlace[counted];
        OrderProviders(view, providers);
        var first = -1;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out)
                continue;
            ref readonly var candidate = ref candidates[i];
            var provider = counted > 0 ? providers[candidate.Provider] : default;
            places[i] = new Place(
                Place.Lead(classes[i], waits: weights[i] == 0, provider.HadItsShare), provider.Turns, provider.Draw, view.Question.Policy.Place(view, i, weights[i]), candidate.Draw);
            if (view.IsActing(i) && (first < 0 || places[i].IsBefore(places[first])))
                first = i;
        }

        return first;
    }

    /// <param name="places">One each; none where providers are not counted.</param>
    private static void OrderProviders(in PolicyView view, Span<ProviderPlace> places)
    {
        var rules = view.Rules;
        var after = view.Outcome.ProvidersAfter.AsSpan();
        var given = 0L;
        var greatest = 1;
        for (var i = 0; i < places.Length; i++)
        {
            given += after[i].Given;
            greatest = Math.Max(greatest, view.Question.Providers[i].Shares);
        }

        for (var i = 0; i < places.Length; i++)
        {
            ref readonly var provider = ref view.Question.Providers.AsSpan()[i];
            // One that had nothing yet may always begin.
            var hadItsShare = rules.ProviderCapPercent < 100 && after[i].Given > 0 && 100L * after[i].Given >= rules.ProviderCapPercent * given;
            var turns = !rules.ByProvider ? 0
                : greatest == 1 ? (ulong)after[i].Turns
                : PolicyView.PlaceByShare(after[i].Turns, provider.Draw, provider.Shares, greatest, view.Question.TurnUnit);
            places[i] = new ProviderPlace(hadItsShare, turns, rules.ByProvider ? provider.Draw : 0);
        }
    }

    /// <summary>
    /// Of the healthiest of the acting group with a weight. A round replaces one of several primaries, the oldest; the new one goes first. Between rounds those that may stay
    /// keep their places, and what fell is replaced in its own.
    /// </summary>
    private static void PickPrimaries(in PolicyView view, ReadOnlySpan<byte> classes, ReadOnlySpan<int> weights, Span<Place> places, int first)
    {
        var (question, outcome) = (view.Question, view.Outcome);
        outcome.State = view.Acting <= HighestTier ? SlotState.Fresh : SlotState.Fallback;
        Span<int> chosen = stackalloc int[SlotQuestion.MostPrimaries];
        Span<bool> stays = stackalloc bool[SlotQuestion.MostPrimaries];
        Span<int> shares = stackalloc int[SlotQuestion.MostPrimaries];
        var best = new Best(classes[first], weights[first] > 0);
        var wanted = question.Rotate ? Rotated(view, classes, weights, best, chosen, stays) : Kept(view, chosen, stays);
        if (wanted == 1)
            chosen[0] = stays[0] ? chosen[0] : first;
        else
            Fill(view, classes, weights, best, places, chosen[..wanted]);

        var count = 0;
        for (var i = 0; i < wanted; i++)
        {
            if (chosen[i] < 0)
                continue;
            (chosen[count], stays[count]) = (chosen[i], stays[i]);
            count++;
        }

        shares = shares[..count];
        Split(chosen[..count], weights, shares);
        TakeOver(question, chosen[..count], shares);
        for (var i = 0; i < count; i++)
        {
            outcome.Picks.Add(ToPick(question, chosen[i], shares[i]));
            // Service under a hold is no turn of the rotation.
            if (stays[i] || question.Hold >= 0)
                continue;

            outcome.Turns.Add(chosen[i]);
            outcome.After[chosen[i]].Turns += shares[i];
            if (!view.Rules.CountsProviders)
                continue;
            ref var provider = ref outcome.ProvidersAfter[question.Candidates[chosen[i]].Provider];
            provider.Given += shares[i];
            if (view.Rules.ByProvider)
                provider.Turns += shares[i];
        }
    }

    /// <summary>Those that stay in a round, behind the places of the new ones (-1): all but the oldest and those worse off than the best. Returns how many there are to be.</summary>
    private static int Rotated(in PolicyView view, ReadOnlySpan<byte> classes, ReadOnlySpan<int> weights, Best best, Span<int> chosen, Span<bool> stays)
    {
        var question = view.Question;
        if (question.Primaries == 1)
            return 1;

        var available = 0;
        for (var i = 0; i < classes.Length; i++)
            available += view.IsActing(i) && best.Is(classes[i], weights[i]) ? 1 : 0;
        var wanted = Math.Min(question.Primaries, available);
        Span<int> staying = stackalloc int[SlotQuestion.MostPrimaries];
        var count = 0;
        for (var i = 0; i < question.Was.Length && count < wanted - 1 && question.WasState != SlotState.Override; i++)
        {
            var place = question.Was[i].Weight > 0 ? Find(question.Candidates, question.Was[i].Altruist) : -1;
            if (place >= 0 && view.IsActing(place) && best.Is(classes[place], weights[place]))
                staying[count++] = place;
        }

        for (var i = 0; i < wanted; i++)
        {
            stays[i] = i >= wanted - count;
            chosen[i] = stays[i] ? staying[i - (wanted - count)] : -1;
        }

        return wanted;
    }

    /// <summary>The primaries in force where they are, with -1 for those that may not stay. Returns how many there are to be.</summary>
    private static int Kept(in PolicyView view, Span<int> chosen, Span<bool> stays)
    {
        var question = view.Question;
        var count = 0;
        for (var i = 0; i < question.Was.Length && count < question.Primaries && question.WasState != SlotState.Override; i++)
        {
            if (question.Was[i].Weight == 0)
                break;
            var place = Find(question.Candidates, question.Was[i].Altruist);
            stays[count] = place >= 0 && view.IsActing(place);
            chosen[count] = stays[count] ? place : -1;
            count++;
        }

        if (count > 0)
            return count;
        chosen.Fill(-1);
        return question.Primaries;
    }

    /// <summary>Gives each free place (-1) to the first in the order of the best that is not chosen yet; what nobody is left for stays free.</summary>
    private static void Fill(in PolicyView view, ReadOnlySpan<byte> classes, ReadOnlySpan<int> weights, Best best, Span<Place> places, Span<int> chosen)
    {
        var (question, outcome) = (view.Question, view.Outcome);
        Span<ProviderPlace> providers = new ProviderPlace[view.Rules.ByProvider ? question.Providers.Length : 0];
        OrderProviders(view, providers);
        Span<int> lent = stackalloc int[SlotQuestion.MostPrimaries];
        var filled = 0;
        for (var free = 0; free < chosen.Length; free++)
        {
            if (chosen[free] >= 0)
                continue;
            var next = -1;
            var nextIsOver = false;
            for (var i = 0; i < classes.Length; i++)
            {
                if (!view.IsActing(i) || !best.Is(classes[i], weights[i]) || chosen.Contains(i))
                    continue;
                if (providers.Length > 0)
                    places[i] = places[i] with { ProviderTurns = providers[question.Candidates[i].Provider].Turns };
                var isOver = IsOverCap(view, i, chosen);
                if (next < 0 || (isOver == nextIsOver ? places[i].IsBefore(places[next]) : nextIsOver))
                    (next, nextIsOver) = (i, isOver);
            }

            if (next < 0)
                break;
            chosen[free] = next;
            if (providers.Length == 0)
                continue;
            // What it is about to get counts for its provider when the next place is given.
            lent[filled++] = question.Candidates[next].Provider;
            outcome.ProvidersAfter[question.Candidates[next].Provider].Turns += question.TurnUnit;
            OrderProviders(view, providers);
        }

        foreach (var provider in lent[..filled])
            outcome.ProvidersAfter[provider].Turns -= question.TurnUnit;
    }

    /// <summary>Whether its provider would serve in more of the places at once than the cap allows. One without a place may always have one.</summary>
    private static bool IsOverCap(in PolicyView view, int candidate, ReadOnlySpan<int> chosen)
    {
        if (view.Rules.ProviderCapPercent == 100)
            return false;
        var same = 0;
        foreach (var place in chosen)
        {
            if (place >= 0 && view.Question.Candidates[place].Provider == view.Question.Candidates[candidate].Provider)
                same++;
        }

        return same > 0 && 100 * (same + 1) > view.Rules.ProviderCapPercent * chosen.Length;
    }

    /// <summary>
    /// A change of one is to be no change for the others: where as many serve as before, and none of those that stay would get a share that differs by more than
    /// <see cref="SmallChange"/>, they keep theirs, and new ones take those that became free. Between rounds they do whatever the difference while nobody is new.
    /// </summary>
    /// <param name="shares">As they would be split anew.</param>
    private static void TakeOver(SlotQuestion question, ReadOnlySpan<int> chosen, Span<int> shares)
    {
        Span<int> free = stackalloc int[SlotQuestion.MostPrimaries];
        Span<int> kept = stackalloc int[SlotQuestion.MostPrimaries];
        var primaries = 0;
        for (; primaries < question.Was.Length && question.Was[primaries].Weight > 0; primaries++)
            free[primaries] = question.Was[primaries].Weight;
        if (primaries != chosen.Length)
            return;

        var isNew = false;
        var isSmall = true;
        for (var i = 0; i < chosen.Length; i++)
        {
            for (var was = 0; was < primaries && kept[i] == 0; was++)
            {
                if (question.Was[was].Altruist == question.Candidates[chosen[i]].Altruist)
                    (kept[i], free[was]) = (free[was], 0);
            }

            isNew |= kept[i] == 0;
            isSmall &= kept[i] == 0 || Math.Abs(kept[i] - shares[i]) <= SmallChange;
        }

        if (!isSmall && (isNew || question.Rotate))
            return;
        var next = 0;
        for (var i = 0; i < chosen.Length; i++)
        {
            while (kept[i] == 0)
                kept[i] = free[next++];
            shares[i] = kept[i];
        }
    }

    /// <summary>Splits 100 % by weight into whole percents of at least 1; what is left over goes to the greatest remainders, of equals to the first.</summary>
    private static void Split(ReadOnlySpan<int> chosen, ReadOnlySpan<int> weights, Span<int> shares)
    {
        if (shares.Length == 1)
        {
            shares[0] = SlotQuestion.WholeTurn;
            return;
        }

        var sum = 0L;
        foreach (var place in chosen)
            sum += Math.Max(1, weights[place]);
        var toSplit = SlotQuestion.WholeTurn - shares.Length;
        Span<long> remainders = stackalloc long[shares.Length];
        var left = toSplit;
        for (var i = 0; i < shares.Length; i++)
        {
            var part = (long)toSplit * Math.Max(1, weights[chosen[i]]);
            var whole = (int)(part / sum);
            shares[i] = 1 + whole;
            remainders[i] = part % sum;
            left -= whole;
        }

        for (; left > 0; left--)
        {
            var most = 0;
            for (var i = 1; i < remainders.Length; i++)
            {
                if (remainders[i] > remainders[most])
                    most = i;
            }

            shares[most]++;
            remainders[most] = -1;
        }
    }

    /// <summary>
    /// Nearest region and lowest tier first; there, other providers before the primary's, then other hosts; then as in the rotation.
    /// </summary>
    private static void PickStandbys(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, ReadOnlySpan<uint> groups, Span<Place> places, in SelectorRules rules, SlotOutcome outcome)
    {
        Span<int> providers = stackalloc int[SlotQuestion.MostPrimaries];
        Span<int> hosts = stackalloc int[SlotQuestion.MostPrimaries];
        var primaries = outcome.Picks.Count;
        var usable = outcome.Eligible;
        for (var i = 0; i < primaries; i++)
        {
            var pick = outcome.Picks[i];
            providers[i] = question.Candidates[pick.Candidate].Provider;
            hosts[i] = facts[pick.Altruist].Host;
            usable -= classes[pick.Candidate] == Out ? 0 : 1;
        }

        providers = providers[..primaries];
        hosts = hosts[..primaries];
        var wanted = Math.Min(rules.Standbys, usable);
        if (!question.Rotate && question.WasState == outcome.State && CanKeepStandbys(question, classes, outcome, wanted))
        {
            for (var i = primaries; i < question.Was.Length; i++)
                outcome.Picks.Add(ToPick(question, Find(question.Candidates, question.Was[i].Altruist), 0));
            return;
        }

        if (wanted == 0)
            return;

        Span<int> best = stackalloc int[wanted];
        best.Fill(-1);
        var candidates = question.Candidates.AsSpan();
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out || IsPicked(outcome, i))
                continue;

            ref var place = ref places[i];
            place = place.Behind(groups[i], sameProvider: providers.Contains(candidates[i].Provider));
            var last = best[^1];
            if (last >= 0 && !place.IsBefore(places[last]))
                continue;
            if (hosts.Contains(facts[candidates[i].Altruist].Host))
                place = place.OnSameHost();

            var moving = i;
            for (var k = 0; k < best.Length && moving >= 0; k++)
            {
                if (best[k] < 0 || places[moving].IsBefore(places[best[k]]))
                    (best[k], moving) = (moving, best[k]);
            }
        }

        foreach (var place in best)
            outcome.Picks.Add(ToPick(question, place, 0));
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

    /// <summary>Between rounds standbys that still serve stay as they are: portals should not see a change that means nothing.</summary>
    private static bool CanKeepStandbys(SlotQuestion question, ReadOnlySpan<byte> classes, SlotOutcome outcome, int wanted)
    {
        var primaries = outcome.Picks.Count;
        if (question.Was.Length - primaries != wanted)
            return false;

        for (var i = 0; i < primaries; i++)
        {
            if (question.Was[i].Weight == 0 || question.Was[i].Altruist != outcome.Picks[i].Altruist)
                return false;
        }

        for (var i = primaries; i < question.Was.Length; i++)
        {
            if (question.Was[i].Weight > 0)
                return false;
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
        Span<int> kept = stackalloc int[SlotQuestion.MostPrimaries];
        Span<int> weights = stackalloc int[SlotQuestion.MostPrimaries];
        var (count, sum) = (0, 0);
        foreach (var was in question.Was)
        {
            if (was is not { Weight: > 0, MayKeep: true })
                continue;
            (kept[count], weights[count]) = (count, was.Weight);
            sum += was.Weight;
            count++;
        }

        // Primaries that may not be kept take their standbys along: they were not eligible either.
        if (count == 0)
            return;

        Span<int> all = stackalloc int[SlotQuestion.MostPrimaries];
        var shares = all[..count];
        if (sum == SlotQuestion.WholeTurn)
            weights[..count].CopyTo(shares);
        else
            Split(kept[..count], weights[..count], shares);
        outcome.State = SlotState.Degraded;
        foreach (var was in question.Was)
        {
            if (was.MayKeep)
                outcome.Picks.Add(new PickRef(Find(question.Candidates, was.Altruist), was.Altruist, was.Region, was.Weight > 0 ? shares[outcome.Picks.Count] : 0));
        }
    }

    private static PickRef ToPick(SlotQuestion question, int place, int weight) =>
        new(place, question.Candidates[place].Altruist, RegionFallback.RegionOf(question.Candidates[place].Offer, question.Key.Region, question.Fallbacks), weight);

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

    /// <summary>The fewest turns for the weight, as a fraction: whoever enters with another weight starts at as many for its own.</summary>
    private readonly record struct Level(int Turns, int Weight)
    {
        public static readonly Level None = new(0, 0);

        public Level Least(int turns, int weight) => Weight == 0 || (long)turns * Weight < (long)Turns * weight ? new Level(turns, weight) : this;

        public Level Most(int turns, int weight) => Weight == 0 || (long)turns * Weight > (long)Turns * weight ? new Level(turns, weight) : this;

        public int For(int weight) => Weight == 0 ? 0 : (int)((long)Turns * weight / Weight);
    }

    /// <summary>Among whom primaries are picked.</summary>
    private readonly record struct Best(byte Class, bool HasWeight)
    {
        public bool Is(byte @class, int weight) => @class == Class && weight > 0 == HasWeight;
    }

    /// <param name="HadItsShare">It is at the cap.</param>
    private readonly record struct ProviderPlace(bool HadItsShare, ulong Turns, ulong Draw);

    /// <summary>
    /// A candidate's place in the rotation, as numbers that compare in turn: healthy first, then those to whom the policy gives a share, then those whose provider is below
    /// the cap, then as the policy says, then as drawn. With fairness between providers their turns and draw come before its own. Of equals the one with the lower id is first.
    /// </summary>
    private readonly record struct Place(ulong First, ulong ProviderTurns, ulong ProviderDraw, ulong Second, ulong Draw)
    {
        private const ulong HadItsShare = 1UL << 25;
        private const ulong Waits = 1UL << 26;
        private const int UsabilityShift = 27;
        private const ulong SameHost = 1UL << 30;
        private const ulong SameProvider = 1UL << 31;

        public static ulong Lead(byte usability, bool waits, bool hadItsShare) =>
            ((ulong)usability << UsabilityShift) | (waits ? Waits : 0) | (hadItsShare ? HadItsShare : 0);

        /// <summary>The same place among standbys, where the group and the provider count first.</summary>
        public Place Behind(uint group, bool sameProvider) => this with { First = First | ((ulong)group << 32) | (sameProvider ? SameProvider : 0) };

        public Place OnSameHost() => this with { First = First | SameHost };

        public bool IsBefore(in Place other)
        {
            if (First != other.First)
                return First < other.First;
            if (ProviderTurns != other.ProviderTurns)
                return ProviderTurns < other.ProviderTurns;
            if (ProviderDraw != other.ProviderDraw)
                return ProviderDraw < other.ProviderDraw;
            return Second != other.Second ? Second < other.Second : Draw < other.Draw;
        }
    }
}
