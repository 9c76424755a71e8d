using System.Globalization;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.WebUtilities;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>What of the audit trail is asked for, as it stands in the address of the page and of its export. A time that names no zone is the reader's.</summary>
internal sealed record AuditQuery(string? Actor, string? Action, string? Subject, string? Provider, string? Outcome, string? From, string? To)
{
    private const string Path = "/admin/audit";

    public static AuditQuery Of(IQueryCollection query) => new(query["actor"], query["action"], query["subject"], query["provider"], query["outcome"], query["from"], query["to"]);

    /// <summary>What an action may be asked for by: each kind, and then each action of it.</summary>
    public static IReadOnlyList<string> Offered(IEnumerable<string> actions) => [.. actions.SelectMany(action => new[] { action.Split('.')[0], action }).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>As a browser's field for a time has it.</summary>
    public static string? InForm(DateTimeOffset? time, ReaderZone zone) => time is { } at ? zone.Of(at).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture) : null;

    /// <summary>What a field says that knows neither seconds nor which of two equal hours it is: left as it was, it is the time that it was filled with.</summary>
    /// <param name="was">That time, as <see cref="Exactly"/> tells it; null where it was empty.</param>
    public static string? Kept(string? typed, string? was, ReaderZone zone) => was is not null && Said(typed) is { } said && TimeOf("", was, zone, []) is { } time && InForm(time, zone) == said ? was : typed;

    public bool IsAny => Parts.Any(part => part.Value is not null);

    /// <summary>Of the page, from the newest on or after a line.</summary>
    public string PathAfter(long? before) => With(Path, before);

    /// <summary>The export of what the page shows: its times name their zone, whoever opens it.</summary>
    public string ExportOf(AuditFilter filter) => (this with { From = Exactly(filter.From) ?? From, To = Exactly(filter.To) ?? To }).With($"{Path}.csv", null);

    /// <param name="zone">In which times are typed.</param>
    /// <param name="wrong">Names what cannot be read; empty where all can.</param>
    public AuditFilter ToFilter(ReaderZone zone, out IReadOnlyList<string> wrong)
    {
        var errors = new List<string>();
        var filter = new AuditFilter
        {
            Actor = Said(Actor),
            Action = ActionOf(errors),
            Subject = Said(Subject),
            Provider = Said(Provider),
            Outcome = OutcomeOf(errors),
            From = TimeOf("From", From, zone, errors),
            To = TimeOf("To", To, zone, errors),
        };
        wrong = errors;
        return filter;
    }

    private IEnumerable<KeyValuePair<string, string?>> Parts =>
    [
        new("actor", Said(Actor)), new("action", Said(Action)), new("subject", Said(Subject)), new("provider", Said(Provider)), new("outcome", Said(Outcome)), new("from", Said(From)), new("to", Said(To)),
    ];

    private string With(string path, long? before) =>
        QueryHelpers.AddQueryString(path, Parts.Append(new("before", before?.ToString(CultureInfo.InvariantCulture))).Where(part => part.Value is not null));

    private string? ActionOf(List<string> errors)
    {
        if (Said(Action) is not { } text)
            return null;
        if (!text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-'))
            errors.Add("The action must be one such as altruist.add, or what comes before its dot.");
        return text;
    }

    private AuditOutcome? OutcomeOf(List<string> errors)
    {
        if (Said(Outcome) is not { } text)
            return null;
        if (Enum.TryParse<AuditOutcome>(text, ignoreCase: true, out var outcome) && Enum.IsDefined(outcome))
            return outcome;
        errors.Add("The outcome must be done or refused.");
        return null;
    }

    /// <summary>To the second, whatever the reader's clock.</summary>
    public static string? Exactly(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset? TimeOf(string name, string? text, ReaderZone zone, List<string> errors)
    {
        if (Said(text) is not { } said)
            return null;
        if (DateTime.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var typed) && typed.Kind is DateTimeKind.Unspecified)
            return zone.Read(typed);
        if (DateTimeOffset.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            return time;
        errors.Add($"{name} must be a time such as 2026-11-21T07:05.");
        return null;
    }

    private static string? Said(string? text) => text?.Trim() is { Length: > 0 } said ? said : null;
}
