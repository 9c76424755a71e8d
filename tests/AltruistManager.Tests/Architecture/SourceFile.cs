using System.Text;
using System.Text.RegularExpressions;

namespace AltruistManager.Tests.Architecture;

/// <summary>A file below <c>src</c>, split into what the compiler reads as code and the string literals in it.</summary>
internal sealed partial class SourceFile
{
    public SourceFile(string path, string text)
    {
        Path = path;
        Name = path[(path.LastIndexOf('/') + 1)..];
        var folder = path.Length > Name.Length ? path[..^(Name.Length + 1)] : "";
        Project = folder.Split('/')[0];
        Rooms = folder.Split('/')[1..];

        var code = new StringBuilder();
        var literals = new List<string>();
        var end = 0;
        foreach (Match match in CommentOrLiteral().Matches(text))
        {
            code.Append(text, end, match.Index - end).Append(' ');
            end = match.Index + match.Length;
            if (match.Value.Contains('"', StringComparison.Ordinal) && match.Value[0] is not '/')
                literals.Add(match.Value.TrimStart('$', '@').Trim('"').Trim());
        }

        Code = code.Append(text, end, text.Length - end).ToString();
        Literals = literals;
    }

    /// <summary>Relative to <c>src</c>, with slashes.</summary>
    public string Path { get; }

    public string Name { get; }

    /// <summary>The folder of the project, which is its root namespace.</summary>
    public string Project { get; }

    /// <summary>The folders within the project.</summary>
    public string[] Rooms { get; }

    /// <summary>Without comments and literals.</summary>
    public string Code { get; }

    public IReadOnlyList<string> Literals { get; }

    public IEnumerable<string> DeclaredTypes => Declaration().Matches(Code).Select(match => match.Groups[1].Value);

    public string? Namespace => NamespaceLine().Match(Code) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("""
        //[^\n]* | /\*.*?\*/ | @\*.*?\*@ | \$*("{3,}).*?\1 | (?:\$@|@\$|@)"(?:[^"]|"")*" | \$?"(?:\\.|[^"\\\n])*" | '(?:\\.[^']*|[^'\\\n])'
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentOrLiteral();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+struct|\s+class)?)\s+(\w+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();
}
