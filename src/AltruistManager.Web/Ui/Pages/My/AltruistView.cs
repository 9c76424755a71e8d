using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages.My;

/// <summary>How an altruist did over a stretch of time, as it is drawn: at most 300 points a line.</summary>
internal sealed record AltruistView
{
    /// <summary>What can be looked back on, and how finely: the raw probes are kept for 48 hours.</summary>
    public static readonly IReadOnlyList<(int Hours, TimeSpan Bucket)> Spans =
        [(6, TimeSpan.FromMinutes(2)), (24, TimeSpan.FromMinutes(5)), (48, TimeSpan.FromMinutes(10))];

    public required IReadOnlyList<ChartPoint> Latency { get; init; }

    /// <summary>In seconds; of nodes that tell the time of their newest block.</summary>
    public required IReadOnlyList<ChartPoint> HeadAge { get; init; }

    /// <summary>In percent.</summary>
    public required IReadOnlyList<ChartPoint> Answered { get; init; }

    public required IReadOnlyList<ChartPoint> Picks { get; init; }

    public required string LatencySays { get; init; }

    public required string HeadAgeSays { get; init; }

    public required string AnsweredSays { get; init; }

    public required string PicksSay { get; init; }

    public static AltruistView Build(IReadOnlyList<ProbeBucket> probes, IReadOnlyList<ShareBucket> shares)
    {
        IReadOnlyList<ChartPoint> latency = [.. probes.Where(probe => probe.LatencyMs is not null).Select(probe => new ChartPoint(probe.At.UtcDateTime, Math.Round(probe.LatencyMs!.Value, 1)))];
        IReadOnlyList<ChartPoint> age = [.. probes.Where(probe => probe.HeadAgeSeconds is not null).Select(probe => new ChartPoint(probe.At.UtcDateTime, Math.Round(Math.Max(0, probe.HeadAgeSeconds!.Value), 1)))];
        IReadOnlyList<ChartPoint> answered = [.. probes.Where(probe => probe.Answered is not null).Select(probe => new ChartPoint(probe.At.UtcDateTime, Math.Round(100 * probe.Answered!.Value, 2)))];
        IReadOnlyList<ChartPoint> picks = [.. shares.Select(share => new ChartPoint(share.At.UtcDateTime, share.Picks, Math.Round(share.EqualShare, 2)))];
        var (asked, failed) = (probes.Sum(probe => probe.Probes), probes.Sum(probe => probe.Failures));
        return new AltruistView
        {
            Latency = latency,
            HeadAge = age,
            Answered = answered,
            Picks = picks,
            LatencySays = Between(latency, "ms"),
            HeadAgeSays = Between(age, "s"),
            AnsweredSays = asked == 0 ? "" : $"{Words.Number(asked - failed)} of {Words.Count(asked, "probe", "probes")}: {Percent(asked - failed, asked)}",
            PicksSay = picks.Count == 0 ? "" : $"{Words.Count(shares.Sum(share => share.Picks), "pick", "picks")}; an equal share would be {shares.Sum(share => share.EqualShare):0.#}",
        };
    }

    private static string Between(IReadOnlyList<ChartPoint> points, string unit) => points.Count == 0
        ? ""
        : $"{points[^1].Value:0.#} {unit} last, between {points.Min(point => point.Value):0.#} and {points.Max(point => point.Value):0.#} {unit}";

    /// <summary>All but all is not all.</summary>
    private static string Percent(long part, long whole) => part == whole ? "100 %" : $"{Math.Min(99.99, Math.Round(100.0 * part / whole, 2)):0.##} %";
}
