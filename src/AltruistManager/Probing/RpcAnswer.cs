using System.Buffers;
using System.Text;
using System.Text.Json;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing;

/// <summary>
/// Takes a JSON-RPC answer piece by piece and keeps only what was asked for, so that a block of any size costs no memory. Throws
/// <see cref="JsonException"/> for what is no JSON.
/// </summary>
internal sealed class RpcAnswer(string id, IReadOnlyList<string> fields)
{
    private const int MaxDepth = 64;

    private readonly Dictionary<string, string> found = [];
    private JsonReaderState state = new(new JsonReaderOptions { MaxDepth = MaxDepth });
    private string? section;
    private string? field;
    private NodeAnswerKind? kind;
    private string? text;

    /// <summary>The answer is a list: a batch, although one question was asked.</summary>
    public bool IsBatch { get; private set; }

    /// <summary>The answer is an object, as it must be.</summary>
    public bool IsObject { get; private set; }

    public bool IsTooDeep { get; private set; }

    /// <summary>The id as it was written; null when there was none.</summary>
    public string? Id { get; private set; }

    public bool IsOurs => Id == id;

    /// <summary>There is a top-level <c>error</c> that is not null. (Some nodes put one inside the result; that is none.)</summary>
    public bool HasError { get; private set; }

    public string? ErrorCode { get; private set; }

    public string? ErrorMessage { get; private set; }

    /// <summary>Null when the answer had no result.</summary>
    public NodeAnswer? Result => kind is { } known ? new NodeAnswer(known, text, found) : null;

    /// <returns>How many bytes are done with; the others must come again with what follows.</returns>
    public int Read(ReadOnlySpan<byte> data, bool isLast)
    {
        var reader = new Utf8JsonReader(data, isLast, state);
        try
        {
            while (reader.Read())
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
        switch (reader.CurrentDepth)
        {
            case 0:
                IsObject |= reader.TokenType == JsonTokenType.StartObject;
                IsBatch |= reader.TokenType == JsonTokenType.StartArray;
                break;
            case 1 when IsBatch:
                break;
            case 1 when reader.TokenType == JsonTokenType.PropertyName:
                section = reader.GetString();
                field = null;
                break;
            case 1:
                TakeTop(ref reader);
                break;
            case 2 when reader.TokenType == JsonTokenType.PropertyName:
                field = reader.GetString();
                break;
            case 2 when field is not null && IsScalar(reader.TokenType):
                TakeInner(ref reader);
                break;
        }
    }

    private void TakeTop(ref Utf8JsonReader reader)
    {
        switch (section)
        {
            case "id" when IsScalar(reader.TokenType):
                Id = reader.TokenType == JsonTokenType.String ? $"\"{reader.GetString()}\"" : Raw(ref reader);
                break;
            case "result" when KindOf(reader.TokenType) is { } known:
                kind = known;
                text = IsScalar(reader.TokenType) ? Scalar(ref reader) : null;
                break;
            case "error":
                HasError |= reader.TokenType is not (JsonTokenType.Null or JsonTokenType.EndObject or JsonTokenType.EndArray);
                if (reader.TokenType == JsonTokenType.String)
                    ErrorMessage = reader.GetString();
                break;
        }
    }

    private void TakeInner(ref Utf8JsonReader reader)
    {
        if (section == "error" && field == "code")
            ErrorCode = Scalar(ref reader);
        else if (section == "error" && field == "message")
            ErrorMessage = Scalar(ref reader);
        else if (section == "result" && fields.Contains(field!) && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            found[field!] = Scalar(ref reader);
    }

    private static bool IsScalar(JsonTokenType token) => token is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null;

    private static NodeAnswerKind? KindOf(JsonTokenType token) => token switch
    {
        JsonTokenType.Null => NodeAnswerKind.Null,
        JsonTokenType.True or JsonTokenType.False => NodeAnswerKind.Boolean,
        JsonTokenType.Number => NodeAnswerKind.Number,
        JsonTokenType.String => NodeAnswerKind.Text,
        JsonTokenType.StartObject => NodeAnswerKind.Object,
        JsonTokenType.StartArray => NodeAnswerKind.Array,
        _ => null,
    };

    private static string Scalar(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? reader.GetString()! : Raw(ref reader);

    private static string Raw(ref Utf8JsonReader reader) => Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
}
