using AltruistManager.Altruists;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Probing;

/// <summary>Probes and checks that a bug of ours broke. They count neither good nor bad, so that nobody would notice without the alarm: the altruist is simply not observed.</summary>
public sealed partial class BrokenProbes(TimeProvider time, ILogger<BrokenProbes> logger)
{
    /// <summary>A sweep and a half at the usual interval: an alarm that comes with every sweep stays.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromMinutes(8);

    /// <summary>A bug that breaks all breaks them at every probe; its trace is of use once.</summary>
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<AltruistId, long> brokenAt = [];
    private long? toldAt;

    /// <summary>What is wrong with us now, for <c>/healthz/fresh</c>; null when nothing is.</summary>
    public string? Alarm
    {
        get
        {
            lock (gate)
            {
                foreach (var (altruist, at) in brokenAt)
                    if (time.GetElapsedTime(at) >= Lasting)
                        brokenAt.Remove(altruist);
                return brokenAt.Count == 0 ? null : $"probes of {brokenAt.Count} altruists broke by a bug of ours, which counts against nobody: the log says how";
            }
        }
    }

    /// <param name="what">What broke: a probe, a check.</param>
    internal void Note(AltruistId altruist, string what, Exception bug)
    {
        var now = time.GetTimestamp();
        lock (gate)
        {
            brokenAt[altruist] = now;
            if (toldAt is { } told && time.GetElapsedTime(told, now) < TellEvery)
                return;
            toldAt = now;
        }

        LogBroken(bug, what, altruist);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A {What} of altruist {Altruist} broke, which is our fault and counts neither good nor bad")]
    private partial void LogBroken(Exception exception, string what, AltruistId altruist);
}
