using System.Text;
using AltruistManager.Chains;
using AltruistManager.Tests.Architecture;

namespace AltruistManager.Tests.Chains.Protocols;

public sealed class ProtocolFactsTests
{
    private const string Begin = "<!-- protocols: kept equal to the code by a test -->";
    private const string End = "<!-- /protocols -->";

    [Fact]
    public void Every_protocol_of_the_catalogue_can_be_probed() => Assert.All(
        new ChainCatalog().Chains.Where(chain => chain.Protocol is not null), chain => Assert.NotNull(ProtocolList.All.Find(chain.Protocol!)));

    [Fact]
    public void Every_identity_of_the_catalogue_is_one_that_nodes_prove() => Assert.All(new ChainCatalog().Chains.Where(chain => chain is { Protocol: not null, Identity: not null }), chain =>
        Assert.Equal(chain.Identity, ProtocolList.All.Find(chain.Protocol!)!.ReadIdentity(chain.Identity!).Value));

    [Fact]
    public void What_chains_require_is_provable_in_their_protocols() => Assert.All(new ChainCatalog().Chains.Where(chain => chain.Protocol is not null), chain =>
        Assert.All(chain.Requires, capability => Assert.Contains(capability, ProtocolList.All.Find(chain.Protocol!)!.Facts.Capabilities)));

    [Theory]
    [InlineData("0006", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")]
    [InlineData("F01B", "mainnet")]
    [InlineData("F026", "35834a8a")]
    [InlineData("0060", "SN_MAIN")]
    [InlineData("tron", "728126428")]
    [InlineData("000D", "wGHE2Pwdvd7S12BL5FaOP20EGYesN73ktiC1qzkkit8=")]
    [InlineData("0067", null)]
    public void Well_known_networks_need_no_identity_of_the_staff(string chain, string? identity) => Assert.Equal(identity, new ChainCatalog().Find(new ChainId(chain))!.Identity);

    [Theory]
    [InlineData("starknet", "0x534e5f4d41494e", "SN_MAIN")]
    [InlineData("starknet", "0x0534E5F4D41494E", "SN_MAIN")]
    [InlineData("starknet", "SN_MAIN", "SN_MAIN")]
    [InlineData("starknet", "0xff", "0xff")]
    [InlineData("substrate", "0x91B171BB158E2D3848FA23A9F1C25182FB8E20313B2C1EB49219DA7A70CE90C3", "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3")]
    [InlineData("substrate", "polkadot", null)]
    [InlineData("solana", "mainnet-beta", null)]
    [InlineData("sui", "0x35834a8a", null)]
    [InlineData("evm", "0x1", null)]
    [InlineData("evm", "01", null)]
    [InlineData("tron", "0x2b6653dc", "728126428")]
    [InlineData("cometbft", "cosmos hub", null)]
    public void Identity_is_kept_in_the_form_that_nodes_prove(string protocol, string given, string? kept)
    {
        var read = ProtocolList.All.Find(protocol)!.ReadIdentity(given);

        Assert.Equal(kept, read.Value);
        Assert.Equal(kept is null, read.Wrong is not null);
    }

    [Theory]
    [InlineData("json:unheard", "not probed: no probe is declared for its chain; staff can declare one")]
    [InlineData("unheard:1", "not probed: nobody has written down how nodes of unheard are asked; staff can declare a probe")]
    [InlineData("evm:1", null)]
    public void Network_that_nobody_can_ask_is_marked_as_not_probed(string network, string? why)
    {
        var asked = new NetworkId(network);
        var chain = new Chain { Id = new("0001"), Name = "Chain", Network = asked, BlockTimeSeconds = 2, LagToleranceBlocks = 5, RequestTimeoutMs = 10_000 };

        Assert.Equal(why, ProtocolList.All.WhyNotProbed(asked, [chain]));
    }

    [Fact]
    public async Task Document_says_what_the_code_does()
    {
        var path = Path.Combine(Checkout.Root, "docs", "protocols.md");
        var document = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var said = document[(document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)..document.IndexOf(End, StringComparison.Ordinal)];

        Assert.Equal(Describe(), said);
    }

    private static string Describe()
    {
        var text = new StringBuilder("\n");
        foreach (var protocol in ProtocolList.All.All)
        {
            var facts = protocol.Facts;
            text.Append($"\n### {protocol.Name}\n\n| | |\n|---|---|\n");
            Row("identity", facts.Identity);
            Row("height", facts.Height);
            Row("head time", facts.HeadTime);
            Row("syncing", facts.Syncing);
            Row("hash at a height", facts.Hash);
            foreach (var (capability, proof) in facts.Capabilities.OrderBy(capability => capability.Key, StringComparer.Ordinal))
                Row($"`{capability}`", proof);
            Row("new heads over a WebSocket", facts.Subscription is { } subscription ? $"`{subscription.Method}` with `{subscription.Parameters}`, the height at `{subscription.Height}`" : null);
        }

        return text.Append('\n').ToString();

        void Row(string what, string? how) => text.Append($"| {what} | {how ?? "cannot be told"} |\n");
    }
}
