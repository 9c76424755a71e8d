using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>The record of one pick, as published (contract 3.3).</summary>
public sealed record Decision
{
    public required DecisionId Id { get; init; }

    public required SlotKey Slot { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Trigger Trigger { get; init; }

    public required long Round { get; init; }

    public required SlotState State { get; init; }

    public required string Policy { get; init; }

    public required IReadOnlyList<DecisionCandidate> Candidates { get; init; }

    /// <summary>The first of <see cref="Primaries"/>.</summary>
    public AltruistId? Altruist => Primaries.Count > 0 ? Primaries[0].Altruist : null;

    /// <summary>Newest first; the weights sum to 100.</summary>
    public required IReadOnlyList<Pick> Primaries { get; init; }

    public required IReadOnlyList<AltruistId> Standbys { get; init; }

    /// <summary>The override that ruled this decision, with its public reason.</summary>
    public DecisionOverride? Override { get; init; }

    /// <summary>Those by which candidates of this slot were excluded, strongest first.</summary>
    public IReadOnlyList<DecisionOverride> Exclusions { get; init; } = [];

    /// <summary>The hold that stopped the rotation here.</summary>
    public DecisionHold? Hold { get; init; }

    /// <summary>Of its entry, in lower-case hex.</summary>
    public required string Hash { get; init; }

    public required string PreviousHash { get; init; }
}

/// <param name="Chain">Null means every chain, as a null region means every region.</param>
/// <param name="Provider">Whose altruists are all excluded.</param>
/// <param name="Author"><c>key:</c>, <c>user:</c> or <c>command:</c> and an id; null in entries before format 4, which do not tell.</param>
public sealed record DecisionOverride(
    string Id, string Kind, ChainId? Chain, RegionId? Region, AltruistId? Altruist, ProviderId? Provider, bool Force, bool Revoke, string Reason, string? Author,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <inheritdoc cref="DecisionOverride"/>
public sealed record DecisionHold(string Id, ChainId? Chain, RegionId? Region, string Reason, string? Author, DateTimeOffset CreatedAt, DateTimeOffset Until);

/// <param name="Turns">In this slot and window, before the decision; a turn as one of several primaries counts its weight.</param>
/// <param name="Reason">Why it was or was not picked, in words.</param>
public sealed record DecisionCandidate(
    AltruistId Altruist, ProviderId Provider, string Label, RegionId Region, decimal Turns, DateTimeOffset? LastSelectedAt, bool Eligible, string Reason);

/// <param name="Id">Null while it lasts.</param>
/// <param name="Weight">The percentage of the slot's traffic; with another one it is another session.</param>
/// <param name="EndedAt">Null while it lasts.</param>
public sealed record Session(long? Id, AltruistId Altruist, int Weight, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, DecisionId Decision);

/// <summary>A session as its altruist has it.</summary>
/// <param name="EndedAt">Null while it lasts.</param>
public sealed record OwnSession(SlotKey Slot, int Weight, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, DecisionId Decision);
