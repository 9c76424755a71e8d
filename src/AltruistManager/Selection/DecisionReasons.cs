using System.Globalization;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>Says in words why a candidate was or was not picked. Pure: from the entry alone.</summary>
public static class DecisionReasons
{
    /// <param name="admitted">See <see cref="Selector.Admitted"/>.</param>
    /// <param name="after">Turns after the decision, as the replay gives them.</param>
    public static string Explain(Entry entry, EntrySlot slot, int place, IReadOnlyList<bool> admitted, IReadOnlyList<TurnsAfter> after)
    {
        var question = slot.Question;
        var candidate = question.Candidates[place];
        var altruist = entry.Altruists[candidate.Altruist];
        var position = slot.Outcome.Picks.FindIndex(pick => pick.Altruist == candidate.Altruist);

        if (position >= 0 && slot.Outcome.Picks[position].Weight > 0)
            return Picked(entry, slot, place, altruist, slot.Outcome.Picks[position].Weight, after);
        position -= slot.Outcome.Picks.Count(pick => pick.Weight > 0) - 1;
        var standby = position > 0 ? $"standby {position}: " : "";
        if (candidate.ExcludedBy >= 0)
            return $"{standby}excluded by staff: {entry.Overrides[candidate.ExcludedBy].Reason}";
        if (!admitted[place])
            return standby + NotEligible(altruist, candidate, question.Requires);
        return standby + NotFirst(entry, slot, place, admitted, after);
    }

    private static string Picked(Entry entry, EntrySlot slot, int place, EntryAltruist altruist, int weight, IReadOnlyList<TurnsAfter> after)
    {
        var candidate = slot.Question.Candidates[place];
        switch (slot.Outcome.State)
        {
            case SlotState.Override:
                return $"picked: pinned by staff: {entry.Overrides[slot.Outcome.Override].Reason}";
            case SlotState.Degraded:
                return $"kept: nobody is eligible, and it was the last pick ({altruist.Reason})";
            default:
                break;
        }

        var where = slot.Outcome.State == SlotState.Fallback
            ? $" of fallback region {RegionFallback.RegionOf(candidate.Offer, slot.Question.Key.Region, slot.Question.Fallbacks)}, since {slot.Question.Key.Region} has nobody eligible"
            : "";
        if (weight < SlotQuestion.WholeTurn)
            where = $", for {weight} % of the traffic{where}";
        if (slot.Question.Hold >= 0)
        {
            var stays = Array.Exists(slot.Question.Was, was => was.Weight > 0 && was.Altruist == candidate.Altruist);
            return $"{(stays ? "kept" : "picked, without a turn")}: {Held(entry, slot)}{where}";
        }

        if (!slot.Outcome.Turns.Contains(place))
        {
            return entry.FrozenSince is not null ? $"kept: {Frozen(entry)}{where}"
                : slot.Question.Rotate ? $"kept: a round replaces the oldest of several only{where}"
                : $"kept: still eligible, and no round is due{where}";
        }

        return slot.Outcome.Eligible == 1 ? $"picked: the only one eligible{where}" : $"picked: {slot.Question.Policy.WhyFirst(Standing(entry, slot, place, after))}{where}";
    }

    internal static decimal Whole(int hundredths) => hundredths / (decimal)SlotQuestion.WholeTurn;

    private static string Turns(int hundredths) => Whole(hundredths).ToString("0.##", CultureInfo.InvariantCulture);

    private static string NotEligible(EntryAltruist altruist, Candidate candidate, IReadOnlyList<string> requires) => altruist.Facts switch
    {
        { Usability: not Usability.No } when candidate.Lacking => $"not eligible: the chain requires {string.Join(" and ", requires)}, which it has not proven: {altruist.Reason}",
        { Unseen: true, Usability: not Usability.No } => "not seen well since the start: picked anew only after a good probe",
        { Usability: Usability.CoolingDown } => $"not while others are there: {altruist.Reason}",
        _ => $"not eligible: {altruist.Reason}",
    };

    private static string NotFirst(Entry entry, EntrySlot slot, int place, IReadOnlyList<bool> admitted, IReadOnlyList<TurnsAfter> after)
    {
        var question = slot.Question;
        var candidate = question.Candidates[place];
        var facts = entry.Altruists[candidate.Altruist].Facts;
        if (slot.Outcome.State == SlotState.Override)
            return "eligible, but staff pinned another";

        var bestRank = int.MaxValue;
        var bestTier = int.MaxValue;
        for (var i = 0; i < question.Candidates.Length; i++)
        {
            if (!admitted[i])
                continue;
            var rank = RegionFallback.Rank(question.Candidates[i].Offer);
            var tier = entry.Altruists[question.Candidates[i].Altruist].Facts.Tier;
            if (rank < bestRank || (rank == bestRank && tier < bestTier))
                (bestRank, bestTier) = (rank, tier);
        }

        if (RegionFallback.Rank(candidate.Offer) > bestRank)
            return $"eligible, but offered in {RegionFallback.RegionOf(candidate.Offer, question.Key.Region, question.Fallbacks)}, a fallback that is used only when nearer regions have nobody";
        if (facts.Tier > bestTier)
            return $"eligible, but of tier {facts.Tier}; tier {bestTier} goes first";
        if (slot.Question.Hold >= 0)
            return $"eligible; {Held(entry, slot)}";
        if (slot.Outcome.Turns.Count == 0)
            return entry.FrozenSince is null ? "eligible; waits for the next round" : $"eligible; {Frozen(entry)}";

        var winner = question.Candidates[slot.Outcome.Turns[^1]];
        var winnerFacts = entry.Altruists[winner.Altruist].Facts;
        if (facts.Unseen)
            return "eligible, but not seen well since the start: others go first";
        if (facts.Usability != winnerFacts.Usability)
            return $"eligible, but {entry.Altruists[candidate.Altruist].Reason}; healthy ones go first";
        if (candidate.Provider != winner.Provider)
        {
            ref readonly var provider = ref question.Providers.AsSpan()[candidate.Provider];
            var given = question.Providers.Sum(other => other.Given);
            if (entry.Parameters.ProviderCapPercent < 100 && provider.Given > 0 && 100L * provider.Given >= entry.Parameters.ProviderCapPercent * (long)given)
                return $"eligible; its provider had {Turns(provider.Given)} of {Turns(given)} turns in this window, and gets at most {entry.Parameters.ProviderCapPercent} % while others can serve";
            if (entry.Rules.ByProvider)
            {
                var shares = provider.Shares == 1 ? "" : $" for {provider.Shares} shares";
                return $"eligible; its provider had {Turns(provider.Turns)} turns{shares} in this window, the picked one's {Turns(question.Providers[winner.Provider].Turns)}";
            }
        }

        return $"eligible; {question.Policy.WhyNotFirst(Standing(entry, slot, place, after), Standing(entry, slot, slot.Outcome.Turns[^1], after))}";
    }

    private static string Held(Entry entry, EntrySlot slot) => $"staff hold the rotation: {entry.Holds[slot.Question.Hold].Reason}";

    private static PolicyStanding Standing(Entry entry, EntrySlot slot, int place, IReadOnlyList<TurnsAfter> after) => new(
        Whole(slot.Question.Candidates[place].Turns), entry.Altruists[slot.Question.Candidates[place].Altruist].Facts, after[place].Contender);

    private static string Frozen(Entry entry) => $"every pick stays since {entry.FrozenSince:HH:mm:ss} UTC, because the prober cannot prove that its own network works";
}
