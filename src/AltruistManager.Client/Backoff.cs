namespace AltruistManager.Client;

/// <summary>Decorrelated jitter: each wait is drawn between the shortest one and three times the one before. Portals that lost a manager together do not come back together.</summary>
internal static class Backoff
{
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <param name="previous">The wait before; zero at first.</param>
    /// <param name="chance">Drawn evenly from 0 to 1.</param>
    public static TimeSpan Next(TimeSpan previous, double chance)
    {
        var upTo = 3 * Math.Max(previous.TotalMilliseconds, Shortest.TotalMilliseconds);
        var wait = Shortest.TotalMilliseconds + chance * (upTo - Shortest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Min(wait, Longest.TotalMilliseconds));
    }

    /// <summary>From half of it to one and a half.</summary>
    /// <param name="chance">Drawn evenly from 0 to 1.</param>
    public static TimeSpan Around(TimeSpan wait, double chance) => wait * (0.5 + chance);
}
