using System.Globalization;

namespace AltruistManager.Selection.Policies;

/// <summary>What of an altruist a policy reads besides its turns; only that is put into facts and entries.</summary>
[Flags]
public enum Measures
{
    None = 0,

    /// <summary><see cref="AltruistFacts.CapacityRps"/>.</summary>
    Capacity = 1,

    /// <summary><see cref="AltruistFacts.LatencyMs"/> and <see cref="AltruistFacts.SuccessPerMille"/>.</summary>
    Performance = 2,
}

/// <summary>
/// In what order those of the acting group (nearest region, lowest tier that has anyone) get their turns. Health and a provider's cap go before it, the drawn
/// order decides between equals. Pure, integers only: a policy sees nothing that is not in the entry. Described one by one in <c>docs/log-format.md</c>.
/// </summary>
public interface ISelectionPolicy
{
    /// <summary>As in configuration, chains and entries; kebab case.</summary>
    string Name { get; }

    /// <summary>The order in words for the public, as sentences.</summary>
    string Ordering { get; }

    Measures Reads => Measures.None;

    /// <summary>
    /// What share of the turns each should get, from 1 to <see cref="PolicyView.FullWeight"/>; 0 for one that waits until nobody else is left. At least one of those
    /// that take part must keep a share.
    /// </summary>
    /// <param name="weights">By candidate; all <see cref="PolicyView.FullWeight"/> before.</param>
    void Weigh(in PolicyView view, Span<int> weights)
    {
    }

    /// <summary>The candidate's place in the order; lower goes first.</summary>
    ulong Place(in PolicyView view, int candidate, int weight) => (ulong)view.TurnsOf(candidate);

    /// <summary>Why a candidate came first, in words that go on after "picked:".</summary>
    string WhyFirst(PolicyStanding first) => $"fewest turns ({first.TurnsText}) in this window, first in the drawn order among equals";

    /// <summary>Why a candidate that is as healthy came after the first, in words that go on after "eligible;".</summary>
    string WhyNotFirst(PolicyStanding standing, PolicyStanding first) => standing.Turns > first.Turns
        ? $"had {standing.TurnsText} turns in this window, the picked one {first.TurnsText}"
        : $"as few turns ({standing.TurnsText}) as the picked one, later in the drawn order";
}

/// <summary>How a candidate stood before a decision.</summary>
/// <param name="HasWeight">It is among those to whom the policy gives a share.</param>
public readonly record struct PolicyStanding(decimal Turns, AltruistFacts Facts, bool HasWeight)
{
    public string TurnsText => Turns.ToString("0.##", CultureInfo.InvariantCulture);
}
