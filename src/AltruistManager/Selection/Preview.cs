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
    /// <summary>Slots that would change or lose their last eligible; these first.</summary>
    public required IReadOnlyList<SlotEffect> Slots { get; init; }

    /// <summary>Of the previewed override, where it is a pin.</summary>
    public required IReadOnlyList<UnfitPin> Unfit { get; init; }

    /// <summary>How many slots the previewed override would rule; for a pin, where it wins.</summary>
    public required int Ruled { get; init; }

    public IReadOnlyList<SlotEffect> LastEligibleIn => [.. Slots.Where(slot => slot.LosesLastEligible)];
}
