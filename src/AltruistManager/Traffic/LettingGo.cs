using System.Collections.Concurrent;
using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Traffic;

/// <summary>How far the portals have let go of an altruist that drains.</summary>
/// <param name="StillPickedIn">Slots that keep it as their last pick, or where it is pinned.</param>
/// <param name="Portals">How many asked within a day for slots that it may serve.</param>
/// <param name="WaitingFor">How many of them have not yet taken a generation without it.</param>
/// <param name="LetGoAt">When none was left; null before.</param>
public sealed record DrainProgress(int StillPickedIn, int Portals, int WaitingFor, DateTimeOffset? LetGoAt)
{
    public string InWords => this switch
    {
        { StillPickedIn: > 0 } => $"still the pick of {(StillPickedIn == 1 ? "1 slot" : $"{StillPickedIn} slots")}",
        { WaitingFor: > 0 } => $"waiting for {WaitingFor} of {(Portals == 1 ? "1 portal" : $"{Portals} portals")}",
        { LetGoAt: { } at } => string.Create(CultureInfo.InvariantCulture, $"last portal let go {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC"),
        { Portals: 0 } => "no portal has asked for its slots within a day",
        _ => "every portal has let go",
    };
}

/// <summary>
/// Tells from what portals were told last whether any may still go on with an altruist that drains: each has let go once it has taken a generation in which the
/// altruist is no pick any more. A portal that was silent for a day is not waited for.
/// </summary>
public sealed class LettingGo(DrainStore drains, RosterCache rosters, SnapshotHolder snapshots, PortalPolls polls, TimeProvider time)
{
    /// <summary>By drain: from which generation on each slot is without the altruist. After a restart the generations of then, which is later, never earlier.</summary>
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<SlotKey, long>> gone = new();

    /// <summary>Null while the drain has not begun or nothing is known of the picks.</summary>
    public DrainProgress? Of(Drain drain)
    {
        var snapshot = snapshots.Current;
        var now = time.GetUtcNow();
        if (drain.From > now || snapshot.Slots.Count == 0 || !rosters.Current.Altruists.TryGetValue(drain.Altruist, out var altruist))
            return null;
        if (!drain.IsInForce(now))
            return drain.LetGoAt is null ? null : new DrainProgress(0, 0, 0, drain.LetGoAt);

        var left = gone.GetOrAdd(drain.Id, static _ => new());
        var still = 0;
        foreach (var slot in SlotsOf(altruist, snapshot))
        {
            if (slot.Primaries.Concat(slot.Standbys).Any(pick => pick.Altruist == altruist.Id))
            {
                still++;
                left.TryRemove(slot.Key, out _);
            }
            else
            {
                left.TryAdd(slot.Key, slot.Generation);
            }
        }

        var (portals, taken) = polls.Count(left, rosters.Current);
        return new DrainProgress(still, portals, portals - taken, drain.LetGoAt);
    }

    /// <summary>Notes of each drain in force when nobody is waited for any more.</summary>
    internal async Task TakeStockAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        foreach (var drain in drains.Current.All.Where(drain => drain.IsInForce(now)).ToList())
        {
            if (Of(drain) is { StillPickedIn: 0, Portals: > 0, WaitingFor: 0, LetGoAt: null })
                await drains.LetGoAsync(drain.Id, cancellation);
        }

        foreach (var id in gone.Keys.Except(drains.Current.All.Where(drain => drain.IsInForce(now)).Select(drain => drain.Id)))
            gone.TryRemove(id, out _);
    }

    /// <summary>The slots that it could serve.</summary>
    private IEnumerable<SlotStatus> SlotsOf(Altruist altruist, Snapshot snapshot)
    {
        foreach (var chain in altruist.Chains)
        {
            foreach (var region in rosters.Current.Regions.Values)
            {
                if (RegionFallback.Offer(altruist.Regions, region.Id, region.Fallbacks) != RegionFallback.NotOffered && snapshot.Slots.TryGetValue(new SlotKey(chain, region.Id), out var slot))
                    yield return slot;
            }
        }
    }
}
