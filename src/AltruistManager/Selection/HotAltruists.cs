using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Selection;

/// <summary>Tells the probes who is in use.</summary>
internal sealed class HotAltruists(SnapshotHolder snapshots) : IHotAltruists
{
    public IReadOnlyCollection<AltruistId> Primaries => snapshots.Current.Primaries;

    public IReadOnlyCollection<AltruistId> FirstStandbys => snapshots.Current.FirstStandbys;
}
