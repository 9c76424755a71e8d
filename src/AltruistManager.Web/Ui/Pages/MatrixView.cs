using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Pages;

/// <summary>How many altruists stand ready for a slot, in the steps that matter.</summary>
public enum Coverage
{
    /// <summary>Not decided yet.</summary>
    Unknown,
    Nobody,
    One,
    Enough,
}

/// <param name="Text">Part of a chain's id, name or alias; null for all.</param>
/// <param name="Region">One region only; null for all.</param>
/// <param name="Show"><c>attention</c>, a state, <c>nobody</c>, <c>one</c>, or null for all.</param>
internal sealed record MatrixFilter(string? Text, string? Region, string? Show, int Page)
{
    public bool IsAny => Text is not null || Region is not null || Show is not null;
}

/// <param name="Status">Null while no round has decided the slot.</param>
/// <param name="Label">Of the primary; null where there is none.</param>
public sealed record MatrixCell(SlotKey Slot, SlotStatus? Status, string? Label, string? Provider)
{
    public Coverage Coverage => MatrixView.CoverageOf(Status);
}

internal sealed record MatrixRow(Chain Chain, IReadOnlyList<MatrixCell> Cells);

/// <summary>Counts over all slots, whatever the filter.</summary>
internal sealed record MatrixSummary(int Slots, int Undecided, IReadOnlyDictionary<SlotState, int> ByState, int Nobody, int One, int Attention);

/// <summary>The page of the matrix that a filter asks for.</summary>
internal sealed record MatrixView
{
    /// <summary>Keeps a page near this many cells, however many regions there are.</summary>
    private const int CellsPerPage = 600;

    public required IReadOnlyList<Region> Regions { get; init; }

    public required IReadOnlyList<MatrixRow> Rows { get; init; }

    public required MatrixSummary Summary { get; init; }

    /// <summary>Starts at 1 and is never beyond <see cref="Pages"/>.</summary>
    public required int Page { get; init; }

    public required int Pages { get; init; }

    /// <summary>Chains that the filter lets through, over all pages.</summary>
    public required int Matching { get; init; }

    public required int Chains { get; init; }

    public static MatrixView Build(Roster roster, IReadOnlyDictionary<SlotKey, SlotStatus> slots, MatrixFilter filter)
    {
        var chains = roster.Chains.Values.Where(chain => chain.RetiredAt is null && chain.Enabled).OrderBy(chain => chain.Id).ToList();
        var allRegions = roster.Regions.Values.OrderBy(region => region.Id).ToList();
        var regions = filter.Region is null ? allRegions : allRegions.FindAll(region => region.Id.Value == filter.Region);

        var matching = chains.FindAll(chain => Matches(chain, filter.Text)
            && (filter.Show is null || regions.Exists(region => Matches(slots.GetValueOrDefault(new SlotKey(chain.Id, region.Id)), filter.Show))));
        var size = Math.Clamp(CellsPerPage / Math.Max(1, regions.Count), 10, 100);
        var pages = Math.Max(1, (matching.Count + size - 1) / size);
        var page = Math.Clamp(filter.Page, 1, pages);

        return new MatrixView
        {
            Regions = regions,
            Rows = [.. matching.Skip((page - 1) * size).Take(size).Select(Row)],
            Summary = Summarise(chains, allRegions, slots),
            Page = page,
            Pages = pages,
            Matching = matching.Count,
            Chains = chains.Count,
        };

        MatrixRow Row(Chain chain) => new(chain, [.. regions.Select(region => Cell(new SlotKey(chain.Id, region.Id)))]);

        MatrixCell Cell(SlotKey slot)
        {
            var status = slots.GetValueOrDefault(slot);
            var altruist = status?.Primary is { } pick ? roster.Altruists.GetValueOrDefault(pick.Altruist) : null;
            return new MatrixCell(slot, status, altruist?.Label ?? status?.Primary?.Altruist.Value, altruist is null ? null : ProviderName(roster, altruist.Provider));
        }
    }

    public static Coverage CoverageOf(SlotStatus? status) => status switch
    {
        null => Coverage.Unknown,
        { Eligible: 0 } => Coverage.Nobody,
        { Eligible: 1 } => Coverage.One,
        _ => Coverage.Enough,
    };

    public static string ProviderName(Roster roster, ProviderId provider) => roster.Providers.GetValueOrDefault(provider)?.Name ?? provider.Value;

    private static bool NeedsAttention(SlotStatus? status) =>
        status is { State: SlotState.Degraded or SlotState.None } || CoverageOf(status) is Coverage.Nobody or Coverage.One;

    private static bool Matches(Chain chain, string? text) =>
        text is null
        || chain.Id.Value.Contains(text, StringComparison.OrdinalIgnoreCase)
        || chain.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || chain.Aliases.Any(alias => alias.Contains(text, StringComparison.OrdinalIgnoreCase));

    private static bool Matches(SlotStatus? status, string show) => show switch
    {
        "attention" => NeedsAttention(status),
        "nobody" => CoverageOf(status) == Coverage.Nobody,
        "one" => CoverageOf(status) == Coverage.One,
        "undecided" => status is null,
        _ => status is not null && Shared.Words.Of(status.State) == show,
    };

    private static MatrixSummary Summarise(List<Chain> chains, List<Region> regions, IReadOnlyDictionary<SlotKey, SlotStatus> slots)
    {
        var byState = Enum.GetValues<SlotState>().ToDictionary(state => state, _ => 0);
        int undecided = 0, nobody = 0, one = 0, attention = 0;
        foreach (var chain in chains)
        {
            foreach (var region in regions)
            {
                var status = slots.GetValueOrDefault(new SlotKey(chain.Id, region.Id));
                if (status is null)
                    undecided++;
                else
                    byState[status.State]++;
                nobody += CoverageOf(status) == Coverage.Nobody ? 1 : 0;
                one += CoverageOf(status) == Coverage.One ? 1 : 0;
                attention += NeedsAttention(status) ? 1 : 0;
            }
        }

        return new MatrixSummary(chains.Count * regions.Count, undecided, byState, nobody, one, attention);
    }
}
