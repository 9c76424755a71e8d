using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>What the rules give for a slot, for comparison.</summary>
/// <param name="Picks">The primaries, then the standbys.</param>
/// <param name="Eligible">How many can be picked.</param>
public sealed record SlotResult(SlotState State, IReadOnlyList<Pick> Picks, int Eligible)
{
    public AltruistId? Primary => Picks.Count > 0 ? Picks[0].Altruist : null;

    public IEnumerable<Pick> Primaries => Picks.Where(pick => pick.Weight > 0);

    public IEnumerable<Pick> Standbys => Picks.Where(pick => pick.Weight == 0);
}

/// <summary>What an order would change in a slot.</summary>
public sealed record SlotEffect(SlotKey Slot, SlotResult From, SlotResult To)
{
    /// <summary>Somebody can be picked here now, and nobody could then.</summary>
    public bool LosesLastEligible => From.Eligible > 0 && To.Eligible == 0;

    public bool Changes => From.State != To.State || !From.Picks.SequenceEqual(To.Picks);
}

/// <summary>Where the altruist of a pin is not eligible: the pin waits, unless it is forced.</summary>
/// <param name="Reason">Why it may not be picked there.</param>
public sealed record UnfitPin(SlotKey Slot, string Reason);

/// <summary>What an order of staff or a provider would change as things stand. Nothing of it is stored.</summary>
public sealed record Preview
{
    /// <summary>So many slots are named in a warning.</summary>
    private const int Named = 3;

    /// <summary>Slots that would change or lose their last eligible; these first.</summary>
    public required IReadOnlyList<SlotEffect> Slots { get; init; }

    /// <summary>Of the previewed override, where it is a pin.</summary>
    public required IReadOnlyList<UnfitPin> Unfit { get; init; }

    /// <summary>How many slots the previewed override would rule; for a pin, where it wins.</summary>
    public required int Ruled { get; init; }

    public IReadOnlyList<SlotEffect> LastEligibleIn => [.. Slots.Where(slot => slot.LosesLastEligible)];

    /// <summary>What whoever gives the order should think of twice, in words.</summary>
    /// <param name="rule">What was tried; null for a drain.</param>
    public IEnumerable<string> WarningsOf(Override? rule)
    {
        if (LastEligibleIn is { Count: > 0 } last)
        {
            var lost = last.Count(slot => slot.To.Primary is null);
            var kept = last.Count - lost;
            yield return $"{(rule?.Provider is not null && rule.Altruist is null ? "Its altruists are" : "It is")} the last eligible in {Count(last.Count)} ({Names(last.Select(slot => slot.Slot))}): "
                + (lost == 0 ? "the last pick is kept there, degraded." : kept == 0 ? "there is no pick then." : $"{Count(lost)} have no pick then, the last pick is kept in the others, degraded.");
        }

        if (Unfit is [var first, ..] unfit)
        {
            yield return rule is { Force: true }
                ? $"The pinned altruist is not eligible in {Count(unfit.Count)} ({Names(unfit.Select(pin => pin.Slot))}): {first.Reason}. It is pinned all the same, as far as it may be used at all."
                : $"The pinned altruist is not eligible in {Count(unfit.Count)} ({Names(unfit.Select(pin => pin.Slot))}): {first.Reason}. The pin waits until it is, unless force is set.";
        }
        else if (rule is not null && Ruled == 0)
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
