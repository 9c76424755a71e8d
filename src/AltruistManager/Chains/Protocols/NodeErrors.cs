namespace AltruistManager.Chains.Protocols;

/// <summary>What it means that a node answered a question with an error.</summary>
internal static class NodeErrors
{
    private const string MethodNotFound = "-32601";

    /// <summary>
    /// That a node answered the question for a hash with an error: mostly that it does not have the block, in codes that differ from node to node. Whichever it was, who
    /// tells no hash is not judged by it. A method that is missing, and an answer that never came, stay an unanswered question.
    /// </summary>
    public static NodeReply<string?> TellsNoHash(this INodeClient node) =>
        node.Error is { Code: not MethodNotFound } ? NodeReply<string?>.Of(null) : NodeReply<string?>.None;

    /// <summary>That a node refuses is an answer, and speaks against what it claims; that none came says nothing.</summary>
    public static NodeReply<bool> Refuses(this INodeClient node, string what) =>
        node.Error is { } error ? NodeReply<bool>.Invalid($"{what}: {error.Words}") : NodeReply<bool>.None;
}
