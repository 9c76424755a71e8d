using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Transparency;

/// <summary>
/// Whether an entry asks what a service would have asked that was restored from the entries before it: which window and draw, what was in force in each slot, and
/// whose turns stood where, also of those that left a slot and came back. Pure.
/// </summary>
internal static class Continuity
{
    /// <param name="before">The entry before; null when it was not replayed.</param>
    public static LogDifference? CheckVersions(LogHeader header, Entry entry, Entry? before) =>
        entry.Format < before?.Format ? new LogDifference(header.Generation, "body.format", $"{before.Format} or a later one, as the entry before has", $"{entry.Format}")
        : entry.RuleVersion < before?.RuleVersion ? new LogDifference(header.Generation, "body.rule", $"{before.RuleVersion} or later ones, as the entry before has", $"{entry.RuleVersion}")
        : null;

    /// <param name="book">Restored from the entries before.</param>
    /// <param name="previous">The entry before; null when it was not replayed.</param>
    /// <param name="beginsLog">There is none before.</param>
    /// <param name="knowsAll">Whether a slot that the book does not know is a new one.</param>
    public static LogDifference? Check(LogHeader header, Entry entry, SelectionBook book, LogHeader? previous, bool beginsLog, bool knowsAll)
    {
        if ((previous is not null || beginsLog) && CheckSeed(header, entry, book, previous) is { } drawn)
            return drawn;
        if (CheckInForce(header, entry) is { } notInForce)
            return notInForce;
        foreach (var slot in entry.Slots)
        {
            var known = book.Find(slot.Question.Key);
            if (known is null && !knowsAll)
                continue;
            if ((CheckRulings(header, entry, slot) ?? CheckWas(header, entry, slot, known) ?? CheckDecision(header, entry, slot, known)
                ?? CheckTurns(header, entry, slot, known, sameWindow: entry.Window == book.NumberOfWindow(entry.Parameters.WindowMs))) is { } gap)
                return gap;
        }

        return entry.IsRound ? CheckComplete(header, entry, book) : null;
    }

    /// <summary>A round decides every slot; one that is left out would stay as it is without anybody saying why.</summary>
    private static LogDifference? CheckComplete(LogHeader header, Entry entry, SelectionBook book)
    {
        var decided = entry.Slots.Select(slot => slot.Question.Key).ToHashSet();
        // One without a pick may have been given up.
        return book.Slots.Find(slot => slot.State != SlotState.None && !decided.Contains(slot.Key)) is { } missing
            ? new LogDifference(header.Generation, $"body.slots ({missing.Key})", "a decision: a round decides every slot", "none")
            : null;
    }

    /// <summary>Whether the slot was asked about as the holds, overrides and facts of the entry itself demand.</summary>
    private static LogDifference? CheckRulings(LogHeader header, Entry entry, EntrySlot slot)
    {
        var question = slot.Question;
        var hold = entry.Holds.ToList().FindIndex(one => one.Concerns(question.Key));
        if (question.Hold != hold)
            return Ruled("hold", $"{hold}", $"{question.Hold}");
        var rotate = entry.IsRound && entry.FrozenSince is null && hold < 0;
        if (question.Rotate != rotate)
            return Ruled("rotate", $"{rotate}", $"{question.Rotate}");

        Candidate[] candidates = [.. question.Candidates];
        var pins = OverrideRules.Apply(entry.Overrides, question.Key, candidates, entry.Altruists, ruling: null);
        if (!pins.SequenceEqual(question.Pins))
            return Ruled("pins", Numbers(pins.Select(pin => pin.Override)), Numbers(question.Pins.Select(pin => pin.Override)));
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].ExcludedBy != question.Candidates[i].ExcludedBy)
                return Ruled($"exclusion of {entry.Altruists[candidates[i].Altruist].Id}", $"{candidates[i].ExcludedBy}", $"{question.Candidates[i].ExcludedBy}");
        }

        foreach (var was in question.Was)
        {
            var altruist = entry.Altruists[was.Altruist];
            // Of a slot that is given up nothing is kept; it has no candidates any more.
            var mayKeep = !altruist.Facts.Revoked && !OverrideRules.IsRevoked(entry.Overrides, question.Key, altruist);
            if (was.MayKeep != mayKeep && (was.MayKeep || question.Candidates.Length > 0))
                return Ruled($"whether {altruist.Id} may be kept", $"{mayKeep}", $"{was.MayKeep}");
        }

        return null;

        LogDifference Ruled(string what, string expected, string found) =>
            new(header.Generation, $"body.slots ({question.Key}).{what}", $"{expected}, as the entry's own holds, overrides and facts demand", found);

        static string Numbers(IEnumerable<int> numbers) => string.Join(' ', numbers) is { Length: > 0 } text ? text : "none";
    }

    /// <summary>What is over may not rule any more.</summary>
    private static LogDifference? CheckInForce(LogHeader header, Entry entry) =>
        entry.Overrides.FirstOrDefault(rule => rule.ExpiresAt <= entry.At) is { } expired ? new LogDifference(header.Generation, $"body.overrides ({expired.Id})", "one that is in force", "one that has expired")
        : entry.Holds.FirstOrDefault(hold => hold.Until <= entry.At) is { } over ? new LogDifference(header.Generation, $"body.holds ({over.Id})", "one that is in force", "one that is over")
        : null;

    private static LogDifference? CheckSeed(LogHeader header, Entry entry, SelectionBook book, LogHeader? previous)
    {
        // A clock that is set back does not bring an old window back.
        var last = book.NumberOfWindow(entry.Parameters.WindowMs);
        var window = Math.Max(last, entry.At.ToUnixTimeMilliseconds() / entry.Parameters.WindowMs);
        if (entry.Window != window)
            return new LogDifference(header.Generation, "body.window", $"{window}", $"{entry.Window}");
        var seed = window == last ? book.Seed : DrawOrder.Seed(previous is null ? new byte[32] : Convert.FromHexString(previous.Hash), window);
        return entry.Seed.AsSpan().SequenceEqual(seed)
            ? null
            : new LogDifference(header.Generation, "body.seed", Convert.ToHexStringLower(seed), Convert.ToHexStringLower(entry.Seed));
    }

    private static LogDifference? CheckWas(LogHeader header, Entry entry, EntrySlot slot, SlotMemory? known)
    {
        var left = known is null ? [] : known.Picks;
        Pick[] was = [.. slot.Question.Was.Select(pick => new Pick(entry.Altruists[pick.Altruist].Id, pick.Region, pick.Weight))];
        if (!was.SequenceEqual(left))
            return Difference(header, slot, "was", Words(left), Words(was));
        // A slot that was given up and comes back begins anew.
        return slot.Question.WasState == (known?.State ?? SlotState.None)
            ? null
            : Difference(header, slot, "wasState", $"{known?.State ?? SlotState.None}", $"{slot.Question.WasState}");
    }

    private static LogDifference? CheckDecision(LogHeader header, Entry entry, EntrySlot slot, SlotMemory? known)
    {
        var picks = slot.Outcome.Picks.Select(pick => new Pick(entry.Altruists[pick.Altruist].Id, pick.Region, pick.Weight)).ToArray();
        if (slot.Decision.Generation != entry.Generation)
        {
            if (known is null || slot.Decision != known.Decision)
                return Difference(header, slot, "decision", known is null ? "one of its own" : $"{known.Decision}", $"{slot.Decision}");
            if (slot.Outcome.State != known.State || !picks.SequenceEqual(known.Picks))
                return Difference(header, slot, "decision", "one of its own, for something changed", $"{slot.Decision}");
        }

        AltruistId? primary = picks.Length > 0 ? picks[0].Altruist : null;
        var expected = known is not null && known.Primary == primary ? known.SelectedAt : entry.At;
        // Without a pick a slot may have been given up in between, and begun anew.
        return slot.SelectedAt == expected || (primary is null && slot.SelectedAt == entry.At)
            ? null
            : Difference(header, slot, "selectedAt", $"{expected.ToUnixTimeMilliseconds()}", $"{slot.SelectedAt.ToUnixTimeMilliseconds()}");
    }

    /// <param name="known">Null for a slot that is new, where nobody had a turn.</param>
    private static LogDifference? CheckTurns(LogHeader header, Entry entry, EntrySlot slot, SlotMemory? known, bool sameWindow)
    {
        // Before format 4 those that left were forgotten, whether an entry was made without them or not.
        var mayBegin = entry.Format < Entry.TellsLeavers;
        var had = new TurnsHad(known ?? new SlotMemory(slot.Question.Key));
        foreach (var candidate in slot.Question.Candidates)
        {
            var before = had.Take(entry.Altruists[candidate.Altruist].Id);
            if (!sameWindow)
                before = before with { Turns = 0 };
            if ((candidate.Turns, candidate.Contender) != (before.Turns, before.Contender) && !(mayBegin && (candidate.Turns, candidate.Contender) == (0, false)))
                return Difference(header, slot, $"turns of {before.Altruist}", Words(before.Turns, before.Contender), Words(candidate.Turns, candidate.Contender));
        }

        foreach (var (provider, counted) in Providers(slot.Question, entry.Altruists))
        {
            var before = had.Take(provider);
            if (!sameWindow)
                before = before with { Turns = 0, Given = 0 };
            if (entry.Rules.CountsProviders && (counted.Turns, counted.Given, counted.Contender) != (before.Turns, before.Given, before.Contender)
                && !(mayBegin && (counted.Turns, counted.Given, counted.Contender) == (0, 0, false)))
                return Difference(header, slot, $"turns of the provider {provider}", Words(before), Words(new ProviderLeft(provider, counted.Turns, counted.Given, counted.Contender)));
        }

        // With a slot that is given up its turns are forgotten.
        if (mayBegin || (slot.Question.Candidates.Length == 0 && slot.Leavers.IsEmpty))
            return null;
        var left = sameWindow ? had.Rest().AfterDecision(entry.Rules.CountsProviders) : Leavers.None;
        return !slot.Leavers.Altruists.SequenceEqual(left.Altruists) ? Difference(header, slot, "left", Words(left.Altruists), Words(slot.Leavers.Altruists))
            : !slot.Leavers.Providers.SequenceEqual(left.Providers) ? Difference(header, slot, "leftProviders", Words(left.Providers), Words(slot.Leavers.Providers))
            : null;
    }

    private static Dictionary<ProviderId, ProviderTurns> Providers(SlotQuestion question, EntryAltruist[] altruists)
    {
        var result = new Dictionary<ProviderId, ProviderTurns>();
        foreach (var candidate in question.Candidates)
            result.TryAdd(altruists[candidate.Altruist].Provider, question.Providers[candidate.Provider]);
        return result;
    }

    private static LogDifference Difference(LogHeader header, EntrySlot slot, string what, string expected, string found) =>
        new(header.Generation, $"body.slots ({slot.Question.Key}).{what}", $"{expected}, as the entries before leave it", found);

    private static string Words(Pick[] picks) => picks.Length == 0 ? "nobody" : string.Join(", ", picks.Select(pick => $"{pick.Altruist} in {pick.Region}{(pick.Weight > 0 ? $" with {pick.Weight} %" : "")}"));

    private static string Words(AltruistLeft[] left) => left.Length == 0 ? "nobody" : string.Join(", ", left.Select(one => $"{one.Altruist} with {one.Turns}"));

    private static string Words(ProviderLeft[] left) => left.Length == 0 ? "nobody" : string.Join(", ", left.Select(one => $"{one.Provider} with {Words(one)}"));

    private static string Words(ProviderLeft had) => $"{Words(had.Turns, had.Contender)}, {had.Given} of them given";

    private static string Words(int turns, bool tookPart) => $"{turns}{(tookPart ? "" : " without taking part")}";
}
