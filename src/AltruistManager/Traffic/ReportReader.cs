using AltruistManager.Altruists;
using AltruistManager.Health;

namespace AltruistManager.Traffic;

/// <summary>What portals reported, added up, and what is odd about it.</summary>
public sealed class ReportReader(RelayReportStore store, PortalStore portals, HealthBoard board, TimeProvider time)
{
    public const int MostPoints = 300;

    /// <summary>For so long reports are kept by the minute.</summary>
    internal static readonly TimeSpan MinutesKept = TimeSpan.FromHours(48);

    /// <summary>For so long they are kept by the hour.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>What is longer is told by the hour, of many altruists sooner than of one: each has rows of its own.</summary>
    private static readonly TimeSpan LongestInMinutes = TimeSpan.FromHours(6);

    /// <summary>The same of one altruist.</summary>
    private static readonly TimeSpan LongestOfOne = TimeSpan.FromDays(1);

    /// <summary>What is odd is what was odd lately.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public Task<RelaySummary> SumAsync(ReportFilter filter, CancellationToken cancellation)
    {
        var inMinutes = filter.To - filter.From <= (filter.Altruist is null ? LongestInMinutes : LongestOfOne) && filter.From >= time.GetUtcNow() - MinutesKept;
        var grain = inMinutes ? Minute : Hour;
        var from = new DateTimeOffset(filter.From.UtcTicks / grain.Ticks * grain.Ticks, TimeSpan.Zero);
        return store.SummaryAsync(filter with { From = from }, BucketOf(filter.To - from, grain), cancellation);
    }

    /// <summary>The least whole number of grains in which that time needs no more points than there may be.</summary>
    internal static TimeSpan BucketOf(TimeSpan span, TimeSpan grain) => grain * Math.Max(1, Math.Ceiling(span / grain / (MostPoints - 1)));

    /// <summary>What is odd now; of altruists in the order of their ids, then of portals.</summary>
    /// <param name="altruists">Null for all.</param>
    public async Task<IReadOnlyList<Anomaly>> AnomaliesAsync(IReadOnlyCollection<AltruistId>? altruists, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var views = await store.ViewsAsync(altruists, now - Lately, cancellation);
        var steadiness = await portals.SteadinessAsync(cancellation);
        return
        [
            .. views.GroupBy(view => view.Altruist).OrderBy(altruist => altruist.Key).SelectMany(altruist => ReportJudge.Of(altruist.Key, [.. altruist], ProbesOf(altruist.Key))),
            .. steadiness.Select(portal => ReportJudge.Of(portal, now)).OfType<Anomaly>(),
        ];
    }

    private double? ProbesOf(AltruistId altruist) => board[altruist].Performance is { Latencies.Count: > 0 } known ? 1 - known.Success : null;
}
