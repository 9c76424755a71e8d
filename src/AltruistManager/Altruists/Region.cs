namespace AltruistManager.Altruists;

/// <summary>Where a portal is, such as <c>us-east</c>.</summary>
public readonly record struct RegionId(string Value) : IComparable<RegionId>
{
    /// <summary>What an altruist says that serves everywhere.</summary>
    public static readonly RegionId Everywhere = new("*");

    public int CompareTo(RegionId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <param name="Fallbacks">Regions whose altruists are used, in this order, when the region has none.</param>
public sealed record Region(RegionId Id, string Name, IReadOnlyList<RegionId> Fallbacks)
{
    /// <summary>No roster holds a retired one: the history alone refers to it, by its id.</summary>
    public DateTimeOffset? RetiredAt { get; init; }
}
