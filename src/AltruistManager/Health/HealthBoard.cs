using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Health;

/// <summary>The verdicts as last written, in memory: filled from the database at start, updated after each write.</summary>
public sealed class HealthBoard
{
    private readonly ConcurrentDictionary<AltruistId, Verdict> verdicts = new();

    /// <summary>The verdict of an altruist; <see cref="Verdict.NeverProbed"/> when there is none.</summary>
    public Verdict this[AltruistId altruist] => verdicts.GetValueOrDefault(altruist, Verdict.NeverProbed);

    internal void Set(AltruistId altruist, Verdict verdict) => verdicts[altruist] = verdict;
}
