using System.Buffers;
using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Makes a snapshot from the slots; what was not decided since the last one is taken from it.</summary>
internal sealed class SnapshotBuilder
{
    /// <summary>So many bodies stand together in memory: each round writes most of them anew, and one by one they would keep the garbage collector busy.</summary>
    private const int AtOnce = 500;

    private readonly ConcurrentBag<ArrayBufferWriter<byte>> buffers = [];
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

        if (shown.Count > 0)
            Parallel.ForEach(Partitioner.Create(0, shown.Count, AtOnce), range => Show(shown, range.Item1, range.Item2, renamed: all, book, origin));
        foreach (var slot in shown)
        {
            touched.Add(slot.Key.Region);
            if (slot.Chain is null)
                statuses.Remove(slot.Key);
            else
                statuses[slot.Key] = slot.ToStatus();
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
    private void Show(List<SlotMemory> shown, int from, int to, bool renamed, SelectionBook book, string origin)
    {
        if (!buffers.TryTake(out var buffer))
            buffer = new ArrayBufferWriter<byte>();
        buffer.ResetWrittenCount();
        using var json = SelectionBody.WriterOf(buffer);
        var ends = new int[to - from];
        for (var i = from; i < to; i++)
        {
            var slot = shown[i];
            if (Unchanged(slot) is { } answer)
            {
                // Nothing is left behind that would keep all of its neighbours in memory.
                buffer.Write(answer.Body.Span);
            }
            else if (slot.Chain is { } chain)
            {
                json.Reset();
                SelectionBody.Write(json, slot, chain, book.Served(slot), origin);
                json.Flush();
            }

            ends[i - from] = buffer.WrittenCount;
        }

        ReadOnlyMemory<byte> bodies = buffer.WrittenSpan.ToArray();
        buffers.Add(buffer);
        for (var i = from; i < to; i++)
        {
            var slot = shown[i];
            var start = i == from ? 0 : ends[i - from - 1];
            var body = bodies[start..ends[i - from]];
            if (slot.Chain is not { } chain)
            {
                slot.Shown = null;
                continue;
            }

            string[] askedBy = !renamed && slot.Shown is { } before ? before.Names : [chain.Id.Value, .. chain.Aliases];
            slot.Shown = new SnapshotSlot(askedBy, Unchanged(slot) is { } answer ? answer with { Body = body } : Answer.Of(body, slot.Generation, slot.Picks.Length > 0));
        }
    }

    private static Answer? Unchanged(SlotMemory slot) => slot is { Chain: not null, Shown.Answer: { } answer } && answer.Generation == slot.Generation ? answer : null;
}
