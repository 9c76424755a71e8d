using System.Buffers.Binary;
using System.Globalization;
using AltruistManager.Chains.Protocols;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Chains.Protocols;

public sealed class ScalarsTests
{
    [Fact]
    public void Every_number_is_read_back_in_each_notation() => Prop.ForAll(ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<NonNegativeInt>(), (high, low) =>
    {
        var number = ((long)high.Get << 31) | (uint)low.Get;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return Scalars.Decimal($"{number}") == number && Scalars.Hex($"0x{number:x}") == number && Scalars.Number($"0x{number:X}") == number && Scalars.Number($"{number}") == number
            && Scalars.WholeNumber($"0x{number:x}") == $"{number}" && Scalars.Scale64($"0x{Convert.ToHexString(bytes)}") == number;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_makes_a_reader_stumble() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        foreach (var given in new[] { text, $"0x{text}", $"{text}T{text}Z", $"2025-04-21T10:30:01.{text}Z" })
            _ = (Scalars.Hex(given), Scalars.Decimal(given), Scalars.Number(given), Scalars.WholeNumber(given), Scalars.Hash(given), Scalars.BareHash(given), Scalars.Base58Hash(given), Scalars.Rfc3339(given), Scalars.Scale64(given));
        return true;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("2025-04-21T10:30:01Z", "2025-04-21T10:30:01Z")]
    [InlineData("2025-04-21T10:30:01.5Z", "2025-04-21T10:30:01.5Z")]
    [InlineData("2025-04-21T12:30:01+02:00", "2025-04-21T10:30:01Z")]
    [InlineData("2025-04-21T10:30:01.123000000Z", "2025-04-21T10:30:01.123Z")]
    [InlineData("2025-04-21 10:30:01Z", null)]
    [InlineData("0001-01-01T00:00:00", null)]
    [InlineData("Mon, 21 Apr 2025 10:30:01 GMT", null)]
    [InlineData("2025-13-21T10:30:01Z", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Time_is_read_as_RFC_3339(string? text, string? time) =>
        Assert.Equal(time is null ? null : DateTimeOffset.Parse(time, CultureInfo.InvariantCulture), Scalars.Rfc3339(text));

    [Theory]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("0x")]
    [InlineData("0X1")]
    [InlineData("0xffffffffffffffff")]
    [InlineData("9223372036854775808")]
    [InlineData("null")]
    [InlineData("true")]
    public void What_is_not_quite_a_number_is_none(string text) => Assert.Null(Scalars.Number(text));
}
