using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>Reads decisions and sessions back, for the public API and the pages.</summary>
public sealed class DecisionLog(SelectionStore store, IEntryLog log, TimeProvider time)
{
    private static readonly IReadOnlyDictionary<AltruistId, DateTimeOffset> NoStarts = new Dictionary<AltruistId, DateTimeOffset>();

    /// <summary>Newest first, of the chains and regions given; null means all.</summary>
    /// <param name="before">Continue after this one.</param>
    public async Task<IReadOnlyList<Decision>> ListAsync(ChainId? chain, RegionId? region, DecisionId? before, int limit, CancellationToken cancellation)
    {
        var rows = await store.DecisionsAsync(chain, region, before, limit, cancellation);
        var decisions = await ReadAsync(rows, cancellation);
        return [.. rows.Select(row => decisions.GetValueOrDefault(row.Id)).OfType<Decision>()];
    }

    /// <summary>Null when there is none, or its entry's body is no longer kept.</summary>
    public async Task<Decision?> FindAsync(DecisionId id, CancellationToken cancellation) =>
        await store.FindDecisionAsync(id, cancellation) is { } row ? (await ReadAsync([row], cancellation)).GetValueOrDefault(id) : null;

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

    /// <summary>As many looks into the database for many as for one.</summary>
    private async Task<Dictionary<DecisionId, Decision>> ReadAsync(List<SelectionStore.DecisionRow> rows, CancellationToken cancellation)
    {
        var decisions = new Dictionary<DecisionId, Decision>(rows.Count);
        if (rows.Count == 0)
            return decisions;
        var lastStarts = await store.LastStartsAsync(rows.Select(row => (row.SlotId, row.At)), cancellation);
        var byGeneration = rows.ToLookup(row => row.Generation);
        await foreach (var logged in log.ReadAsync([.. byGeneration.Select(rowsOfOne => rowsOfOne.Key)], cancellation))
        {
            foreach (var row in byGeneration[logged.Entry.Generation])
                decisions[row.Id] = Tell(row, logged, lastStarts.GetValueOrDefault((row.SlotId, row.At), NoStarts));
        }

        return decisions;
    }

    private static Decision Tell(SelectionStore.DecisionRow row, LoggedEntry logged, IReadOnlyDictionary<AltruistId, DateTimeOffset> lastStarts)
    {
        var entry = logged.Entry;
        var slot = entry.Slots[row.Ordinal];
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
            Id = row.Id,
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
            Exclusions = [.. question.Candidates.Where(candidate => candidate.ExcludedBy >= 0).Select(candidate => candidate.ExcludedBy).Distinct().Order().Select(number => ToPublic(entry.Overrides[number]))],
            Hold = question.Hold >= 0 ? ToPublic(entry.Holds[question.Hold]) : null,
            Hash = logged.Hash,
            PreviousHash = logged.PreviousHash,
        };
    }

    private static DecisionOverride ToPublic(Override rule) => new(
        rule.Id, rule.Kind == OverrideKind.Pin ? "pin" : "exclude", rule.Chain, rule.Region, rule.Altruist, rule.Provider, rule.Force, rule.Revoke, rule.Reason, AuthorOf(rule.CreatedBy),
        rule.CreatedAt, rule.ExpiresAt);

    private static DecisionHold ToPublic(Hold hold) => new(hold.Id, hold.Chain, hold.Region, hold.Reason, AuthorOf(hold.CreatedBy), hold.CreatedAt, hold.Until);

    private static string? AuthorOf(string author) => author.Length == 0 ? null : author;
}
