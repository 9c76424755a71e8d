using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing.Checks;

/// <summary>What a check works with during one probe.</summary>
public sealed class CheckRun
{
    public required CheckSubject Subject { get; init; }

    public required INodeClient Node { get; init; }

    /// <summary>What was observed so far; checks of a sweep add to it.</summary>
    public required ProbeResult Observed { get; set; }
}
