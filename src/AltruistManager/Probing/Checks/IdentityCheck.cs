namespace AltruistManager.Probing.Checks;

/// <summary>Proves which network the node belongs to: before the first pick, about hourly, and after any jump of its height.</summary>
internal sealed class IdentityCheck : ISweepCheck
{
    /// <summary>Every how many sweeps an identity is proven anew.</summary>
    public const int EverySweeps = 12;

    public string Name => "identity";

    public CheckPace Pace => CheckPace.InSweeps(EverySweeps);

    public bool Concerns(in CheckSubject subject) => true;

    /// <summary>Who watches its health knows better than a count when it is due.</summary>
    public bool IsDue(in ProbeQuestions questions) => questions.Identity;

    public int CallsOf(in CheckSubject subject) => subject.Protocol.Facts.Calls.Identity;

    public async Task AskAsync(CheckRun run, CancellationToken cancellation)
    {
        var identity = await run.Protocol.AskIdentityAsync(run.Node, cancellation);
        if (identity.IsKnown)
            run.Observed = run.Observed! with { Identity = identity.Value };
        else
        {
            run.Observed = run.Observed! with { IdentityMissed = identity.Wrong is not null || run.Node.Error is not null };
            run.Note("identity", identity.Wrong ?? run.Node.Failure?.Detail);
        }
    }

    public Judged Judge(SweepFacts facts) => facts switch
    {
        { Identity: { } proved } when proved == facts.ExpectedIdentity => new(CheckState.Passed, $"proves that it serves {proved}", facts.IdentityAt),
        { Identity: { } proved } => new(CheckState.Failed, $"serves another chain: proves {proved}, not {facts.ExpectedIdentity}; point the URL at a node of {facts.ExpectedIdentity}", facts.IdentityAt),
        { Answered: true, Detail: { } detail } => new(CheckState.Unknown, $"has not proven that it serves {facts.ExpectedIdentity}: {detail}", facts.At),
        { Answered: true } => new(CheckState.Unknown, $"has not yet been asked to prove that it serves {facts.ExpectedIdentity}", facts.At),
        _ => facts.Unanswered,
    };
}
