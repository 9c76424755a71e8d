using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>A chain and a region: the thing a pick is made for.</summary>
public readonly record struct SlotKey(ChainId Chain, RegionId Region)
{
    public override string ToString() => $"{Chain}/{Region}";
}

public enum SlotState
{
    /// <summary>Nobody was ever picked, or the last pick may not be kept.</summary>
    None,
    Fresh,

    /// <summary>From a fallback region.</summary>
    Fallback,

    /// <summary>Pinned by staff.</summary>
    Override,

    /// <summary>Nobody is eligible: the last pick is kept.</summary>
    Degraded,
}

/// <param name="Region">Where it is offered for this slot: the slot's region, one of its fallbacks, or <c>*</c>.</param>
/// <param name="Weight">The percentage of the slot's traffic that a primary serves; 0 for a standby.</param>
public readonly record struct Pick(AltruistId Altruist, RegionId Region, int Weight);

/// <summary>What a slot serves now.</summary>
public sealed record SlotStatus
{
    public required SlotKey Key { get; init; }

    public required SlotState State { get; init; }

    /// <summary>The first of <see cref="Primaries"/>: the newest.</summary>
    public Pick? Primary => Primaries.Count > 0 ? Primaries[0] : null;

    /// <summary>Those in use, newest first; their weights sum to 100.</summary>
    public IReadOnlyList<Pick> Primaries { get; init; } = [];

    public IReadOnlyList<Pick> Standbys { get; init; } = [];

    /// <summary>The same altruists, primaries before standbys, as they were published; null after a start, when what is served is what is registered.</summary>
    public IReadOnlyList<Altruist>? Published { get; init; }

    /// <summary>When this primary was set.</summary>
    public DateTimeOffset SelectedAt { get; init; }

    /// <summary>The entry that last changed something a portal acts on.</summary>
    public long Generation { get; init; }

    /// <summary>The decision that made the slot what it is.</summary>
    public DecisionId Decision { get; init; }

    /// <summary>How many could be picked at the last decision.</summary>
    public int Eligible { get; init; }

    /// <summary>Everybody considered at the last decision.</summary>
    public int Candidates { get; init; }
}
