namespace AltruistManager.Probing;

/// <summary>One stored probe, or several uneventful hot ones folded into one.</summary>
/// <param name="Last">The probe, or the last of the folded ones; its latency is the median.</param>
/// <param name="Probes">How many it stands for.</param>
/// <param name="Failures">How many of them were not <see cref="ProbeOutcome.Ok"/>.</param>
/// <param name="Calls">How many calls to the node they made together.</param>
public sealed record ProbeRow(ProbeResult Last, int Probes, int Failures, double? LatencyMinMs, double? LatencyMaxMs, int Calls)
{
    public static ProbeRow Of(ProbeResult result) =>
        new(result, 1, result.Outcome == ProbeOutcome.Ok ? 0 : 1, result.LatencyMs, result.LatencyMs, result.Exchanges.Count);
}
