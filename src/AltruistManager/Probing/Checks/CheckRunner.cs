using AltruistManager.Altruists;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>Runs checks at their own pace against an endpoint. Whatever happens is a result; only the end of the process is an exception.</summary>
internal sealed class CheckRunner(GuardedHttp http, ICheckObserver observer, BrokenProbes broken, IOptions<ProbingOptions> options, TimeProvider time)
{
    /// <summary>One probe by every check of the sweeps that the questions make due, with the calls of each.</summary>
    /// <param name="timeout">For all questions together.</param>
    public async Task<(ProbeResult Probe, IReadOnlyDictionary<string, IReadOnlyList<Exchange>> Asked)> ProbeAsync(
        CheckSubject subject, CheckList checks, ProbeQuestions questions, TimeSpan timeout, CancellationToken stopping)
    {
        var altruist = subject.Altruist;
        var asked = new Dictionary<string, IReadOnlyList<Exchange>>();
        var url = new Uri(AltruistUrl.WithPath(altruist.Url, subject.Path));
        if (url.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
            return (ProbeResult.Failed(altruist.Id, ProbeLane.Test, time.GetUtcNow(), Prober.PlainRefused) with { Endpoint = Endpoint.PlaceOf(altruist.Fingerprint, subject.Path) }, asked);

        using var alarm = new CancellationTokenSource(timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, stopping);
        // What connecting takes, and where to, belongs to what is shown.
        using var line = http.OpenFresh(altruist, timeout);
        var node = new NodeClient(line, url, time, deadline.Token);
        var run = new CheckRun { Altruist = altruist, Protocol = subject.Protocol, Lane = ProbeLane.Test, Questions = questions, Node = node, Time = time };
        foreach (var check in checks.OfSweeps)
        {
            if (!check.IsDue(questions))
                continue;
            var before = node.Exchanges.Count;
            await check.AskAsync(run, stopping);
            asked[check.Name] = [.. node.Exchanges.Skip(before)];
            if (run.Observed is not { Outcome: ProbeOutcome.Ok })
                break;
        }

        return (line.Redactor.Clean(run.Observed! with { Endpoint = Endpoint.PlaceOf(altruist.Fingerprint, subject.Path), Address = node.Address?.ToString(), Exchanges = node.Exchanges }), asked);
    }

    public async Task<CheckResult> RunAsync(IOwnCheck check, CheckSubject subject, CancellationToken stopping)
    {
        var result = await AskAsync(check, subject, stopping);
        ProbeMetrics.CheckEnded(check.Name, result.State);
        return result;
    }

    private async Task<CheckResult> AskAsync(IOwnCheck check, CheckSubject subject, CancellationToken stopping)
    {
        var altruist = subject.Altruist;
        var url = new Uri(AltruistUrl.WithPath(altruist.Url, subject.Path));
        if (url.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
            return new CheckResult(check.Name, CheckState.Unknown, $"could not be asked: {Prober.PlainRefused.Detail}", 0, []);

        var beganAt = time.GetTimestamp();
        using var alarm = new CancellationTokenSource(check.Patience, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, stopping);
        using var line = http.Open(altruist, isSeldom: true);
        var run = new OwnCheckRun
        {
            Subject = subject,
            Line = line,
            Url = url,
            Node = new NodeClient(line, url, time, deadline.Token),
            Network = observer.PaceOf(altruist.Network),
            Deadline = deadline.Token,
        };
        try
        {
            var result = await check.RunAsync(run, stopping);
            return result with { Reason = line.Redactor.Clean(result.Reason) };
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            // A bug of ours is nobody's fault.
            broken.Note(altruist.Id, $"check ({check.Name})", exception);
            return new CheckResult(check.Name, CheckState.Unknown, "could not be asked for a fault of the prober's own", time.GetElapsedTime(beganAt).TotalMilliseconds, []);
        }
    }
}
