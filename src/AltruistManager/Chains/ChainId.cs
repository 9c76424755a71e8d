namespace AltruistManager.Chains;

/// <summary>What portals ask for: a string of any length, such as <c>0021</c>.</summary>
public readonly record struct ChainId(string Value) : IComparable<ChainId>
{
    public int CompareTo(ChainId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}
