namespace AltruistManager.Selection.Policies;

/// <summary>A slot as a policy sees it.</summary>
/// <param name="groups">By candidate: the group it is of.</param>
/// <param name="acting">The group whose turn it is.</param>
/// <param name="after">By candidate: its turns, newcomers having been put level with the others. Empty while weights are asked for.</param>
public readonly ref struct PolicyView(
    SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<uint> groups, uint acting, ReadOnlySpan<TurnsAfter> after, in SelectorRules rules)
{
    /// <summary>The weight of one that gets as much as anybody may.</summary>
    public const int FullWeight = 1000;

    private readonly ReadOnlySpan<AltruistFacts> facts = facts;
    private readonly ReadOnlySpan<uint> groups = groups;
    private readonly ReadOnlySpan<TurnsAfter> after = after;
    private readonly SelectorRules rules = rules;

    public SlotQuestion Question => question;

    public SelectorRules Rules => rules;

    /// <summary>How many candidates there are.</summary>
    public int Count => question.Candidates.Length;

    /// <summary>Whether the candidate is of the acting group.</summary>
    public bool TakesPart(int candidate) => groups[candidate] == acting;

    public ref readonly AltruistFacts FactsOf(int candidate) => ref facts[question.Candidates[candidate].Altruist];

    /// <summary>In hundredths of a turn.</summary>
    public int TurnsOf(int candidate) => after[candidate].Turns;

    /// <summary>
    /// The place that makes turns proportional to weights: the turns had, divided by the weight, from a start within the first turn that is drawn anew each window, so that
    /// over many windows one with a small weight gets its share too.
    /// </summary>
    public ulong PlaceByShare(int candidate, int weight) =>
        PlaceByShare(after[candidate].Turns, question.Candidates[candidate].Draw, Math.Max(1, weight), FullWeight, question.TurnUnit);

    /// <inheritdoc cref="PlaceByShare(int, int)"/>
    /// <param name="unit">What one turn counts, in hundredths.</param>
    internal static ulong PlaceByShare(int turns, ulong draw, int weight, int fullWeight, int unit) =>
        (((ulong)turns << 24) + (ulong)unit * (draw >> 40)) * (ulong)fullWeight / (ulong)weight;
}
