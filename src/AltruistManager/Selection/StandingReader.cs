using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>A stretch of time in the slots of an altruist.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Picks">How often it became a pick.</param>
/// <param name="EqualShare">How often it would have, had all that became one in these slots shared alike.</param>
public sealed record ShareBucket(DateTimeOffset At, long Picks, double EqualShare);

/// <summary>Tells how altruists stand in the slots they are offered for, as of now.</summary>
public sealed class StandingReader(SelectionStore store, RosterCache roster, SelectionRound round, TimeProvider time)
{
    /// <summary>In the order of chains, then regions.</summary>
    /// <param name="chain">Null for all its chains.</param>
    /// <param name="region">Null for all regions.</param>
    /// <param name="after">The slot to continue after; null starts with the first.</param>
    public async Task<IReadOnlyList<PickStanding>> OfAsync(Altruist altruist, ChainId? chain, RegionId? region, SlotKey? after, int limit, CancellationToken cancellation)
    {
        var slots = SlotsOf(altruist)
            .Where(slot => (chain is null || slot.Chain == chain) && (region is null || slot.Region == region))
            .Where(slot => after is not { } last || slot.Chain.CompareTo(last.Chain) > 0 || (slot.Chain == last.Chain && slot.Region.CompareTo(last.Region) > 0))
            .Take(limit).ToList();
        var standings = new List<PickStanding>();
        foreach (var (outlook, sessions) in await OutlooksAsync(slots, cancellation))
        {
            var place = Array.FindIndex(outlook.Next.Candidates, candidate => outlook.Entry.Altruists[candidate.Altruist].Id == altruist.Id);
            if (place >= 0)
                standings.Add(outlook.StandingOf(place, sessions));
        }

        return standings;
    }

    /// <summary>Of each altruist in the first slot it is offered for that is known, in the order of chains, then regions.</summary>
    public async Task<IReadOnlyDictionary<AltruistId, PickStanding>> FirstOfAsync(IReadOnlyCollection<Altruist> altruists, CancellationToken cancellation)
    {
        var first = altruists.Select(altruist => (altruist.Id, Slot: SlotsOf(altruist).Select(slot => (SlotKey?)slot).FirstOrDefault()))
            .Where(pair => pair.Slot is not null).ToDictionary(pair => pair.Id, pair => pair.Slot!.Value);
        var standings = new Dictionary<AltruistId, PickStanding>();
        foreach (var (outlook, sessions) in await OutlooksAsync([.. first.Values.Distinct()], cancellation))
        {
            for (var place = 0; place < outlook.Next.Candidates.Length; place++)
            {
                var id = outlook.Entry.Altruists[outlook.Next.Candidates[place].Altruist].Id;
                if (first.TryGetValue(id, out var slot) && slot == outlook.Next.Key)
                    standings.Add(id, outlook.StandingOf(place, sessions));
            }
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

    /// <summary>Oldest first: how often it became a pick, beside what an equal share would have been; stretches in which its slots changed nothing are left out.</summary>
    /// <param name="most">Of so many of its slots, in the order of chains, then regions.</param>
    public async Task<IReadOnlyList<ShareBucket>> SharesAsync(Altruist altruist, DateTimeOffset since, TimeSpan bucket, int most, CancellationToken cancellation)
    {
        var ids = await store.SlotIdsAsync(cancellation);
        var slots = SlotsOf(altruist).Where(ids.ContainsKey).Take(most).Select(slot => ids[slot]).ToList();
        if (slots.Count == 0)
            return [];
        var rows = await store.SharesAsync(altruist.Id, slots, since, bucket, cancellation);
        return
        [
            .. rows.GroupBy(row => row.Bucket).OrderBy(group => group.Key)
                .Select(group => new ShareBucket(UnixTime.FromMs(group.Key * (long)bucket.TotalMilliseconds), group.Sum(row => row.Own), group.Sum(row => (double)row.Sessions / row.Altruists))),
        ];
    }

    /// <summary>That it is offered for, in the order of chains, then regions.</summary>
    private IEnumerable<SlotKey> SlotsOf(Altruist altruist) => roster.Current.Regions.Values
        .Where(region => RegionFallback.Offer(altruist.Regions, region.Id, region.Fallbacks) != RegionFallback.NotOffered)
        .SelectMany(region => altruist.Chains.Select(chain => new SlotKey(chain, region.Id)))
        .OrderBy(slot => slot.Chain).ThenBy(slot => slot.Region);

    private async Task<IReadOnlyList<(SlotOutlook Outlook, IReadOnlyDictionary<AltruistId, int> Sessions)>> OutlooksAsync(IReadOnlyCollection<SlotKey> slots, CancellationToken cancellation)
    {
        var outlooks = await round.OutlooksAsync(slots, cancellation);
        var sessions = await store.CountSlotSessionsAsync([.. outlooks.Select(outlook => outlook.RowId)], time.GetUtcNow() - TimeSpan.FromHours(1), cancellation);
        return [.. outlooks.Select(outlook => (outlook, sessions.GetValueOrDefault(outlook.RowId, NoSessions)))];
    }

    private static readonly Dictionary<AltruistId, int> NoSessions = [];
}
