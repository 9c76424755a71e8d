namespace AltruistManager.Selection.Simulation;

/// <summary>How much traffic a slot of one request per second has in a time: the same each hour, with its bursts.</summary>
internal sealed class TrafficPattern
{
    private const int SecondsPerHour = 3600;

    // Requests since the hour began, at each second of it.
    private readonly double[] all = new double[SecondsPerHour + 1];
    private readonly double[] burst = new double[SecondsPerHour + 1];

    public TrafficPattern(IReadOnlyList<Burst> bursts)
    {
        for (var second = 0; second < SecondsPerHour; second++)
        {
            // Of several at once the greatest.
            var factor = bursts.Where(one => (second - 60 * one.Minute + SecondsPerHour) % SecondsPerHour < one.Seconds).Select(one => one.Factor).DefaultIfEmpty(0).Max();
            all[second + 1] = all[second] + Math.Max(1, factor);
            burst[second + 1] = burst[second] + factor;
        }
    }

    /// <summary>Requests from one moment to another, in milliseconds since an hour began, and those of them in bursts.</summary>
    public (double All, double Bursts) Between(long from, long to) => (At(all, to) - At(all, from), At(burst, to) - At(burst, from));

    private static double At(double[] counted, long ms)
    {
        var (hours, rest) = Math.DivRem(ms, SecondsPerHour * 1000L);
        var (second, part) = Math.DivRem(rest, 1000L);
        var before = counted[second];
        return hours * counted[SecondsPerHour] + before + (part == 0 ? 0 : (counted[second + 1] - before) * part / 1000.0);
    }
}
