using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing.Checks;

/// <summary>What the checks of a sweep work with during one probe.</summary>
internal sealed class CheckRun
{
    public required Altruist Altruist { get; init; }

    public required IChainProtocol Protocol { get; init; }

    public required ProbeLane Lane { get; init; }

    public required ProbeQuestions Questions { get; init; }

    public required NodeClient Node { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>What was observed so far; checks add to it. Null before the head, which comes first.</summary>
    public ProbeResult? Observed { get; set; }

    /// <summary>Tells what a check did not find out. That is no fall: a method may be missing.</summary>
    public void Note(string question, string? what)
    {
        var before = Observed!.Detail;
        Observed = Observed with { Detail = $"{(before is null ? "" : $"{before}; ")}{question}: {what}" };
    }
}

/// <summary>What a check at its own pace works with.</summary>
internal sealed class OwnCheckRun
{
    public required CheckSubject Subject { get; init; }

    /// <summary>The way to the endpoint, and what of it must not be told.</summary>
    public required EndpointLine Line { get; init; }

    /// <summary>The altruist's own, with its chain's path.</summary>
    public required Uri Url { get; init; }

    /// <summary>For questions to that URL.</summary>
    public required NodeClient Node { get; init; }

    /// <summary>What is known of the network.</summary>
    public required NetworkPace Network { get; init; }

    /// <summary>Ends the run.</summary>
    public required CancellationToken Deadline { get; init; }
}

/// <summary>What is known of a network's head.</summary>
/// <param name="ToleranceBlocks">How far heights may differ.</param>
public readonly record struct NetworkPace(double BlockTimeSeconds, double ToleranceBlocks);
