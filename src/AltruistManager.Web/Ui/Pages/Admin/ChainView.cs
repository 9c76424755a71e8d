using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <param name="Pick">Who is picked; null for nobody.</param>
/// <param name="Status">Null while no round has decided it.</param>
internal sealed record ChainSlot(Region Region, SlotStatus? Status, string? Pick);

/// <param name="Drain">The maintenance in force; null for none.</param>
internal sealed record ChainServer(Altruist Altruist, string Provider, Verdict Verdict, Drain? Drain);

/// <summary>How a chain is served.</summary>
internal sealed record ChainView
{
    public const int PageSize = 50;

    /// <summary>By region; none of a chain that is disabled.</summary>
    public required IReadOnlyList<ChainSlot> Slots { get; init; }

    /// <summary>A page of those who serve it, the lowest tier first.</summary>
    public required IReadOnlyList<ChainServer> Servers { get; init; }

    public required int Total { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    public static ChainView Build(
        Roster roster, Chain chain, IReadOnlyDictionary<SlotKey, SlotStatus> slots, HealthBoard health, DrainBook drains, DateTimeOffset now, int page)
    {
        var serving = roster.LiveByNetwork.GetValueOrDefault(chain.Network, []).Where(altruist => altruist.Chains.Contains(chain.Id))
            .OrderBy(altruist => altruist.Tier).ThenBy(altruist => altruist.Label, StringComparer.Ordinal).ThenBy(altruist => altruist.Id).ToList();
        var pages = Math.Max(1, (serving.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new ChainView
        {
            Slots = chain is { Enabled: true, RetiredAt: null }
                ? [.. roster.Regions.Values.OrderBy(region => region.Id).Select(region => SlotOf(roster, region, slots.GetValueOrDefault(new SlotKey(chain.Id, region.Id))))]
                : [],
            Servers =
            [
                .. serving.Skip((page - 1) * PageSize).Take(PageSize)
                    .Select(altruist => new ChainServer(altruist, MatrixView.ProviderName(roster, altruist.Provider), health[altruist.Id], drains.InForce(altruist.Id, now))),
            ],
            Total = serving.Count,
            Page = page,
            Pages = pages,
        };
    }

    private static ChainSlot SlotOf(Roster roster, Region region, SlotStatus? status) =>
        new(region, status, status?.Primary is { } pick ? roster.Altruists.GetValueOrDefault(pick.Altruist)?.Label ?? pick.Altruist.Value : null);
}
