using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>A slot before and after an order.</summary>
/// <param name="From">Who is picked; empty for nobody.</param>
/// <param name="FromStandbys">Who stands by, the first one first; empty for nobody.</param>
internal sealed record EffectRow(SlotKey Slot, string Chain, string From, string FromStandbys, SlotState FromState, string To, string ToStandbys, SlotState ToState, int FromEligible, int ToEligible);

/// <summary>What an order would change, for whoever is about to give it.</summary>
/// <param name="Says">In one sentence.</param>
/// <param name="Rows">The first of the slots that change.</param>
/// <param name="Left">How many more there are.</param>
internal sealed record EffectView(string Says, IReadOnlyList<string> Warnings, IReadOnlyList<EffectRow> Rows, int Left)
{
    public const int MostRows = 12;

    /// <param name="rule">Null for a hold.</param>
    public static EffectView Of(Preview preview, Override? rule, Roster roster)
    {
        var changed = preview.Slots.Count(slot => slot.Changes);
        return new EffectView(
            changed == 0 ? "No pick would change now." : $"{Words.Count(changed, "slot", "slots")} would tell portals something else at once.",
            [.. preview.WarningsOf(rule)],
            [.. preview.Slots.Take(MostRows).Select(slot => RowOf(slot, roster))],
            Math.Max(0, preview.Slots.Count - MostRows));
    }

    /// <param name="slots">How many it would hold.</param>
    public static EffectView OfHold(int slots) => new(
        slots == 0 ? "It names no slot: no chain that is enabled has one there." : $"The rotation would stop in {Words.Count(slots, "slot", "slots")}. Whoever is picked there stays, until they fail; then the next takes over as always.",
        [], [], 0);

    private static EffectRow RowOf(SlotEffect effect, Roster roster) => new(
        effect.Slot, roster.Chains.GetValueOrDefault(effect.Slot.Chain)?.Name ?? effect.Slot.Chain.Value,
        NamesOf(effect.From.Primaries, roster), NamesOf(effect.From.Standbys, roster), effect.From.State, NamesOf(effect.To.Primaries, roster), NamesOf(effect.To.Standbys, roster), effect.To.State,
        effect.From.Eligible, effect.To.Eligible);

    private static string NamesOf(IEnumerable<Pick> picks, Roster roster) =>
        string.Join(", ", picks.Select(pick => roster.Altruists.GetValueOrDefault(pick.Altruist)?.Label ?? pick.Altruist.Value));
}
