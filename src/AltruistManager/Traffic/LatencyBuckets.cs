using System.Globalization;

namespace AltruistManager.Traffic;

/// <summary>
/// Latencies as counts by upper bound. Portals choose their bounds; what is kept has the bounds below, so that histograms of all add up. A count goes to the least
/// bound here that is not under its own: no relay is told faster than it was.
/// </summary>
public static class LatencyBuckets
{
    /// <summary>How the last bucket is named, which has no bound.</summary>
    public const string More = "+";

    /// <summary>In milliseconds; a bucket holds what took more than the bound before.</summary>
    public static readonly IReadOnlyList<int> BoundsMs = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];

    /// <summary>With that of <see cref="More"/>.</summary>
    public static int Count => BoundsMs.Count + 1;

    public static string NameOf(int bucket) => bucket < BoundsMs.Count ? BoundsMs[bucket].ToString(CultureInfo.InvariantCulture) : More;

    /// <param name="name">A number of milliseconds above 0, or <see cref="More"/>.</param>
    /// <returns>Null when it is neither.</returns>
    public static int? Find(string name)
    {
        if (name == More)
            return BoundsMs.Count;
        if (!double.TryParse(name, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bound) || !(bound > 0) || !double.IsFinite(bound))
            return null;
        for (var bucket = 0; bucket < BoundsMs.Count; bucket++)
        {
            if (bound <= BoundsMs[bucket])
                return bucket;
        }

        return BoundsMs.Count;
    }

    /// <summary>The bound below which this share of them was answered; null where nobody was, and where it lies above the last bound.</summary>
    /// <param name="share">From 0 to 1.</param>
    public static int? QuantileMs(IReadOnlyList<long> counts, double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * counts.Sum()));
        for (var bucket = 0; bucket < BoundsMs.Count; bucket++)
        {
            rank -= counts[bucket];
            if (rank <= 0)
                return BoundsMs[bucket];
        }

        return null;
    }
}
