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

    /// <summary>Marks the candidates that are excluded, and tells the pins, strongest first.</summary>
    /// <param name="overrides">In force, strongest first; indexes refer to it.</param>
    /// <param name="ruling">Filled with the indexes of those that speak of anybody here; may be null.</param>
    public static IReadOnlyList<Pin> Apply(IReadOnlyList<Override> overrides, SlotKey slot, Span<Candidate> candidates, EntryAltruist[] altruists, List<int>? ruling)
    {
        List<Pin>? pins = null;
        foreach (ref var candidate in candidates)
            candidate.ExcludedBy = -1;
        for (var number = 0; number < overrides.Count; number++)
        {
            var rule = overrides[number];
            if (rule.Chain is { } chain && chain != slot.Chain || rule.Region is { } region && region != slot.Region)
                continue;
            foreach (ref var candidate in candidates)
            {
                var altruist = altruists[candidate.Altruist];
                if (!Concerns(rule, slot, altruist.Id, altruist.Provider, candidate.Offer))
                    continue;

                if (ruling is not null && (ruling.Count == 0 || ruling[^1] != number))
                    ruling.Add(number);
                // The strongest comes first: what it says of an altruist stands.
                if (rule.Kind == OverrideKind.Pin && candidate.ExcludedBy < 0)
                    (pins ??= []).Add(new Pin(candidate.Altruist, number, rule.Force));
                else if (rule.Kind == OverrideKind.Exclude && candidate.ExcludedBy < 0 && !IsPinned(pins, candidate.Altruist))
                    candidate.ExcludedBy = (short)number;
            }
        }

        return pins is null ? [] : pins;
    }

    /// <summary>Whether staff say that it may not be kept in this slot even as the last good pick.</summary>
    public static bool IsRevoked(IReadOnlyList<Override> overrides, SlotKey slot, EntryAltruist altruist)
    {
        foreach (var rule in overrides)
        {
            if (rule is { Kind: OverrideKind.Exclude, Revoke: true } && Concerns(rule, slot, altruist.Id, altruist.Provider, RegionFallback.Own))
                return true;
        }

        return false;
    }

    private static bool IsPinned(List<Pin>? pins, int altruist) => pins is not null && pins.Exists(pin => pin.Altruist == altruist);

    private static int Weight(Override rule) =>
        (rule.Altruist is null ? 0 : 4) + (rule.Chain is null ? 0 : 2) + (rule.Region is null ? 0 : 1);
}
