namespace AltruistManager.Storage;

/// <summary>A number or none in 8 bytes, for what is kept of every altruist; <c>double?</c> takes 16.</summary>
internal readonly record struct Real
{
    // The complement, so that 0 is none: all ones are no number.
    private readonly long bits;

    private Real(long bits) => this.bits = bits;

    public static implicit operator Real(double? number) => new(number is { } known ? ~BitConverter.DoubleToInt64Bits(known) : 0);

    public static implicit operator double?(Real number) => number.bits == 0 ? null : BitConverter.Int64BitsToDouble(~number.bits);
}
