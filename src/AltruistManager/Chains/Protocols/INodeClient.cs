namespace AltruistManager.Chains.Protocols;

/// <summary>Asks one node. Implemented where nodes are reached, so that a protocol knows only questions and answers.</summary>
public interface INodeClient
{
    /// <returns>Null when no answer of the node came; whoever made the client knows why.</returns>
    Task<NodeAnswer?> AskAsync(NodeQuestion question, CancellationToken cancellation);
}

/// <param name="Parameters">A JSON array.</param>
/// <param name="MaxBytes">Of the whole answer, decompressed.</param>
/// <param name="Fields">What is wanted of an answer that is an object; the rest is read over.</param>
public sealed record NodeQuestion(string Method, string Parameters, int MaxBytes, IReadOnlyList<string> Fields)
{
    /// <summary>For a number, a flag, a hash.</summary>
    public const int Scalar = 64 * 1024;

    /// <summary>For a block without its transactions: the hashes of a thousand of them are over 64 KB.</summary>
    public const int Block = 2 * 1024 * 1024;
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
/// <param name="Fields">Of an object, those of <see cref="NodeQuestion.Fields"/> that are strings or numbers.</param>
public sealed record NodeAnswer(NodeAnswerKind Kind, string? Text, IReadOnlyDictionary<string, string> Fields);
