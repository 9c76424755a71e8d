using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>Makes one probe of one altruist by the checks that are due. Whatever happens is a result; only the end of the process is an exception.</summary>
internal sealed class Prober(GuardedHttp http, CheckList checks, IOptions<ProbingOptions> options, TimeProvider time)
{
    public static readonly ProbeFailure PlainRefused = new(ProbeOutcome.AddressRefused, "http is not allowed here, only https");

    /// <param name="path">The path of its first chain (<see cref="Chain.Path"/>).</param>
    /// <param name="timeout">For all questions together.</param>
    public async Task<ProbeResult> ProbeAsync(Altruist altruist, IChainProtocol protocol, string path, ProbeLane lane, ProbeQuestions questions, TimeSpan timeout, CancellationToken stopping)
    {
        var url = new Uri(AltruistUrl.WithPath(altruist.Url, path));
        if (url.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
            return ProbeResult.Failed(altruist.Id, lane, time.GetUtcNow(), PlainRefused) with { Endpoint = Endpoint.PlaceOf(altruist.Fingerprint, path) };

        using var deadline = new CancellationTokenSource(timeout, time);
        await using var end = stopping.UnsafeRegister(static alarm => ((CancellationTokenSource)alarm!).Cancel(), deadline);
        var isSeldom = lane != ProbeLane.Hot && options.Value.Interval > GuardedHttp.Kept;
        using var line = http.Open(altruist, isSeldom);
        var node = new NodeClient(line, url, time, deadline.Token);
        var run = new CheckRun { Altruist = altruist, Protocol = protocol, Lane = lane, Questions = questions, Node = node, Time = time };
        ISweepCheck? last = null;
        foreach (var check in checks.OfSweeps)
            if (check.IsDue(questions))
                last = check;
        foreach (var check in checks.OfSweeps)
        {
            // The head comes first and decides whether the probe was good; what fails after it is told, but is no fall: a method may be missing.
            if (!check.IsDue(questions))
                continue;
            node.IsParting = isSeldom && check == last;
            await check.AskAsync(run, stopping);
            if (run.Observed is not { Outcome: ProbeOutcome.Ok })
                break;
        }

        return line.Redactor.Clean(run.Observed! with { Endpoint = Endpoint.PlaceOf(altruist.Fingerprint, path), Address = node.Address?.ToString(), Exchanges = node.Exchanges });
    }
}
