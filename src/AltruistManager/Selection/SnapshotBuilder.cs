using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Makes a snapshot from the slots; what did not change since the last one is taken from it.</summary>
internal sealed class SnapshotBuilder
{
    private Roster? names;
    private Dictionary<string, SnapshotRegion> regions = [];
    private readonly Dictionary<SlotKey, (long Generation, SnapshotSlot Slot)> known = [];
    private Dictionary<SlotKey, SlotStatus> statuses = [];

    /// <param name="decided">Slots that were decided since the last call; null for all.</param>
    public Snapshot Build(SelectionBook book, IReadOnlyCollection<SlotMemory>? decided, string origin, long generation, DateTimeOffset? roundAt)
    {
        var roster = book.Roster;
        var all = decided is null || !ReferenceEquals(roster, names);
        names = roster;
        var touched = new HashSet<RegionId>();
        if (all)
        {
            known.Keys.Except(book.Slots.Select(slot => slot.Key)).ToList().ForEach(key => known.Remove(key));
            statuses = new Dictionary<SlotKey, SlotStatus>(book.Slots.Count);
            touched.UnionWith(roster.Regions.Keys);
        }
        else
        {
            statuses = new Dictionary<SlotKey, SlotStatus>(statuses);
        }

        var shown = all ? book.Slots : decided!;
        var bodies = new ConcurrentDictionary<SlotKey, Answer>();
        Parallel.ForEach(shown.Where(slot => slot.Chain is not null && !(known.TryGetValue(slot.Key, out var before) && before.Generation == slot.Generation)), slot =>
        {
            bodies[slot.Key] = Answer.Of(SelectionBody.Write(slot, slot.Chain!, book.Served(slot), origin), slot.Generation, slot.Picks.Length > 0);
        });

        foreach (var slot in shown)
        {
            if (slot.Chain is not { } chain)
            {
                known.Remove(slot.Key);
                statuses.Remove(slot.Key);
                touched.Add(slot.Key.Region);
                continue;
            }

            statuses[slot.Key] = slot.ToStatus();
            var changed = bodies.TryGetValue(slot.Key, out var answer);
            if (!changed && !all)
                continue;
            known[slot.Key] = (slot.Generation, new SnapshotSlot([chain.Id.Value, .. chain.Aliases], answer ?? known[slot.Key].Slot.Answer));
            touched.Add(slot.Key.Region);
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
                [.. byRegion[region].Select(slot => known[slot.Key].Slot)],
                list is null ? [] : [.. list.Altruists.Select(id => id.Value)],
                list?.Generation ?? 0));
        }

        regions = next;
        return new Snapshot(origin, generation, roundAt is { } at ? SelectionBody.Rfc3339(at) : "", regions.Values, statuses);
    }
}
