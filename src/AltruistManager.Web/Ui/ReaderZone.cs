using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;

namespace AltruistManager.Web.Ui;

/// <summary>
/// The time zone of who looks. On the pages of the consoles it is that of the browser, which a script of ours tells in a cookie before anything is drawn; all others run no
/// script, and their times are UTC.
/// </summary>
public sealed partial class ReaderZone
{
    public const string Cookie = "zone";

    private TimeZoneInfo zone = TimeZoneInfo.Utc;

    /// <summary>Its name in the time zone database. What is drawn by the server at once hands it on to the page that is then kept up to date.</summary>
    [PersistentState]
    public string Id
    {
        get => zone.Id;
        set => zone = Find(value);
    }

    public bool IsUtc => ReferenceEquals(zone, TimeZoneInfo.Utc);

    /// <summary>As readers know it: <c>Europe/Berlin</c>.</summary>
    public string Name => IsUtc ? "UTC" : zone.Id.Replace('_', ' ');

    /// <summary>What is said behind a time: nothing where it is the reader's own.</summary>
    public string Suffix => IsUtc ? " UTC" : "";

    /// <summary>The same in the heading of a column.</summary>
    public string Heading => IsUtc ? " (UTC)" : "";

    /// <param name="context">Of a page of a console.</param>
    public void ReadFrom(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is { } told)
            Id = told;
    }

    /// <summary>As a clock on the reader's wall shows it.</summary>
    public DateTime Of(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).DateTime;

    /// <summary>A time that the reader typed in; of two in the night when clocks are set back, the first.</summary>
    public DateTimeOffset Read(DateTime typed)
    {
        var local = DateTime.SpecifyKind(typed, DateTimeKind.Unspecified);
        // The hour that is left out when clocks are set forward is the one after it.
        if (zone.IsInvalidTime(local))
            local = local.AddHours(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        // The first and last hours that there are lie in no year of every zone.
        return new DateTimeOffset(Math.Clamp(local.Ticks - offset.Ticks, DateTimeOffset.MinValue.Ticks, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
    }

    /// <summary>UTC for what is no name of a zone; it is looked up as a file of that name.</summary>
    private static TimeZoneInfo Find(string? name) =>
        name is not null && name != "UTC" && Shape().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found)
        && (found.BaseUtcOffset != TimeSpan.Zero || found.SupportsDaylightSavingTime)
            ? found
            : TimeZoneInfo.Utc;

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9][A-Za-z0-9_+-]{0,31}){0,2}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Shape();
}
