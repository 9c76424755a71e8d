using System.Buffers;
using System.Text;
using System.Text.Json;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing;

/// <summary>
/// Takes an answer piece by piece and keeps only what was asked for, so that a block of any size costs no memory. Throws
/// <see cref="JsonException"/> for what is no JSON.
/// </summary>
/// <param name="id">Of the JSON-RPC question; null for REST, where the whole answer is the result.</param>
/// <param name="wanted">What is kept of the result.</param>
internal sealed class NodeAnswerReader(string? id, AnswerShape wanted)
{
    private const int MaxDepth = 64;

    /// <summary>Where the nodes' own words stand, in either kind of answer.</summary>
    private static readonly AnswerShape OfRpc = AnswerShape.Of([IdPath, ResultPath, ErrorPath, CodePath, MessagePath, CausePath, DataPath, WordsPath, LoneCodePath]);
    private static readonly AnswerShape OfRest = AnswerShape.Of([ErrorPath, CodePath, MessagePath, CausePath, DataPath, WordsPath, LoneCodePath]);

    private const string IdPath = "id";
    private const string ResultPath = "result";
    private const string ErrorPath = "error";
    private const string CodePath = "error.code";
    private const string MessagePath = "error.message";
    private const string CausePath = "error.cause.name";
    private const string DataPath = "error.data";
    private const string WordsPath = "message";
    private const string LoneCodePath = "code";

    private readonly Stack<Container> open = new(4);
    private JsonReaderState state = new(new JsonReaderOptions { MaxDepth = MaxDepth });
    private Container here;
    private Place next;
    private List<KeyValuePair<string, string?>>? found;
    private NodeAnswerKind? kind;
    private string? text;
    private string? words;
    private string? cause;
    private string? data;
    private string? loneCode;

    /// <summary>The answer is a list: a batch, although one question was asked.</summary>
    public bool IsBatch { get; private set; }

    public bool IsTooDeep { get; private set; }

    /// <summary>The id as it was written; null when there was none.</summary>
    public string? Id { get; private set; }

    public bool IsOurs => id is null || Id == id;

    /// <summary>There is a top-level <c>error</c> that is not null. (Some nodes put one inside the result; that is none.)</summary>
    public bool HasError { get; private set; }

    public string? ErrorCode { get; private set; }

    public string? ErrorMessage { get; private set; }

    /// <summary>A code without an error around it, as REST services answer.</summary>
    public string? Code => ErrorCode ?? loneCode;

    /// <summary>The node's words for what went wrong; a <c>message</c> beside the result is one only where the status says that something did.</summary>
    public string? Words => cause is null && data is null ? ErrorMessage ?? words : string.Join(": ", new[] { ErrorMessage ?? words, cause, data }.OfType<string>());

    /// <summary>Null when the answer had no result.</summary>
    public NodeAnswer? Result => kind is { } known ? new NodeAnswer(known, text, (IReadOnlyList<KeyValuePair<string, string?>>?)found ?? []) : null;

    /// <summary>Some of what was asked for is there.</summary>
    public bool HasFields => found is not null;

    /// <returns>How many bytes are done with; the others must come again with what follows.</returns>
    public int Read(ReadOnlySpan<byte> data, bool isLast)
    {
        var reader = new Utf8JsonReader(data, isLast, state);
        try
        {
            // Most of an answer lies below what is wanted, and is only read over.
            while (reader.Read())
                if (reader.CurrentDepth <= open.Count)
                    Take(ref reader);
        }
        catch (JsonException)
        {
            IsTooDeep = reader.CurrentDepth >= MaxDepth - 1;
            throw;
        }
        catch (InvalidOperationException exception)
        {
            // A string that is no valid UTF-8 or ends in half a surrogate pair.
            throw new JsonException("invalid text", exception);
        }

        state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private void Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                next = here.Property(ref reader);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                if (reader.CurrentDepth < open.Count)
                    here = open.Pop();
                break;
            default:
                if (open.Count == 0)
                    next = id is null ? new Place(OfRest, wanted, IsResult: true) : new Place(OfRpc, null, IsResult: false);
                else if (here.IsArray)
                    next = here.NextItem();
                TakeValue(ref reader);
                break;
        }
    }

    private void TakeValue(ref Utf8JsonReader reader)
    {
        var isArray = reader.TokenType == JsonTokenType.StartArray;
        if (open.Count == 0)
            IsBatch = isArray && id is not null;
        if (next.IsResult || next.Envelope?.Path == ResultPath)
        {
            kind = KindOf(reader.TokenType);
            text = IsScalar(reader.TokenType) ? Scalar(ref reader) : null;
        }

        if (next.Envelope?.Path is { } part)
            TakeEnvelope(part, ref reader);
        if (next.Wanted?.Path is { } path && IsScalar(reader.TokenType))
            Keep(path, Scalar(ref reader));

        if (IsScalar(reader.TokenType))
            return;
        var inside = next.Envelope?.Path == ResultPath
            ? new Container(null, wanted, isArray)
            : new Container(isArray ? null : next.Envelope, next.Wanted, isArray);
        if (!inside.IsOfInterest)
            return;
        open.Push(here);
        here = inside;
    }

    /// <summary>The last one counts, as elsewhere in JSON.</summary>
    private void Keep(string path, string? value)
    {
        found ??= new(capacity: 3);
        var before = found.FindIndex(field => field.Key == path);
        if (before < 0)
            found.Add(new(path, value));
        else
            found[before] = new(path, value);
    }

    private void TakeEnvelope(string part, ref Utf8JsonReader reader)
    {
        switch (part)
        {
            case IdPath when IsScalar(reader.TokenType):
                Id = reader.TokenType == JsonTokenType.String ? $"\"{reader.GetString()}\"" : Raw(ref reader);
                break;
            case ErrorPath:
                HasError |= reader.TokenType != JsonTokenType.Null;
                if (reader.TokenType == JsonTokenType.String)
                    ErrorMessage = reader.GetString();
                break;
            case CodePath when IsScalar(reader.TokenType):
                ErrorCode = Scalar(ref reader);
                break;
            case MessagePath when IsScalar(reader.TokenType):
                ErrorMessage = Scalar(ref reader);
                break;
            case CausePath when reader.TokenType == JsonTokenType.String:
                cause = reader.GetString();
                break;
            case DataPath when reader.TokenType == JsonTokenType.String:
                data = reader.GetString();
                break;
            case WordsPath when reader.TokenType == JsonTokenType.String:
                words = reader.GetString();
                break;
            case LoneCodePath when reader.TokenType == JsonTokenType.Number:
                loneCode = Raw(ref reader);
                break;
        }
    }

    private static bool IsScalar(JsonTokenType token) => token is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null;

    private static NodeAnswerKind KindOf(JsonTokenType token) => token switch
    {
        JsonTokenType.Null => NodeAnswerKind.Null,
        JsonTokenType.True or JsonTokenType.False => NodeAnswerKind.Boolean,
        JsonTokenType.Number => NodeAnswerKind.Number,
        JsonTokenType.String => NodeAnswerKind.Text,
        JsonTokenType.StartObject => NodeAnswerKind.Object,
        _ => NodeAnswerKind.Array,
    };

    private static string? Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Null => null,
        _ => Raw(ref reader),
    };

    private static string Raw(ref Utf8JsonReader reader) => Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);

    /// <summary>What the next value is, in the envelope and in the result.</summary>
    private readonly record struct Place(AnswerShape? Envelope, AnswerShape? Wanted, bool IsResult);

    /// <summary>An object or a list that holds something of interest.</summary>
    private struct Container(AnswerShape? envelope, AnswerShape? wanted, bool isArray)
    {
        private int items;

        public readonly bool IsArray => isArray;

        public readonly bool IsOfInterest => envelope is not null || wanted is not null;

        public readonly Place Property(ref Utf8JsonReader reader) => new(envelope?.Property(ref reader), wanted?.Property(ref reader), IsResult: false);

        public Place NextItem() => new(null, wanted?.Item(items++), IsResult: false);
    }
}
