using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <param name="Slots">How many it serves now.</param>
/// <param name="Members">Who belong to it and can sign in.</param>
/// <param name="Admins">Those of them who may change its things.</param>
internal sealed record ProviderLine(Provider Provider, int Altruists, int Eligible, int Slots, int Members, int Admins)
{
    /// <summary>Whether it can be paid, in words.</summary>
    public string PayoutAt(DateTimeOffset now) => Provider.NextPayoutAt is { } next && next > now
        ? $"changes in {Words.Of(next - now)}"
        : Provider.PayoutAddressAt(now) is null ? "none" : "set";
}

/// <summary>The providers that are registered, a page of those that match.</summary>
internal sealed record ProvidersView
{
    public const int PageSize = 50;

    public required IReadOnlyList<ProviderLine> Rows { get; init; }

    public required int Matching { get; init; }

    public required int Total { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    /// <param name="members">By provider; of those that have any.</param>
    /// <param name="text">Part of a name or id; null for all.</param>
    public static ProvidersView Build(
        Roster roster, HealthBoard health, DrainBook drains, IReadOnlyDictionary<SlotKey, SlotStatus> slots, IReadOnlyDictionary<string, (int Members, int Admins)> members, DateTimeOffset now,
        string? text, int page)
    {
        var matching = roster.Providers.Values
            .Where(provider => text is null || provider.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || provider.Id.Value.Contains(text, StringComparison.OrdinalIgnoreCase))
            .OrderBy(provider => provider.Name, StringComparer.OrdinalIgnoreCase).ThenBy(provider => provider.Id).ToList();
        var pages = Math.Max(1, (matching.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new ProvidersView
        {
            Rows = LinesOf([.. matching.Skip((page - 1) * PageSize).Take(PageSize)], roster, health, drains, slots, members, now),
            Matching = matching.Count,
            Total = roster.Providers.Count,
            Page = page,
            Pages = pages,
        };
    }

    public static IReadOnlyList<ProviderLine> LinesOf(
        IReadOnlyList<Provider> providers, Roster roster, HealthBoard health, DrainBook drains, IReadOnlyDictionary<SlotKey, SlotStatus> slots,
        IReadOnlyDictionary<string, (int Members, int Admins)> members, DateTimeOffset now)
    {
        var wanted = providers.Select(provider => provider.Id).ToHashSet();
        var altruists = roster.Live.Where(altruist => wanted.Contains(altruist.Provider)).ToLookup(altruist => altruist.Provider);
        var serving = slots.Values.SelectMany(slot => slot.Primaries)
            .Select(pick => roster.Altruists.GetValueOrDefault(pick.Altruist)?.Provider).OfType<ProviderId>().CountBy(provider => provider).ToDictionary();
        return
        [
            .. providers.Select(provider => new ProviderLine(
                provider, altruists[provider.Id].Count(),
                altruists[provider.Id].Count(altruist => Eligibility.Judge(altruist.InService, health[altruist.Id], drains.InForce(altruist.Id, now), now) is Usability.Healthy or Usability.Failing),
                serving.GetValueOrDefault(provider.Id), members.GetValueOrDefault(provider.Id.Value).Members, members.GetValueOrDefault(provider.Id.Value).Admins)),
        ];
    }
}
