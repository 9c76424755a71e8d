namespace AltruistManager.Selection.Policies;

/// <summary>The one whose id follows that of the primary in force, and after the last the first. Does not look at turns, so that one that was away gets nothing made up.</summary>
internal sealed class RoundRobin : ISelectionPolicy
{
    public string Name => "round-robin";

    public string Ordering => "The one whose id follows that of the one in use; after the last the first.";

    public ulong Place(in PolicyView view, int candidate, int weight)
    {
        var altruist = view.Question.Candidates[candidate].Altruist;
        var before = view.Question.Was.Length > 0 ? view.Question.Was[0].Altruist : -1;
        // Altruists are numbered in the order of their ids.
        return (ulong)altruist + (altruist > before ? 0UL : 1UL << 32);
    }

    public string WhyFirst(PolicyStanding first) => "next in turn by id";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) => "later in turn by id";
}
