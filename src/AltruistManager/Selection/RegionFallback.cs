using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Where an altruist stands for a slot: in the region itself, everywhere, or in one of the region's fallbacks. Pure.</summary>
public static class RegionFallback
{
    /// <summary>Not offered for the slot.</summary>
    public const int NotOffered = -1;

    /// <summary>Offered in the slot's own region.</summary>
    public const int Own = 0;

    /// <summary>Offered everywhere; as good as the own region.</summary>
    public const int Everywhere = 1;

    /// <summary>
    /// <see cref="Own"/>, <see cref="Everywhere"/>, 2 + the index of the first fallback region it is offered in, or <see cref="NotOffered"/>.
    /// </summary>
    public static int Offer(IReadOnlyList<RegionId> offered, RegionId region, IReadOnlyList<RegionId> fallbacks)
    {
        var best = NotOffered;
        for (var i = 0; i < offered.Count; i++)
        {
            if (offered[i] == region)
                return Own;
            if (offered[i] == RegionId.Everywhere)
            {
                best = Everywhere;
                continue;
            }

            for (var fallback = 0; fallback < fallbacks.Count; fallback++)
            {
                if (fallbacks[fallback] == offered[i] && (best == NotOffered || 2 + fallback < best))
                    best = 2 + fallback;
            }
        }

        return best;
    }

    /// <summary>Lower is used first; own region and everywhere are equal.</summary>
    public static int Rank(int offer) => Math.Max(0, offer - 1);

    /// <summary>The region an offer stands for.</summary>
    public static RegionId RegionOf(int offer, RegionId region, IReadOnlyList<RegionId> fallbacks) => offer switch
    {
        Own => region,
        Everywhere => RegionId.Everywhere,
        _ => fallbacks[offer - 2],
    };
}
