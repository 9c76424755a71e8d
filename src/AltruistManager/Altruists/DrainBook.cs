using System.Collections.Frozen;

namespace AltruistManager.Altruists;

/// <summary>Maintenance windows by altruist, immutable.</summary>
public sealed class DrainBook
{
    public static readonly DrainBook Empty = new([]);

    private readonly FrozenDictionary<AltruistId, Drain[]> drains;

    public DrainBook(IEnumerable<Drain> all) =>
        drains = all.GroupBy(drain => drain.Altruist).ToFrozenDictionary(group => group.Key, group => group.OrderBy(drain => drain.From).ThenBy(drain => drain.Id, StringComparer.Ordinal).ToArray());

    public bool IsEmpty => drains.Count == 0;

    public IEnumerable<Drain> All => drains.Values.SelectMany(windows => windows);

    /// <summary>In the order in which they begin; those that are over too.</summary>
    public IReadOnlyList<Drain> Of(AltruistId altruist) => drains.GetValueOrDefault(altruist, []);

    /// <summary>In force or to come, in the order in which they begin.</summary>
    public IReadOnlyList<Drain> Ahead(AltruistId altruist, DateTimeOffset now) => [.. Of(altruist).Where(drain => !(drain.Over <= now))];

    /// <summary>The one in force; null for none.</summary>
    public Drain? InForce(AltruistId altruist, DateTimeOffset now) => drains.Count == 0 ? null : Drain.InForce(Of(altruist), now);

    /// <summary>How much of a time it was draining, as far as this book goes back.</summary>
    public TimeSpan Between(AltruistId altruist, DateTimeOffset since, DateTimeOffset until)
    {
        var total = TimeSpan.Zero;
        foreach (var drain in Of(altruist))
        {
            // They come in the order in which they begin: what was counted is never counted again.
            var from = drain.From > since ? drain.From : since;
            var to = drain.Over < until ? drain.Over.Value : until;
            if (to <= from)
                continue;
            total += to - from;
            since = to;
        }

        return total;
    }

    /// <summary>The same with one more.</summary>
    public DrainBook With(Drain added) => new([.. All, added]);
}
