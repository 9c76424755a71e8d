using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <summary>The query parameter <c>preview</c>: <c>true</c> says what would change and stores nothing.</summary>
internal sealed record PreviewOnly(bool Wanted, Problem? Problem)
{
    public static ValueTask<PreviewOnly> BindAsync(HttpContext context) => ValueTask.FromResult(context.Request.Query["preview"].ToString() switch
    {
        "" or "false" => new PreviewOnly(false, null),
        "true" => new PreviewOnly(true, null),
        _ => new PreviewOnly(false, Problems.BadField("preview", "must be true or false")),
    });
}

/// <param name="Preview">Always true: nothing was stored.</param>
internal sealed record PreviewDocument(bool Preview, EffectDocument Effect);

/// <summary>What an order of staff or a provider changes as things stand.</summary>
/// <param name="SlotsChanged">How many slots would tell portals something else.</param>
/// <param name="LastEligibleIn">In how many slots nobody is left who can be picked.</param>
/// <param name="Slots">The first of them, those that lose their last eligible before the others.</param>
/// <param name="Warnings">In words.</param>
internal sealed record EffectDocument(int SlotsChanged, int LastEligibleIn, IReadOnlyList<SlotEffectDocument> Slots, IReadOnlyList<string> Warnings)
{
    /// <summary>So many slots are listed at most.</summary>
    private const int Listed = 200;

    /// <param name="rule">What was tried; null for a drain.</param>
    public static EffectDocument Of(Preview preview, Override? rule, Roster roster) => new(
        preview.Slots.Count(slot => slot.Changes),
        preview.LastEligibleIn.Count,
        [.. preview.Slots.Take(Listed).Select(slot => SlotEffectDocument.Of(slot, roster))],
        [.. preview.WarningsOf(rule)]);
}

/// <param name="LosesLastEligible">Somebody can be picked here now, and nobody could then.</param>
internal sealed record SlotEffectDocument(string Chain, string Region, bool LosesLastEligible, OutlookDocument From, OutlookDocument To)
{
    public static SlotEffectDocument Of(SlotEffect effect, Roster roster) => new(
        effect.Slot.Chain.Value, effect.Slot.Region.Value, effect.LosesLastEligible, OutlookDocument.Of(effect.From, roster), OutlookDocument.Of(effect.To, roster));
}

/// <param name="Label">Of the primary.</param>
/// <param name="Primaries">All that would be in use, the primary first.</param>
/// <param name="Eligible">How many can be picked.</param>
internal sealed record OutlookDocument(SlotState State, string? Primary, string? Label, IReadOnlyList<string> Primaries, IReadOnlyList<string> Standbys, int Eligible)
{
    public static OutlookDocument Of(SlotResult outlook, Roster roster) => new(
        outlook.State, outlook.Primary?.Value, outlook.Primary is { } primary ? roster.Altruists.GetValueOrDefault(primary)?.Label : null,
        [.. outlook.Primaries.Select(pick => pick.Altruist.Value)], [.. outlook.Standbys.Select(pick => pick.Altruist.Value)], outlook.Eligible);
}
