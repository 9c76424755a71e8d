namespace AltruistManager.Chains.Protocols;

/// <summary>How nodes of a protocol prove what the judgement needs, each in a few words ("eth_chainId, compared as a number"); null for what they cannot.</summary>
public sealed record ProtocolFacts
{
    public required string Identity { get; init; }

    public required string Height { get; init; }

    public required string? HeadTime { get; init; }

    public required string? Syncing { get; init; }

    public required string? Hash { get; init; }

    /// <summary>By capability (<c>archive</c>, <c>trace</c>): how it is proven. What is not in here cannot be proven and never counts.</summary>
    public IReadOnlyDictionary<string, string> Capabilities { get; init; } = new Dictionary<string, string>();

    public QuestionCalls Calls { get; init; } = new();

    /// <summary>How new heads are subscribed to over a WebSocket; null where they cannot be.</summary>
    public HeadSubscription? Subscription { get; init; }
}

/// <summary>How many calls a node that is well gets for each question; 0 for what is never asked.</summary>
public sealed record QuestionCalls
{
    public int Head { get; init; } = 1;

    public int Identity { get; init; } = 1;

    public int Syncing { get; init; } = 1;

    public int Hash { get; init; } = 1;

    /// <summary>By capability. Where a proof depends on what stands in old blocks, those of a chain that is in use.</summary>
    public IReadOnlyDictionary<string, int> Capabilities { get; init; } = new Dictionary<string, int>();
}

/// <param name="Method">The JSON-RPC method that subscribes.</param>
/// <param name="Parameters">A JSON array or object.</param>
/// <param name="Height">Where in a notification the height stands, as a path from its root: <c>params.result.number</c>.</param>
public sealed record HeadSubscription(string Method, string Parameters, string Height);
