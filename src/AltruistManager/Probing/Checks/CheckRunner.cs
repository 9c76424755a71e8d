using AltruistManager.Altruists;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>Runs checks at their own pace against an endpoint. Whatever happens is a result; only the end of the process is an exception.</summary>
internal sealed partial class CheckRunner(GuardedHttp http, ICheckObserver observer, IOptions<ProbingOptions> options, TimeProvider time, ILogger<CheckRunner> logger)
{
    public async Task<CheckResult> RunAsync(IOwnCheck check, CheckSubject subject, CancellationToken stopping)
    {
        var altruist = subject.Altruist;
        var url = new Uri(AltruistUrl.WithPath(altruist.Url, subject.Path));
        if (url.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
            return new CheckResult(check.Name, CheckState.Unknown, $"could not be asked: {Prober.PlainRefused.Detail}", 0, []);

        var beganAt = time.GetTimestamp();
        using var alarm = new CancellationTokenSource(check.Patience, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, stopping);
        using var line = http.Open(altruist);
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
            LogBroken(exception, check.Name, altruist.Id);
            return new CheckResult(check.Name, CheckState.Unknown, "could not be asked for a fault of the prober's own", time.GetElapsedTime(beganAt).TotalMilliseconds, []);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The check {Check} of altruist {Altruist} broke, which is our fault and counts neither good nor bad")]
    private partial void LogBroken(Exception exception, string check, AltruistId altruist);
}
