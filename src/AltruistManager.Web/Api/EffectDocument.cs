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
    /// <summary>So many slots are listed at most, and named in a warning.</summary>
    private const int Listed = 200;
    private const int Named = 3;

    /// <param name="rule">What was tried; null for a drain.</param>
    public static EffectDocument Of(Preview preview, Override? rule, Roster roster) => new(
        preview.Slots.Count(slot => slot.Changes),
        preview.LastEligibleIn.Count,
        [.. preview.Slots.Take(Listed).Select(slot => SlotEffectDocument.Of(slot, roster))],
        [.. WarningsOf(preview, rule)]);

    private static IEnumerable<string> WarningsOf(Preview preview, Override? rule)
    {
        if (preview.LastEligibleIn is { Count: > 0 } last)
        {
            var lost = last.Count(slot => slot.To.Primary is null);
            var kept = last.Count - lost;
            yield return $"{(rule?.Provider is not null && rule.Altruist is null ? "Its altruists are" : "It is")} the last eligible in {Count(last.Count)} ({Names(last.Select(slot => slot.Slot))}): "
                + (lost == 0 ? "the last pick is kept there, degraded." : kept == 0 ? "there is no pick then." : $"{Count(lost)} have no pick then, the last pick is kept in the others, degraded.");
        }

        if (preview.Unfit is [var first, ..] unfit)
        {
            yield return rule is { Force: true }
                ? $"The pinned altruist is not eligible in {Count(unfit.Count)} ({Names(unfit.Select(pin => pin.Slot))}): {first.Reason}. It is pinned all the same, as far as it may be used at all."
                : $"The pinned altruist is not eligible in {Count(unfit.Count)} ({Names(unfit.Select(pin => pin.Slot))}): {first.Reason}. The pin waits until it is, unless force is set.";
        }
        else if (rule is not null && preview.Ruled == 0)
        {
            yield return "It rules no slot now: another override is more specific or newer, or nobody it names is a candidate there.";
        }
    }

    private static string Count(int slots) => slots == 1 ? "1 slot" : $"{slots} slots";

    private static string Names(IEnumerable<SlotKey> slots)
    {
        var all = slots.ToList();
        return string.Join(", ", all.Take(Named)) + (all.Count > Named ? ", …" : "");
    }
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
