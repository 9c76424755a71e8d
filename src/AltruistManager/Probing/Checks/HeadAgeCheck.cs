namespace AltruistManager.Probing.Checks;

/// <summary>How old the head is. Also hears what the node says of itself, which decides nothing.</summary>
internal sealed class HeadAgeCheck : ISweepCheck
{
    public string Name => "head-age";

    public CheckPace Pace => CheckPace.InSweeps(1);

    public bool Concerns(in CheckSubject subject) => true;

    public bool IsDue(in ProbeQuestions questions) => questions.Syncing;

    public int CallsOf(in CheckSubject subject) => subject.Protocol.Facts.Calls.Syncing;

    public async Task AskAsync(CheckRun run, CancellationToken cancellation)
    {
        var syncing = await run.Protocol.AskSyncingAsync(run.Node, cancellation);
        run.Observed = run.Observed! with { Syncing = syncing.Value };
    }

    public Judged Judge(SweepFacts facts)
    {
        if (!facts.Answered)
            return facts.Unanswered;
        var says = facts.Syncing == true ? "; it says itself that it is syncing" : "";
        if (facts.HeadTooOld is { } old)
            return new Judged(CheckState.Failed, old + says, facts.At);
        return facts is { HeadTime: { } dated, At: { } at }
            ? new Judged(CheckState.Passed, $"its head was {Math.Max(0, (at - dated).TotalSeconds):0} s old{says}", facts.At)
            : new Judged(CheckState.Unknown, $"blocks of this network carry no time; whether its head moves is judged beside the others{says}", facts.At);
    }
}
