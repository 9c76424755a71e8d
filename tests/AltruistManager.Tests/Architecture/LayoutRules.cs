using System.Text.RegularExpressions;

namespace AltruistManager.Tests.Architecture;

/// <summary>
/// The layout as text: who may use whom, and where SQL, Quartz and the UI kit may appear. It reads sources instead of types, because a
/// <c>using</c> line is what a developer sees, and constants and inlined generics leave no trace in an assembly.
/// </summary>
internal static partial class LayoutRules
{
    private const string Core = "AltruistManager";
    private const string Web = "AltruistManager.Web";

    // A room may use rooms of a lower number only; what shares a number does not know each other. To add a feature, give it its place here.
    private static readonly Dictionary<string, int> Order = new()
    {
        ["Storage"] = 0,
        ["Scheduling"] = 1,
        ["Accounts"] = 1,
        ["Chains"] = 2,
        ["Altruists"] = 3,
        ["Probing"] = 4,
        ["Health"] = 5,
        ["Selection"] = 6,
        ["Transparency"] = 7,
        ["Publishing"] = 7,
        ["Traffic"] = 7,
        ["History"] = 8,
        ["Points"] = 8,
        ["Alerts"] = 8,
    };

    private static readonly string[] WebRooms = ["Api", "Ui", "Security", "Commands", "Running"];

    // Data in, data out: no clock, chance, waiting or talking.
    private static readonly string[] PureFiles = ["ReportJudge.cs", "HealthEvaluator.cs", "ReferenceTrace.cs", "SelfPreservation.cs", "IntegrityCheck.cs", "Selector.cs", "RegionFallback.cs"];

    /// <returns>One line for each violation: where, what, and what to do instead.</returns>
    public static IReadOnlyList<string> Check(IReadOnlyCollection<SourceFile> files)
    {
        var typesOfRoom = files.Where(file => file.Rooms.Length > 0)
            .GroupBy(file => (file.Project, Room: file.Rooms[0]))
            .ToDictionary(group => group.Key, group => group.SelectMany(file => file.DeclaredTypes).ToHashSet());
        return [.. files.SelectMany(file => CheckOne(file, typesOfRoom)).Order(StringComparer.Ordinal)];
    }

    /// <param name="path">Of a project file, relative to <c>src</c>.</param>
    public static IEnumerable<string> CheckProject(string path, string text)
    {
        foreach (Match match in ProjectReference().Matches(text))
            if (!path.StartsWith(Web + "/", StringComparison.Ordinal))
                yield return $"{path}: references {match.Groups[1].Value}; only {Web} references our other projects";
        if (text.Contains("<Using ", StringComparison.Ordinal))
            yield return $"{path}: a project-wide using hides who uses whom; write it in the files";
    }

    private static IEnumerable<string> CheckOne(SourceFile file, Dictionary<(string Project, string Room), HashSet<string>> typesOfRoom)
    {
        var room = file.Rooms.FirstOrDefault();
        if (file.Project == Core && room is not null && !Order.ContainsKey(room))
            yield return $"{file.Path}: {room} is no room of the layout; give it a place in {nameof(LayoutRules)}.{nameof(Order)}";
        if (file.Project == Web && room is not null && !WebRooms.Contains(room))
            yield return $"{file.Path}: {room} is no room of the process edge ({string.Join(", ", WebRooms)})";

        var expected = string.Join('.', [file.Project, .. file.Rooms]);
        if (file.Name.EndsWith(".cs", StringComparison.Ordinal) && file.Namespace != expected && file.Name != "Program.cs")
            yield return $"{file.Path}: the namespace is {file.Namespace ?? "missing"}; the folder says {expected}";

        foreach (var used in UsedOf(file, typesOfRoom).Distinct())
            if (Forbidden(file, used) is { } why)
                yield return $"{file.Path}: uses {used}; {why}";

        var isStorage = file.Project == Core && room == "Storage";
        if (!isStorage && !file.Name.EndsWith("Store.cs", StringComparison.Ordinal))
        {
            foreach (var literal in file.Literals.Where(literal => Sql().IsMatch(literal)))
                yield return $"{file.Path}: holds SQL ({FirstWords(literal)}); SQL belongs in a *Store.cs file or in Storage/";
            foreach (Match match in DataLibrary().Matches(file.Code))
                yield return $"{file.Path}: uses {match.Value}; talking to the database belongs in a *Store.cs file or in Storage/";
        }

        if (room != "Scheduling" && !file.Name.EndsWith("Job.cs", StringComparison.Ordinal) && Quartz().IsMatch(file.Code))
            yield return $"{file.Path}: uses Quartz; only *Job.cs files and Scheduling/ know it";
        if (!(file.Project == Web && room == "Ui") && UiKit().IsMatch(file.Code))
            yield return $"{file.Path}: uses the UI kit; only Ui/ knows it";

        if (PureFiles.Contains(file.Name))
            foreach (var impure in Impure().Matches(file.Code).Select(match => match.Value).Distinct())
                yield return $"{file.Path}: uses {impure}; deciding is pure, hand the value in";
    }

    /// <summary>The namespaces of ours that a file names: by using, alias, whole name, or name relative to its own namespace.</summary>
    private static IEnumerable<string> UsedOf(SourceFile file, Dictionary<(string Project, string Room), HashSet<string>> typesOfRoom)
    {
        foreach (Match match in OurName().Matches(NamespaceDeclaration().Replace(file.Code, "")))
        {
            var parts = match.Value.Split('.');
            var length = parts is [_, "Web" or "Simulator" or "Client", ..] ? 3 : 2;
            yield return string.Join('.', parts.Take(length));
        }

        foreach (Match match in RelativeName().Matches(file.Code))
            if (typesOfRoom.TryGetValue((file.Project, match.Groups[1].Value), out var types) && types.Contains(match.Groups[2].Value))
                yield return $"{file.Project}.{match.Groups[1].Value}";
    }

    private static string? Forbidden(SourceFile file, string used)
    {
        var parts = used.Split('.');
        if (file.Project is not (Core or Web))
            return used.StartsWith(file.Project, StringComparison.Ordinal) ? null : $"{file.Project} references nothing of ours";

        if (file.Project == Web)
        {
            var other = file.Rooms.FirstOrDefault() switch { "Api" => "Ui", "Ui" => "Api", _ => null };
            return other is not null && parts is [_, "Web", var webRoom, ..] && webRoom == other
                ? "Api and Ui do not know each other; both call features in-process"
                : null;
        }

        if (parts is [_, "Web" or "Simulator" or "Client", ..])
            return "the core knows nothing of the process around it";

        // A file beside the rooms may wire them all.
        if (parts is not [_, var target] || !Order.TryGetValue(target, out var targetOrder)
            || file.Rooms.FirstOrDefault() is not { } own || own == target || !Order.TryGetValue(own, out var ownOrder))
            return null;
        if (own is "Storage" or "Scheduling" && target is not ("Storage" or "Scheduling") || own == "Storage")
            return $"{own} knows no feature";
        if (own == "Accounts")
            return target == "Storage" ? null : "Accounts knows only Storage";
        return targetOrder < ownOrder
            ? null
            : $"{own} comes {(targetOrder == ownOrder ? "beside" : "before")} {target}: declare an interface in {own} and implement it in {target}";
    }

    private static string FirstWords(string literal) => string.Join(' ', literal.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(4)) + " …";

    [GeneratedRegex(@"(?<![\w.])AltruistManager(?:\.\w+)+")]
    private static partial Regex OurName();

    [GeneratedRegex(@"^\s*namespace\s+[\w.]+", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"(?<![\w.])([A-Z]\w+)\.([A-Z]\w+)")]
    private static partial Regex RelativeName();

    // The keyword that must follow keeps ordinary sentences out ("select a chain", "with its reason").
    [GeneratedRegex(@"^(?:select\s.*(?:\sfrom\s|\()|insert\s+into\s|update\s+\S+\s.*\bset\s|delete\s+from\s|with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s*\(|create\s+(?:table|index|unique)\s|pragma\s)",
        RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Sql();

    [GeneratedRegex(@"(?<![\w.])(?:Dapper|Npgsql|Microsoft\.Data\.Sqlite|SQLitePCL|System\.Data)\b")]
    private static partial Regex DataLibrary();

    [GeneratedRegex(@"(?<![\w.])Quartz\b")]
    private static partial Regex Quartz();

    [GeneratedRegex(@"(?<![\w.])(?:Radzen|MudBlazor)\b")]
    private static partial Regex UiKit();

    [GeneratedRegex(@"\b(?:async|await|Task|TimeProvider|Random|HttpClient|ILogger|Database|Stopwatch|File|Environment)\b")]
    private static partial Regex Impure();

    [GeneratedRegex("""<ProjectReference\s+Include="([^"]+)""")]
    private static partial Regex ProjectReference();
}
