using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Api;

/// <summary>
/// Reads a JSON object field by field and collects everything that is wrong with it, so that one answer names every bad field. An
/// endpoint asks for it as a parameter, reads its fields, adds what it finds itself (<see cref="Bad"/>), and last asks <see cref="Refusal"/>.
/// Readers give null for a field that is missing, null or bad. Describe the body to the API document with <c>.Accepts&lt;T&gt;("application/json")</c>.
/// </summary>
internal sealed class BodyReader
{
    /// <summary>The longest body that is read, in bytes, where no <see cref="BodyLimit"/> says otherwise.</summary>
    public const int MostBytes = 64 * 1024;

    private readonly Problem? unreadable;
    private readonly Dictionary<string, JsonElement> fields = [];
    private readonly HashSet<string> known = [];
    private readonly Dictionary<string, List<string>> errors = [];
    private readonly List<BodyReader> inner = [];
    private readonly string prefix = "";

    private BodyReader(Problem unreadable) => this.unreadable = unreadable;

    private BodyReader(JsonElement root)
    {
        foreach (var field in root.EnumerateObject())
            fields[field.Name] = field.Value;
    }

    /// <summary>An object within a body: what is wrong with it is told with the rest, under its place.</summary>
    private BodyReader(JsonElement item, BodyReader outer, string place)
        : this(item)
    {
        prefix = $"{outer.prefix}{place}.";
        errors = outer.errors;
        outer.inner.Add(this);
    }

    public static async ValueTask<BodyReader> BindAsync(HttpContext context)
    {
        var request = context.Request;
        if (!request.HasJsonContentType())
            return new BodyReader(new Problem(415, "unsupported-media-type", "The body must be JSON", "Send the body as application/json."));
        var most = context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>()?.Bytes ?? MostBytes;
        if (request.ContentLength > most)
            return TooLarge(most);

        try
        {
            var buffer = new byte[(request.ContentLength ?? most) + 1];
            var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
            return length > most ? TooLarge(most) : Parse(buffer.AsMemory(0, length));
        }
        catch (BadHttpRequestException bad)
        {
            return new BodyReader(new Problem(bad.StatusCode, "bad-body", "The body cannot be read", bad.Message));
        }

        static BodyReader TooLarge(int most) => new(new Problem(413, "too-large", "The body is too large", $"A body may have {most} bytes."));
    }

    internal static BodyReader Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            ReadTexts(document.RootElement);
            return document.RootElement.ValueKind is JsonValueKind.Object
                ? new BodyReader(document.RootElement.Clone())
                : new BodyReader(Problems.BadBody("The body must be a JSON object."));
        }
        catch (JsonException bad)
        {
            return new BodyReader(Problems.BadBody(bad.LineNumber is { } line
                ? $"The body is not valid JSON at line {line + 1}, byte {bad.BytePositionInLine + 1}."
                : "The body is not valid JSON, or names a field twice."));
        }
        catch (InvalidOperationException)
        {
            return new BodyReader(Problems.BadBody("The body holds text that is not valid UTF-8 or half a character."));
        }
    }

    /// <summary>The parser looks at the characters of a text only when it is read: each is read once, here.</summary>
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    ReadTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (var field in element.EnumerateObject())
                {
                    _ = field.Name;
                    ReadTexts(field.Value);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>True when the field is there, even as null.</summary>
    public bool Has(string name) => fields.ContainsKey(name);

    /// <summary>True when the field is there and null.</summary>
    public bool IsNull(string name) => fields.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.Null;

    /// <summary>Adds an error; <paramref name="error"/> goes on after the name: <c>must be …</c>.</summary>
    public void Bad(string name, string error)
    {
        if (!errors.TryGetValue(prefix + name, out var list))
            errors[prefix + name] = list = [];
        list.Add(error);
    }

    /// <summary>Whether this field was found bad so far.</summary>
    public bool IsBad(string name) => errors.ContainsKey(prefix + name);

    /// <summary>Read-only fields of the answer are accepted and ignored.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            known.Add(name);
    }

    /// <summary>Without surrounding blanks; control characters are refused.</summary>
    public string? String(string name, bool required = false, int most = 200, int least = 1)
    {
        if (!Take(name, required, JsonValueKind.String, "must be text", out var value))
            return null;
        return CheckText(name, value.GetString()!, most, least);
    }

    public int? Int(string name, int least, int most, bool required = false)
    {
        if (!Take(name, required, JsonValueKind.Number, "must be a whole number", out var value))
            return null;
        if (value.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        Bad(name, $"must be a whole number from {least} to {most}");
        return null;
    }

    public long? Long(string name, long least, long most, bool required = false)
    {
        if (!Take(name, required, JsonValueKind.Number, "must be a whole number", out var value))
            return null;
        if (value.TryGetInt64(out var number) && number >= least && number <= most)
            return number;
        Bad(name, $"must be a whole number from {least} to {most}");
        return null;
    }

    public double? Number(string name, double least, double most, bool required = false)
    {
        if (!Take(name, required, JsonValueKind.Number, "must be a number", out var value))
            return null;
        if (value.TryGetDouble(out var number) && number >= least && number <= most)
            return number;
        Bad(name, string.Create(CultureInfo.InvariantCulture, $"must be a number from {least} to {most}"));
        return null;
    }

    public bool? Bool(string name, bool required = false)
    {
        known.Add(name);
        if (fields.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        return Take(name, required, JsonValueKind.True, "must be true or false", out _) ? true : null;
    }

    /// <summary>RFC 3339 with an offset, as <c>2026-11-21T07:05:00Z</c>.</summary>
    public DateTimeOffset? Time(string name, bool required = false)
    {
        const string Wrong = "must be a time such as 2026-11-21T07:05:00Z";
        if (!Take(name, required, JsonValueKind.String, Wrong, out var value))
            return null;
        var text = value.GetString()!;
        if (DateTimeOffset.TryParseExact(
                text.ToUpperInvariant(), ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            && HasOffset(text))
        {
            return time.ToUniversalTime();
        }

        Bad(name, Wrong);
        return null;

        // K takes nothing at all for an offset as well.
        static bool HasOffset(string text) => text[^1] is 'Z' or 'z' || text[19..].AsSpan().IndexOfAny('+', '-') >= 0;
    }

    /// <summary>One of an enum's names in kebab case.</summary>
    public T? Enum<T>(string name, bool required = false)
        where T : struct, Enum
    {
        var names = System.Enum.GetValues<T>().ToDictionary(value => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()));
        if (!Take(name, required, JsonValueKind.String, $"must be one of {string.Join(", ", names.Keys)}", out var value))
            return null;
        if (names.TryGetValue(value.GetString()!, out var found))
            return found;
        Bad(name, $"must be one of {string.Join(", ", names.Keys)}");
        return null;
    }

    /// <summary>A list of texts without repetition, in the order given.</summary>
    public IReadOnlyList<string>? Strings(string name, bool required = false, int mostItems = 100, int leastItems = 0, int most = 200)
    {
        if (!Take(name, required, JsonValueKind.Array, "must be a list of texts", out var value))
            return null;
        var items = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind is not JsonValueKind.String)
            {
                Bad(name, "must be a list of texts");
                return null;
            }

            if (CheckText(name, item.GetString()!, most, 1) is not { } text)
                return null;
            if (!items.Contains(text))
                items.Add(text);
        }

        if (items.Count >= leastItems && items.Count <= mostItems)
            return items;
        Bad(name, $"must have {leastItems} to {mostItems} items");
        return null;
    }

    /// <summary>An object whose values are texts.</summary>
    public IReadOnlyDictionary<string, string>? Texts(string name, bool required = false, int most = 2048)
    {
        if (!Take(name, required, JsonValueKind.Object, "must be an object of texts", out var value))
            return null;
        var items = new Dictionary<string, string>();
        foreach (var item in value.EnumerateObject())
        {
            if (item.Value.ValueKind is JsonValueKind.String)
                items[item.Name] = item.Value.GetString()!;
            else
                Bad($"{name}.{item.Name}", "must be text");
            if (item.Value.ValueKind is JsonValueKind.String && item.Value.GetString()!.Length > most)
                Bad($"{name}.{item.Name}", $"must have at most {most} characters");
        }

        return items;
    }

    /// <summary>An object inside, for what no other reader knows; null when it is missing, null or no object.</summary>
    public JsonElement? Object(string name, bool required = false) =>
        Take(name, required, JsonValueKind.Object, "must be an object", out var value) ? value : null;

    /// <summary>An object whose values are whole numbers from 0.</summary>
    public IReadOnlyDictionary<string, long>? Counts(string name, long most)
    {
        if (!Take(name, required: false, JsonValueKind.Object, "must be an object of whole numbers", out var value))
            return null;
        var counts = new Dictionary<string, long>();
        foreach (var item in value.EnumerateObject())
        {
            if (item.Value.ValueKind is JsonValueKind.Number && item.Value.TryGetInt64(out var count) && count >= 0 && count <= most)
                counts[item.Name] = count;
            else
                Bad($"{name}.{item.Name}", $"must be a whole number from 0 to {most}");
        }

        return counts;
    }

    /// <summary>An object inside, to be read like the body itself; null when it is missing, null or no object.</summary>
    public BodyReader? Inner(string name) =>
        Take(name, required: false, JsonValueKind.Object, "must be an object", out var value) ? new BodyReader(value, this, name) : null;

    /// <summary>A list of objects, each with its place and to be read like the body itself; empty when it is missing or no such list.</summary>
    public IReadOnlyList<(string Place, BodyReader Item)> Inners(string name, int mostItems)
    {
        if (!Take(name, required: false, JsonValueKind.Array, "must be a list of objects", out var value))
            return [];
        if (value.GetArrayLength() > mostItems)
        {
            Bad(name, $"must have at most {mostItems} items");
            return [];
        }

        var items = new List<(string Place, BodyReader Item)>();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            var place = $"{name}[{index}]";
            if (item.ValueKind is JsonValueKind.Object)
                items.Add(($"{prefix}{place}", new BodyReader(item, this, place)));
            else
                Bad(place, "must be an object");
        }

        return items;
    }

    /// <summary>What to answer when anything was wrong, unknown fields included; null when all is well. Ask last.</summary>
    public Problem? Refusal()
    {
        if (unreadable is not null)
            return unreadable;
        RefuseUnknown();
        return errors.Count == 0 ? null : Problems.BadFields(errors);
    }

    /// <summary>The same for a feature that goes on checking: what was found wrong goes into <paramref name="found"/>, and a problem comes back only for a body that cannot be read. Ask last.</summary>
    public Problem? HandOver(FieldErrors found)
    {
        if (unreadable is not null)
            return unreadable;
        _ = Refusal();
        foreach (var (field, list) in errors)
            foreach (var error in list)
                found.Add(field, error);
        return null;
    }

    private void RefuseUnknown()
    {
        foreach (var name in fields.Keys.Where(name => !known.Contains(name)))
            Bad(name, "is not a field of this thing");
        inner.ForEach(item => item.RefuseUnknown());
    }

    private bool Take(string name, bool required, JsonValueKind kind, string wrong, out JsonElement value)
    {
        known.Add(name);
        if (!fields.TryGetValue(name, out value) || value.ValueKind is JsonValueKind.Null)
        {
            if (required)
                Bad(name, "is missing");
            return false;
        }

        if (value.ValueKind == kind)
            return true;
        Bad(name, wrong);
        return false;
    }

    private string? CheckText(string name, string text, int most, int least)
    {
        text = text.Trim();
        if (text.Length < least || text.Length > most)
            Bad(name, $"must have {least} to {most} characters");
        else if (text.Any(char.IsControl))
            Bad(name, "must not hold control characters");
        else
            return text;
        return null;
    }
}

/// <summary>On an endpoint: the longest body that is read there.</summary>
internal sealed record BodyLimit(int Bytes);
