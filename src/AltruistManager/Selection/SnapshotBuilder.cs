using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Makes a snapshot from the slots; what was not decided since the last one is taken from it.</summary>
internal sealed class SnapshotBuilder
{
    private Roster? names;
    private Dictionary<string, SnapshotRegion> regions = [];
    private Dictionary<SlotKey, SlotStatus> statuses = [];

    /// <param name="decided">Slots that were decided since the last call; null for all.</param>
    public Snapshot Build(SelectionBook book, List<SlotMemory>? decided, string origin, long generation, DateTimeOffset? roundAt)
    {
        var roster = book.Roster;
        var all = decided is null || !ReferenceEquals(roster, names);
        names = roster;
        var touched = new HashSet<RegionId>();
        if (all)
            touched.UnionWith(roster.Regions.Keys);
        var shown = all ? book.Slots : decided!;
        statuses = shown.Count < book.Slots.Count ? new Dictionary<SlotKey, SlotStatus>(statuses) : new Dictionary<SlotKey, SlotStatus>(shown.Count);

        var standing = new SlotStatus?[shown.Count];
        SelectionBook.ForEach(shown.Count, i => standing[i] = Show(shown[i], renamed: all, book, origin));
        for (var i = 0; i < standing.Length; i++)
        {
            touched.Add(shown[i].Key.Region);
            if (standing[i] is { } status)
                statuses[status.Key] = status;
            else
                statuses.Remove(shown[i].Key);
        }

        var revoked = book.Revoked.ToDictionary(region => region.Region);
        var next = new Dictionary<string, SnapshotRegion>();
        var byRegion = book.Slots.Where(slot => slot.Chain is not null).ToLookup(slot => slot.Key.Region);
        foreach (var region in roster.Regions.Keys)
        {
            var list = revoked.GetValueOrDefault(region);
            if (!touched.Contains(region) && regions.TryGetValue(region.Value, out var unchanged) && unchanged.RevokedGeneration == (list?.Generation ?? 0))
            {
                next.Add(region.Value, unchanged);
                continue;
            }

            next.Add(region.Value, new SnapshotRegion(
                region.Value,
                origin,
                [.. byRegion[region].Select(slot => slot.Shown!)],
                list is null ? [] : [.. list.Altruists.Select(id => id.Value)],
                list?.Generation ?? 0));
        }

        regions = next;
        return new Snapshot(origin, generation, roundAt is { } at ? SelectionBody.Rfc3339(at) : "", regions.Values, statuses);
    }

    /// <summary>Makes <see cref="SlotMemory.Shown"/> what portals are to be told.</summary>
    /// <param name="renamed">Whether slots may be asked for by other names than before.</param>
    /// <returns>Null for a slot that has gone.</returns>
    private static SlotStatus? Show(SlotMemory slot, bool renamed, SelectionBook book, string origin)
    {
        if (slot.Chain is not { } chain)
        {
            slot.Shown = null;
            return null;
        }

        var status = slot.ToStatus();
        var before = slot.Shown;
        string[] askedBy = !renamed && before is not null ? before.Names : [chain.Id.Value, .. chain.Aliases];
        var unchanged = before is not null && before.Told.Generation == slot.Generation;
        if (renamed || !unchanged)
            slot.Shown = new SnapshotSlot(askedBy, unchanged ? before!.Told : new SlotAnswer(status, chain, status.Published ?? book.Served(slot), origin));
        return status;
    }
}
