using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Makes a snapshot from the slots; what did not change since the last one is taken from it.</summary>
internal sealed class SnapshotBuilder
{
    /// <summary>So many bodies are written by one processor with the same buffer.</summary>
    private const int AtOnce = 500;

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

        var before = shown.ConvertAll(slot => slot.Shown);
        if (shown.Count <= AtOnce)
            ShowThose(0, shown.Count);
        else
            Parallel.ForEach(Partitioner.Create(0, shown.Count, AtOnce), range => ShowThose(range.Item1, range.Item2));

        for (var i = 0; i < shown.Count; i++)
        {
            var slot = shown[i];
            if (slot.Chain is null)
                statuses.Remove(slot.Key);
            else
                statuses[slot.Key] = slot.ToStatus();
            if (!ReferenceEquals(slot.Shown, before[i]))
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
                [.. byRegion[region].Select(slot => slot.Shown!)],
                list is null ? [] : [.. list.Altruists.Select(id => id.Value)],
                list?.Generation ?? 0));
        }

        regions = next;
        return new Snapshot(origin, generation, roundAt is { } at ? SelectionBody.Rfc3339(at) : "", regions.Values, statuses);

        void ShowThose(int from, int to)
        {
            var body = new ArrayBufferWriter<byte>(4096);
            using var json = SelectionBody.WriterOf(body);
            for (var i = from; i < to; i++)
                Show(shown[i], book, all, origin, body, json);
        }
    }

    /// <summary>Makes <see cref="SlotMemory.Shown"/> what portals are to be told.</summary>
    /// <param name="renamed">Whether the slot may be asked for by other names than before.</param>
    private static void Show(SlotMemory slot, SelectionBook book, bool renamed, string origin, ArrayBufferWriter<byte> body, Utf8JsonWriter json)
    {
        if (slot.Chain is not { } chain)
        {
            slot.Shown = null;
            return;
        }

        var answer = slot.Shown?.Answer;
        if (answer?.Generation != slot.Generation)
        {
            body.ResetWrittenCount();
            json.Reset();
            SelectionBody.Write(json, slot, chain, book.Served(slot), origin);
            json.Flush();
            answer = Answer.Of(body.WrittenSpan.ToArray(), slot.Generation, slot.Picks.Length > 0);
        }
        else if (!renamed)
        {
            return;
        }

        slot.Shown = new SnapshotSlot([chain.Id.Value, .. chain.Aliases], answer);
    }
}
