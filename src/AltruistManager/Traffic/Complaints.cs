using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Scheduling;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Traffic;

/// <summary>
/// Has altruists probed out of turn that fail for users. What becomes of the verdict is for the probe to decide, and for those that follow one that failed; a report alone
/// moves nothing. A portal that complains of nearly all is not heard: its own way out is the likelier cause.
/// </summary>
public sealed partial class Complaints(RelayReportStore store, RosterCache rosters, IPickProbes probes, JobWaker waker, TimeProvider time, ILogger<Complaints> logger)
{
    /// <summary>What portals saw before is not held against anybody.</summary>
    internal static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Between two probes of an altruist that reports led to, on all instances together.</summary>
    internal static readonly TimeSpan Distance = TimeSpan.FromMinutes(1);

    /// <summary>Altruists probed out of turn at a time.</summary>
    internal const int MostAtOnce = 50;

    private readonly ConcurrentDictionary<AltruistId, bool> named = new();

    /// <summary>Notes who is complained of, and has them looked at as soon as can be.</summary>
    /// <param name="reports">Counted just now.</param>
    internal async Task NoteAsync(IReadOnlyCollection<RelayReport> reports)
    {
        var since = time.GetUtcNow() - Window;
        var any = false;
        foreach (var relays in reports.Where(report => report.From >= since).SelectMany(report => report.Altruists).Where(relays => relays.ErrorShare >= ReportJudge.HighShare))
        {
            named[relays.Altruist] = true;
            any = true;
        }

        if (any)
            await waker.WakeAsync(ComplaintJob.Name, CancellationToken.None);
    }

    /// <summary>Judges what was noted by what all portals saw, and probes those that are found to fail; returns when they are judged.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var looked = named.Keys.ToList();
        looked.ForEach(altruist => named.TryRemove(altruist, out _));
        if (looked.Count == 0)
            return;

        var now = time.GetUtcNow();
        var roster = rosters.Current;
        looked.RemoveAll(altruist => roster.Altruists.GetValueOrDefault(altruist) is not { RetiredAt: null, Enabled: true });
        var views = await store.ViewsAsync(looked, now - Window, cancellation);
        var complaining = views.Where(view => view.ErrorShare >= ReportJudge.HighShare).Select(view => view.Portal).Distinct().ToList();
        var unreliable = (await store.ViewsOfAsync(complaining, now - Window, cancellation)).GroupBy(view => view.Portal)
            .Where(portal => ReportJudge.ComplainsOfNearlyAll([.. portal])).Select(portal => portal.Key).ToHashSet();
        var hints = ReportJudge.Hints(views.Where(view => !unreliable.Contains(view.Portal)));
        var failing = hints.ToDictionary(hint => hint.Altruist, hint => hint.View);
        // In turn: were it the same each time, others who fail would never come to it.
        var due = await store.TakeHintsAsync([.. hints.Select(hint => hint.Altruist)], MostAtOnce, now, Distance, cancellation);
        if (due.Count == MostAtOnce)
        {
            foreach (var later in failing.Keys.Except(due))
                named[later] = true;
        }

        foreach (var altruist in due)
            LogProbed(altruist, roster.Altruists[altruist].Label, 100 * failing[altruist].ErrorShare);
        if (due.Count > 0)
            await probes.AskOutOfTurnAsync(due, cancellation);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Portals say that {ErrorPercent:0.#} % of their relays to altruist {Altruist} ({Label}) fail: it is probed now")]
    private partial void LogProbed(AltruistId altruist, string label, double errorPercent);
}
