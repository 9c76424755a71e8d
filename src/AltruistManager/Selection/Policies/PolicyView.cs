namespace AltruistManager.Selection.Policies;

/// <summary>A slot as a policy sees it.</summary>
public readonly ref struct PolicyView
{
    /// <summary>The weight of one that gets as much as anybody may.</summary>
    public const int FullWeight = 1000;

    private readonly ReadOnlySpan<AltruistFacts> facts;
    private readonly ReadOnlySpan<byte> classes;
    private readonly ReadOnlySpan<uint> groups;
    private readonly byte best;

    /// <param name="classes">By candidate: how usable it is.</param>
    /// <param name="groups">By candidate: the group it is of.</param>
    /// <param name="acting">The group whose turn it is.</param>
    /// <param name="outcome">With the turns, newcomers having been put level with the others; not yet while weights are asked for.</param>
    internal PolicyView(
        SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, ReadOnlySpan<byte> classes, ReadOnlySpan<uint> groups, uint acting, SlotOutcome outcome, in SelectorRules rules)
    {
        this.facts = facts;
        this.classes = classes;
        this.groups = groups;
        Question = question;
        Acting = acting;
        Outcome = outcome;
        Rules = rules;
        best = byte.MaxValue;
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i] == acting && classes[i] < best)
                best = classes[i];
        }
    }

    public SlotQuestion Question { get; }

    public SelectorRules Rules { get; }

    internal uint Acting { get; }

    internal SlotOutcome Outcome { get; }

    /// <summary>How many candidates there are.</summary>
    public int Count => Question.Candidates.Length;

    /// <summary>Whether the candidate is of the acting group.</summary>
    public bool IsActing(int candidate) => groups[candidate] == Acting;

    /// <summary>Whether others are measured by it: of the healthiest of the acting group.</summary>
    public bool IsMeasure(int candidate) => groups[candidate] == Acting && classes[candidate] == best;

    public ref readonly AltruistFacts FactsOf(int candidate) => ref facts[Question.Candidates[candidate].Altruist];

    /// <summary>In hundredths of a turn.</summary>
    public int TurnsOf(int candidate) => Outcome.After[candidate].Turns;

    /// <summary>
    /// The place that makes turns proportional to weights: the turns had, divided by the weight, from a start within the first turn that is drawn anew each window, so that
    /// over many windows one with a small weight gets its share too.
    /// </summary>
    public ulong PlaceByShare(int candidate, int weight) =>
        PlaceByShare(TurnsOf(candidate), Question.Candidates[candidate].Draw, Math.Max(1, weight), FullWeight, Question.TurnUnit);

    /// <inheritdoc cref="PlaceByShare(int, int)"/>
    /// <param name="unit">What one turn counts, in hundredths.</param>
    internal static ulong PlaceByShare(int turns, ulong draw, int weight, int fullWeight, int unit) =>
        (((ulong)turns << 24) + (ulong)unit * (draw >> 40)) * (ulong)fullWeight / (ulong)weight;
}
