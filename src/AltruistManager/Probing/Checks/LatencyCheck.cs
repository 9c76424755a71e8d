namespace AltruistManager.Probing.Checks;

/// <summary>How long the head took, from successes only; what the connection took stands apart. Asks nothing of its own.</summary>
internal sealed class LatencyCheck : ISweepCheck
{
    /// <summary>Half of what a probe of a picked altruist may take.</summary>
    private const double SlowMs = 1_000;

    public string Name => "latency";

    public CheckPace Pace => CheckPace.InSweeps(1);

    public bool Concerns(in CheckSubject subject) => true;

    public bool IsDue(in ProbeQuestions questions) => false;

    public int CallsOf(in CheckSubject subject) => 0;

    public Task AskAsync(CheckRun run, CancellationToken cancellation) => Task.CompletedTask;

    public Judged Judge(SweepFacts facts)
    {
        // A failure says nothing of how fast a node is: fast failures look fast.
        if (!facts.Answered || facts.LatencyMs is not { } latency)
            return facts.Unanswered;
        var connect = facts.ConnectMs is { } opening ? $"; opening the connection took {opening:0} ms more" : "";
        return latency > SlowMs
            ? new Judged(CheckState.Warned, $"answers after {latency:0} ms{connect}: portals prefer to wait less", facts.At)
            : new Judged(CheckState.Passed, $"answers within {Math.Max(1, latency):0} ms{connect}", facts.At);
    }
}
