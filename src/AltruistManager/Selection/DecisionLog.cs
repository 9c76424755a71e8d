using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>Reads decisions and sessions back, for the public API and the pages.</summary>
public sealed class DecisionLog(SelectionStore store, IEntryLog log, TimeProvider time)
{
    /// <summary>Newest first, of the chains and regions given; null means all.</summary>
    /// <param name="before">Continue after this one.</param>
    public async Task<IReadOnlyList<Decision>> ListAsync(ChainId? chain, RegionId? region, DecisionId? before, int limit, CancellationToken cancellation)
    {
        var rows = await store.DecisionsAsync(chain, region, before, limit, cancellation);
        var decisions = new List<Decision>(rows.Count);
        foreach (var row in rows)
        {
            if (await ReadAsync(row, cancellation) is { } decision)
                decisions.Add(decision);
        }

        return decisions;
    }

    /// <summary>Null when there is none, or its entry's body is no longer kept.</summary>
    public async Task<Decision?> FindAsync(DecisionId id, CancellationToken cancellation)
    {
        var row = await store.FindDecisionAsync(id, cancellation);
        return row is null ? null : await ReadAsync(row, cancellation);
    }

    /// <summary>The slot's picks: those in use, newest first, then those of before, from the one that ended last on.</summary>
    /// <param name="before">The id of one that ended, to continue after; null starts with those in use.</param>
    public async Task<IReadOnlyList<Session>> SessionsAsync(SlotKey slot, long? before, int limit, CancellationToken cancellation)
    {
        var id = await store.FindSlotAsync(slot, cancellation);
        return id is { } known ? await store.SessionsAsync(known, before, limit, cancellation) : [];
    }

    /// <summary>How many sessions of each altruist touched the last hour, over all slots.</summary>
    public Task<IReadOnlyDictionary<AltruistId, int>> SessionsLastHourAsync(IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation) =>
        store.CountSessionsAsync(altruists, time.GetUtcNow() - TimeSpan.FromHours(1), cancellation);

    /// <summary>Of one altruist in all slots within so much time, those that last first, then the newest.</summary>
    public Task<IReadOnlyList<OwnSession>> SessionsOfAsync(AltruistId altruist, TimeSpan within, int skip, int limit, CancellationToken cancellation) =>
        store.SessionsOfAsync(altruist, time.GetUtcNow() - within, skip, limit, cancellation);

    private async Task<Decision?> ReadAsync(SelectionStore.DecisionRow row, CancellationToken cancellation)
    {
        if (await log.FindAsync(row.Generation, cancellation) is not { } logged)
            return null;

        var entry = logged.Entry;
        var slot = entry.Slots[row.Ordinal];
        var lastStarts = await store.LastStartsAsync(row.SlotId, entry.At, cancellation);
        var question = slot.Question;
        var facts = Array.ConvertAll(entry.Altruists, altruist => altruist.Facts);
        var admitted = Selector.Admitted(question, facts);
        var replayed = new SlotOutcome();
        Selector.Decide(question, facts, entry.Rules, replayed);
        var candidates = new DecisionCandidate[question.Candidates.Length];
        for (var i = 0; i < candidates.Length; i++)
        {
            var candidate = question.Candidates[i];
            var altruist = entry.Altruists[candidate.Altruist];
            candidates[i] = new DecisionCandidate(
                altruist.Id,
                altruist.Provider,
                altruist.Label,
                RegionFallback.RegionOf(candidate.Offer, question.Key.Region, question.Fallbacks),
                DecisionReasons.Whole(candidate.Turns),
                lastStarts.TryGetValue(altruist.Id, out var last) ? last : null,
                admitted[i],
                DecisionReasons.Explain(entry, slot, i, admitted, replayed.After));
        }

        return new Decision
        {
            Id = new DecisionId(row.Generation, row.Ordinal),
            Slot = question.Key,
            At = entry.At,
            Trigger = slot.Trigger,
            Round = entry.Round,
            State = slot.Outcome.State,
            Policy = question.Policy.Name,
            Candidates = candidates,
            Primaries = [.. slot.Outcome.Picks.Where(pick => pick.Weight > 0).Select(pick => new Pick(entry.Altruists[pick.Altruist].Id, pick.Region, pick.Weight))],
            Standbys = [.. slot.Outcome.Picks.Where(pick => pick.Weight == 0).Select(pick => entry.Altruists[pick.Altruist].Id)],
            Override = slot.Outcome.Override >= 0 ? ToPublic(entry.Overrides[slot.Outcome.Override]) : null,
            Hash = logged.Hash,
            PreviousHash = logged.PreviousHash,
        };
    }

    private static DecisionOverride ToPublic(Override rule) =>
        new(rule.Id, rule.Kind == OverrideKind.Pin ? "pin" : "exclude", rule.Altruist, rule.Reason, rule.ExpiresAt);
}
