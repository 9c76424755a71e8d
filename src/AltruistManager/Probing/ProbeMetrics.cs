using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using AltruistManager.Chains;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Probing;

/// <summary>What probing tells whoever listens to the meter <see cref="MeterName"/>. While nobody does, it costs a comparison.</summary>
public static class ProbeMetrics
{
    /// <summary>Of all meters of this service.</summary>
    public const string MeterName = "AltruistManager";

    private static readonly string[] Lanes = [.. Enum.GetNames<ProbeLane>().Select(name => name.ToLowerInvariant())];

    /// <summary>In the words of the API.</summary>
    private static readonly string[] Outcomes = [.. Enum.GetNames<ProbeOutcome>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];
    private static readonly int[] UnderWay = new int[Lanes.Length];
    private static readonly int[] Due = new int[Lanes.Length];

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Probes = Meter.CreateCounter<long>("altruist_manager.probes", "{probe}", "Probes that ended, by outcome, lane and protocol");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("altruist_manager.probe.duration", "s", "From the start of a probe to its result, by lane and protocol");
    private static readonly Histogram<double> Lateness = Meter.CreateHistogram<double>("altruist_manager.probe.lateness", "s", "How long a due probe waited for a place, by lane");
    private static readonly Counter<long> Checks = Meter.CreateCounter<long>("altruist_manager.checks", "{check}", "Checks at their own pace that ended, by check and state");

    static ProbeMetrics()
    {
        Meter.CreateObservableGauge("altruist_manager.probes.in_flight", () => Read(UnderWay), "{probe}", "Probes under way, by lane");
        Meter.CreateObservableGauge("altruist_manager.probes.due", () => Read(Due), "{probe}", "Probes that are due and wait for a place, by lane");
    }

    /// <param name="check">As people read it: <c>archive</c>.</param>
    internal static void CheckEnded(string check, CheckState state)
    {
        if (Checks.Enabled)
            Checks.Add(1, new KeyValuePair<string, object?>("check", check), new KeyValuePair<string, object?>("state", state.ToString().ToLowerInvariant()));
    }

    /// <returns>What <see cref="Ended"/> wants to know.</returns>
    internal static long Began(ProbeLane lane)
    {
        Interlocked.Increment(ref UnderWay[(int)lane]);
        return Duration.Enabled ? Stopwatch.GetTimestamp() : 0;
    }

    /// <param name="outcome">Null when it has none: a bug of ours, or the end of the process.</param>
    internal static void Ended(long began, ProbeLane lane, NetworkId network, ProbeOutcome? outcome)
    {
        Interlocked.Decrement(ref UnderWay[(int)lane]);
        if (outcome is not { } known || !Probes.Enabled && began == 0)
            return;
        var inLane = new KeyValuePair<string, object?>("lane", Lanes[(int)lane]);
        var ofProtocol = new KeyValuePair<string, object?>("protocol", network.Protocol);
        Probes.Add(1, new KeyValuePair<string, object?>("outcome", Outcomes[(int)known]), inLane, ofProtocol);
        if (began != 0)
            Duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, inLane, ofProtocol);
    }

    /// <summary>A bug of ours broke it: it has no outcome of its own.</summary>
    internal static void Broke(ProbeLane lane, NetworkId network) =>
        Probes.Add(1, new KeyValuePair<string, object?>("outcome", "broken"), new KeyValuePair<string, object?>("lane", Lanes[(int)lane]), new KeyValuePair<string, object?>("protocol", network.Protocol));

    /// <summary>A due probe found a place at once.</summary>
    internal static void Enters(ProbeLane lane)
    {
        if (Lateness.Enabled)
            Lateness.Record(0, new KeyValuePair<string, object?>("lane", Lanes[(int)lane]));
    }

    /// <returns>What <see cref="GotPlace"/> wants to know.</returns>
    internal static long Waits(ProbeLane lane)
    {
        Interlocked.Increment(ref Due[(int)lane]);
        return Lateness.Enabled ? Stopwatch.GetTimestamp() : 0;
    }

    internal static void GotPlace(long since, ProbeLane lane)
    {
        Interlocked.Decrement(ref Due[(int)lane]);
        if (since != 0)
            Lateness.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, new KeyValuePair<string, object?>("lane", Lanes[(int)lane]));
    }

    private static IEnumerable<Measurement<int>> Read(int[] counts) =>
        counts.Select((count, lane) => new Measurement<int>(Volatile.Read(ref counts[lane]), new KeyValuePair<string, object?>("lane", Lanes[lane])));
}
