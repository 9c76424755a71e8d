namespace AltruistManager.Health;

/// <summary>When an altruist fell, oldest first. Equal when the times are, so that a <see cref="Memory"/> that was stored is the same as before.</summary>
public sealed class FallTimes : List<DateTimeOffset>, IEquatable<FallTimes>
{
    /// <summary>One for all: most never fall.</summary>
    public static readonly FallTimes None = [];

    public bool Equals(FallTimes? other) => other is not null && this.SequenceEqual(other);

    public override bool Equals(object? obj) => Equals(obj as FallTimes);

    public override int GetHashCode() => Count == 0 ? 0 : HashCode.Combine(Count, this[^1]);
}
