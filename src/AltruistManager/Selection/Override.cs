using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

public enum OverrideKind
{
    Pin,
    Exclude,
}

/// <summary>A pin or an exclusion set by staff, with public reason and expiry.</summary>
public sealed record Override
{
    /// <summary>A UUID of version 7.</summary>
    public required string Id { get; init; }

    public required OverrideKind Kind { get; init; }

    /// <summary>Null means every chain the altruist serves.</summary>
    public ChainId? Chain { get; init; }

    /// <summary>Null means every region where it is offered.</summary>
    public RegionId? Region { get; init; }

    public AltruistId? Altruist { get; init; }

    /// <summary>Excludes everything of a provider.</summary>
    public ProviderId? Provider { get; init; }

    public required string Reason { get; init; }

    /// <summary>Private to staff.</summary>
    public string? Note { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Pin even what is not eligible.</summary>
    public bool Force { get; init; }

    /// <summary>Exclude even as last good.</summary>
    public bool Revoke { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who set it, as <see cref="Accounts.Actor.Author"/>.</summary>
    public required string CreatedBy { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }
}
