using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace AltruistManager.Altruists;

/// <summary>Credentials as somebody says them, field by field.</summary>
/// <param name="Type">Null when it was not said.</param>
/// <param name="Fields">All the others.</param>
public sealed record AuthDraft(string? Type, IReadOnlyDictionary<string, string> Fields)
{
    /// <inheritdoc cref="EndpointAuth.Salt"/>
    internal string Salt { get; } = NewSalt();

    internal static string NewSalt() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Never printed.</summary>
    public override string ToString() => Type ?? "";
}

/// <summary>What credentials may look like (contract 3.1). Nothing of what is wrong with them repeats them.</summary>
internal static partial class AuthRules
{
    private const int LongestName = 100;
    private const int LongestSecret = 4096;

    /// <summary>Headers that HTTP itself or the prober needs, or that lead a request elsewhere.</summary>
    private static readonly HashSet<string> ReservedHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "accept", "accept-charset", "accept-encoding", "accept-language", "allow", "connection", "cookie", "date", "expect", "expires", "forwarded", "host", "keep-alive", "last-modified", "max-forwards",
        "origin", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "referer", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
    };

    private static readonly string[] ReservedPrefixes = ["content-", "sec-", "x-forwarded-", "if-"];

    /// <summary>By type: the field of the name, and that of the secret.</summary>
    private static readonly Dictionary<string, (AuthKind Kind, string? Name, string Secret)> Types = new(StringComparer.Ordinal)
    {
        ["basic"] = (AuthKind.Basic, "username", "password"),
        ["bearer"] = (AuthKind.Bearer, null, "token"),
        ["header"] = (AuthKind.Header, "name", "value"),
        ["query"] = (AuthKind.Query, "name", "value"),
    };

    public static IEnumerable<string> TypeNames => Types.Keys;

    /// <summary>The field of the name and that of the secret; null for what the type does not have.</summary>
    public static (string? Name, string? Secret) FieldsOf(string type) => Types.TryGetValue(type, out var known) ? (known.Name, known.Secret) : (null, null);

    /// <param name="before">Kept where no secret is said and nothing else differs, as in an answer that is sent back.</param>
    /// <param name="urls">Where the credentials are for.</param>
    /// <returns>Null when something is wrong; <paramref name="errors"/> says what.</returns>
    public static EndpointAuth? Check(AuthDraft draft, EndpointAuth before, IReadOnlyCollection<string> urls, FieldErrors errors)
    {
        if (draft.Type == "none")
        {
            foreach (var field in draft.Fields.Keys)
                errors.Add($"auth.{field}", "is not a field of the type none");
            return draft.Fields.Count == 0 ? EndpointAuth.None : null;
        }

        if (draft.Type is null || !Types.TryGetValue(draft.Type, out var type))
        {
            errors.Add("auth.type", $"must be none, {string.Join(", ", Types.Keys)}");
            return null;
        }

        var found = new FieldErrors();
        foreach (var field in draft.Fields.Keys.Where(field => field != type.Name && field != type.Secret))
            found.Add($"auth.{field}", $"is not a field of the type {draft.Type}");
        var name = type.Name is null ? "" : draft.Fields.GetValueOrDefault(type.Name);
        var secret = draft.Fields.GetValueOrDefault(type.Secret);
        if (secret is null && !found.Any && before.Kind == type.Kind && (name is null || name == before.Name))
            return before;

        if (name is null)
            found.Add($"auth.{type.Name}", "is missing");
        else if (type.Name is not null)
            CheckName(type.Kind, $"auth.{type.Name}", name, urls, found);
        if (secret is null)
            found.Add($"auth.{type.Secret}", "is missing");
        else
            CheckSecret(type.Kind, $"auth.{type.Secret}", secret, found);
        if (type.Kind == AuthKind.Basic && name == "" && secret == "")
            found.Add("auth.password", "must not be empty where the user name is");

        foreach (var (field, list) in found.ToDictionary())
            foreach (var error in list)
                errors.Add(field, error);
        return found.Any ? null : new EndpointAuth(type.Kind, name!, secret!) { Salt = draft.Salt };
    }

    private static void CheckName(AuthKind kind, string field, string name, IReadOnlyCollection<string> urls, FieldErrors errors)
    {
        if (kind == AuthKind.Basic)
        {
            if (name.Length > LongestSecret)
                errors.Add(field, $"must have at most {LongestSecret} characters");
            else if (name.Any(char.IsControl) || name.Contains(':', StringComparison.Ordinal))
                errors.Add(field, "must not hold colons or control characters");
        }
        else if (name.Length == 0 || name.Length > LongestName)
        {
            errors.Add(field, $"must have 1 to {LongestName} characters");
        }
        else if (kind == AuthKind.Header)
        {
            if (!HeaderName().IsMatch(name))
                errors.Add(field, "must be the name of a header: letters, digits and - _ . and the like");
            else if (ReservedHeaders.Contains(name) || Array.Exists(ReservedPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                errors.Add(field, "must not be a header of HTTP's own, such as Host or Content-Type");
        }
        else if (!QueryName().IsMatch(name))
        {
            errors.Add(field, "must hold only letters, digits, and . _ ~ -");
        }
        else if (urls.Any(url => HasParameter(url, name)))
        {
            errors.Add(field, "is a parameter of the URL already: credentials do not belong into the URL");
        }
    }

    private static void CheckSecret(AuthKind kind, string field, string secret, FieldErrors errors)
    {
        if (secret.Length > LongestSecret || (secret.Length == 0 && kind != AuthKind.Basic))
            errors.Add(field, $"must have 1 to {LongestSecret} characters");
        else if (secret.Any(char.IsControl))
            errors.Add(field, "must not hold control characters");
        else if (kind == AuthKind.Bearer && !Token().IsMatch(secret))
            errors.Add(field, "must hold only letters, digits, and - . _ ~ + / =");
        else if (kind == AuthKind.Header && (!secret.All(char.IsAscii) || secret.Trim().Length < secret.Length))
            errors.Add(field, "must be plain ASCII without blanks around it");
    }

    private static bool HasParameter(string url, string name)
    {
        var query = url.IndexOf('?');
        return query >= 0 && url[(query + 1)..].Split('&').Any(part => part == name || part.StartsWith($"{name}=", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HeaderName();

    [GeneratedRegex(@"^[A-Za-z0-9._~-]+\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex QueryName();

    [GeneratedRegex(@"^[A-Za-z0-9._~+/-]+=*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Token();
}
