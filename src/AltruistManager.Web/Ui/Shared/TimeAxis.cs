using System.Globalization;

namespace AltruistManager.Web.Ui.Shared;

/// <param name="Place">From the left, as a share of the width.</param>
public sealed record TimeMark(double Place, string Text);

/// <summary>The marks of a stretch of time: round ones on the reader's clock, and few enough to be read.</summary>
internal static class TimeAxis
{
    private const int MostMarks = 6;

    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(12),
        TimeSpan.FromDays(1), TimeSpan.FromDays(2), TimeSpan.FromDays(7), TimeSpan.FromDays(14), TimeSpan.FromDays(30),
    ];

    /// <param name="from">On the reader's clock, as all times here.</param>
    public static IReadOnlyList<TimeMark> Marks(DateTime from, DateTime to)
    {
        var span = to - from;
        if (span < Steps[0])
            return [new TimeMark(0.5, Clock(from + (span / 2)))];

        var step = Steps.FirstOrDefault(step => span.Ticks / step.Ticks < MostMarks, Steps[^1]);
        var marks = new List<TimeMark>();
        for (var at = RoundUp(from, step); at <= to; at += step)
            marks.Add(new TimeMark((at - from) / span, step < TimeSpan.FromDays(1) && at.TimeOfDay != TimeSpan.Zero ? Clock(at) : at.ToString("d MMM", CultureInfo.InvariantCulture)));
        // A short stretch may lie between two round ones.
        return marks.Count > 0 ? marks : [new TimeMark(0.5, Clock(from + (span / 2)))];
    }

    private static string Clock(DateTime at) => at.ToString("HH:mm", CultureInfo.InvariantCulture);

    private static DateTime RoundUp(DateTime at, TimeSpan step) => new(((at.Ticks + step.Ticks - 1) / step.Ticks) * step.Ticks, DateTimeKind.Unspecified);
}
