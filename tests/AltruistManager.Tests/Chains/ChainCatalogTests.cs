using AltruistManager.Chains;

namespace AltruistManager.Tests.Chains;

public sealed class ChainCatalogTests
{
    private static readonly ChainCatalog Catalog = new();

    [Fact]
    public void Ethereum_is_known_with_all_its_facts()
    {
        var ethereum = Catalog.Find(new("0021"))!;
        Assert.Equal(
            ("Ethereum Mainnet", "evm", "1", 12.0, 2, null),
            (ethereum.Name, ethereum.Protocol, ethereum.Identity, ethereum.BlockTimeSeconds, ethereum.LagToleranceBlocks, ethereum.Disputed));
        Assert.Equal(["F00C", "eth"], ethereum.Aliases);
        Assert.Empty(ethereum.Requires);
    }

    [Fact]
    public void An_unknown_chain_is_not_found()
    {
        Assert.Null(Catalog.Find(new("no such chain")));
        Assert.Null(Catalog.Find(new("ETH")));
    }

    [Fact]
    public void Every_row_has_what_a_chain_cannot_do_without() => Assert.All(Catalog.Chains, chain =>
    {
        Assert.Matches("^[A-Za-z0-9][A-Za-z0-9._-]*$", chain.Id.Value);
        Assert.NotEmpty(chain.Name);
        Assert.True(chain.BlockTimeSeconds is null or > 0, chain.Id.Value);
        Assert.True(chain.LagToleranceBlocks is null or > 0, chain.Id.Value);
    });

    [Fact]
    public void The_whole_catalogue_is_there() => Assert.Equal(239, Catalog.Chains.Count);

    [Fact]
    public void Every_evm_chain_has_its_identity_or_is_marked() => Assert.All(Catalog.Chains.Where(chain => chain.Protocol == "evm"), chain =>
    {
        if (chain.Identity is null)
            Assert.StartsWith("identity", chain.Disputed);
        else
            Assert.Matches("^[1-9][0-9]*$", chain.Identity);
    });

    [Fact]
    public void Rows_whose_sources_disagree_are_marked()
    {
        Assert.Equal("block time: another source says 0.75 s", Catalog.Find(new("0004"))!.Disputed);
        Assert.StartsWith("id", Catalog.Find(new("00A3"))!.Disputed);
        Assert.True(Catalog.Chains.Count(chain => chain.Disputed is not null) >= 49);
    }

    [Fact]
    public void Zero_as_a_tolerance_means_unknown() => Assert.Null(Catalog.Find(new("taiko-hekla-testnet"))!.LagToleranceBlocks);

    [Theory]
    [InlineData("0022", "0021", "archive")]
    [InlineData("0028", "0021", "archive trace")]
    [InlineData("000B", "0009", "archive")]
    [InlineData("0078", "0077", "archive")]
    [InlineData("A053", "0053", "archive")]
    public void An_archival_variant_shares_the_network_of_its_base(string variant, string basis, string requires)
    {
        var (one, other) = (Catalog.Find(new(variant))!, Catalog.Find(new(basis))!);
        Assert.Equal((other.Protocol, other.Identity), (one.Protocol, one.Identity));
        Assert.Equal(requires, string.Join(' ', one.Requires));
        Assert.Empty(other.Requires);
    }

    [Fact]
    public void No_evm_row_named_archival_forgets_to_require_it() => Assert.All(
        Catalog.Chains.Where(chain => chain.Name.Contains("archiv", StringComparison.OrdinalIgnoreCase)), chain => Assert.Contains("archive", chain.Requires));

    [Fact]
    public void An_alias_leads_to_nothing_but_the_same_chain() => Assert.All(Catalog.Chains, chain =>
    {
        Assert.DoesNotContain(chain.Id.Value, chain.Aliases);
        Assert.Equal(chain.Aliases.Count, chain.Aliases.Distinct().Count());
        Assert.All(chain.Aliases, alias =>
        {
            var namesake = Catalog.Find(new(alias));
            if (namesake is not null)
                Assert.Equal((chain.Protocol, chain.Identity, string.Join(' ', chain.Requires)), (namesake.Protocol, namesake.Identity, string.Join(' ', namesake.Requires)));
            foreach (var other in Catalog.Chains.Where(other => other.Id != chain.Id && other.Aliases.Contains(alias)))
                Assert.Equal((chain.Protocol, chain.Identity, string.Join(' ', chain.Requires)), (other.Protocol, other.Identity, string.Join(' ', other.Requires)));
        });
    });
}
