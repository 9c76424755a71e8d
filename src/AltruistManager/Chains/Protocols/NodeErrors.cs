namespace AltruistManager.Chains.Protocols;

/// <summary>What it means that a node answered a question with an error.</summary>
internal static class NodeErrors
{
    private const string MethodNotFound = "-32601";

    /// <summary>
    /// Most nodes say by an error that they do not have a block. Whichever error it was: who tells no hash is not judged by it. A method that is
    /// missing stays an unanswered question.
    /// </summary>
    public static NodeReply<string?> HasNoSuch(this INodeClient node) =>
        node.Error is { Code: not MethodNotFound } ? NodeReply<string?>.Of(null) : NodeReply<string?>.None;

    /// <summary>That a node refuses is an answer, and speaks against what it claims; that none came says nothing.</summary>
    public static NodeReply<bool> Refuses(this INodeClient node, string what) =>
        node.Error is { } error ? NodeReply<bool>.Invalid($"{what}: {error.Words}") : NodeReply<bool>.None;
}
