using AltruistManager.Scheduling;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>A job as staff see it.</summary>
/// <param name="Does">What it is for, in one sentence.</param>
/// <param name="Tone"><c>good</c>, <c>bad</c> or <c>idle</c>.</param>
/// <param name="Outcome">Of the last run.</param>
internal sealed record JobView(JobTime Job, string Title, string Does, string Tone, string Outcome)
{
    /// <summary>By name.</summary>
    private static readonly Dictionary<string, (string Title, string Does)> Known = new()
    {
        ["selection"] = ("Round", "Picks an altruist for every slot, by turns."),
        ["settle"] = ("Settling", "Looks whether every pick still holds: what has expired, cooled down, or begun or ended maintenance."),
        ["look-ahead"] = ("Look ahead", "Probes those whom the next round would pick, shortly before it."),
        ["probe-sweeps"] = ("Sweeps", "Probes all altruists of each network at the same moment."),
        ["probe-hot"] = ("Hot probes", "Probes those that serve now, and their first standbys, by one cheap call."),
        ["probe-retries"] = ("Retries", "Probes those that are new, failed just now, or recover."),
        ["probe-trials"] = ("Trials", "Probes changed URLs and credentials beside the ones in service."),
        ["probe-checks"] = ("Checks", "Looks into what a height does not tell: identity, history, capabilities, certificates."),
        ["probe-tidy"] = ("Tidying probes", "Forgets raw probes that are older than is kept."),
        ["evidence-tidy"] = ("Tidying evidence", "Forgets evidence that no change of a verdict rests on any more."),
        ["log-tidy"] = ("Tidying the log", "Forgets the bodies of entries that are older than is kept; their headers stay."),
        ["report-tidy"] = ("Tidying reports", "Forgets reports of portals that are older than is kept."),
        ["portal-polls"] = ("Polls of portals", "Writes down when each portal asked last."),
        ["key-uses"] = ("Uses of keys", "Writes down when each API key was used last."),
        ["letting-go"] = ("Letting go", "Gives up old credentials once every portal has the new ones."),
        ["complaints"] = ("Complaints", "Has altruists probed that fail for users; runs when portals report so."),
        ["attention"] = ("Attention", "Looks at what needs staff, and ends what was acknowledged and is over."),
    };

    /// <summary>Whether staff are told what it does.</summary>
    public static bool Explains(string name) => Known.ContainsKey(name);

    public static JobView Of(JobTime job)
    {
        var (title, does) = Known.GetValueOrDefault(job.Name, (job.Name, ""));
        var (tone, outcome) = job switch
        {
            { IsRunning: true, LastError: null } => ("good", "runs now"),
            { LastError: { } error } => ("bad", $"failed: {error}; the log says how"),
            { Runs: 0 } => ("idle", "did not run yet"),
            _ => ("good", "done"),
        };
        return new JobView(job, title, does, tone, outcome);
    }

    /// <summary>Those that fail first, then by title.</summary>
    public static IReadOnlyList<JobView> List(IEnumerable<JobTime> jobs) =>
        [.. jobs.Select(Of).OrderBy(job => job.Tone == "bad" ? 0 : 1).ThenBy(job => job.Title, StringComparer.Ordinal)];

    public static string Every(TimeSpan period) => period < TimeSpan.FromSeconds(1) ? Took(period) : Shared.Words.Of(period);

    /// <summary>Milliseconds below a second, seconds with one place below a minute.</summary>
    public static string Took(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 1 } => "< 1 ms",
        { TotalSeconds: < 1 } => $"{time.TotalMilliseconds:0} ms",
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0.0} s",
        _ => Shared.Words.Of(time),
    };
}
