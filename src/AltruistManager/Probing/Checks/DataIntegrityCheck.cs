namespace AltruistManager.Probing.Checks;

/// <summary>The hash of a block some way behind the head, compared with what the other providers say.</summary>
internal sealed class DataIntegrityCheck : ISweepCheck
{
    public string Name => "data-integrity";

    public CheckPace Pace => CheckPace.InSweeps(1);

    public bool Concerns(in CheckSubject subject) => subject.Protocol.Facts.Hash is not null;

    public bool IsDue(in ProbeQuestions questions) => questions.IntegrityHeight is not null;

    public int CallsOf(in CheckSubject subject) => subject.Protocol.Facts.Calls.Hash;

    public async Task AskAsync(CheckRun run, CancellationToken cancellation)
    {
        // What cannot be asked for is no block that the node lacks.
        if (run.Protocol.Facts.Hash is null)
            return;
        var height = run.Questions.IntegrityHeight!.Value;
        var hash = await run.Protocol.AskHashAsync(run.Node, height, cancellation);
        if (hash.IsKnown)
            run.Observed = run.Observed! with { IntegrityHeight = height, IntegrityHash = hash.Value };
        else
            run.Note($"block {height}", hash.Wrong ?? run.Node.Failure?.Detail);
    }

    public Judged Judge(SweepFacts facts) =>
        facts.Integrity ?? (facts.Answered ? new Judged(CheckState.Unknown, "its blocks have not been compared with those of others yet", null) : facts.Unanswered);
}
