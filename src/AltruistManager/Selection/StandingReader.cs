using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>Tells how altruists stand in the slots they are offered for, as of now.</summary>
public sealed class StandingReader(SelectionStore store, RosterCache roster, SelectionRound round, TimeProvider time)
{
    /// <summary>In the order of chains, then regions.</summary>
    /// <param name="chain">Null for all its chains.</param>
    /// <param name="region">Null for all regions.</param>
    /// <param name="after">The slot to continue after; null starts with the first.</param>
    public async Task<IReadOnlyList<PickStanding>> OfAsync(Altruist altruist, ChainId? chain, RegionId? region, SlotKey? after, int limit, CancellationToken cancellation)
    {
        var slots = roster.Current.Regions.Values
            .Where(known => (region is null || known.Id == region) && RegionFallback.Offer(altruist.Regions, known.Id, known.Fallbacks) != RegionFallback.NotOffered)
            .SelectMany(known => altruist.Chains.Where(served => chain is null || served == chain).Select(served => new SlotKey(served, known.Id)))
            .Where(slot => after is not { } last || slot.Chain.CompareTo(last.Chain) > 0 || (slot.Chain == last.Chain && slot.Region.CompareTo(last.Region) > 0))
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

    /// <summary>By altruist, of everybody who is considered for the slot; empty for a slot that is not known.</summary>
    public async Task<IReadOnlyDictionary<AltruistId, PickStanding>> OfAsync(SlotKey slot, CancellationToken cancellation)
    {
        var standings = new Dictionary<AltruistId, PickStanding>();
        foreach (var (outlook, sessions) in await OutlooksAsync([slot], cancellation))
        {
            for (var place = 0; place < outlook.Next.Candidates.Length; place++)
                standings.Add(outlook.Entry.Altruists[outlook.Next.Candidates[place].Altruist].Id, outlook.StandingOf(place, sessions));
        }

        return standings;
    }

    private async Task<IReadOnlyList<(SlotOutlook Outlook, IReadOnlyDictionary<AltruistId, int> Sessions)>> OutlooksAsync(IReadOnlyCollection<SlotKey> slots, CancellationToken cancellation)
    {
        var outlooks = await round.OutlooksAsync(slots, cancellation);
        var sessions = await store.CountSlotSessionsAsync([.. outlooks.Select(outlook => outlook.RowId)], time.GetUtcNow() - TimeSpan.FromHours(1), cancellation);
        return [.. outlooks.Select(outlook => (outlook, sessions.GetValueOrDefault(outlook.RowId, NoSessions)))];
    }

    private static readonly Dictionary<AltruistId, int> NoSessions = [];
}
