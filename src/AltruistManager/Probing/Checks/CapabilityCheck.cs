namespace AltruistManager.Probing.Checks;

/// <summary>Proves a claimed capability, as the protocol knows how. It counts only once it is proven; without it an altruist is as healthy as before.</summary>
internal sealed class CapabilityCheck(string capability) : IOwnCheck
{
    /// <summary>Those that some protocol knows how to prove (<see cref="Chains.Protocols.ProtocolFacts.Capabilities"/>).</summary>
    public static readonly IReadOnlyList<string> Provable = ["archive", "debug", "trace"];

    public string Name => capability;

    public CheckPace Pace => CheckPace.Own(TimeSpan.FromHours(1));

    public int CallsOf(in CheckSubject subject) => subject.Protocol.Facts.Calls is var calls && calls.Capabilities.TryGetValue(capability, out var proof) ? calls.Head + proof : 0;

    public bool Concerns(in CheckSubject subject) => subject.Altruist.Capabilities.Contains(capability);

    public (CheckState State, string Reason)? Foregone(in CheckSubject subject) => subject.Protocol.Facts.Capabilities.ContainsKey(capability)
        ? null
        : (CheckState.Unknown, $"{capability} cannot be proven on {subject.Protocol.Name}, so the claim does not count");

    public async Task<CheckResult> RunAsync(OwnCheckRun run, CancellationToken cancellation)
    {
        if (Foregone(run.Subject) is { } clear)
            return Say(clear.State, clear.Reason);

        var node = run.Node;
        var head = await run.Subject.Protocol.AskHeadAsync(node, cancellation);
        if (!head.IsKnown)
            return Say(CheckState.Unknown, $"could not be asked: {head.Wrong ?? node.Failure?.Detail}");
        var proof = await run.Subject.Protocol.AskCapabilityAsync(node, capability, head.Value, cancellation);
        return proof switch
        {
            { IsKnown: true, Value: true } => Say(CheckState.Passed, $"proven: {run.Subject.Protocol.Facts.Capabilities[capability]}"),
            { IsKnown: true } => Say(CheckState.Failed, $"claims {capability}, but does not have it: serve it or take the claim back"),
            { Wrong: { } wrong } => Say(CheckState.Failed, $"claims {capability}, but {wrong}: serve it or take the claim back"),
            { Unsettled: { } unsettled } => Say(CheckState.Unknown, $"claims {capability}, which does not count before it is proven: {unsettled}"),
            // A refusal of this very question is the node's answer; when no answer came, nothing is known.
            _ when node.Error is { } error => Say(CheckState.Failed, $"claims {capability}, but the node refuses it ({error.Words}): serve it or take the claim back"),
            _ => Say(CheckState.Unknown, $"could not be asked: {node.Failure?.Detail}"),
        };

        CheckResult Say(CheckState state, string reason) => new(capability, state, reason, run.Node.Exchanges.Sum(call => call.LatencyMs + (call.ConnectMs ?? 0)), run.Node.Exchanges);
    }
}
