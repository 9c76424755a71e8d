namespace AltruistManager.Altruists;

public readonly record struct ProviderId(string Value) : IComparable<ProviderId>
{
    public int CompareTo(ProviderId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>The organisation that offers altruists. <see cref="Contact"/> and <see cref="PayoutAddress"/> are for itself and staff only.</summary>
/// <param name="Shares">Staff's, and public: where fairness is the providers', one with two shares gets twice the turns of one with one.</param>
public sealed record Provider(ProviderId Id, string Name, string? Website, string? Contact, string? PayoutAddress, int Shares = 1);
