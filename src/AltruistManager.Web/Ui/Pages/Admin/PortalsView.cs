using AltruistManager.Accounts;
using AltruistManager.Selection;
using AltruistManager.Traffic;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>What a portal was told last.</summary>
/// <param name="Chain">Null for the call that tells all slots of the region.</param>
/// <param name="IsNewest">There is no newer generation of it.</param>
internal sealed record TakenRow(string Region, string? Chain, long Generation, bool IsNewest, DateTimeOffset At);

/// <param name="Owners">Email addresses of who looks after it.</param>
/// <param name="ActiveKeys">How many of its keys are let in.</param>
/// <param name="Taken">What it was told last, by region and chain; empty of one that was silent for days.</param>
/// <param name="Steadiness">Null of one that never reported.</param>
internal sealed record PortalRow(Portal Portal, IReadOnlyList<string> Owners, int ActiveKeys, IReadOnlyList<TakenRow> Taken, PortalSteadiness? Steadiness)
{
    /// <summary>When it last asked; null if not within days.</summary>
    public DateTimeOffset? AskedAt => Taken.Count == 0 ? null : Taken.Max(taken => taken.At);

    /// <summary>In how many of the things it asks for it has not taken the newest.</summary>
    public int Behind => Taken.Count(taken => !taken.IsNewest);
}

/// <summary>The portals that are not retired, a page of those that match.</summary>
internal sealed record PortalsView
{
    public const int PageSize = 50;

    public required IReadOnlyList<PortalRow> Rows { get; init; }

    public required int Matching { get; init; }

    public required int Total { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    /// <param name="activeKeys">By portal; of those that have any.</param>
    /// <param name="text">Part of a name or id; null for all.</param>
    public static PortalsView Build(
        IEnumerable<Portal> portals, IEnumerable<PortalPoll> polls, IEnumerable<PortalSteadiness> steadiness, IReadOnlyDictionary<string, int> activeKeys, Func<string, IEnumerable<KnownUser>> owners,
        Snapshot snapshot, string? text, int page)
    {
        var all = portals.Where(portal => portal.RetiredAt is null).ToList();
        var matching = all.Where(portal => text is null || portal.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || portal.Id.Contains(text, StringComparison.OrdinalIgnoreCase))
            .OrderBy(portal => portal.Name, StringComparer.OrdinalIgnoreCase).ThenBy(portal => portal.Id, StringComparer.Ordinal).ToList();
        var pages = Math.Max(1, (matching.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        var taken = polls.ToLookup(poll => poll.Portal);
        var steady = steadiness.ToDictionary(portal => portal.Portal);
        return new PortalsView
        {
            Rows =
            [
                .. matching.Skip((page - 1) * PageSize).Take(PageSize).Select(portal => new PortalRow(
                    portal, [.. owners(portal.Id).Select(user => user.Email)], activeKeys.GetValueOrDefault(portal.Id), TakenOf(taken[portal.Id], snapshot), steady.GetValueOrDefault(portal.Id))),
            ],
            Matching = matching.Count,
            Total = all.Count,
            Page = page,
            Pages = pages,
        };
    }

    /// <summary>By region and chain.</summary>
    public static IReadOnlyList<TakenRow> TakenOf(IEnumerable<PortalPoll> polls, Snapshot snapshot) =>
    [
        .. polls.OrderBy(poll => poll.Region, StringComparer.Ordinal).ThenBy(poll => poll.Chain, StringComparer.Ordinal).Select(poll => new TakenRow(
            poll.Region, poll.Chain.Length == 0 ? null : poll.Chain, poll.Generation,
            poll.Generation >= (poll.Chain.Length == 0 ? snapshot.GenerationOf(poll.Region) : snapshot.Find(poll.Chain, poll.Region)?.Generation), poll.At)),
    ];
}
