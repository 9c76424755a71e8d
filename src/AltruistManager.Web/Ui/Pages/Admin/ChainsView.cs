using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <param name="Altruists">How many living ones serve it.</param>
/// <param name="Slots">How many regions it has a slot in.</param>
/// <param name="Least">The fewest eligible in any of its slots that somebody is offered for; null where there is none.</param>
/// <param name="Below">In how many of these there are fewer eligible than the chain wants.</param>
/// <param name="MeasuredSeconds">Block time of its network as seen; null until it is measured.</param>
/// <param name="NotProbed">Why its nodes are not probed; null where they are.</param>
internal sealed record ChainRow(Chain Chain, int Altruists, int Slots, int? Least, int Below, double? MeasuredSeconds, string? NotProbed)
{
    /// <summary>Fewer are eligible somewhere than the chain wants, or nobody is.</summary>
    public bool IsShort => Chain is { Enabled: true, RetiredAt: null } && (Below > 0 || Least == 0);
}

/// <summary>The chains that are registered, a page of those that match.</summary>
internal sealed record ChainsView
{
    public const int PageSize = 50;

    /// <summary>What a list may be narrowed to, by what it is called in the address.</summary>
    public static readonly IReadOnlyList<(string Name, string Title)> Filters =
        [("short", "too few eligible"), ("unserved", "served by nobody"), ("disabled", "disabled"), ("not-probed", "not probed"), ("retired", "retired")];

    public required IReadOnlyList<ChainRow> Rows { get; init; }

    public required int Matching { get; init; }

    /// <summary>Not counting retired ones.</summary>
    public required int Total { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    /// <param name="text">Part of an id, name, alias or network; null for all.</param>
    /// <param name="show">Of <see cref="Filters"/>; null for all that are not retired.</param>
    public static ChainsView Build(
        Roster roster, IReadOnlyDictionary<SlotKey, SlotStatus> slots, Func<NetworkId, double?> measured, Func<Chain, string?> whyNotProbed, string? text, string? show, int page)
    {
        var serving = roster.Live.SelectMany(altruist => altruist.Chains).CountBy(chain => chain).ToDictionary();
        var bySlot = slots.Values.ToLookup(slot => slot.Key.Chain);
        var all = roster.Chains.Values.Where(chain => show == "retired" == (chain.RetiredAt is not null))
            .Where(chain => text is null || Matches(chain, text))
            .Select(chain => RowOf(chain, serving.GetValueOrDefault(chain.Id), bySlot[chain.Id], measured, whyNotProbed))
            .Where(row => show switch
            {
                "short" => row.IsShort,
                "unserved" => row.Altruists == 0,
                "disabled" => !row.Chain.Enabled,
                "not-probed" => row.NotProbed is not null,
                _ => true,
            })
            .OrderBy(row => row.Chain.Name, StringComparer.OrdinalIgnoreCase).ThenBy(row => row.Chain.Id).ToList();
        var pages = Math.Max(1, (all.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new ChainsView
        {
            Rows = [.. all.Skip((page - 1) * PageSize).Take(PageSize)],
            Matching = all.Count,
            Total = roster.Chains.Values.Count(chain => chain.RetiredAt is null),
            Page = page,
            Pages = pages,
        };
    }

    private static ChainRow RowOf(Chain chain, int altruists, IEnumerable<SlotStatus> slots, Func<NetworkId, double?> measured, Func<Chain, string?> whyNotProbed)
    {
        var all = slots.ToList();
        var offered = all.FindAll(slot => slot.Candidates > 0);
        return new ChainRow(
            chain, altruists, all.Count, offered.Count == 0 ? null : offered.Min(slot => slot.Eligible), chain.MinEligible is { } least ? offered.Count(slot => slot.Eligible < least) : 0,
            measured(chain.Network), whyNotProbed(chain));
    }

    private static bool Matches(Chain chain, string text) =>
        chain.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || chain.Id.Value.Contains(text, StringComparison.OrdinalIgnoreCase)
        || chain.Network.Value.Contains(text, StringComparison.OrdinalIgnoreCase) || chain.Aliases.Any(alias => alias.Contains(text, StringComparison.OrdinalIgnoreCase));
}
