namespace AltruistManager.Chains;

/// <summary>A network plus what it requires; <c>0021</c> and <c>0022</c> are two chains of <c>evm:1</c>.</summary>
public sealed record Chain
{
    public required ChainId Id { get; init; }

    public required string Name { get; init; }

    public required NetworkId Network { get; init; }

    /// <summary>Capabilities an altruist must have to serve this chain (<c>archive</c>, <c>trace</c>).</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>The configured block time; only the seed of the measured one.</summary>
    public required double BlockTimeSeconds { get; init; }

    public required int LagToleranceBlocks { get; init; }

    /// <summary>How old a head may be in seconds; null judges no age.</summary>
    public double? MaxHeadAgeSeconds { get; init; }

    /// <summary>How far behind the trace the hash is compared; null means 32.</summary>
    public int? IntegrityOffsetBlocks { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Appended to the altruist's URL, such as <c>/ext/bc/C/rpc</c>; mostly empty.</summary>
    public string Path { get; init; } = "";

    /// <summary>For protocol <c>json</c>: the declared probe, as JSON; null for protocols that are known.</summary>
    public string? Probe { get; init; }

    /// <summary>Name of the selection policy; null means the configured one.</summary>
    public string? Policy { get; init; }

    /// <summary>How many altruists are in use at once; null means the configured number.</summary>
    public int? Primaries { get; init; }

    /// <summary>What a portal should wait for an altruist, in milliseconds.</summary>
    public required int RequestTimeoutMs { get; init; }

    /// <summary>Below this many eligible altruists staff are told; null means never.</summary>
    public int? MinEligible { get; init; }

    /// <summary>This many living altruists may serve it, whoever offers them; null for any number.</summary>
    public int? MaxAltruists { get; init; }

    public bool Enabled { get; init; } = true;

    /// <summary>The chain that replaced this one, told to whoever asks for it after its retirement.</summary>
    public ChainId? Successor { get; init; }

    public DateTimeOffset? RetiredAt { get; init; }
}
