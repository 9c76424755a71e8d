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

    /// <summary>How new heads are subscribed to over a WebSocket; null where they cannot be.</summary>
    public HeadSubscription? Subscription { get; init; }
}

/// <param name="Method">The JSON-RPC method that subscribes.</param>
/// <param name="Parameters">A JSON array or object.</param>
/// <param name="Height">Where in a notification the height stands, as a path from its root: <c>params.result.number</c>.</param>
public sealed record HeadSubscription(string Method, string Parameters, string Height);
