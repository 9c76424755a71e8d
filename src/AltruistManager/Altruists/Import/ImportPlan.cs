using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;

namespace AltruistManager.Altruists.Import;

/// <summary>How much a file may hold.</summary>
public sealed record ImportLimits(int Bytes, int Rows)
{
    /// <summary>Held in the memory of an open page.</summary>
    public static readonly ImportLimits OfPages = new(1024 * 1024, 1000);

    public static readonly ImportLimits OfCommands = new(16 * 1024 * 1024, 10_000);
}

public enum ImportVerdict
{
    New,
    Changed,

    /// <summary>It is all that already.</summary>
    Unchanged,

    Wrong,
}

/// <summary>What is wrong, and where; never repeats a credential.</summary>
/// <param name="Line">As an editor counts them; 0 for the file as a whole.</param>
/// <param name="Column">Null for the line as a whole.</param>
public sealed record ImportProblem(int Line, string? Column, string Text)
{
    public override string ToString() => Line == 0 ? Text : Column is null ? $"line {Line}: {Text}" : $"line {Line}, {Column}: {Text}";
}

/// <summary>One field as it was and as it becomes; of a URL its host and a short tail, of credentials their kind.</summary>
/// <param name="Before">Null for nothing.</param>
/// <param name="After">Null for nothing.</param>
public sealed record ImportChange(string Field, string? Before, string? After)
{
    /// <summary>The field of another provider's altruist whose claim to the URL ends by it.</summary>
    public const string Displaces = "displaces";

    /// <param name="before">Null for what was not there.</param>
    internal static IReadOnlyList<ImportChange> Between(JsonObject? before, JsonObject after)
    {
        var entry = new AuditEntry("", "", "").WithChange(before, after);
        return entry?.After is not { } changed
            ? []
            : [.. changed.Select(field => new ImportChange(field.Key, TextOf(entry.Before?[field.Key]), TextOf(field.Value))).Where(change => change.Before != change.After)];
    }

    private static string? TextOf(JsonNode? node) => node switch
    {
        null => null,
        JsonArray { Count: 0 } or JsonObject { Count: 0 } => null,
        JsonArray items => string.Join(", ", items.Select(TextOf)),
        JsonObject fields => string.Join(", ", fields.Select(field => $"{field.Key} {TextOf(field.Value)}")),
        JsonValue value when value.TryGetValue<string>(out var text) => text.Length == 0 ? null : text,
        _ => node.ToJsonString(),
    };
}

/// <summary>What one line of a file leads to.</summary>
/// <param name="Name">As people know what it is about; empty where the line does not say.</param>
/// <param name="Id">Of what it is about; null where that is not known.</param>
/// <param name="Problems">None unless it is wrong.</param>
public sealed record ImportLine(int Line, ImportVerdict Verdict, string Name, string? Id, IReadOnlyList<ImportChange> Changes, IReadOnlyList<ImportProblem> Problems)
{
    internal static ImportLine WrongIn(int line, string name, string? id, IReadOnlyList<ImportProblem> problems) => new(line, ImportVerdict.Wrong, name, id, [], problems);
}

/// <summary>What a file leads to, line by line. It is done as a whole or not at all.</summary>
public sealed record ImportPlan
{
    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ImportLine> Lines { get; init; } = [];

    /// <summary>What is wrong with the file as a whole.</summary>
    public IReadOnlyList<ImportProblem> Problems { get; init; } = [];

    /// <summary>Why the actor may not do this at all.</summary>
    public Refusal? Refusal { get; init; }

    public bool IsDone { get; init; }

    public bool IsWrong => Refusal is not null || Problems.Count > 0 || Lines.Any(line => line.Verdict == ImportVerdict.Wrong);

    public bool ChangesAnything => Lines.Any(line => line.Verdict is ImportVerdict.New or ImportVerdict.Changed);

    /// <summary>Everything that is wrong, from the top of the file to its end.</summary>
    public IEnumerable<ImportProblem> AllProblems => Problems.Concat(Lines.SelectMany(line => line.Problems));

    /// <summary>Two plans with the same one do the same.</summary>
    public string Print
    {
        get
        {
            var text = new StringBuilder();
            foreach (var line in Lines)
            {
                text.Append(CultureInfo.InvariantCulture, $"{line.Line} {line.Verdict} {(line.Verdict == ImportVerdict.New ? "" : line.Id)}\n");
                foreach (var change in line.Changes)
                    text.Append(CultureInfo.InvariantCulture, $"{change.Field}\u0001{change.Before}\u0001{change.After}\n");
            }

            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
        }
    }

    public int Count(ImportVerdict verdict) => Lines.Count(line => line.Verdict == verdict);

    /// <summary>In numbers: <c>2 new, 1 changed, 17 unchanged</c>.</summary>
    public override string ToString()
    {
        var wrong = Count(ImportVerdict.Wrong);
        return $"{Count(ImportVerdict.New)} new, {Count(ImportVerdict.Changed)} changed, {Count(ImportVerdict.Unchanged)} unchanged{(wrong > 0 ? $", {wrong} wrong" : "")}";
    }
}
