using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages;

/// <param name="Drain">The maintenance in force; null for none.</param>
internal sealed record AltruistRow(Altruist Altruist, string Provider, Verdict Verdict, Drain? Drain, int Serves);

/// <param name="Good">How many are healthy or failing, which may be picked.</param>
internal sealed record ProviderRow(string Id, string Name, int Altruists, int Good, int Serves);

/// <summary>Which altruists are looked for; null for all of them.</summary>
/// <param name="Text">Part of a label, host, provider or chain.</param>
/// <param name="Provider">Its id.</param>
/// <param name="State">A verdict state in the words of the page.</param>
/// <param name="Chain">Its id.</param>
/// <param name="Region">Its id; those that are offered everywhere are offered there too.</param>
internal sealed record AltruistFilter(string? Text, string? Provider, string? State, string? Chain = null, string? Region = null)
{
    public bool IsNone => this is { Text: null, Provider: null, State: null, Chain: null, Region: null };
}

/// <summary>Everybody who offers something, those in trouble first.</summary>
internal sealed record AltruistListView
{
    public const int PageSize = 100;

    /// <summary>Goes before every verdict.</summary>
    public const string Draining = "draining";

    public required IReadOnlyList<AltruistRow> Rows { get; init; }

    /// <summary>Of all altruists, whatever the filter.</summary>
    public required IReadOnlyList<ProviderRow> Providers { get; init; }

    public required int Matching { get; init; }

    public required int Total { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    public static AltruistListView Build(
        Roster roster, HealthBoard health, Func<AltruistId, Drain?> drains, IReadOnlyDictionary<SlotKey, SlotStatus> slots, AltruistFilter filter, int page)
    {
        var serves = slots.Values.SelectMany(slot => slot.Primaries).CountBy(pick => pick.Altruist).ToDictionary();
        var all = roster.Live.Select(altruist => new AltruistRow(
            altruist, MatrixView.ProviderName(roster, altruist.Provider), health[altruist.Id], drains(altruist.Id), serves.GetValueOrDefault(altruist.Id))).ToList();
        var matching = all.FindAll(row => (filter.Provider is null || row.Altruist.Provider.Value == filter.Provider)
            && (filter.State is null || (row.Drain is null ? Words.Of(row.Verdict.State) : Draining) == filter.State)
            && (filter.Chain is null || row.Altruist.Chains.Contains(new ChainId(filter.Chain)))
            && (filter.Region is null || row.Altruist.Regions.Contains(RegionId.Everywhere) || row.Altruist.Regions.Contains(new RegionId(filter.Region)))
            && (filter.Text is null || Matches(roster, row, filter.Text)));
        matching.Sort(static (one, other) =>
            (Rank(one.Verdict.State), one.Provider, one.Altruist.Label).CompareTo((Rank(other.Verdict.State), other.Provider, other.Altruist.Label)));

        var pages = Math.Max(1, (matching.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new AltruistListView
        {
            Rows = [.. matching.Skip((page - 1) * PageSize).Take(PageSize)],
            Providers =
            [
                .. all.GroupBy(row => (row.Altruist.Provider, row.Provider)).OrderBy(group => group.Key.Item2, StringComparer.Ordinal)
                    .Select(group => new ProviderRow(group.Key.Item1.Value, group.Key.Item2, group.Count(), group.Count(row => row.Drain is null && MayServe(row.Verdict.State)), group.Sum(row => row.Serves))),
            ],
            Matching = matching.Count,
            Total = all.Count,
            Page = page,
            Pages = pages,
        };
    }

    private static bool MayServe(VerdictState state) => state is VerdictState.Healthy or VerdictState.Failing;

    private static bool Matches(Roster roster, AltruistRow row, string text) =>
        row.Altruist.Label.Contains(text, StringComparison.OrdinalIgnoreCase)
        || row.Altruist.Host.Contains(text, StringComparison.OrdinalIgnoreCase)
        || row.Provider.Contains(text, StringComparison.OrdinalIgnoreCase)
        || row.Altruist.Chains.Any(id => id.Value.Contains(text, StringComparison.OrdinalIgnoreCase)
            || roster.Chains.GetValueOrDefault(id)?.Name.Contains(text, StringComparison.OrdinalIgnoreCase) == true);

    private static int Rank(VerdictState state) => Words.Tone(state) switch
    {
        "bad" => 0,
        "warn" => 1,
        "idle" => 2,
        _ => 3,
    };
}
