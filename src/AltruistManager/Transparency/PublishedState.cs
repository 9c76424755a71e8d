using AltruistManager.Selection;
using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>A slot as the log tells it.</summary>
/// <param name="Picks">The primaries, then the standbys.</param>
public sealed record PublishedSlot(SlotKey Slot, SlotState State, IReadOnlyList<PublishedPick> Picks, DateTimeOffset SelectedAt, int Eligible, int Candidates);

/// <param name="Weight">0 for a standby.</param>
public sealed record PublishedPick(string Altruist, string Provider, string Label, int Weight);

/// <summary>What was published last, read from the log alone: needs no running service.</summary>
/// <param name="Generation">0 when nothing was published yet.</param>
/// <param name="RoundAt">When the last round was made; null before the first.</param>
public sealed record PublishedState(string Origin, long Generation, long Round, DateTimeOffset? RoundAt, IReadOnlyList<PublishedSlot> Slots)
{
    public static async Task<PublishedState> ReadAsync(Database database, CancellationToken cancellation)
    {
        var store = new EntryStore(database);
        var origin = await store.OriginAsync(cancellation) ?? "";
        var tail = await EntryLog.TailOfAsync(store, origin, cancellation);
        var slots = new Dictionary<SlotKey, PublishedSlot>();
        foreach (var (entry, _, _) in tail)
        {
            foreach (var slot in entry.Slots)
            {
                slots[slot.Question.Key] = new PublishedSlot(
                    slot.Question.Key,
                    slot.Outcome.State,
                    [.. slot.Outcome.Picks.Select(pick => new PublishedPick(
                        entry.Altruists[pick.Altruist].Id.Value, entry.Altruists[pick.Altruist].Provider.Value, entry.Altruists[pick.Altruist].Label, pick.Weight))],
                    slot.SelectedAt,
                    slot.Outcome.Eligible,
                    slot.Question.Candidates.Length);
            }
        }

        return new PublishedState(
            origin,
            tail.Count == 0 ? 0 : tail[^1].Entry.Generation,
            tail.Count == 0 ? 0 : tail[^1].Entry.Round,
            tail.LastOrDefault(logged => logged.Entry.IsRound)?.Entry.At,
            [.. slots.Values.OrderBy(slot => slot.Slot.Chain).ThenBy(slot => slot.Slot.Region)]);
    }
}
