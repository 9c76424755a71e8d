using System.Text.RegularExpressions;

namespace AltruistManager.Altruists;

/// <summary>What is wrong with each field of a request; all of it is told at once.</summary>
public sealed class FieldErrors
{
    private readonly SortedDictionary<string, List<string>> errors = new(StringComparer.Ordinal);

    public bool Any => errors.Count > 0;

    public bool Has(string field) => errors.ContainsKey(field);

    public void Add(string field, string error)
    {
        if (!errors.TryGetValue(field, out var list))
            errors.Add(field, list = []);
        list.Add(error);
    }

    /// <summary>For a decision that may be made twice.</summary>
    internal FieldErrors Copy()
    {
        var copy = new FieldErrors();
        foreach (var (field, list) in errors)
            copy.errors.Add(field, [.. list]);
        return copy;
    }

    public IDictionary<string, string[]> ToDictionary() => errors.ToDictionary(field => field.Key, field => field.Value.ToArray());

    /// <summary>Adds what is wrong unless the value is between the limits.</summary>
    internal void Between(string field, double? value, double least, double most)
    {
        if (value is { } number && !(number >= least && number <= most))
            Add(field, $"must be from {least} to {most}");
    }

    /// <summary>Adds what is wrong unless it is readable text of the length given.</summary>
    internal void Text(string field, string? value, int most = 100)
    {
        if (value is null)
            return;
        if (value.Length == 0 || value.Length > most)
            Add(field, $"must have 1 to {most} characters");
        else if (value.Any(char.IsControl))
            Add(field, "must not hold control characters");
    }
}

/// <summary>How people may name things.</summary>
internal static partial class Naming
{
    /// <summary>What stands in the place of a chain's name in REST paths, which know no case.</summary>
    private static readonly string[] Reserved = ["stream"];

    /// <summary>Null when <paramref name="name"/> may be the id or alias of a chain.</summary>
    public static string? ChainError(string name) =>
        !ChainName().IsMatch(name) ? "must start with a letter or digit and hold only letters, digits, and . _ ~ - (200 at most)"
        : Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) ? "cannot be used in any case: /selections/stream is a call of its own"
        : null;

    /// <summary>Null when <paramref name="name"/> may be the id of a region or provider.</summary>
    public static string? IdError(string name) =>
        Id().IsMatch(name) ? null : "must start with a letter or digit and hold only letters, digits, and . _ - (64 at most)";

    /// <summary>Null when <paramref name="name"/> may be a capability.</summary>
    public static string? CapabilityError(string name) =>
        Capability().IsMatch(name) ? null : $"holds '{(name.Length > 40 ? name[..40] : name)}', which is not a capability: lower-case letters, digits and - (40 at most), such as archive or trace";

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ChainName();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Id();

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,39}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Capability();
}
