namespace AltruistManager.Health;

/// <summary>How an altruist did lately: what the selection policies <c>latency</c> and <c>quality</c> go by. A probe that failed by a fault of ours does not count.</summary>
/// <param name="Success">The share of the time in which it was good, from 0 to 1, older time counting less and less.</param>
/// <param name="Latencies">Of the newest answers in milliseconds, newest first; at most <see cref="Remembered"/>.</param>
public readonly record struct Performance(double Success, IReadOnlyList<double> Latencies)
{
    public const int Remembered = 5;

    /// <summary>Nothing is known yet.</summary>
    public static readonly Performance Unknown = new(1, []);

    /// <summary>How long a probe counts: after this time it weighs a third of what it did.</summary>
    internal static readonly TimeSpan Span = TimeSpan.FromHours(1);

    /// <summary>No probe stands for more of the time since the one before: a rest is nobody's success or failure.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(5);

    /// <summary>0 while nothing is known.</summary>
    public int SuccessPerMille => Latencies.Count == 0 ? 0 : (int)Math.Round(1000 * Success);

    /// <summary>In whole milliseconds, at least 1; 0 before the first answer.</summary>
    public int MedianLatencyMs => Latencies.Count == 0 ? 0 : (int)Math.Clamp(Math.Ceiling(Latencies.Order().ElementAt(Latencies.Count / 2)), 1, int.MaxValue);

    /// <param name="since">The time since the probe before: those in use are asked every few seconds, the others every few minutes, and time is to weigh the same for both.</param>
    /// <param name="latencyMs">Null where there was no answer.</param>
    public Performance After(bool good, TimeSpan since, double? latencyMs)
    {
        var step = since > LongestStep ? LongestStep : since < TimeSpan.Zero ? TimeSpan.Zero : since;
        return new(Success + ((good ? 1 : 0) - Success) * (1 - Math.Exp(-step / Span)), latencyMs is { } latency ? With(latency) : Latencies);
    }

    /// <summary>An array of its size: there is one of every altruist.</summary>
    private double[] With(double latency)
    {
        var newest = new double[Math.Min(Latencies.Count + 1, Remembered)];
        newest[0] = latency;
        for (var at = 1; at < newest.Length; at++)
            newest[at] = Latencies[at - 1];
        return newest;
    }
}
