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
    public bool ExpectedIsApproximate { get; init; }

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

/// <summary>A slot as it stands before its next round: a copy of what is known of it, with whom it concerns only.</summary>
/// <param name="Entry">Without its slots.</param>
/// <param name="Next">The question that the next round starts from.</param>
/// <param name="RowId">Of the slot in the database.</param>
/// <param name="NextRound">When it is due.</param>
public sealed record SlotOutlook(Entry Entry, SlotQuestion Next, int RowId, DateTimeOffset NextRound)
{
    private readonly Lazy<(EntrySlot Slot, bool[] Admitted, Expectation?[] Expected)> foreseen = new(() => Foresee(Entry, Next, NextRound));

    private EntrySlot Slot => foreseen.Value.Slot;

    private bool[] Admitted => foreseen.Value.Admitted;

    private Expectation?[] Expected => foreseen.Value.Expected;

    private static (EntrySlot Slot, bool[] Admitted, Expectation?[] Expected) Foresee(Entry entry, SlotQuestion next, DateTimeOffset nextRound)
    {
        var facts = Array.ConvertAll(entry.Altruists, altruist => altruist.Facts);
        var rules = entry.Rules with { Round = entry.Round + 1 };
        var asked = next.Copy();
        asked.Rotate = asked.Hold < 0 && entry.FrozenSince is null;
        var outcome = new SlotOutcome();
        Selector.Decide(asked, facts, rules, outcome);
        var expected = asked.Rotate
            ? Forecast.Of(next, facts, rules, nextRound, TimeSpan.FromMilliseconds(entry.Parameters.IntervalMs), TimeSpan.FromMilliseconds(entry.Parameters.WindowMs))
            : new Expectation?[next.Candidates.Length];
        var slot = new EntrySlot { Question = asked, Outcome = outcome, Trigger = Trigger.Scheduled, Decision = default, SelectedAt = default };
        return (slot, Selector.Admitted(asked, facts), expected);
    }

    /// <param name="sessions">Of the slot, by altruist; touching the last hour.</param>
    public PickStanding StandingOf(int place, IReadOnlyDictionary<AltruistId, int> sessions)
    {
        var candidate = Next.Candidates[place];
        var id = Entry.Altruists[candidate.Altruist].Id;
        var others = Enumerable.Range(0, Next.Candidates.Length).Where(other => other != place && Expected[other] is not null).ToList();
        var position = Array.FindIndex(Next.Was, pick => pick.Altruist == candidate.Altruist);
        var role = position >= 0 && Next.Was[position].Weight > 0 ? PickRole.Picked
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
            ExpectedIsApproximate = Expected[place]?.IsApproximate ?? false,
            Words = "",
        };
        return standing with { Words = InWords(standing) };
    }

    private string ReasonOf(int place) => Expected[place] is { } expected && Admitted[place]
        ? expected.IsApproximate
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
        // The reason of one that may not be picked begins with that.
        var why = standing.Reason.StartsWith(role, StringComparison.OrdinalIgnoreCase) ? role + standing.Reason[role.Length..] : $"{role}: {standing.Reason}";
        if (standing.ExpectedAt is not { } at)
            return $"{why}. No turn is expected while this stays so. {had}";
        var when = standing.ExpectedIsApproximate ? $"about {at:HH:mm} UTC, in an order that is drawn when that window begins" : $"{at:HH:mm:ss} UTC if nothing changes";
        return $"{role}: {Place(standing.Position ?? 0)} of {standing.TakingTurns} in the order. {had} Its next turn is expected at {when}.";
    }

    private static string Turns(decimal turns) => turns == 1 ? "1 turn" : $"{turns:0.##} turns";

    private static string Place(int position) => position switch { 1 => "next", 2 => "2nd", 3 => "3rd", _ => $"{position}th" };
}
