using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <param name="Offered">How many living altruists name it or are offered everywhere.</param>
/// <param name="Slots">How many chains have a slot in it.</param>
/// <param name="Picked">In how many of them somebody is picked.</param>
/// <param name="Fallbacks">Names, in the order in which they are used.</param>
/// <param name="FallbackOf">Names of the regions that fall back to it.</param>
internal sealed record RegionRow(Region Region, int Offered, int Slots, int Picked, IReadOnlyList<string> Fallbacks, IReadOnlyList<string> FallbackOf);

/// <summary>The regions and how each is served.</summary>
internal static class RegionsView
{
    public static IReadOnlyList<RegionRow> Build(Roster roster, IReadOnlyDictionary<SlotKey, SlotStatus> slots)
    {
        var everywhere = roster.Live.Count(altruist => altruist.Regions.Contains(RegionId.Everywhere));
        var named = roster.Live.Where(altruist => !altruist.Regions.Contains(RegionId.Everywhere)).SelectMany(altruist => altruist.Regions).CountBy(region => region).ToDictionary();
        var counts = slots.Values.GroupBy(slot => slot.Key.Region).ToDictionary(group => group.Key, group => (All: group.Count(), Picked: group.Count(slot => slot.Primary is not null)));
        return
        [
            .. roster.Regions.Values.OrderBy(region => region.Id).Select(region => new RegionRow(
                region, everywhere + named.GetValueOrDefault(region.Id), counts.GetValueOrDefault(region.Id).All, counts.GetValueOrDefault(region.Id).Picked,
                [.. region.Fallbacks.Select(id => NameOf(roster, id))],
                [.. roster.Regions.Values.Where(other => other.Fallbacks.Contains(region.Id)).OrderBy(other => other.Id).Select(other => other.Name)])),
        ];
    }

    private static string NameOf(Roster roster, RegionId id) => roster.Regions.GetValueOrDefault(id)?.Name ?? id.Value;
}
