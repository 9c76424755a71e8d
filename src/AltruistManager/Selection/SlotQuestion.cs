using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>One altruist that could serve a slot. Kept small: a large installation has half a million of them.</summary>
public record struct Candidate
{
    /// <summary>Index into the facts.</summary>
    public int Altruist;

    /// <summary>Turns in this slot and window so far.</summary>
    public int Turns;

    public ulong Draw;

    /// <summary>Index of its provider among the slot's providers.</summary>
    public short Provider;

    /// <summary>Index of the exclusion that removes it, in the overrides of the question; -1 when none does.</summary>
    public short ExcludedBy;

    /// <summary>See <see cref="RegionFallback.Offer"/>.</summary>
    public byte Offer;

    /// <summary>It took part in the rotation at the last decision of this slot.</summary>
    public bool Contender;

    /// <summary>It claims what the chain requires (<see cref="SlotQuestion.Requires"/>) but has not proven all of it: cannot be picked.</summary>
    public bool Lacking;
}

/// <summary>A provider's turns in the slot, for <c>FairnessUnit: provider</c>.</summary>
public record struct ProviderTurns
{
    public int Turns;
    public ulong Draw;
    public bool Contender;
}

/// <param name="Altruist">Index into the facts.</param>
/// <param name="MayKeep">False when it may not be served even as the last good pick.</param>
public readonly record struct IncumbentPick(int Altruist, RegionId Region, bool MayKeep);

/// <param name="Altruist">Index into the facts.</param>
/// <param name="Override">Index into the overrides in force.</param>
public readonly record struct Pin(int Altruist, int Override, bool Force);

/// <summary>All that a decision about one slot depends on, besides the facts about altruists.</summary>
public sealed class SlotQuestion
{
    public required SlotKey Key { get; init; }

    /// <summary>Capabilities that the chain requires; who claims them all is a candidate, who has proven them may be picked.</summary>
    public IReadOnlyList<string> Requires { get; set; } = [];

    /// <summary>In the order of their ids.</summary>
    public Candidate[] Candidates { get; set; } = [];

    /// <summary>In the order in which they first appear among the candidates.</summary>
    public ProviderTurns[] Providers { get; set; } = [];

    /// <summary>The region's fallbacks, which offers refer to.</summary>
    public IReadOnlyList<RegionId> Fallbacks { get; set; } = [];

    /// <summary>Pins that concern the slot, strongest first.</summary>
    public IReadOnlyList<Pin> Pins { get; set; } = [];

    public SlotState WasState { get; set; }

    /// <summary>The pick in force: the primary, then the standbys; empty for none.</summary>
    public IncumbentPick[] Was { get; set; } = [];

    /// <summary>True for a round: the rotation moves on. False for the standing rule: keep what may stay.</summary>
    public bool Rotate { get; set; }

    /// <summary>Index of the hold that stops the rotation here; -1 when none does.</summary>
    public int Hold { get; set; } = -1;
}

/// <summary>Turns after a decision.</summary>
public record struct TurnsAfter(int Turns, bool Contender);

/// <param name="Candidate">Index among the candidates; -1 for an incumbent that is none any more.</param>
public readonly record struct PickRef(int Candidate, int Altruist, RegionId Region);

/// <summary>What was decided for a slot. Reused from round to round.</summary>
public sealed class SlotOutcome
{
    public SlotState State { get; set; }

    /// <summary>The primary, then the standbys.</summary>
    public List<PickRef> Picks { get; } = new(3);

    /// <summary>Index of the candidate that got a turn; -1 when none did.</summary>
    public int Turn { get; set; } = -1;

    /// <summary>Index of the override that ruled; -1 when none did.</summary>
    public int Override { get; set; } = -1;

    /// <summary>How many candidates could be picked.</summary>
    public int Eligible { get; set; }

    /// <summary>Aligned with the candidates of the question.</summary>
    public TurnsAfter[] After { get; set; } = [];

    /// <summary>Aligned with its providers.</summary>
    public TurnsAfter[] ProvidersAfter { get; set; } = [];
}

/// <param name="ByProvider"><c>FairnessUnit: provider</c>.</param>
public readonly record struct SelectorRules(int Standbys, bool ByProvider);
