using System.Globalization;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>A stretch of time with round marks on the reader's clock, few enough to be read; times are those of that clock.</summary>
/// <param name="Step">Between two marks, the first of which stands at <paramref name="From"/>.</param>
public sealed record TimeAxis(DateTime From, DateTime To, TimeSpan Step)
{
    private const int MostMarks = 6;

    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(12),
        TimeSpan.FromDays(1), TimeSpan.FromDays(2), TimeSpan.FromDays(7), TimeSpan.FromDays(14), TimeSpan.FromDays(30),
    ];

    public static TimeAxis Around(DateTime from, DateTime to)
    {
        var step = Steps.FirstOrDefault(step => Up(to, step) - Down(from, step) <= step * MostMarks, Steps[^1]);
        var (first, last) = (Down(from, step), Up(to, step));
        return new TimeAxis(first, last > first ? last : first + step, step);
    }

    /// <summary>What stands at a mark.</summary>
    public string TextOf(DateTime mark) => mark.ToString(Step < TimeSpan.FromDays(1) && mark.TimeOfDay != TimeSpan.Zero ? "HH:mm" : "d MMM", CultureInfo.InvariantCulture);

    private static DateTime Down(DateTime at, TimeSpan step) => new(at.Ticks / step.Ticks * step.Ticks, DateTimeKind.Unspecified);

    private static DateTime Up(DateTime at, TimeSpan step) => Down(at + step - TimeSpan.FromTicks(1), step);
}
