namespace AltruistManager.Selection;

/// <summary>Says in words why a candidate was or was not picked. Pure: from the entry alone.</summary>
public static class DecisionReasons
{
    /// <param name="admitted">See <see cref="Selector.Admitted"/>.</param>
    public static string Explain(Entry entry, EntrySlot slot, int place, IReadOnlyList<bool> admitted)
    {
        var question = slot.Question;
        var candidate = question.Candidates[place];
        var altruist = entry.Altruists[candidate.Altruist];
        var position = slot.Outcome.Picks.FindIndex(pick => pick.Altruist == candidate.Altruist);

        if (position == 0)
            return Picked(entry, slot, place, altruist);
        var standby = position > 0 ? $"standby {position}: " : "";
        if (candidate.ExcludedBy >= 0)
            return $"{standby}excluded by staff: {entry.Overrides[candidate.ExcludedBy].Reason}";
        if (!admitted[place])
            return standby + NotEligible(altruist, candidate, question.Requires);
        return standby + NotFirst(entry, slot, place, admitted);
    }

    private static string Picked(Entry entry, EntrySlot slot, int place, EntryAltruist altruist)
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
        if (slot.Question.Hold >= 0)
        {
            var stays = slot.Question.Was.Length > 0 && slot.Question.Was[0].Altruist == candidate.Altruist;
            return $"{(stays ? "kept" : "picked, without a turn")}: {Held(entry, slot)}{where}";
        }

        if (slot.Outcome.Turn < 0)
            return entry.FrozenSince is null ? $"kept: still eligible, and no round is due{where}" : $"kept: {Frozen(entry)}{where}";
        return slot.Outcome.Eligible == 1
            ? $"picked: the only one eligible{where}"
            : $"picked: fewest turns ({candidate.Turns}) in this window{where}, first in the drawn order among equals";
    }

    private static string NotEligible(EntryAltruist altruist, Candidate candidate, IReadOnlyList<string> requires) => altruist.Facts switch
    {
        { Usability: not Usability.No } when candidate.Lacking => $"not eligible: the chain requires {string.Join(" and ", requires)}, which it has not proven: {altruist.Reason}",
        { Unseen: true, Usability: not Usability.No } => "not seen well since the start: picked anew only after a good probe",
        { Usability: Usability.CoolingDown } => $"not while others are there: {altruist.Reason}",
        _ => $"not eligible: {altruist.Reason}",
    };

    private static string NotFirst(Entry entry, EntrySlot slot, int place, IReadOnlyList<bool> admitted)
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
        if (slot.Outcome.Turn < 0)
            return entry.FrozenSince is null ? "eligible; waits for the next round" : $"eligible; {Frozen(entry)}";

        var winner = question.Candidates[slot.Outcome.Turn];
        var winnerFacts = entry.Altruists[winner.Altruist].Facts;
        if (facts.Unseen)
            return "eligible, but not seen well since the start: others go first";
        if (facts.Usability != winnerFacts.Usability)
            return $"eligible, but {entry.Altruists[candidate.Altruist].Reason}; healthy ones go first";
        if (entry.Parameters.Rules.ByProvider && candidate.Provider != winner.Provider)
            return $"eligible; its provider had {question.Providers[candidate.Provider].Turns} turns in this window, the picked one's {question.Providers[winner.Provider].Turns}";
        return candidate.Turns > winner.Turns
            ? $"eligible; had {candidate.Turns} turns in this window, the picked one {winner.Turns}"
            : $"eligible; as few turns ({candidate.Turns}) as the picked one, later in the drawn order";
    }

    private static string Held(Entry entry, EntrySlot slot) => $"staff hold the rotation: {entry.Holds[slot.Question.Hold].Reason}";

    private static string Frozen(Entry entry) => $"every pick stays since {entry.FrozenSince:HH:mm:ss} UTC, because the prober cannot prove that its own network works";
}
