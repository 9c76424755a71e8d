namespace AltruistManager.Selection;

/// <param name="IsApproximate">True where the time is in a later window, whose order is not drawn yet: about then.</param>
public readonly record struct Expectation(DateTimeOffset At, bool IsApproximate);

/// <summary>When each candidate of a slot would get its next turn if nothing changed: the rules, asked round after round. Pure.</summary>
public static class Forecast
{
    /// <summary>Further ahead nothing is said.</summary>
    private const int MostRounds = 200;

    /// <param name="question">As it stands before the next round; not changed.</param>
    /// <param name="rules">Of the next round.</param>
    /// <param name="nextRound">When it is due.</param>
    /// <returns>By candidate; null for one that gets no turn while things stay as they are.</returns>
    public static Expectation?[] Of(SlotQuestion question, ReadOnlySpan<AltruistFacts> facts, SelectorRules rules, DateTimeOffset nextRound, TimeSpan interval, TimeSpan window)
    {
        var expected = new Expectation?[question.Candidates.Length];
        var asked = question.Copy();
        asked.Rotate = question.Hold < 0;
        var outcome = new SlotOutcome();
        var first = DrawOrder.WindowOf(nextRound - interval, window);
        var current = first;
        for (var round = 0; round < MostRounds; round++)
        {
            var at = nextRound + round * interval;
            if (DrawOrder.WindowOf(at, window) is var entered && entered != current)
            {
                current = entered;
                asked.ForgetTurns();
                // Its order is not known before; any other one serves as an example.
                foreach (ref var candidate in asked.Candidates.AsSpan())
                    candidate.Draw = ulong.RotateLeft(candidate.Draw, 17);
                foreach (ref var provider in asked.Providers.AsSpan())
                    provider.Draw = ulong.RotateLeft(provider.Draw, 17);
            }

            Selector.Decide(asked, facts, rules with { Round = rules.Round + round }, outcome);
            // None under a hold, a pin or a freeze, nor where nobody may be picked.
            if (outcome.Turns.Count == 0)
                return expected;
            foreach (var place in outcome.Turns)
                expected[place] ??= new Expectation(at, IsApproximate: current != first);
            if (IsComplete(expected, outcome.After))
                return expected;
            asked.Follow(outcome);
        }

        return expected;
    }

    private static bool IsComplete(Expectation?[] expected, TurnsAfter[] after)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] is null && after[i].Contender)
                return false;
        }

        return true;
    }
}
