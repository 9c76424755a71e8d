namespace AltruistManager.Chains.Protocols;

/// <summary>Asks one node. Implemented where nodes are reached, so that a protocol knows only questions and answers.</summary>
public interface INodeClient
{
    /// <summary>The error that the node answered the last question with; null where it answered with a result, and where no answer of it came.</summary>
    NodeError? Error { get; }

    /// <returns>Null when no result came: the node answered with an <see cref="Error"/>, or whoever made the client knows why.</returns>
    Task<NodeAnswer?> AskAsync(NodeQuestion question, CancellationToken cancellation);
}

/// <summary>A well-formed refusal of one question, by the node itself.</summary>
/// <param name="Code">Of JSON-RPC, or the HTTP status of a REST call; null where there was none.</param>
/// <param name="Words">As the node wrote them, shortened, printable and without secrets.</param>
public sealed record NodeError(string? Code, string Words);

/// <summary>One call to a node: over JSON-RPC (method and parameters) or over REST (verb and path).</summary>
public sealed record NodeQuestion
{
    /// <summary>For a number, a flag, a hash.</summary>
    public const int Scalar = 64 * 1024;

    /// <summary>For a block without its transactions: the hashes of a thousand of them are over 64 KB.</summary>
    public const int Block = 2 * 1024 * 1024;

    private NodeQuestion(string name, int maxBytes, IReadOnlyList<string> fields)
    {
        Name = name;
        MaxBytes = maxBytes;
        Fields = fields;
        Shape = AnswerShape.Of(fields);
    }

    /// <summary>Over JSON-RPC.</summary>
    /// <param name="parameters">A JSON array or object.</param>
    /// <param name="fields">Where in the result the wanted values stand, as paths: <c>sync_info.latest_block_height</c>, <c>block_metas.0.block_id.hash</c>.</param>
    public NodeQuestion(string method, string parameters, int maxBytes, IReadOnlyList<string> fields)
        : this(method, maxBytes, fields)
    {
        Method = method;
        Body = parameters;
    }

    /// <summary>What people are told was asked: the method, or verb and path.</summary>
    public string Name { get; private init; }

    /// <summary>Of JSON-RPC; null for a REST call.</summary>
    public string? Method { get; }

    /// <summary>Of a REST call: what is appended to the altruist's URL, such as <c>/v1/query/height</c>; null for JSON-RPC.</summary>
    public string? Path { get; private init; }

    /// <summary>The parameters of a JSON-RPC call, the JSON body of a REST <c>POST</c>, null for a <c>GET</c>.</summary>
    public string? Body { get; init; }

    /// <summary>Of the whole answer, decompressed.</summary>
    public int MaxBytes { get; }

    /// <summary>What is wanted of an answer that is an object or a list, as paths from the result (JSON-RPC) or the whole answer (REST); the rest is read over.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary><see cref="Fields"/> as a tree, made once for all uses of a question.</summary>
    internal AnswerShape Shape { get; }

    /// <summary>The same question of a REST service at another path.</summary>
    public NodeQuestion To(string path, string? body) => this with { Name = $"{(body is null ? "GET" : "POST")} {path}", Path = path, Body = body };

    public static NodeQuestion Get(string path, int maxBytes, params IReadOnlyList<string> fields) =>
        new($"GET {path}", maxBytes, fields) { Path = path };

    /// <summary>A query in GraphQL, posted to the altruist's URL itself.</summary>
    /// <param name="query">Without characters that JSON escapes.</param>
    public static NodeQuestion GraphQl(string query, int maxBytes, params IReadOnlyList<string> fields) =>
        new("GraphQL", maxBytes, fields) { Path = "", Body = $$"""{"query":"{{query}}"}""" };

    /// <param name="body">JSON.</param>
    public static NodeQuestion Post(string path, string body, int maxBytes, params IReadOnlyList<string> fields) =>
        new($"POST {path}", maxBytes, fields) { Path = path, Body = body };
}

public enum NodeAnswerKind
{
    Null,
    Boolean,
    Number,
    Text,
    Object,
    Array,
}

/// <summary>The result of a question, as shallow as it is needed.</summary>
/// <param name="Text">Of a scalar as it was written (a string without its quotes); null for the other kinds.</param>
/// <param name="Fields">
/// Those of <see cref="NodeQuestion.Fields"/> that were there and are scalars, by their path: text without its quotes, numbers as they were written,
/// <c>true</c> and <c>false</c>; null for a field that is there and null. Each path once: hardly ever more than three, kept by the thousand while a sweep lasts.
/// </param>
public sealed record NodeAnswer(NodeAnswerKind Kind, string? Text, IReadOnlyList<KeyValuePair<string, string?>> Fields)
{
    /// <summary>Null for a field that is not there, that is null, and that is no scalar.</summary>
    public string? this[string field]
    {
        get
        {
            for (var at = 0; at < Fields.Count; at++)
                if (Fields[at].Key == field)
                    return Fields[at].Value;
            return null;
        }
    }
}
