namespace AltruistManager.Chains;

/// <summary>A blockchain as its nodes prove it: protocol and identity, such as <c>evm:1</c>. Heights, hashes and votes are compared within one.</summary>
public readonly record struct NetworkId(string Value) : IComparable<NetworkId>
{
    public NetworkId(string protocol, string identity)
        : this($"{protocol}:{identity}")
    {
    }

    public string Protocol => Value[..Value.IndexOf(':')];

    /// <summary>What the protocol proves: the EVM chain id in decimal, a genesis hash, a network name.</summary>
    public string Identity => Value[(Value.IndexOf(':') + 1)..];

    public int CompareTo(NetworkId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}
