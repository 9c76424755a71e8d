namespace AltruistManager.Accounts;

public enum KeyScope
{
    /// <summary>Reads picks.</summary>
    Portal,

    /// <summary>Manages the things of one provider.</summary>
    Provider,

    /// <summary>Everything.</summary>
    Staff,
}

/// <summary>What is known of a key: never its secret, only that one's hash.</summary>
public sealed record ApiKey
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required KeyScope Scope { get; init; }

    /// <summary>For scope provider: whose things it manages.</summary>
    public string? ProviderId { get; init; }

    /// <summary>For scope portal: whose key it is.</summary>
    public string? PortalId { get; init; }

    /// <summary>SHA-256 of the secret. A fast hash is enough: the secret is 256 random bits, not a password.</summary>
    public required ReadOnlyMemory<byte> SecretHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>A key of scope portal as the last-good file keeps it, so that portals are served while the database is broken.</summary>
/// <param name="SecretHash">In lower-case hex.</param>
public sealed record PortalKey(string Id, string Name, string? PortalId, string SecretHash, DateTimeOffset? ExpiresAt);
