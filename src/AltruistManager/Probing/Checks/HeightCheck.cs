namespace AltruistManager.Probing.Checks;

/// <summary>Asks for the head, which decides whether a probe was good; the first of every probe.</summary>
internal sealed class HeightCheck : ISweepCheck
{
    public string Name => "height";

    public CheckPace Pace => CheckPace.InSweeps(1);

    public bool Concerns(in CheckSubject subject) => true;

    public bool IsDue(in ProbeQuestions questions) => true;

    public int CallsOf(in CheckSubject subject) => subject.Protocol.Facts.Calls.Head;

    public async Task AskAsync(CheckRun run, CancellationToken cancellation)
    {
        var node = run.Node;
        var head = await run.Protocol.AskHeadAsync(node, cancellation);
        run.Observed = head.IsKnown
            ? new ProbeResult
            {
                Altruist = run.Altruist.Id,
                Lane = run.Lane,
                // Of the question for the head itself: its time may have taken another.
                At = run.Time.GetUtcNow() - run.Time.GetElapsedTime(node.FirstAnsweredAt),
                Outcome = ProbeOutcome.Ok,
                LatencyMs = node.Exchanges[0].LatencyMs,
                ConnectMs = node.Exchanges[0].ConnectMs,
                Height = head.Value.Height,
                HeadTime = head.Value.Time,
                HeadHash = head.Value.Hash,
            }
            : ProbeResult.Failed(
                run.Altruist.Id, run.Lane, run.Time.GetUtcNow(), head.Wrong is { } wrong ? new ProbeFailure(ProbeOutcome.InvalidAnswer, wrong) : node.Failure!) with
            {
                ConnectMs = node.Exchanges is [var first, ..] ? first.ConnectMs : null,
            };
    }

    public Judged Judge(SweepFacts facts) => facts switch
    {
        { Outcome: null } => facts.Unanswered,
        { Outcome: ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets } => new(CheckState.Unknown, $"could not be asked for a fault of the prober's own: {facts.Detail}", facts.At),
        { Answered: false } => new(CheckState.Failed, facts.Detail ?? "gave no head", facts.At),
        { AgainstOthers: { } judged } => judged,
        { Height: { } height } => new(CheckState.Passed, $"answers with block {height}", facts.At),
        _ => new(CheckState.Passed, "answers", facts.At),
    };
}
