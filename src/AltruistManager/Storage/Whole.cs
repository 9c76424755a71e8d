namespace AltruistManager.Storage;

/// <summary>A whole number or none in 8 bytes, for what is kept of every altruist; <c>long?</c> takes 16. The least of all longs is none.</summary>
internal readonly record struct Whole
{
    // 0 for none.
    private readonly long bits;

    private Whole(long bits) => this.bits = bits;

    public static implicit operator Whole(long? number) => new(number is { } known ? known ^ long.MinValue : 0);

    public static implicit operator long?(Whole number) => number.bits == 0 ? null : number.bits ^ long.MinValue;
}
