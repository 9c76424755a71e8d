using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Which overrides rule a slot: the more specific wins, then the newer (design 5.5). Pure.</summary>
public static class OverrideRules
{
    /// <summary>Strongest first. An altruist is more specific than its provider, a chain than all chains, a region than all regions.</summary>
    public static IReadOnlyList<Override> InForce(IEnumerable<Override> overrides, DateTimeOffset now) =>
    [
        .. overrides
            .Where(rule => rule.DeletedAt is null && rule.ExpiresAt > now)
            .OrderByDescending(Weight)
            .ThenByDescending(rule => rule.CreatedAt)
            .ThenByDescending(rule => rule.Id, StringComparer.Ordinal),
    ];

    /// <summary>Whether it speaks of this altruist in this slot. Without a region it holds where the altruist is offered, not where it helps out.</summary>
    public static bool Concerns(Override rule, SlotKey slot, AltruistId altruist, ProviderId provider, int offer) =>
        (rule.Altruist is { } named ? named == altruist : rule.Provider == provider)
        && (rule.Chain is null || rule.Chain == slot.Chain)
        && (rule.Region is { } region ? region == slot.Region : rule.Kind == OverrideKind.Exclude || RegionFallback.Rank(offer) == 0);

    private static int Weight(Override rule) =>
        (rule.Altruist is null ? 0 : 4) + (rule.Chain is null ? 0 : 2) + (rule.Region is null ? 0 : 1);
}
