using System.Diagnostics.Metrics;
using AltruistManager.Probing;

namespace AltruistManager.Selection;

/// <summary>What selecting tells whoever listens to the meter of this service.</summary>
internal static class SelectionMetrics
{
    private static readonly Meter Meter = new(ProbeMetrics.MeterName);
    private static readonly Counter<long> Picks = Meter.CreateCounter<long>("altruist_manager.picks", "{pick}", "Picks that changed what portals are told, by trigger");

    public static void Picked(Trigger trigger, int count)
    {
        if (Picks.Enabled)
            Picks.Add(count, new KeyValuePair<string, object?>("trigger", trigger.ToString().ToLowerInvariant()));
    }
}
