using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Commands;

/// <summary>What the break-glass commands have in common: for which slots, why, and until when; or the end of one.</summary>
internal sealed class OrderOptions
{
    private const long LongestSeconds = 366L * 24 * 60 * 60;

    private readonly Option<string?> lasting = new("--for") { Description = "How long: 90s, 30m, 2h, 1d" };
    private readonly Option<string?> until = new("--until") { Description = "Until when instead: 2026-11-21T07:05:00Z" };

    public Option<string?> Chain { get; } = new("--chain") { Description = "Id or alias; every chain if not given" };

    public Option<string?> Region { get; } = new("--region") { Description = "Every region if not given" };

    public Option<string?> Reason { get; } = new("--reason") { Description = "Why; everybody reads it" };

    public Option<string?> End { get; } = new("--end") { Description = "Ends the one with this ID instead" };

    public void AddTo(Command command)
    {
        command.TreatUnmatchedTokensAsErrors = false;
        foreach (var option in new Option[] { Chain, Region, Reason, lasting, until, End })
            command.Options.Add(option);
        command.Validators.Add(Check);
    }

    /// <exception cref="InvalidOperationException">It was not checked.</exception>
    public DateTimeOffset UntilOf(ParseResult parsed) =>
        (parsed.GetValue(lasting) is { } text ? ParseDuration(text) is { } length ? CommandDatabase.Now + length : null : ParseTime(parsed.GetValue(until)))
        ?? throw new InvalidOperationException("The command line was not checked.");

    /// <summary>Throws what is wrong with fields, in the words of the command line.</summary>
    public static void Refuse(FieldErrors errors)
    {
        if (errors.Any)
            throw new CommandException(string.Join(" ", errors.ToDictionary().SelectMany(field => field.Value.Select(error => $"--{NameOf(field.Key)} {error}."))));

        static string NameOf(string field) => field is "expiresAt" ? "until" : field;
    }

    private void Check(CommandResult result)
    {
        if (result.GetValue(End) is not null)
            return;
        if (result.GetValue(Reason) is not { } reason || reason.Trim().Length is 0 or > OverrideDraft.MostReason || reason.Any(char.IsControl))
            result.AddError($"--reason is needed, of 1 to {OverrideDraft.MostReason} characters.");
        var (length, end) = (result.GetValue(lasting), result.GetValue(until));
        if (length is null == end is null)
            result.AddError("Either --for or --until is needed.");
        if (length is not null && ParseDuration(length) is null)
            result.AddError("--for must be a duration of a year at most, such as 90s, 30m, 2h or 1d.");
        if (end is not null && ParseTime(end) is null)
            result.AddError("--until must be a time such as 2026-11-21T07:05:00Z.");
    }

    private static TimeSpan? ParseDuration(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            return null;
        var unit = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => 0,
        };
        return unit > 0 && (long)number * unit <= LongestSeconds ? TimeSpan.FromSeconds((long)number * unit) : null;
    }

    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
}
