using System.Globalization;
using System.Text;
using CsvHelper;

namespace AltruistManager.Altruists.Import;

/// <summary>A line below the header.</summary>
/// <param name="Line">Where it begins, as an editor counts lines.</param>
internal sealed record CsvRow(int Line, IReadOnlyDictionary<string, string> Cells)
{
    /// <summary>Says in a cell that there is to be nothing; an empty one says nothing.</summary>
    public const string Nothing = "none";

    private static readonly char[] Separators = [' ', ',', ';', '|', '\t', '\r', '\n'];

    /// <summary>Null for what is not said.</summary>
    public string? this[string column] => Cells.GetValueOrDefault(column) is { Length: > 0 } text ? text : null;

    public bool Clears(string column) => Nothing.Equals(this[column], StringComparison.OrdinalIgnoreCase);

    /// <summary>What is said, other than that there is to be nothing.</summary>
    public string? Said(string column) => Clears(column) ? null : this[column];

    /// <summary>Parted by blanks, semicolons, bars or commas; null for what is not said.</summary>
    public IReadOnlyList<string>? List(string column) =>
        Clears(column) ? [] : this[column]?.Split(Separators, StringSplitOptions.RemoveEmptyEntries);

    public int? Whole(string column, FieldErrors errors)
    {
        if (Said(column) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        errors.Add(column, "must be a whole number");
        return null;
    }

    public double? Number(string column, FieldErrors errors)
    {
        if (Said(column) is not { } text)
            return null;
        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return number;
        errors.Add(column, "must be a number such as 0.25");
        return null;
    }

    public bool? Flag(string column, FieldErrors errors)
    {
        switch (this[column]?.ToLowerInvariant())
        {
            case null:
                return null;
            case "true" or "yes" or "1":
                return true;
            case "false" or "no" or "0":
                return false;
            default:
                errors.Add(column, "must be true or false");
                return null;
        }
    }
}

/// <summary>What columns a file may have.</summary>
/// <param name="Columns">In the order of the message; names know no case.</param>
internal sealed record CsvLayout(IReadOnlyList<string> Columns)
{
    /// <summary>Those that an export holds for people to read.</summary>
    public IReadOnlyList<string> Passed { get; init; } = [];

    /// <summary>That whose cells are taken to the letter, blanks at their ends too.</summary>
    public string? Literal { get; init; }

    /// <summary>That before whose cells an export puts an apostrophe.</summary>
    public string? Escaped { get; init; }

    /// <summary>As it was meant; empty for what is blank.</summary>
    public string Read(string column, string cell)
    {
        var text = cell.Trim();
        return text.Length > 0 && column == Literal ? cell : column == Escaped && IsEscaped(text) ? text[1..] : text;
    }

    /// <summary>An apostrophe, or several, before the beginning of a formula: one of them is ours.</summary>
    public static bool IsEscaped(string cell) => cell.StartsWith('\'') && cell.TrimStart('\'') is ['=' or '+' or '-' or '@', ..];
}

/// <summary>A CSV file as rows with named cells, and what of it cannot be read as such.</summary>
internal sealed record CsvSheet(IReadOnlyList<CsvRow> Rows, IReadOnlyList<ImportProblem> Broken, IReadOnlyList<ImportProblem> Problems)
{
    /// <summary>In characters; a declared probe is the longest thing there is.</summary>
    private const int LongestCell = 16 * 1024;

    private static readonly char[] Separators = [',', ';', '\t', '|'];

    /// <summary>Of the name of a column that is none; what is longer may be anything, where the header is missing.</summary>
    private const int LongestName = 20;

    public static CsvSheet Read(byte[] file, CsvLayout layout, ImportLimits limits)
    {
        if (file.Length > limits.Bytes)
            return Unreadable($"The file has {file.Length / 1024:N0} KB, and {limits.Bytes / 1024:N0} KB at most are taken: part it.");
        if (file is [(byte)'P', (byte)'K', 3, 4, ..])
            return Unreadable("This is a workbook, not CSV: save the sheet as “CSV UTF-8” first.");
        if (TextOf(file) is not { } text)
            return Unreadable("The file is not UTF-8: save it as “CSV UTF-8”.");
        if (string.IsNullOrWhiteSpace(text))
            return Unreadable("The file is empty: its first line names the columns.");
        return Read(text, layout, limits);
    }

    private static CsvSheet Read(string text, CsvLayout layout, ImportLimits limits)
    {
        var broken = new List<ImportProblem>();
        using var csv = CsvReader.FromText(text, new CsvReaderOptions
        {
            Separator = SeparatorOf(text),
            HasHeader = false,
            TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Skip,
            OnMalformedRecord = bad => broken.Add(new ImportProblem((int)bad.LineNumber, null, bad.Reason switch
            {
                CsvMalformedReason.UnterminatedQuote => "a quote is opened and never closed",
                CsvMalformedReason.StrayQuote => "a quote stands within a cell that does not begin with one: quote the whole cell and double the quotes in it",
                CsvMalformedReason.TextAfterClosingQuote => "text stands behind a closing quote: double the quotes within a cell",
                _ => "it is not well-formed CSV",
            })),
        });

        // What comes after a header that cannot be read is none, and may hold credentials.
        if (!csv.Read() || broken.Count > 0)
            return new([], [], broken);
        var problems = new List<ImportProblem>();
        var header = HeaderOf(csv, layout, problems);
        if (problems.Count > 0)
            return new([], [], problems);

        var rows = new List<CsvRow>();
        while (csv.Read())
        {
            var line = (int)csv.LineNumber;
            var cells = Enumerable.Range(0, csv.FieldCount).Select(csv.GetString).ToList();
            if (cells.TrueForAll(string.IsNullOrWhiteSpace))
                continue;
            if (rows.Count == limits.Rows)
                return Unreadable($"The file has more than {limits.Rows:N0} lines, which is the most that are taken at once: part it.");
            if (cells.Count != header.Count)
                broken.Add(new ImportProblem(line, null, $"it has {cells.Count} cells and the header {header.Count}: cells with a separator or quotes in them are quoted"));
            else if (cells.FindIndex(cell => cell.Length > LongestCell) is >= 0 and var index)
                broken.Add(new ImportProblem(line, header[index], $"is longer than {LongestCell:N0} characters"));
            else
                rows.Add(new CsvRow(line, Enumerable.Range(0, header.Count).ToDictionary(column => header[column], column => layout.Read(header[column], cells[column]), StringComparer.Ordinal)));
        }

        return new(rows, broken, rows.Count + broken.Count == 0 ? [new ImportProblem(0, null, "Below the header there is no line.")] : []);
    }

    private static CsvSheet Unreadable(string why) => new([], [], [new ImportProblem(0, null, why)]);

    /// <summary>By its byte order mark, else UTF-8; null for what is not.</summary>
    private static string? TextOf(byte[] file)
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(file), new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true);
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Of the header, whose names hold none: spreadsheets take another one in other languages.</summary>
    private static char SeparatorOf(string text)
    {
        var start = text.AsSpan().TrimStart();
        var first = start.IndexOfAny('\r', '\n') is >= 0 and var end ? start[..end] : start;
        var (most, best) = (0, ',');
        foreach (var separator in Separators)
            if (first.Count(separator) > most)
                (most, best) = (first.Count(separator), separator);
        return best;
    }

    /// <returns>Names of the columns as we write them.</returns>
    private static List<string> HeaderOf(CsvReader csv, CsvLayout layout, List<ImportProblem> problems)
    {
        var line = (int)csv.LineNumber;
        var header = new List<string>();
        foreach (var name in Enumerable.Range(0, csv.FieldCount).Select(index => csv.GetString(index).Trim()))
        {
            var known = layout.Columns.Concat(layout.Passed).FirstOrDefault(column => column.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (known is null)
                problems.Add(new ImportProblem(line, LooksLikeName(name) ? name : $"column {header.Count + 1}", $"is not a column: there are {string.Join(", ", layout.Columns)}"));
            else if (header.Contains(known))
                problems.Add(new ImportProblem(line, known, "is there twice"));
            header.Add(known ?? name);
        }

        return header;
    }

    private static bool LooksLikeName(string text) => text.Length is > 0 and <= LongestName && text.All(char.IsAsciiLetter);
}
