using System.Diagnostics.Metrics;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>What judging tells whoever listens to the meter of this service.</summary>
internal static class HealthMetrics
{
    private static readonly Meter Meter = new(ProbeMetrics.MeterName);
    private static readonly Counter<long> Changes = Meter.CreateCounter<long>("altruist_manager.verdict.changes", "{change}", "Verdicts that changed, by the state before and after");
    private static readonly int[] Frozen = new int[Enum.GetValues<EgressSide>().Length];

    static HealthMetrics() => Meter.CreateObservableGauge(
        "altruist_manager.frozen",
        () => Frozen.Select((value, side) => new Measurement<int>(value, new KeyValuePair<string, object?>("side", side == (int)EgressSide.Public ? "public" : "private"))),
        description: "1 while verdicts are frozen because our own network cannot be proven to work");

    public static void Changed(VerdictState from, VerdictState to)
    {
        if (Changes.Enabled)
            Changes.Add(1, new KeyValuePair<string, object?>("from", VerdictNames.Of(from)), new KeyValuePair<string, object?>("to", VerdictNames.Of(to)));
    }

    public static void Show(EgressSide side, bool isFrozen) => Volatile.Write(ref Frozen[(int)side], isFrozen ? 1 : 0);
}
