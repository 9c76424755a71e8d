using System.Collections.Frozen;

namespace AltruistManager.Altruists;

/// <summary>Maintenance windows by altruist, immutable.</summary>
public sealed class DrainBook
{
    public static readonly DrainBook Empty = new([]);

    private readonly FrozenDictionary<AltruistId, Drain[]> drains;

    public DrainBook(IEnumerable<Drain> all) =>
        drains = all.GroupBy(drain => drain.Altruist).ToFrozenDictionary(group => group.Key, group => group.OrderBy(drain => drain.From).ThenBy(drain => drain.Id, StringComparer.Ordinal).ToArray());

    public IEnumerable<Drain> All => drains.Values.SelectMany(windows => windows);

    /// <summary>In the order in which they begin.</summary>
    public IReadOnlyList<Drain> Of(AltruistId altruist) => drains.GetValueOrDefault(altruist, []);

    /// <summary>The one in force; null for none.</summary>
    public Drain? InForce(AltruistId altruist, DateTimeOffset now) => drains.Count == 0 ? null : Drain.InForce(Of(altruist), now);
}
