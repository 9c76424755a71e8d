using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing;

/// <summary>One call to a node as evidence: no secret, no URL. Its texts are made only when somebody reads them: most are never read.</summary>
public sealed class Exchange
{
    private readonly NodeQuestion? question;
    private readonly NodeAnswer? answer;
    private readonly Excerpts? excerpts;
    private string? asked;
    private string? answered;

    /// <param name="asked">What was asked, without secrets.</param>
    /// <param name="answered">What came back, or why nothing did; shortened and printable, without secrets.</param>
    /// <param name="latencyMs"><see cref="LatencyMs"/>.</param>
    /// <param name="connectMs"><see cref="ConnectMs"/>.</param>
    public Exchange(string asked, string answered, double latencyMs, double? connectMs)
        : this(latencyMs, connectMs)
    {
        this.asked = asked;
        this.answered = answered;
    }

    /// <summary>A question that failed.</summary>
    internal Exchange(NodeQuestion question, string failure, double latencyMs, double? connectMs)
        : this(latencyMs, connectMs)
    {
        this.question = question;
        answered = failure;
    }

    internal Exchange(NodeQuestion question, NodeAnswer answer, Excerpts excerpts, double latencyMs, double? connectMs)
        : this(latencyMs, connectMs)
    {
        this.question = question;
        this.answer = answer;
        this.excerpts = excerpts;
    }

    private Exchange(double latencyMs, double? connectMs)
    {
        LatencyMs = latencyMs;
        ConnectMs = connectMs;
    }

    /// <summary>Method and parameters, or verb, path and body.</summary>
    public string Asked => asked ??= question!.Body is null ? question.Name : $"{question.Name} {question.Body}";

    /// <summary>What was used of the answer, or why there was none; shortened and printable.</summary>
    public string Answered => answered ??= Describe(answer!, excerpts!);

    /// <summary>From the request on an open connection to the whole answer, or to the failure.</summary>
    public double LatencyMs { get; }

    /// <summary>DNS, TCP and TLS; null where a pooled connection was used.</summary>
    public double? ConnectMs { get; }

    private static string Describe(NodeAnswer answer, Excerpts excerpts) => answer switch
    {
        { Kind: NodeAnswerKind.Null } => "null",
        { Text: { } text } => excerpts.Of(text),
        { Fields.Count: > 0 } => string.Join(", ", answer.Fields.Select(field => $"{field.Key}: {(field.Value is { } value ? excerpts.Of(value) : "null")}")),
        { Kind: NodeAnswerKind.Array } => "a list without what was asked for",
        _ => "an object without what was asked for",
    };
}
