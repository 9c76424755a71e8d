using AltruistManager.Altruists;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>One altruist that could serve a slot. Kept small: a large installation has half a million of them.</summary>
public record struct Candidate
{
    /// <summary>Index into the facts.</summary>
    public int Altruist;

    /// <summary>Turns in this slot and window so far, in hundredths.</summary>
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

/// <summary>A provider in the slot, for <c>FairnessUnit: provider</c> and the cap on a provider's share.</summary>
public record struct ProviderTurns
{
    private int moreShares;

    /// <summary>In hundredths; counted where fairness is the providers'.</summary>
    public int Turns;

    /// <summary>The hundredths of turns that its altruists really got in this window; counted where a provider's share is capped.</summary>
    public int Given;

    /// <summary>How many shares it has where fairness is the providers': one with two gets twice the turns of one with one.</summary>
    public int Shares
    {
        readonly get => moreShares + 1;
        set => moreShares = value - 1;
    }

    public ulong Draw;
    public bool Contender;
}

/// <param name="Altruist">Index into the facts.</param>
/// <param name="Weight">The percentage of traffic that a primary serves; 0 for a standby.</param>
/// <param name="MayKeep">False when it may not be served even as the last good pick.</param>
public readonly record struct IncumbentPick(int Altruist, RegionId Region, int Weight, bool MayKeep);

/// <param name="Altruist">Index into the facts.</param>
/// <param name="Override">Index into the overrides in force.</param>
public readonly record struct Pin(int Altruist, int Override, bool Force);

/// <summary>All that a decision about one slot depends on, besides the facts about altruists.</summary>
public sealed class SlotQuestion
{
    /// <summary>A whole turn, as turns are counted.</summary>
    public const int WholeTurn = 100;

    public const int MostPrimaries = 8;

    public required SlotKey Key { get; init; }

    public ISelectionPolicy Policy { get; set; } = SelectionPolicies.LeastUsed;

    /// <summary>How many altruists are to be in use at once, where there are so many.</summary>
    public int Primaries { get; set; } = 1;

    /// <summary>What one turn counts, in hundredths, where all primaries weigh the same.</summary>
    public int TurnUnit => WholeTurn / Primaries;

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

    /// <summary>The pick in force: the primaries, newest first, then the standbys; empty for none.</summary>
    public IncumbentPick[] Was { get; set; } = [];

    /// <summary>True for a round: the rotation moves on. False for the standing rule: keep what may stay.</summary>
    public bool Rotate { get; set; }

    /// <summary>Index of the hold that stops the rotation here; -1 when none does.</summary>
    public int Hold { get; set; } = -1;

    /// <summary>A copy of all that <see cref="Follow"/> and <see cref="ForgetTurns"/> change.</summary>
    public SlotQuestion Copy()
    {
        var copy = (SlotQuestion)MemberwiseClone();
        copy.Candidates = [.. Candidates];
        copy.Providers = [.. Providers];
        return copy;
    }

    /// <summary>Goes on from a decision: its turns and picks are what the next one starts from.</summary>
    public void Follow(SlotOutcome outcome)
    {
        TakeTurns(outcome);
        WasState = outcome.State;
        Was = [.. outcome.Picks.Select(pick => new IncumbentPick(pick.Altruist, pick.Region, pick.Weight, MayKeep: true))];
    }

    /// <summary>What a decision says of turns becomes what the next one starts from.</summary>
    public void TakeTurns(SlotOutcome outcome)
    {
        var candidates = Candidates.AsSpan();
        for (var i = 0; i < candidates.Length; i++)
            (candidates[i].Turns, candidates[i].Contender) = (outcome.After[i].Turns, outcome.After[i].Contender);

        var providers = outcome.ProvidersAfter.AsSpan();
        // An entry by which providers are not counted does not tell of their turns: whoever reads the log counts anew after it, and so it must be here.
        if (providers.IsEmpty)
            ForgetProviders();
        for (var i = 0; i < providers.Length; i++)
        {
            ref var provider = ref Providers[i];
            (provider.Turns, provider.Given, provider.Contender) = (providers[i].Turns, providers[i].Given, providers[i].Contender);
        }
    }

    /// <summary>A window begins.</summary>
    public void ForgetTurns()
    {
        foreach (ref var candidate in Candidates.AsSpan())
            candidate.Turns = 0;
        foreach (ref var provider in Providers.AsSpan())
            (provider.Turns, provider.Given) = (0, 0);
    }

    private void ForgetProviders()
    {
        foreach (ref var provider in Providers.AsSpan())
            (provider.Turns, provider.Given, provider.Contender) = (0, 0, false);
    }
}

/// <summary>Turns after a decision, in hundredths.</summary>
public record struct TurnsAfter(int Turns, bool Contender);

/// <inheritdoc cref="ProviderTurns"/>
public record struct ProviderTurnsAfter(int Turns, int Given, bool Contender);

/// <param name="Candidate">Index among the candidates; -1 for an incumbent that is none any more.</param>
/// <param name="Weight">The percentage of traffic that a primary serves; 0 for a standby.</param>
public readonly record struct PickRef(int Candidate, int Altruist, RegionId Region, int Weight);

/// <summary>What was decided for a slot. Reused from round to round.</summary>
public sealed class SlotOutcome
{
    public SlotState State { get; set; }

    /// <summary>The primaries, newest first, then the standbys.</summary>
    public List<PickRef> Picks { get; } = new(3);

    /// <summary>Indexes of the candidates that got a turn, which counts their weight; mostly one.</summary>
    public List<int> Turns { get; } = new(1);

    /// <summary>Index of the override that ruled; -1 when none did.</summary>
    public int Override { get; set; } = -1;

    /// <summary>How many candidates could be picked.</summary>
    public int Eligible { get; set; }

    /// <summary>Aligned with the candidates of the question.</summary>
    public TurnsAfter[] After { get; set; } = [];

    /// <summary>Aligned with its providers; empty where providers are not counted.</summary>
    public ProviderTurnsAfter[] ProvidersAfter { get; set; } = [];
}

/// <param name="ByProvider"><c>FairnessUnit: provider</c>.</param>
/// <param name="ProviderCapPercent">The share of a slot's turns that one provider gets at most while others can serve; 100 for no cap.</param>
/// <param name="LatencyFactorPercent">For the policy <c>latency</c>: how much slower than the best one may be, in percent of it.</param>
/// <param name="Round">The round it is, or the last one before.</param>
/// <param name="Version">See <see cref="Selector.RuleVersion"/>.</param>
public readonly record struct SelectorRules(
    int Standbys, bool ByProvider, int ProviderCapPercent = 100, int LatencyFactorPercent = 200, long Round = 0, int Version = Selector.RuleVersion)
{
    public bool CountsProviders => ByProvider || ProviderCapPercent < 100;
}
