using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Pages;

namespace AltruistManager.Web.Tests.Ui;

public sealed class MatrixViewTests
{
    private static readonly MatrixFilter _everything = new(null, null, null, 1);

    [Theory]
    [InlineData(0, 3, Coverage.Nobody)]
    [InlineData(1, 3, Coverage.One)]
    [InlineData(2, 2, Coverage.Enough)]
    public void Nobody_and_only_one_eligible_stand_out(int eligible, int candidates, Coverage expected) =>
        Assert.Equal(expected, MatrixView.CoverageOf(Status("0021", "us-east", SlotState.Fresh, eligible, candidates)));

    [Fact]
    public void A_slot_without_a_round_is_unknown_and_not_alarming()
    {
        var view = MatrixView.Build(Roster(["0021"], ["us-east"]), new Dictionary<SlotKey, SlotStatus>(), _everything);
        var cell = Assert.Single(Assert.Single(view.Rows).Cells);
        Assert.Equal(Coverage.Unknown, cell.Coverage);
        Assert.Equal(1, view.Summary.Undecided);
        Assert.Equal(0, view.Summary.Attention);
    }

    [Fact]
    public void The_summary_counts_every_slot_whatever_the_filter()
    {
        var slots = Slots(
            Status("0021", "us-east", SlotState.Fresh, 3, 3), Status("0021", "us-west", SlotState.Degraded, 0, 2),
            Status("0009", "us-east", SlotState.Override, 1, 2), Status("0009", "us-west", SlotState.None, 0, 0));
        var summary = MatrixView.Build(Roster(["0021", "0009"], ["us-east", "us-west"]), slots, _everything with { Text = "0021" }).Summary;
        Assert.Equal(4, summary.Slots);
        Assert.Equal(1, summary.ByState[SlotState.Fresh]);
        Assert.Equal(1, summary.ByState[SlotState.Degraded]);
        Assert.Equal(1, summary.ByState[SlotState.Override]);
        Assert.Equal(1, summary.ByState[SlotState.None]);
        Assert.Equal(2, summary.Nobody);
        Assert.Equal(1, summary.One);
        Assert.Equal(3, summary.Attention);
    }

    [Fact]
    public void A_cell_names_the_altruist_and_its_provider_even_when_retired()
    {
        var slots = Slots(Status("0021", "us-east", SlotState.Fresh, 1, 1) with { Primaries = [new Pick(new AltruistId("a1"), new RegionId("us-east"), 100)] });
        var altruist = new Altruist
        {
            Id = new AltruistId("a1"), Provider = new ProviderId("acme"), Network = new NetworkId("evm:1"), Chains = [new ChainId("0021")],
            Regions = [RegionId.Everywhere], Url = "https://eth.acme.example", MayBePrivate = false, Label = "acme-eth-1",
            CreatedAt = DateTimeOffset.UnixEpoch, RetiredAt = DateTimeOffset.UnixEpoch,
        };
        var cell = MatrixView.Build(Roster(["0021"], ["us-east"], altruist), slots, _everything).Rows[0].Cells[0];
        Assert.Equal("acme-eth-1", cell.Label);
        Assert.Equal("Acme Nodes", cell.Provider);
    }

    [Theory]
    [InlineData("eth", new[] { "0021" })]
    [InlineData("CHAIN 0009", new[] { "0009" })]
    [InlineData("00", new[] { "0009", "0021" })]
    [InlineData("nothing", new string[0])]
    public void Chains_are_found_by_id_name_and_alias(string text, string[] expected)
    {
        var view = MatrixView.Build(Roster(["0021", "0009"], ["us-east"]), new Dictionary<SlotKey, SlotStatus>(), _everything with { Text = text });
        Assert.Equal(expected, view.Rows.Select(row => row.Chain.Id.Value));
    }

    [Fact]
    public void What_needs_attention_is_judged_in_the_regions_shown()
    {
        var roster = Roster(["0021", "0009"], ["us-east", "us-west"]);
        var slots = Slots(
            Status("0021", "us-east", SlotState.Fresh, 3, 3), Status("0021", "us-west", SlotState.Fresh, 1, 3),
            Status("0009", "us-east", SlotState.Fresh, 2, 2), Status("0009", "us-west", SlotState.Fallback, 2, 2));
        Assert.Equal(["0021"], Shown(_everything with { Show = "attention" }));
        Assert.Empty(Shown(_everything with { Show = "attention", Region = "us-east" }));
        Assert.Equal(["0009"], Shown(_everything with { Show = "fallback" }));

        IEnumerable<string> Shown(MatrixFilter filter) => MatrixView.Build(roster, slots, filter).Rows.Select(row => row.Chain.Id.Value);
    }

    [Fact]
    public void A_thousand_chains_in_twenty_regions_come_in_pages()
    {
        var roster = Roster([.. Enumerable.Range(0, 1000).Select(i => $"{i:d4}")], [.. Enumerable.Range(0, 20).Select(i => $"region-{i}")]);
        var seen = new List<string>();
        var page = 1;
        MatrixView view;
        do
        {
            view = MatrixView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _everything with { Page = page++ });
            Assert.InRange(view.Rows.Count * view.Regions.Count, 1, 1000);
            seen.AddRange(view.Rows.Select(row => row.Chain.Id.Value));
        }
        while (view.Page < view.Pages);

        Assert.Equal(1000, seen.Distinct().Count());
        Assert.Equal(view.Pages, MatrixView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _everything with { Page = 9999 }).Page);
    }

    [Fact]
    public void Retired_and_disabled_chains_are_not_shown()
    {
        var roster = new Roster(1, [Chain("0021"), Chain("0009") with { RetiredAt = DateTimeOffset.UnixEpoch }, Chain("0003") with { Enabled = false }], [Region("us-east")], [], []);
        Assert.Equal(["0021"], MatrixView.Build(roster, new Dictionary<SlotKey, SlotStatus>(), _everything).Rows.Select(row => row.Chain.Id.Value));
    }

    private static Roster Roster(string[] chains, string[] regions, params Altruist[] altruists) =>
        new(1, [.. chains.Select(Chain)], [.. regions.Select(Region)], [new Provider(new ProviderId("acme"), "Acme Nodes", null, null, null)], altruists);

    private static Chain Chain(string id) => new()
    {
        Id = new ChainId(id), Name = $"Chain {id}", Network = new NetworkId("evm:1"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000,
        Aliases = id == "0021" ? ["eth"] : [],
    };

    private static Region Region(string id) => new(new RegionId(id), id, []);

    private static Dictionary<SlotKey, SlotStatus> Slots(params SlotStatus[] statuses) => statuses.ToDictionary(status => status.Key);

    private static SlotStatus Status(string chain, string region, SlotState state, int eligible, int candidates) =>
        new() { Key = new SlotKey(new ChainId(chain), new RegionId(region)), State = state, Eligible = eligible, Candidates = candidates };
}
