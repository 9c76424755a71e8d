using System.Globalization;

namespace AltruistManager.Web.Commands.Demo;

/// <summary>Who takes part in the demo. Names are invented; chain ids are those of the catalogue, which fills in what is not said here.</summary>
internal static class DemoCast
{
    /// <summary>The slot that the demo talks about.</summary>
    public const string Chain = "0021";

    /// <inheritdoc cref="Chain"/>
    public const string Region = "us-east";

    /// <summary>The chain whose only altruist is no good.</summary>
    private const string HopelessChain = "0053";

    public static DemoRegion[] Regions { get; } =
    [
        new("us-east", "US East", ["us-west", "eu-central"]),
        new("us-west", "US West", ["us-east", "ap-south"]),
        new("eu-central", "Europe Central", ["us-east"]),
        new("ap-south", "Asia South", ["us-west"]),
        new("global", "Global", ["us-east", "eu-central"]),
    ];

    /// <summary>0027 has one altruist, so that the matrix has something to say. Real block times; tolerances of a few blocks, so that falling behind shows within seconds.</summary>
    public static DemoChain[] Chains { get; } =
    [
        new(Chain, EvmChainId: 1, BlockTimeSeconds: 12, StartHeight: 23_846_000, LagToleranceBlocks: 2),
        new("0022", EvmChainId: 1, BlockTimeSeconds: 12, StartHeight: 23_846_000, LagToleranceBlocks: 2),
        new("0009", EvmChainId: 137, BlockTimeSeconds: 2, StartHeight: 79_200_000, LagToleranceBlocks: 5),
        new("0079", EvmChainId: 8453, BlockTimeSeconds: 2, StartHeight: 38_400_000, LagToleranceBlocks: 5),
        new("0066", EvmChainId: 42161, BlockTimeSeconds: 0.25, StartHeight: 402_000_000, LagToleranceBlocks: 20),
        new("0027", EvmChainId: 100, BlockTimeSeconds: 5, StartHeight: 43_200_000, LagToleranceBlocks: 2),
        new(HopelessChain, EvmChainId: 10, BlockTimeSeconds: 2, StartHeight: 144_000_000, LagToleranceBlocks: 5),
        new("0006", "solana", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", BlockTimeSeconds: 0.4, StartHeight: 380_000_000, LagToleranceBlocks: 50),
        new("0054", "cometbft", "osmosis-1", BlockTimeSeconds: 2, StartHeight: 42_000_000, LagToleranceBlocks: 5),
    ];

    public static DemoProvider[] Providers { get; } =
    [
        new("acme", "Acme Nodes"),
        new("borealis", "Borealis Infrastructure"),
        new("cobalt", "Cobalt RPC"),
        new("driftwood", "Driftwood Labs"),
        new("emberline", "Emberline Validators"),
        new("foxglove", "Foxglove Hosting"),
        new("granite", "Granite Systems"),
    ];

    public static DemoAltruist[] Altruists { get; } =
    [
        new("acme-eth-1", [Chain, "0022"], ["us-east"], 18) { Archive = true },
        new("acme-eth-2", [Chain], ["us-west"], 24),
        new("borealis-eth-1", [Chain, "0022"], ["eu-central"], 31) { Archive = true },
        new("borealis-eth-2", [Chain], ["us-east"], 22),
        new("cobalt-eth-1", [Chain], ["us-east"], 15),
        new("cobalt-eth-2", [Chain], ["ap-south"], 64),
        new("driftwood-eth-1", [Chain], ["us-east", "us-west"], 28),
        new("emberline-eth-1", [Chain], ["eu-central"], 35),
        new("foxglove-eth-1", [Chain], ["*"], 80) { Tier = 2 },
        new("granite-eth-ref", [Chain], ["*"], 12) { Role = "reference" },
        new("acme-poly-1", ["0009"], ["us-east"], 20),
        new("borealis-poly-1", ["0009"], ["eu-central"], 33),
        new("cobalt-poly-1", ["0009"], ["us-east", "us-west"], 17),
        new("driftwood-poly-1", ["0009"], ["ap-south"], 71),
        new("emberline-poly-1", ["0009"], ["eu-central"], 30),
        new("foxglove-poly-1", ["0009"], ["us-east"], 44),
        new("acme-base-1", ["0079"], ["us-east"], 19),
        new("borealis-base-1", ["0079"], ["eu-central"], 29),
        new("cobalt-base-1", ["0079"], ["us-west"], 16),
        new("driftwood-base-1", ["0079"], ["us-east"], 27),
        new("granite-base-1", ["0079"], ["*"], 21),
        new("acme-arb-1", ["0066"], ["us-east"], 14),
        new("borealis-arb-1", ["0066"], ["eu-central"], 26),
        new("cobalt-arb-1", ["0066"], ["us-east"], 18),
        new("emberline-arb-1", ["0066"], ["eu-central"], 34),
        new("foxglove-arb-1", ["0066"], ["ap-south"], 69),
        new("granite-arb-1", ["0066"], ["us-west"], 23),
        new("driftwood-gnosis-1", ["0027"], ["eu-central"], 37),
        new("acme-sol-1", ["0006"], ["us-east"], 21),
        new("borealis-sol-1", ["0006"], ["eu-central"], 30),
        new("granite-sol-1", ["0006"], ["us-east"], 24),
        new("cobalt-osmo-1", ["0054"], ["us-east"], 26),
        new("emberline-osmo-1", ["0054"], ["eu-central"], 32),
        new("foxglove-osmo-1", ["0054"], ["us-east"], 28),
        new("emberline-op-1", [HopelessChain], ["ap-south"], 58),
    ];

    /// <summary>Whether somebody who is any good offers the chain in that very region.</summary>
    public static bool IsOffered(string chain, string region) => chain != HopelessChain && Altruists.Any(altruist =>
        altruist.Role == "serve" && altruist.Chains.Contains(chain) && (altruist.Regions.Contains(region) || altruist.Regions.Contains("*")));
}

internal sealed record DemoRegion(string Id, string Name, string[] Fallbacks);

/// <param name="Identity">The catalogue's.</param>
internal sealed record DemoChain(string Id, string Protocol, string Identity, double BlockTimeSeconds, long StartHeight, int LagToleranceBlocks)
{
    public DemoChain(string id, long EvmChainId, double BlockTimeSeconds, long StartHeight, int LagToleranceBlocks)
        : this(id, "evm", EvmChainId.ToString(CultureInfo.InvariantCulture), BlockTimeSeconds, StartHeight, LagToleranceBlocks)
    {
    }

    /// <summary>Chains of one network share its nodes.</summary>
    public string Network => $"{Protocol}:{Identity}";
}

internal sealed record DemoProvider(string Id, string Name);

/// <param name="Label">Begins with its provider's id.</param>
internal sealed record DemoAltruist(string Label, string[] Chains, string[] Regions, int LatencyMs)
{
    public bool Archive { get; init; }

    public int Tier { get; init; } = 1;

    public string Role { get; init; } = "serve";

    public string Provider => Label[..Label.IndexOf('-', StringComparison.Ordinal)];
}
