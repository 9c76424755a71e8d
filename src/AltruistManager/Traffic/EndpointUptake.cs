using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Traffic;

/// <summary>How far portals have taken the endpoint that is in service of an altruist: its URL and credentials.</summary>
/// <param name="Portals">How many asked within a day for slots in which it is a pick.</param>
/// <param name="Taken">How many of them have taken it there.</param>
public readonly record struct Uptake(int Portals, int Taken)
{
    public string InWords => Portals == 0 ? "no portal has asked for its slots within a day" : $"in use by {Taken} of {(Portals == 1 ? "1 portal" : $"{Portals} portals")}";
}

/// <summary>Knows from which generation on each slot has the endpoint that is in service of its altruists now; old credentials may end once every portal has the new ones.</summary>
public sealed class EndpointUptake(RosterCache rosters, SnapshotHolder snapshots, PortalPolls polls)
{
    /// <summary>Of what no portal can have yet.</summary>
    private const long NotPublished = long.MaxValue;

    private readonly Lock gate = new();
    private Dictionary<AltruistId, (string Fingerprint, Dictionary<SlotKey, long> Since)> known = [];
    private (Snapshot? Snapshot, Roster? Roster) seen;

    /// <summary>Null while it is in no slot.</summary>
    public Uptake? Of(AltruistId altruist)
    {
        lock (gate)
        {
            TakeStock();
            if (!known.TryGetValue(altruist, out var endpoint))
                return null;
            var (portals, taken) = polls.Count(endpoint.Since, rosters.Current);
            return new Uptake(portals, taken);
        }
    }

    /// <summary>To be called often: a generation that nobody looked at counts as one without the endpoint.</summary>
    internal void TakeStock()
    {
        lock (gate)
        {
            var (snapshot, roster) = (snapshots.Current, rosters.Current);
            if (ReferenceEquals(snapshot, seen.Snapshot) && ReferenceEquals(roster, seen.Roster))
                return;
            seen = (snapshot, roster);
            var next = new Dictionary<AltruistId, (string Fingerprint, Dictionary<SlotKey, long> Since)>();
            foreach (var slot in snapshot.Slots.Values)
            {
                foreach (var (index, pick) in slot.Primaries.Concat(slot.Standbys).Index())
                {
                    if (roster.Altruists.GetValueOrDefault(pick.Altruist)?.InService.Fingerprint is not { } fingerprint)
                        continue;
                    if (!next.TryGetValue(pick.Altruist, out var endpoint))
                        next.Add(pick.Altruist, endpoint = (fingerprint, []));
                    endpoint.Since[slot.Key] = SinceOf(slot, pick.Altruist, slot.Published?[index].Fingerprint ?? fingerprint, fingerprint);
                }
            }

            known = next;
        }
    }

    private long SinceOf(SlotStatus slot, AltruistId altruist, string published, string inService)
    {
        if (published != inService)
            return NotPublished;
        return known.TryGetValue(altruist, out var before) && before.Fingerprint == inService && before.Since.TryGetValue(slot.Key, out var since) && since != NotPublished ? since : slot.Generation;
    }
}
