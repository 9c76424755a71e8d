using System.Globalization;
using AltruistManager.Altruists;

namespace AltruistManager.Probing.Checks;

/// <summary>The certificates of all its URLs: whether they are valid, and how long they still are. An invalid one is a bad probe already; this tells before.</summary>
internal sealed class CertificateCheck(GuardedHttp http, TimeProvider time) : IOwnCheck
{
    public static readonly TimeSpan Early = TimeSpan.FromDays(21);

    public static readonly TimeSpan Late = TimeSpan.FromDays(7);

    public string Name => "certificate";

    public CheckPace Pace => CheckPace.Own(TimeSpan.FromHours(6));

    public int CallsOf(in CheckSubject subject) => HostsOf(subject).Count();

    public bool Concerns(in CheckSubject subject) => UrlsOf(subject.Altruist, "").Any();

    /// <summary>Certificates are of hosts, whatever the path.</summary>
    public IEnumerable<string> UrlsOf(Altruist altruist, string path) =>
        altruist.Urls.OrderBy(url => url.Key, StringComparer.Ordinal).Select(url => url.Value).Prepend(altruist.Url)
            .Where(url => url.StartsWith("https://", StringComparison.Ordinal) || url.StartsWith("wss://", StringComparison.Ordinal));

    public async Task<CheckResult> RunAsync(OwnCheckRun run, CancellationToken cancellation)
    {
        var beganAt = time.GetTimestamp();
        var found = new List<(CheckState State, string Reason)>();
        var exchanges = new List<Exchange>();
        foreach (var url in HostsOf(run.Subject))
        {
            var askedAt = time.GetTimestamp();
            var seen = await http.ReadCertificateAsync(url, run.Subject.Altruist.MayBePrivate, run.Deadline, cancellation);
            found.Add(Judge(url.Host, seen, time.GetUtcNow()));
            exchanges.Add(new Exchange($"TLS handshake with {url.Host}", seen.Failure?.Detail ?? $"valid until {Day(seen.ValidUntil)}", time.GetElapsedTime(askedAt).TotalMilliseconds, null));
        }

        // The gravest is told, and all that are as grave.
        var gravest = found.Max(one => Gravity(one.State));
        var (state, _) = found.Find(one => Gravity(one.State) == gravest);
        return new CheckResult(
            Name, state, string.Join("; ", found.Where(one => Gravity(one.State) == gravest).Select(one => one.Reason).Distinct()),
            time.GetElapsedTime(beganAt).TotalMilliseconds, exchanges);
    }

    private IEnumerable<Uri> HostsOf(in CheckSubject subject) => UrlsOf(subject.Altruist, subject.Path).Select(url => new Uri(url)).DistinctBy(url => url.Authority);

    internal static (CheckState State, string Reason) Judge(string host, CertificateSeen seen, DateTimeOffset now)
    {
        if (seen.Failure is { } failure)
        {
            return failure.Outcome == ProbeOutcome.TlsInvalid
                ? (CheckState.Failed, $"{host}: {failure.Detail}; install a valid one")
                : (CheckState.Unknown, $"{host}: could not be read: {failure.Detail}");
        }

        var left = seen.ValidUntil - now;
        var days = Math.Max(0, (int)left.TotalDays);
        var span = days == 1 ? "1 day" : $"{days} days";
        return true switch
        {
            _ when left <= Late => (CheckState.Warned, $"the certificate of {host} expires in {span}, on {Day(seen.ValidUntil)}: renew it now, portals will be cut off then"),
            _ when left <= Early => (CheckState.Warned, $"the certificate of {host} expires in {span}, on {Day(seen.ValidUntil)}: plan its renewal"),
            _ => (CheckState.Passed, $"the certificate of {host} is valid until {Day(seen.ValidUntil)}"),
        };
    }

    private static int Gravity(CheckState state) => state switch
    {
        CheckState.Failed => 3,
        CheckState.Warned => 2,
        CheckState.Unknown => 1,
        _ => 0,
    };

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>What a TLS handshake showed.</summary>
/// <param name="Failure">Why there was none, or what is wrong with the certificate; null when it is valid.</param>
internal readonly record struct CertificateSeen(DateTimeOffset ValidUntil, ProbeFailure? Failure);
