using System.Globalization;
using AltruistManager.Health;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>How facts read on a page.</summary>
internal static class Words
{
    /// <summary>The two greatest units, so that a day and more never wraps: <c>40 s</c>, <c>12 min</c>, <c>2 h 5 min</c>, <c>1 d 2 h</c>.</summary>
    public static string Of(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
            duration = TimeSpan.Zero;
        return duration switch
        {
            { TotalSeconds: < 60 } => $"{(int)duration.TotalSeconds} s",
            { TotalMinutes: < 60 } => $"{(int)duration.TotalMinutes} min",
            { TotalHours: < 24 } => Two((int)duration.TotalHours, "h", duration.Minutes, "min"),
            { TotalDays: < 60 } => Two((int)duration.TotalDays, "d", duration.Hours, "h"),
            _ => $"{(int)duration.TotalDays} d",
        };

        static string Two(int great, string greatUnit, int small, string smallUnit) =>
            small == 0 ? $"{great} {greatUnit}" : $"{great} {greatUnit} {small} {smallUnit}";
    }

    public static string Exact(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>On the reader's clock, and in UTC as well where that is another one.</summary>
    public static string Exact(DateTimeOffset at, ReaderZone zone) =>
        zone.IsUtc ? Exact(at) : $"{zone.Of(at).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} {zone.Name} ({Exact(at)})";

    /// <summary>The time of day on the reader's clock, with the date where it is not today's.</summary>
    public static string Clock(DateTimeOffset at, DateTimeOffset now, ReaderZone zone) =>
        zone.Of(at).ToString(zone.Of(at).Date == zone.Of(now).Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>For the <c>datetime</c> attribute.</summary>
    public static string Machine(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Count(long number, string one, string many) => $"{Number(number)} {(number == 1 ? one : many)}";

    /// <summary>With a capital first and a full stop last.</summary>
    public static string Sentence(string text) =>
        text.Length == 0 ? "" : $"{char.ToUpperInvariant(text[0])}{text[1..].TrimEnd('.')}.";

    public static string Of(SlotState state) => state switch
    {
        SlotState.Fresh => "fresh",
        SlotState.Fallback => "fallback",
        SlotState.Override => "override",
        SlotState.Degraded => "degraded",
        _ => "none",
    };

    public static string Meaning(SlotState state) => state switch
    {
        SlotState.Fresh => "Picked by the rotation among the altruists of this region.",
        SlotState.Fallback => "Nobody is eligible in this region, so an altruist of a fallback region serves.",
        SlotState.Override => "Pinned by staff.",
        SlotState.Degraded => "Nobody is eligible. The last pick is kept.",
        _ => "There is no pick, and portals are told so.",
    };

    public static string Of(VerdictState state) => state == VerdictState.WrongChain ? "wrong chain" : state.ToString().ToLowerInvariant();

    /// <summary>Whether an altruist in this state may be picked, for its colour: good, uncertain or bad.</summary>
    public static string Tone(VerdictState state) => state switch
    {
        VerdictState.Healthy => "good",
        VerdictState.Unknown => "idle",
        VerdictState.Failing or VerdictState.Lagging or VerdictState.Stale or VerdictState.Throttled => "warn",
        _ => "bad",
    };

    /// <summary>What made a decision happen.</summary>
    public static string Of(Trigger trigger) => trigger switch
    {
        Trigger.Scheduled => "scheduled round",
        Trigger.Manual => "round started by staff",
        Trigger.Failover => "failover",
        Trigger.Recovery => "recovery",
        Trigger.Override => "override",
        Trigger.Startup => "start of the service",
        _ => "change of an altruist, chain or region",
    };

    /// <summary>A path of this site for ids that may hold anything.</summary>
    public static string SlotPath(SlotKey slot) => $"/slots/{Uri.EscapeDataString(slot.Chain.Value)}/{Uri.EscapeDataString(slot.Region.Value)}";
}
