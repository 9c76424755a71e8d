namespace AltruistManager.Health;

/// <summary>How an altruist did lately: what the selection policies <c>latency</c> and <c>quality</c> go by. Trials, tests and checks do not count.</summary>
/// <param name="Success">The share of good probes, from 0 to 1, older ones counting less and less.</param>
/// <param name="Latencies">Of the newest answers in milliseconds, newest first; at most <see cref="Remembered"/>.</param>
public sealed record Performance(double Success, IReadOnlyList<double> Latencies)
{
    public const int Remembered = 5;

    /// <summary>Nothing is known yet.</summary>
    public static readonly Performance Unknown = new(1, []);

    /// <summary>Of how many probes a new one is one.</summary>
    private const int Span = 32;

    /// <summary>0 while nothing is known.</summary>
    public int SuccessPerMille => Latencies.Count == 0 ? 0 : (int)Math.Round(1000 * Success);

    /// <summary>In whole milliseconds, at least 1; 0 before the first answer.</summary>
    public int MedianLatencyMs => Latencies.Count == 0 ? 0 : (int)Math.Clamp(Math.Ceiling(Latencies.Order().ElementAt(Latencies.Count / 2)), 1, int.MaxValue);

    /// <param name="latencyMs">Null where there was no answer.</param>
    public Performance After(bool good, double? latencyMs) => new(
        Success + ((good ? 1 : 0) - Success) / Span,
        latencyMs is { } latency ? [latency, .. Latencies.Take(Remembered - 1)] : Latencies);
}
