using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>Staff stop the rotation, not the failover, for a scope and time (design 2).</summary>
public sealed record Hold
{
    /// <summary>A UUID of version 7.</summary>
    public required string Id { get; init; }

    /// <summary>Null means every chain.</summary>
    public ChainId? Chain { get; init; }

    /// <summary>Null means every region.</summary>
    public RegionId? Region { get; init; }

    /// <summary>Public.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset Until { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who set it, as <see cref="Accounts.Actor.Author"/>.</summary>
    public required string CreatedBy { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }

    public bool Concerns(SlotKey slot) => (Chain is null || Chain == slot.Chain) && (Region is null || Region == slot.Region);

    /// <summary>The more specific first, then the newer: the first that concerns a slot is the one that is named.</summary>
    public static IReadOnlyList<Hold> InForce(IEnumerable<Hold> holds, DateTimeOffset now) =>
    [
        .. holds
            .Where(hold => hold.DeletedAt is null && hold.Until > now)
            .OrderByDescending(hold => (hold.Chain is null ? 0 : 2) + (hold.Region is null ? 0 : 1))
            .ThenByDescending(hold => hold.CreatedAt)
            .ThenByDescending(hold => hold.Id, StringComparer.Ordinal),
    ];
}
