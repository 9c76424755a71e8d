using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>What an altruist is to a slot now.</summary>
public enum PickRole
{
    /// <summary>In use, alone or as one of several.</summary>
    Picked,
    Standby,

    /// <summary>May be picked, and waits for its turn.</summary>
    Waiting,

    /// <summary>May not be picked.</summary>
    NotEligible,
}

/// <summary>"Why not me?": where an altruist stands in the rotation of a slot (contract 3.2, <c>standing</c>).</summary>
public sealed record PickStanding
{
    public required SlotKey Slot { get; init; }

    public required PickRole Role { get; init; }

    /// <summary>1 for the one whose turn comes next; null for one that gets none as things are.</summary>
    public int? Position { get; init; }

    /// <summary>How many take turns as things are.</summary>
    public required int TakingTurns { get; init; }

    /// <summary>In this slot and window; a turn as one of several primaries counts its share.</summary>
    public required decimal Turns { get; init; }

    /// <summary>Of the others that take turns; null where there are none.</summary>
    public FewestAndMost? TurnsOfOthers { get; init; }

    /// <summary>Times of service in this slot that touched the last hour.</summary>
    public required int SessionsLastHour { get; init; }

    public FewestAndMost? SessionsOfOthers { get; init; }

    /// <summary>What of the rules decides, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>When its next turn comes if nothing changes; null when none does.</summary>
    public DateTimeOffset? ExpectedAt { get; init; }

    /// <summary>True where the order of that window is not drawn yet, so that it is about then.</summary>
    public bool ExpectedIsDrawn { get; init; }

    /// <summary>All of it as sentences.</summary>
    public required string Words { get; init; }
}

public readonly record struct FewestAndMost(decimal Fewest, decimal Most)
{
    public static FewestAndMost? Of(IEnumerable<decimal> values)
    {
        FewestAndMost? seen = null;
        foreach (var value in values)
            seen = seen is { } so ? new FewestAndMost(Math.Min(so.Fewest, value), Math.Max(so.Most, value)) : new FewestAndMost(value, value);
        return seen;
    }

    public override string ToString() => Fewest == Most ? $"{Fewest:0.##}" : $"{Fewest:0.##} to {Most:0.##}";
}

/// <summary>A slot as it stands before its next round: the last decision about it, with the altruists as they are now.</summary>
/// <param name="Slot">Its question and outcome are those of the next round, were it now.</param>
/// <param name="Next">The question that the next round starts from.</param>
/// <param name="NextRound">When it is due.</param>
public sealed record SlotOutlook(Entry Entry, EntrySlot Slot, SlotQuestion Next, bool[] Admitted, Expectation?[] Expected, SlotOutcome Last, DateTimeOffset NextRound)
{
    /// <param name="logged">The newest entry that decided the slot.</param>
    /// <param name="now">What is known of an altruist by now; null for one that is gone.</param>
    public static SlotOutlook Of(Entry logged, EntrySlot last, Func<AltruistId, EntryAltruist?> now, DateTimeOffset at)
    {
        var replayed = new SlotOutcome();
        Selector.Decide(last.Question, Array.ConvertAll(logged.Altruists, altruist => altruist.Facts), logged.Rules, replayed);
        var altruists = Array.ConvertAll(logged.Altruists, altruist => now(altruist.Id) is { } known
            ? altruist with { State = known.State, Reason = known.Reason, Since = known.Since, Proven = known.Proven, Penalty = known.Penalty, Facts = altruist.Facts with { Usability = known.Facts.Usability, Unseen = known.Facts.Unseen, Revoked = known.Facts.Revoked, ThrottledSince = known.Facts.ThrottledSince } }
            : altruist with { Reason = "retired", Facts = altruist.Facts with { Usability = Usability.No, Revoked = true } });
        var facts = Array.ConvertAll(altruists, altruist => altruist.Facts);

        var interval = TimeSpan.FromMilliseconds(logged.Parameters.IntervalMs);
        var window = TimeSpan.FromMilliseconds(logged.Parameters.WindowMs);
        var nextRound = DateTimeOffset.FromUnixTimeMilliseconds((at.ToUnixTimeMilliseconds() / logged.Parameters.IntervalMs + 1) * logged.Parameters.IntervalMs);
        var next = last.Question.Copy();
        next.Follow(replayed);
        foreach (ref var candidate in next.Candidates.AsSpan())
            candidate.Lacking = !next.Requires.All(altruists[candidate.Altruist].Proven.Contains);
        for (var i = 0; i < next.Was.Length; i++)
            next.Was[i] = next.Was[i] with { MayKeep = !facts[next.Was[i].Altruist].Revoked };
        var expected = Forecast.Of(next, facts, logged.Rules with { Round = logged.Round + 1 }, nextRound, interval, window);

        var asked = next.Copy();
        asked.Rotate = asked.Hold < 0;
        var outcome = new SlotOutcome();
        Selector.Decide(asked, facts, logged.Rules with { Round = logged.Round + 1 }, outcome);
        var entry = logged.With(altruists);
        var slot = new EntrySlot { Question = asked, Outcome = outcome, Trigger = Trigger.Scheduled, Decision = last.Decision, SelectedAt = last.SelectedAt };
        return new SlotOutlook(entry, slot, next, Selector.Admitted(asked, facts), expected, replayed, nextRound);
    }

    /// <param name="sessions">Of the slot, by altruist; touching the last hour.</param>
    public PickStanding StandingOf(int place, IReadOnlyDictionary<AltruistId, int> sessions)
    {
        var candidate = Next.Candidates[place];
        var id = Entry.Altruists[candidate.Altruist].Id;
        var others = Enumerable.Range(0, Next.Candidates.Length).Where(other => other != place && Expected[other] is not null).ToList();
        var position = Last.Picks.FindIndex(pick => pick.Altruist == candidate.Altruist);
        var role = position >= 0 && Last.Picks[position].Weight > 0 ? PickRole.Picked
            : !Admitted[place] ? PickRole.NotEligible
            : position >= 0 ? PickRole.Standby
            : PickRole.Waiting;
        var standing = new PickStanding
        {
            Slot = Next.Key,
            Role = role,
            Position = Expected[place] is { } expected ? 1 + others.Count(other => Expected[other]!.Value.At < expected.At) : null,
            TakingTurns = others.Count + (Expected[place] is null ? 0 : 1),
            Turns = DecisionReasons.Whole(candidate.Turns),
            TurnsOfOthers = FewestAndMost.Of(others.Select(other => DecisionReasons.Whole(Next.Candidates[other].Turns))),
            SessionsLastHour = sessions.GetValueOrDefault(id),
            SessionsOfOthers = FewestAndMost.Of(others.Select(other => (decimal)sessions.GetValueOrDefault(Entry.Altruists[Next.Candidates[other].Altruist].Id))),
            Reason = ReasonOf(place),
            ExpectedAt = Expected[place]?.At,
            ExpectedIsDrawn = Expected[place]?.IsDrawn ?? false,
            Words = "",
        };
        return standing with { Words = InWords(standing) };
    }

    private string ReasonOf(int place) => Expected[place] is { } expected && Admitted[place]
        ? expected.IsDrawn
            ? "takes turns; the others come first in this window"
            : $"takes turns by the policy {Next.Policy.Name}"
        : DecisionReasons.Explain(Entry, Slot, place, Admitted, Slot.Outcome.After);

    private static string InWords(PickStanding standing)
    {
        var role = standing.Role switch
        {
            PickRole.Picked => "In use now",
            PickRole.Standby => "A standby",
            PickRole.Waiting => "Waiting",
            _ => "Not eligible",
        };
        var had = $"It had {Turns(standing.Turns)} in this window{(standing.TurnsOfOthers is { } turns ? $", the others {turns}" : "")}, and {(standing.SessionsLastHour == 1 ? "1 session" : $"{standing.SessionsLastHour} sessions")} "
            + $"in the last hour{(standing.SessionsOfOthers is { } sessions ? $", the others {sessions}" : "")}.";
        if (standing.ExpectedAt is not { } at)
            return $"{role}: {standing.Reason}. No turn is expected while this stays so. {had}";
        var when = standing.ExpectedIsDrawn ? $"about {at:HH:mm} UTC, in an order that is drawn when that window begins" : $"{at:HH:mm:ss} UTC if nothing changes";
        return $"{role}: {Place(standing.Position ?? 0)} of {standing.TakingTurns} in the order. {had} Its next turn is expected at {when}.";
    }

    private static string Turns(decimal turns) => turns == 1 ? "1 turn" : $"{turns:0.##} turns";

    private static string Place(int position) => position switch { 1 => "next", 2 => "2nd", 3 => "3rd", _ => $"{position}th" };
}
