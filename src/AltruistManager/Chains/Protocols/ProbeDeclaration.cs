using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Chains.Protocols;

/// <summary>In which notation a declared probe finds times.</summary>
internal enum DeclaredTime
{
    UnixSeconds,
    UnixMilliseconds,
    Rfc3339,
}

/// <summary>How a declared probe reads the identity.</summary>
internal enum DeclaredIdentity
{
    Text,

    /// <summary>Decimal or hexadecimal, kept in decimal.</summary>
    Number,

    /// <summary>The last four bytes of a hash as a number, in decimal: so Tron derives its chain id from its genesis block.</summary>
    LastFourBytes,
}

/// <summary>
/// What to ask a node of a protocol that nobody wrote code for, and where in the answers the values stand. Read from JSON
/// (<c>docs/protocols.md</c> describes the form); whatever is wrong with it is named by its field.
/// </summary>
internal sealed class ProbeDeclaration
{
    public const int MostBytes = 16 * 1024;

    /// <summary>As a path: the whole answer, which is a mere value.</summary>
    public const string Whole = "$";

    private const int LongestText = 2_000;
    private const int MostParts = 16;

    private static readonly string[] AskFields = ["method", "params", "get", "post", "body", "large"];

    private static readonly Dictionary<string, DeclaredTime> Times = new()
    {
        ["unix-seconds"] = DeclaredTime.UnixSeconds,
        ["unix-milliseconds"] = DeclaredTime.UnixMilliseconds,
        ["rfc3339"] = DeclaredTime.Rfc3339,
    };

    private static readonly Dictionary<string, DeclaredIdentity> Identities = new()
    {
        ["text"] = DeclaredIdentity.Text,
        ["number"] = DeclaredIdentity.Number,
        ["last-four-bytes"] = DeclaredIdentity.LastFourBytes,
    };

    private ProbeDeclaration()
    {
    }

    public required Ask Head { get; init; }
    public required Ask Identity { get; init; }
    public Ask? Time { get; private init; }
    public Ask? Syncing { get; private init; }
    public Ask? Hash { get; private init; }
    public Ask? Archive { get; private init; }
    public DeclaredTime TimeFormat { get; private init; }
    public DeclaredIdentity IdentityFormat { get; private init; }

    /// <param name="wrong">Told of every field that is wrong, by its path from the declaration's root, and why.</param>
    /// <returns>Null when something was wrong.</returns>
    public static ProbeDeclaration? Read(JsonElement json, Action<string, string> wrong)
    {
        var reader = new Reader(json, wrong);
        var head = reader.Ask("head", atHeight: false, ["height"], ["time", "hash"]);
        var identity = reader.Ask("identity", atHeight: false, ["identity"], []);
        var read = new ProbeDeclaration
        {
            Head = head!,
            Identity = identity!,
            Time = reader.Has("time") ? reader.Ask("time", atHeight: true, ["time"], []) : null,
            Syncing = reader.Has("syncing") ? reader.Ask("syncing", atHeight: false, ["syncing"], []) : null,
            Hash = reader.Has("hash") ? reader.Ask("hash", atHeight: true, ["hash"], ["height"]) : null,
            Archive = reader.Has("archive") ? reader.Ask("archive", atHeight: true, ["found"], []) : null,
            TimeFormat = reader.Choice("timeFormat", Times),
            IdentityFormat = reader.Choice("identityFormat", Identities),
        };
        reader.RefuseOthers();
        if (read.Time is not null && read.Head?.Has("time") == true)
            wrong("time", "is not needed: the head has a time already");
        return reader.IsFine && (read.Time is null || !read.Head!.Has("time")) ? read : null;
    }

    /// <summary>One question, and where its values stand.</summary>
    /// <param name="Template">With <c>{height}</c> where the height goes.</param>
    public sealed record Ask(NodeQuestion Template, IReadOnlyDictionary<string, string> Places)
    {
        public bool Has(string value) => Places.ContainsKey(value);

        public string? Find(NodeAnswer answer, string value) =>
            !Places.TryGetValue(value, out var place) ? null : place == Whole ? answer.Text : answer[place];

        /// <summary>In a body the height is a number; <c>{height:text}</c> puts it in quotes, <c>{height:hex}</c> in hexadecimal in quotes.</summary>
        public NodeQuestion At(long height)
        {
            var digits = height.ToString(CultureInfo.InvariantCulture);
            var body = Template.Body?
                .Replace("\"{height}\"", digits, StringComparison.Ordinal)
                .Replace("\"{height:text}\"", $"\"{digits}\"", StringComparison.Ordinal)
                .Replace("\"{height:hex}\"", $"\"0x{height:x}\"", StringComparison.Ordinal)
                .Replace("{height}", digits, StringComparison.Ordinal);
            return Template.Path is { } path ? Template.To(path.Replace("{height}", digits, StringComparison.Ordinal), body) : Template with { Body = body };
        }
    }

    private sealed class Reader
    {
        private readonly JsonElement root;
        private readonly Action<string, string> wrong;
        private readonly HashSet<string> known = [];

        public Reader(JsonElement root, Action<string, string> wrong)
        {
            this.root = root;
            this.wrong = wrong;
            if (root.ValueKind != JsonValueKind.Object)
                Bad("", "must be an object");
        }

        public bool IsFine { get; private set; } = true;

        public bool Has(string name)
        {
            known.Add(name);
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;
        }

        public Ask? Ask(string name, bool atHeight, string[] needed, string[] optional)
        {
            if (!Has(name))
            {
                if (root.ValueKind == JsonValueKind.Object)
                    Bad(name, "is required");
                return null;
            }

            var part = root.GetProperty(name);
            if (part.ValueKind != JsonValueKind.Object)
            {
                Bad(name, "must be an object");
                return null;
            }

            foreach (var field in part.EnumerateObject().Where(field => !AskFields.Contains(field.Name) && !needed.Contains(field.Name) && !optional.Contains(field.Name)))
                Bad($"{name}.{field.Name}", "is not a known field");

            var places = new Dictionary<string, string>();
            foreach (var value in needed.Concat(optional))
            {
                if (Text(part, name, value) is { } place)
                    places[value] = place;
                else if (needed.Contains(value) && !part.TryGetProperty(value, out _))
                    Bad($"{name}.{value}", "is required: where in the answer it stands, as names with dots between them, or $ for the whole answer");
            }

            foreach (var (value, place) in places)
                if (place != Whole && (place.Split('.') is var parts) && (parts.Length > MostParts || parts.Any(string.IsNullOrWhiteSpace)))
                    Bad($"{name}.{value}", $"must be names with dots between them, {MostParts} at most, or $");

            var question = Question(part, name, [.. places.Values.Where(place => place != Whole)]);
            if (question is not null && atHeight != AsksForHeight(question))
                Bad(name, atHeight ? "must hold {height} in its path, params or body" : "must not hold {height}");
            return question is null ? null : new Ask(question, places);
        }

        public T Choice<T>(string name, Dictionary<string, T> choices)
            where T : struct
        {
            if (!Has(name))
                return default;
            var value = root.GetProperty(name);
            if (value.ValueKind == JsonValueKind.String && choices.TryGetValue(value.GetString()!, out var chosen))
                return chosen;
            Bad(name, $"must be one of {string.Join(", ", choices.Keys)}");
            return default;
        }

        public void RefuseOthers()
        {
            if (root.ValueKind != JsonValueKind.Object)
                return;
            foreach (var field in root.EnumerateObject().Where(field => !known.Contains(field.Name)))
                Bad(field.Name, "is not a known field");
        }

        private static bool AsksForHeight(NodeQuestion question) => $"{question.Path} {question.Body}".Contains("{height", StringComparison.Ordinal);

        private NodeQuestion? Question(JsonElement part, string name, string[] fields)
        {
            var (method, get, post) = (Text(part, name, "method"), Text(part, name, "get"), Text(part, name, "post"));
            if (new[] { method, get, post }.Count(way => way is not null) != 1)
            {
                Bad(name, "must have exactly one of method, get and post");
                return null;
            }

            var large = part.TryGetProperty("large", out var size) && size.ValueKind == JsonValueKind.True;
            if (size.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.True or JsonValueKind.False))
                Bad($"{name}.large", "must be true where the answer may be over 64 KB, else false");
            var most = large ? NodeQuestion.Block : NodeQuestion.Scalar;
            Without(part, name, "params", method is null, "goes with method");
            Without(part, name, "body", post is null, "goes with post");
            if (method is not null)
            {
                if (method.Length > 100 || !method.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-' or '/'))
                    Bad($"{name}.method", "must be the name of a method");
                var parameters = Body(part, "params");
                if (part.TryGetProperty("params", out var given) && given.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object))
                    Bad($"{name}.params", "must be a list or an object");
                return new NodeQuestion(method, parameters ?? "[]", most, fields);
            }

            var path = get ?? post!;
            if (path[0] != '/' || path.Any(character => character is '#' or '\\' || !char.IsAscii(character) || char.IsControl(character) || character == ' ')
                || path.Split('?')[0].Split('/').Any(segment => segment is "." or ".."))
            {
                Bad($"{name}.{(get is null ? "post" : "get")}", "must start with / and be a plain URL path");
            }

            return get is not null ? NodeQuestion.Get(path, most, fields) : NodeQuestion.Post(path, Body(part, "body") ?? "{}", most, fields);
        }

        private void Without(JsonElement part, string name, string field, bool refused, string why)
        {
            if (refused && part.TryGetProperty(field, out _))
                Bad($"{name}.{field}", why);
        }

        private static string? Body(JsonElement part, string field)
        {
            if (!part.TryGetProperty(field, out var given))
                return null;
            using var text = new MemoryStream();
            using (var writer = new Utf8JsonWriter(text))
                given.WriteTo(writer);
            return Encoding.UTF8.GetString(text.ToArray());
        }

        /// <summary>Null for a field that is not there, and for one that is wrong.</summary>
        private string? Text(JsonElement part, string name, string field)
        {
            if (!part.TryGetProperty(field, out var value))
                return null;
            if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= LongestText } text)
                return text;
            Bad($"{name}.{field}", $"must be a text of 1 to {LongestText} characters");
            return null;
        }

        private void Bad(string field, string why)
        {
            IsFine = false;
            wrong(field, why);
        }
    }
}
