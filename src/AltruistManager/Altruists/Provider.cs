namespace AltruistManager.Altruists;

public readonly record struct ProviderId(string Value) : IComparable<ProviderId>
{
    public int CompareTo(ProviderId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>A change of where a provider is paid, for all of it to see.</summary>
/// <param name="By">Who made it, as the provider may know it: one of staff is <c>staff</c>.</param>
/// <param name="From">Null for nowhere, as is <paramref name="To"/>.</param>
public sealed record PayoutChange(DateTimeOffset At, string By, string? From, string? To)
{
    /// <summary>It is told of for so long after it was made.</summary>
    public static readonly TimeSpan ToldFor = TimeSpan.FromDays(7);
}

/// <summary>The organisation that offers altruists. <see cref="Contact"/> and payout addresses are for itself and staff only.</summary>
/// <param name="PayoutAddress">As it counted when it was last changed; ask <see cref="PayoutAddressAt"/>.</param>
/// <param name="Shares">Staff's, and public: where fairness is the providers', one with two shares gets twice the turns of one with one.</param>
public sealed record Provider(ProviderId Id, string Name, string? Website, string? Contact, string? PayoutAddress, int Shares = 1)
{
    /// <summary>A changed payout address counts so much later: time for all of the provider to see that somebody changed it.</summary>
    public static readonly TimeSpan PayoutDelay = TimeSpan.FromHours(72);

    /// <summary>Staff's: this many living altruists it may have; null for any number.</summary>
    public int? MaxAltruists { get; init; }

    /// <summary>What counts from <see cref="NextPayoutAt"/> on; null with a time there means none.</summary>
    public string? NextPayoutAddress { get; init; }

    /// <summary>Null while no change waits.</summary>
    public DateTimeOffset? NextPayoutAt { get; init; }

    /// <summary>The last one, or that one was called off; null where none was noted.</summary>
    public PayoutChange? PayoutChange { get; init; }

    /// <summary>What all of the provider should know of where it is paid: a change that waits, or was made in the last days. Null for nothing.</summary>
    public PayoutChange? PayoutNewsAt(DateTimeOffset time) => PayoutChange is { } change && (NextPayoutAt > time || time - change.At < PayoutChange.ToldFor) ? change : null;

    /// <summary>Where it is paid at a time; null for nowhere.</summary>
    public string? PayoutAddressAt(DateTimeOffset time) => NextPayoutAt <= time ? NextPayoutAddress : PayoutAddress;

    /// <summary>Without a change that counts by now.</summary>
    internal Provider Settled(DateTimeOffset now) => NextPayoutAt <= now ? this with { PayoutAddress = NextPayoutAddress, NextPayoutAddress = null, NextPayoutAt = null } : this;
}
