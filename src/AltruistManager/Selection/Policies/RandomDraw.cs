namespace AltruistManager.Selection.Policies;

/// <summary>
/// An order drawn anew for each round from the window's draw and the round's number, so that anybody can repeat it. Equal only in the long run: within an hour one may
/// get many turns and another none.
/// </summary>
internal sealed class RandomDraw : ISelectionPolicy
{
    public string Name => "random";

    public string Ordering => "An order drawn anew for each round from the public log, so that anybody can repeat it. Even only in the long run.";

    public ulong Place(in PolicyView view, int candidate, int weight) =>
        SplitMix64(view.Question.Candidates[candidate].Draw + (ulong)view.Rules.Round * 0x9E3779B97F4A7C15UL);

    /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong SplitMix64(ulong state)
    {
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EBUL;
        return state ^ (state >> 31);
    }

    public string WhyFirst(PolicyStanding first) => "first in the order drawn for this round";

    public string WhyNotFirst(PolicyStanding standing, PolicyStanding first) => "later in the order drawn for this round";
}
