using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using Microsoft.Extensions.Options;

namespace AltruistManager.Selection;

/// <summary>Reads how altruists stand in the slots they are offered for, from the newest decisions and the verdicts of now.</summary>
public sealed class StandingReader(
    SelectionStore store, IEntryLog log, RosterCache roster, HealthBoard board, DrainStore drains, SelectionRound round, IOptions<ProbingOptions> probing, TimeProvider time)
{
    /// <summary>In the order of chains, then regions; without the slots that were decided before the altruist was there.</summary>
    /// <param name="chain">Null for all its chains.</param>
    /// <param name="region">Null for all regions.</param>
    public async Task<IReadOnlyList<PickStanding>> OfAsync(Altruist altruist, ChainId? chain, RegionId? region, int limit, CancellationToken cancellation)
    {
        var slots = roster.Current.Regions.Values
            .Where(known => (region is null || known.Id == region) && RegionFallback.Offer(altruist.Regions, known.Id, known.Fallbacks) != RegionFallback.NotOffered)
            .SelectMany(known => altruist.Chains.Where(served => chain is null || served == chain).Select(served => new SlotKey(served, known.Id)))
            .OrderBy(slot => slot.Chain).ThenBy(slot => slot.Region).Take(limit).ToList();
        var standings = new List<PickStanding>();
        foreach (var (outlook, sessions) in await OutlooksAsync(slots, cancellation))
        {
            var place = Array.FindIndex(outlook.Next.Candidates, candidate => outlook.Entry.Altruists[candidate.Altruist].Id == altruist.Id);
            if (place >= 0)
                standings.Add(outlook.StandingOf(place, sessions));
        }

        return standings;
    }

    /// <summary>By altruist, of everybody who is considered for the slot; empty before its first decision.</summary>
    public async Task<IReadOnlyDictionary<AltruistId, PickStanding>> OfAsync(SlotKey slot, CancellationToken cancellation)
    {
        foreach (var (outlook, sessions) in await OutlooksAsync([slot], cancellation))
        {
            return Enumerable.Range(0, outlook.Next.Candidates.Length)
                .ToDictionary(place => outlook.Entry.Altruists[outlook.Next.Candidates[place].Altruist].Id, place => outlook.StandingOf(place, sessions));
        }

        return new Dictionary<AltruistId, PickStanding>();
    }

    private async Task<List<(SlotOutlook Outlook, IReadOnlyDictionary<AltruistId, int> Sessions)>> OutlooksAsync(IReadOnlyCollection<SlotKey> slots, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var rows = await store.NewestDecisionsAsync(slots, cancellation);
        var sessions = await store.CountSlotSessionsAsync([.. rows.Values.Select(row => row.SlotId)], now - TimeSpan.FromHours(1), cancellation);
        var outlooks = new List<(SlotOutlook, IReadOnlyDictionary<AltruistId, int>)>();
        foreach (var slot in slots)
        {
            if (rows.TryGetValue(slot, out var row) && await log.FindAsync(row.Generation, cancellation) is { } logged)
                outlooks.Add((SlotOutlook.Of(logged.Entry, logged.Entry.Slots[row.Ordinal], id => Now(id, now), now), sessions.GetValueOrDefault(row.SlotId, NoSessions)));
        }

        return outlooks;
    }

    private static readonly Dictionary<AltruistId, int> NoSessions = [];

    private EntryAltruist? Now(AltruistId id, DateTimeOffset now)
    {
        if (roster.Current.Altruists.GetValueOrDefault(id) is not { RetiredAt: null } registered)
            return null;
        var altruist = registered.InService;
        var verdict = board[id];
        var drain = drains.Current.InForce(id, now);
        return new EntryAltruist
        {
            Id = id,
            Provider = altruist.Provider,
            Label = altruist.Label,
            State = verdict.State,
            Reason = Eligibility.Explain(altruist, verdict, drain),
            Since = verdict.Since,
            Proven = verdict.Proven,
            Penalty = verdict.Penalty,
            Facts = new AltruistFacts
            {
                Usability = Eligibility.Judge(altruist, verdict, drain, now),
                Unseen = Eligibility.IsUnseen(verdict, round.StartedAt, probing.Value.Interval),
                Revoked = Eligibility.IsRevoked(altruist, verdict),
                Tier = altruist.Tier,
                Provider = 0,
                Host = 0,
                ThrottledSince = verdict.State == VerdictState.Throttled ? verdict.Since.ToUnixTimeMilliseconds() : 0,
            },
        };
    }
}
