using System.Globalization;
using System.Text;
using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>
/// What stays of an entry for ever. Its text names every column but the signature, and is what is signed (docs/log-format.md): nothing of a row of the log can
/// be changed without its key.
/// </summary>
public sealed record LogHeader
{
    /// <summary>Names of the lines of <see cref="ToText"/>, which are the columns of the table.</summary>
    private static readonly string[] Names = ["origin", "generation", "trigger", "round", "is_round", "scheduled_at", "at", "body_hash", "previous_hash", "hash"];

    private const string FirstLine = "altruist-manager log 1";

    public required string Origin { get; init; }

    public required long Generation { get; init; }

    public required string Trigger { get; init; }

    public required long Round { get; init; }

    public required bool IsRound { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long ScheduledAt { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long At { get; init; }

    /// <summary>SHA-256 of the canonical bytes, as all hashes in lower-case hex.</summary>
    public required string BodyHash { get; init; }

    public required string PreviousHash { get; init; }

    public required string Hash { get; init; }

    /// <summary>ECDSA P-256 with SHA-256 over the bytes of <see cref="ToText"/>, DER, in base64; null in entries of before the first key.</summary>
    public string? Signature { get; init; }

    internal DateTimeOffset Made => UnixTime.FromMs(At);

    /// <summary>One line each, ended by a line feed: a title, then a name, a space and a value.</summary>
    public string ToText()
    {
        string[] values =
        [
            Origin, Number(Generation), Trigger, Number(Round), IsRound ? "true" : "false", Number(ScheduledAt), Number(At), BodyHash, PreviousHash, Hash,
        ];
        var text = new StringBuilder(512).Append(FirstLine).Append('\n');
        for (var i = 0; i < Names.Length; i++)
            text.Append(Names[i]).Append(' ').Append(values[i]).Append('\n');
        return text.ToString();
    }

    /// <returns>Null when the text is not exactly that of a header.</returns>
    public static LogHeader? Parse(string text, string? signature)
    {
        var lines = text.Split('\n');
        if (lines.Length != Names.Length + 2 || lines[0] != FirstLine || lines[^1].Length > 0)
            return null;
        var values = new string[Names.Length];
        for (var i = 0; i < Names.Length; i++)
        {
            if (!lines[i + 1].StartsWith(Names[i] + " ", StringComparison.Ordinal))
                return null;
            values[i] = lines[i + 1][(Names[i].Length + 1)..];
        }

        if (!TryNumber(values[1], out var generation) || !TryNumber(values[3], out var round) || !TryNumber(values[5], out var scheduledAt) || !TryNumber(values[6], out var at))
            return null;
        var header = new LogHeader
        {
            Origin = values[0],
            Generation = generation,
            Trigger = values[2],
            Round = round,
            IsRound = values[4] == "true",
            ScheduledAt = scheduledAt,
            At = at,
            BodyHash = values[7],
            PreviousHash = values[8],
            Hash = values[9],
            Signature = signature,
        };
        return header.ToText() == text ? header : null;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}
