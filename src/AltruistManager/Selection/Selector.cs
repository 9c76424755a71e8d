using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>
/// Decides one slot (design 5.5): pure, integers only, no clock and no randomness of its own, so that anybody can replay a decision and
/// get the same answer.
/// </summary>
public static class Selector
{
    /// <summary>
    /// The version of these rules, stored in every entry; an old version stays runnable when a new one comes. Version 2 knew one primary, one policy
    /// (<c>least-used</c>), no shares, cap or hold: it is version 3 where all of them are at their defaults. Version 1 knew no <see cref="Candidate.Lacking"/> either.
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
        Span<int> weights = count <= OnStack ? stackalloc int[count] : new int[count];
        outcome.Picks.Clear();
        outcome.Turns.Clear();
        outcome.Override = -1;
        outcome.Eligible = Classify(question, facts, classes, groups, out var acting);
        weights.Fill(PolicyView.FullWeight);
        if (acting != NoGroup)
            question.Policy.Weigh(new PolicyView(question, facts, groups, acting, [], rules), weights);
        CountTurns(question, groups, weights, acting, rules, outcome);
        if (outcome.Eligible == 0)
        {
            KeepOrNone(question, outcome);
            TryPin(question, facts, classes, outcome);
            return;
        }

        Span<Place> places = count <= OnStack ? stackalloc Place[count] : new Place[count];
        var first = Order(question, new PolicyView(question, facts, groups, acting, outcome.After, rules), classes, weights, outcome, places);
        if (!TryPin(question, facts, classes, outcome))
            PickPrimaries(question, classes, groups, weights, places, acting, first, rules, outcome);
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

    /// <summary>Who takes part, and from how many turns on: one that enters starts level with the one of those already there that had the fewest for its weight.</summary>
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
    private static int Order(
        SlotQuestion question, in PolicyView view, ReadOnlySpan<byte> classes, ReadOnlySpan<int> weights, SlotOutcome outcome, Span<Place> places)
    {
        var rules = view.Rules;
        var candidates = question.Candidates.AsSpan();
        Span<ProviderPlace> providers = rules.CountsProviders ? new ProviderPlace[question.Providers.Length] : [];
        if (rules.CountsProviders)
            OrderProviders(question, rules, outcome.ProvidersAfter, providers);
        var first = -1;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (classes[i] == Out)
                continue;
            ref readonly var candidate = ref candidates[i];
            var provider = rules.CountsProviders ? providers[candidate.Provider] : default;
            places[i] = new Place(
                Place.Lead(classes[i], provider.HadItsShare, waits: weights[i] == 0), provider.Turns, provider.Draw, question.Policy.Place(view, i, weights[i]), candidate.Draw);
            if (view.TakesPart(i) && (first < 0 || places[i].IsBefore(places[first])))
                first = i;
        }

        return first;
    }

    private static void OrderProviders(SlotQuestion question, in SelectorRules rules, ReadOnlySpan<ProviderTurnsAfter> after, Span<ProviderPlace> places)
    {
        var providers = question.Providers.AsSpan();
        var given = 0L;
        var greatest = 1;
        foreach (ref readonly var provider in providers)
        {
            given += provider.Given;
            greatest = Math.Max(greatest, provider.Shares);
        }

        for (var i = 0; i < places.Length; i++)
        {
            ref readonly var provider = ref providers[i];
            // One that had nothing yet may always begin.
            var hadItsShare = rules.ProviderCapPercent < 100 && provider.Given > 0 && 100L * provider.Given >= rules.ProviderCapPercent * given;
            var turns = !rules.ByProvider ? 0
                : greatest == 1 ? (ulong)after[i].Turns
                : PolicyView.PlaceByShare(after[i].Turns, provider.Draw, provider.Shares, greatest, question.TurnUnit);
            places[i] = new ProviderPlace(hadItsShare, turns, rules.ByProvider ? provider.Draw : 0);
        }
    }

    /// <summary>
    /// A round replaces one of several primaries, the oldest; the new one goes first. Between rounds those that may stay keep their places, and what fell is replaced in its own.
    /// </summary>
    private static void PickPrimaries(
        SlotQuestion question, ReadOnlySpan<byte> classes, ReadOnlySpan<uint> groups, ReadOnlySpan<int> weights, ReadOnlySpan<Place> places, uint acting, int first,
        in SelectorRules rules, SlotOutcome outcome)
    {
        outcome.State = acting <= HighestTier ? SlotState.Fresh : SlotState.Fallback;
        Span<int> chosen = stackalloc int[SlotQuestion.MostPrimaries];
        Span<bool> stays = stackalloc bool[SlotQuestion.MostPrimaries];
        var wanted = question.Rotate ? Rotated(question, classes, groups, acting, chosen, stays) : Kept(question, groups, acting, chosen, stays);
        if (wanted == 1 && !stays[0])
            chosen[0] = first;
        else
            Fill(question, groups, weights, places, acting, rules, chosen[..wanted]);

        var count = 0;
        for (var i = 0; i < wanted; i++)
        {
            if (chosen[i] >= 0)
                (chosen[count], stays[count++]) = (chosen[i], stays[i]);
        }

        Span<int> shares = stackalloc int[SlotQuestion.MostPrimaries];
        shares = shares[..count];
        if (!TakeOver(question, chosen[..count], weights, shares))
            Split(chosen[..count], weights, shares);
        for (var i = 0; i < count; i++)
        {
            outcome.Picks.Add(ToPick(question, chosen[i], shares[i]));
            // Service under a hold is no turn of the rotation.
            if (stays[i] || question.Hold >= 0)
                continue;

            outcome.Turns.Add(chosen[i]);
            outcome.After[chosen[i]].Turns += shares[i];
            if (!rules.CountsProviders)
                continue;
            ref var provider = ref outcome.ProvidersAfter[question.Candidates[chosen[i]].Provider];
            provider.Given += shares[i];
            if (rules.ByProvider)
                provider.Turns += shares[i];
        }
    }

    /// <summary>Those that stay in a round, behind the places of the new ones (-1): all but the oldest and those worse off than others. Returns how many there are to be.</summary>
    private static int Rotated(SlotQuestion question, ReadOnlySpan<byte> classes, ReadOnlySpan<uint> groups, uint acting, Span<int> chosen, Span<bool> stays)
    {
        if (question.Primaries == 1)
            return 1;

        var available = 0;
        var best = Out;
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i] != acting)
                continue;
            available++;
            best = Math.Min(best, classes[i]);
        }

        var wanted = Math.Min(question.Primaries, available);
        Span<int> staying = stackalloc int[SlotQuestion.MostPrimaries];
        var count = 0;
        for (var i = 0; i < question.Was.Length && count < wanted - 1 && question.WasState != SlotState.Override; i++)
        {
            if (question.Was[i].Weight > 0 && Find(question.Candidates, question.Was[i].Altruist) is >= 0 and var place && groups[place] == acting && classes[place] == best)
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
    private static int Kept(SlotQuestion question, ReadOnlySpan<uint> groups, uint acting, Span<int> chosen, Span<bool> stays)
    {
        var count = 0;
        for (var i = 0; i < question.Was.Length && count < question.Primaries && question.WasState != SlotState.Override; i++)
        {
            if (question.Was[i].Weight == 0)
                break;
            var place = Find(question.Candidates, question.Was[i].Altruist);
            stays[count] = place >= 0 && groups[place] == acting;
            chosen[count] = stays[count] ? place : -1;
            count++;
        }

        if (count > 0)
            return count;
        chosen.Fill(-1);
        return question.Primaries;
    }

    /// <summary>Gives each free place (-1) to the first in the order that is not chosen yet. One without a weight is better than nobody, but not than fewer.</summary>
    private static void Fill(
        SlotQuestion question, ReadOnlySpan<uint> groups, ReadOnlySpan<int> weights, ReadOnlySpan<Place> places, uint acting, in SelectorRules rules, Span<int> chosen)
    {
        for (var free = 0; free < chosen.Length; free++)
        {
            if (chosen[free] >= 0)
                continue;
            var best = -1;
            var bestRank = 0;
            for (var i = 0; i < groups.Length; i++)
            {
                if (groups[i] != acting || chosen.Contains(i))
                    continue;
                var rank = rules.CountsProviders ? Crowding(question, i, chosen, rules) : 0;
                if (best < 0 || rank < bestRank || (rank == bestRank && places[i].IsBefore(places[best])))
                    (best, bestRank) = (i, rank);
            }

            if (best >= 0 && (weights[best] > 0 || !chosen.ContainsAnyExcept(-1)))
                chosen[free] = best;
        }
    }

    /// <summary>Among several primaries: 2 where its provider would serve more than the cap allows at once, 1 where fairness is the providers' and it serves already, else 0.</summary>
    private static int Crowding(SlotQuestion question, int candidate, ReadOnlySpan<int> chosen, in SelectorRules rules)
    {
        var same = 0;
        foreach (var place in chosen)
        {
            if (place >= 0 && question.Candidates[place].Provider == question.Candidates[candidate].Provider)
                same++;
        }

        if (same == 0)
            return 0;
        return 100 * (same + 1) > rules.ProviderCapPercent * chosen.Length ? 2 : rules.ByProvider ? 1 : 0;
    }

    /// <summary>
    /// Those that stay keep their shares of the traffic and new ones take those that became free, so that one change is no change for the others: between rounds where nobody is
    /// new, and wherever as many serve as before and all weigh the same. False where the traffic is to be split anew.
    /// </summary>
    private static bool TakeOver(SlotQuestion question, ReadOnlySpan<int> chosen, ReadOnlySpan<int> weights, Span<int> shares)
    {
        Span<int> free = stackalloc int[SlotQuestion.MostPrimaries];
        Span<int> found = stackalloc int[SlotQuestion.MostPrimaries];
        var primaries = 0;
        var (least, most) = (SlotQuestion.WholeTurn, 0);
        for (; primaries < question.Was.Length && question.Was[primaries].Weight > 0; primaries++)
        {
            var weight = question.Was[primaries].Weight;
            (least, most) = (Math.Min(least, weight), Math.Max(most, weight));
            free[primaries] = weight;
        }

        if (primaries != chosen.Length)
            return false;

        var even = most - least <= 1;
        var isNew = false;
        for (var i = 0; i < chosen.Length; i++)
        {
            even &= weights[chosen[i]] == weights[chosen[0]];
            found[i] = -1;
            for (var was = 0; was < primaries && found[i] < 0; was++)
            {
                if (question.Was[was].Altruist == question.Candidates[chosen[i]].Altruist)
                    found[i] = was;
            }

            isNew |= found[i] < 0;
            if (found[i] >= 0)
                free[found[i]] = 0;
        }

        if (!even && (isNew || question.Rotate))
            return false;
        var next = 0;
        for (var i = 0; i < chosen.Length; i++)
        {
            if (found[i] >= 0)
            {
                shares[i] = question.Was[found[i]].Weight;
                continue;
            }

            while (free[next] == 0)
                next++;
            shares[i] = free[next++];
        }

        return true;
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
        var count = 0;
        foreach (var was in question.Was)
        {
            if (was is not { Weight: > 0, MayKeep: true })
                continue;
            (kept[count], weights[count]) = (count, was.Weight);
            count++;
        }

        // Primaries that may not be kept take their standbys along: they were not eligible either.
        if (count == 0)
            return;

        Span<int> all = stackalloc int[SlotQuestion.MostPrimaries];
        var shares = all[..count];
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

        public int For(int weight) => Weight == 0 ? 0 : (int)((long)Turns * weight / Weight);
    }

    /// <param name="HadItsShare">It is at the cap.</param>
    private readonly record struct ProviderPlace(bool HadItsShare, ulong Turns, ulong Draw);

    /// <summary>
    /// A candidate's place in the rotation, as numbers that compare in turn: healthy first, then those whose provider is below the cap, then those to whom the policy gives
    /// a share, then as the policy says, then as drawn. With fairness between providers their turns and draw come before its own. Of equals the one with the lower id is first.
    /// </summary>
    private readonly record struct Place(ulong First, ulong ProviderTurns, ulong ProviderDraw, ulong Second, ulong Draw)
    {
        private const ulong Waits = 1UL << 25;
        private const ulong HadItsShare = 1UL << 26;
        private const int UsabilityShift = 27;
        private const ulong SameHost = 1UL << 30;
        private const ulong SameProvider = 1UL << 31;

        public static ulong Lead(byte usability, bool hadItsShare, bool waits) =>
            ((ulong)usability << UsabilityShift) | (hadItsShare ? HadItsShare : 0) | (waits ? Waits : 0);

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
