using System.Runtime.InteropServices;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection.Simulation;

/// <summary>Counts what a simulation is run for. Times are milliseconds of the simulation.</summary>
internal sealed class Tally(Scenario scenario, SimulatedWorld world)
{
    private readonly TrafficPattern pattern = new(scenario.Traffic.Bursts);
    private readonly SlotTally[] slots = NewSlots(scenario);
    private readonly List<AltruistTally> altruists = [];
    private readonly SortedDictionary<Fault, List<double>> failovers = [];
    private readonly List<double> pickedBad = [];
    private readonly List<SimulatedAltruist> touched = [];
    private bool counts;
    private Portion all;
    private Portion bad;
    private Portion badThoughEligible;
    private double degradedMs;
    private double fallbackMs;
    private double noneMs;
    private int longestHold;
    private int longestHoldOfOne;
    private int roundChanges;
    private int settledChanges;
    private int needless;
    private int nearer;
    private int notReplaced;
    private int nobodyElse;

    /// <summary>From here on it counts.</summary>
    public void Begin(long now)
    {
        for (var slot = 0; slot < slots.Length; slot++)
        {
            Serve(slot, now);
            Share(slots[slot], now);
            Array.Clear(slots[slot].Rounds);
            Array.Clear(slots[slot].TookPart);
            slots[slot].Deaths.RemoveAll(death => death.At < now);
        }

        counts = true;
    }

    public void Add(SimulatedAltruist altruist) => altruists.Add(new AltruistTally { Altruist = altruist });

    /// <summary>Who takes part is about to change everywhere.</summary>
    public void Pause(long now)
    {
        foreach (var slot in slots)
        {
            Share(slot, now);
            (slot.Members, slot.Contenders, slot.Dues) = ([], [], []);
        }
    }

    /// <summary>An altruist failed or is well again.</summary>
    public void Changed(SimulatedAltruist altruist, Fault before, long now)
    {
        if (altruist.IsWell == (before == Fault.None) || altruist.Primaries == 0)
            return;
        foreach (var number in altruist.Slots)
        {
            var slot = slots[number];
            if (Array.IndexOf(slot.Serving, altruist.Number) < 0)
                continue;
            Serve(number, now, wasWell: altruist.IsWell ? null : altruist, wasBad: altruist.IsWell ? altruist : null);
            if (!altruist.IsWell)
                slot.Deaths.Add(new Death(altruist.Number, now, altruist.Fault, PickedBad: false, NobodyElse: slot.State == SlotState.Degraded));
            else
                notReplaced += Bury(slot, altruist.Number) is { } death && counts && !death.NobodyElse ? 1 : 0;
        }
    }

    /// <summary>What is due to whom from here on, as the decision of the slot says.</summary>
    public void Weigh(int number, SelectionBook book, SimulatedAltruist[] placed, in SelectorRules rules, long now)
    {
        var memory = book.Slots[number];
        var slot = slots[number];
        var candidates = memory.Question.Candidates;
        var after = memory.Next.After;
        if (slot.Members.Length == candidates.Length && memory.Question.Policy.Reads == Measures.None && Same(slot.Contenders, after))
            return;

        Share(slot, now);
        if (slot.Members.Length != candidates.Length)
            slot.TookPart = new int[candidates.Length];
        slot.Members = Array.ConvertAll(candidates, candidate => placed[candidate.Altruist].Number);
        slot.Contenders = Array.ConvertAll(after, one => one.Contender);
        for (var i = 0; i < after.Length; i++)
            slot.TookPart[i] = slot.Contenders[i] ? slot.TookPart[i] : 0;
        slot.Dues = new double[candidates.Length];
        var weights = new int[candidates.Length];
        Array.Fill(weights, PolicyView.FullWeight);
        if (Array.IndexOf(slot.Contenders, true) < 0)
            return;
        var facts = book.Facts;
        var classes = new byte[candidates.Length];
        for (var i = 0; i < classes.Length; i++)
            classes[i] = (byte)facts[candidates[i].Altruist].Usability;
        var groups = Array.ConvertAll(slot.Contenders, takesPart => takesPart ? 0u : 1u);
        memory.Question.Policy.Weigh(new PolicyView(memory.Question, facts, classes, groups, acting: 0, memory.Next, rules), weights);
        var ofProvider = new double[memory.Question.Providers.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            if (slot.Contenders[i])
                ofProvider[candidates[i].Provider] += weights[i];
        }

        var whole = 0.0;
        for (var provider = 0; provider < ofProvider.Length; provider++)
            whole += ofProvider[provider] == 0 ? 0 : rules.ByProvider ? memory.Question.Providers[provider].Shares : ofProvider[provider];
        for (var i = 0; i < weights.Length; i++)
        {
            if (slot.Contenders[i])
                slot.Dues[i] = weights[i] / whole * (rules.ByProvider ? memory.Question.Providers[candidates[i].Provider].Shares / ofProvider[candidates[i].Provider] : 1);
        }
    }

    /// <summary>A decision was published.</summary>
    /// <returns>Those that are picked for more or less than before; until the next call.</returns>
    public List<SimulatedAltruist> Decided(int number, SelectionBook book, SimulatedAltruist[] placed, bool isRound, long now)
    {
        var memory = book.Slots[number];
        var slot = slots[number];
        Serve(number, now);
        var was = memory.Question.Was;
        var primaries = 0;
        while (primaries < was.Length && was[primaries].Weight > 0)
            primaries++;
        var serving = new int[primaries];
        var weights = new int[primaries];
        for (var i = 0; i < primaries; i++)
            (serving[i], weights[i]) = (placed[was[i].Altruist].Number, was[i].Weight);
        var standby = was.Length > primaries ? placed[was[primaries].Altruist].Number : -1;

        touched.Clear();
        var rounds = new int[primaries];
        var sessions = 0;
        for (var i = 0; i < primaries; i++)
        {
            var before = Array.IndexOf(slot.Serving, serving[i]);
            rounds[i] = before < 0 ? 0 : slot.Rounds[before];
            if (before >= 0 && slot.Weights[before] == weights[i])
                continue;
            sessions++;
            CollectionsMarshal.AsSpan(altruists)[serving[i]].Got.Sessions += counts ? 1 : 0;
            if (before >= 0)
                continue;
            var altruist = world.Altruists[serving[i]];
            altruist.Primaries++;
            touched.Add(altruist);
            if (!altruist.IsWell)
                slot.Deaths.Add(new Death(serving[i], now, altruist.Fault, PickedBad: true, NobodyElse: memory.State == SlotState.Degraded));
        }

        slot.Sessions += sessions;
        var changed = false;
        foreach (var gone in slot.Serving)
        {
            if (Array.IndexOf(serving, gone) >= 0)
                continue;
            changed = true;
            var altruist = world.Altruists[gone];
            altruist.Primaries--;
            touched.Add(altruist);
            Replaced(slot, altruist, book, isRound, now);
        }

        if (slot.Standby != standby)
        {
            MoveStandby(slot.Standby, -1);
            MoveStandby(standby, 1);
        }

        if (changed && counts)
            (roundChanges, settledChanges) = isRound ? (roundChanges + 1, settledChanges) : (roundChanges, settledChanges + 1);
        if (isRound)
            Hold(slot, memory, book, rounds);
        (slot.Serving, slot.Weights, slot.Standby, slot.Rounds, slot.State) = (serving, weights, standby, rounds, memory.State);
        if (memory.State == SlotState.Degraded)
        {
            foreach (ref var death in CollectionsMarshal.AsSpan(slot.Deaths))
                death = death with { NobodyElse = true };
        }

        return touched;
    }

    private void MoveStandby(int number, int change)
    {
        if (number < 0)
            return;
        world.Altruists[number].FirstStandbys += change;
        touched.Add(world.Altruists[number]);
    }

    /// <param name="measuredMs">How long it was measured.</param>
    public SimulationReport Report(long measuredMs, long now)
    {
        for (var slot = 0; slot < slots.Length; slot++)
        {
            Serve(slot, now);
            Share(slots[slot], now);
        }

        return new SimulationReport
        {
            Scenario = scenario,
            Altruists = [.. altruists.Select(tally => new ShareRow(tally.Altruist.Registered.Label, tally.Altruist.Registered.Provider.Value, tally.Altruist.Class.Name, tally.Got, tally.Due, tally.BadMs))],
            Hours = measuredMs / 3_600_000.0,
            All = all,
            Bad = bad,
            BadThoughEligible = badThoughEligible,
            DegradedMs = degradedMs,
            FallbackMs = fallbackMs,
            NoneMs = noneMs,
            LongestHold = longestHold,
            LongestHoldOfOne = longestHoldOfOne,
            RoundChanges = roundChanges,
            SettledChanges = settledChanges,
            Needless = needless,
            Nearer = nearer,
            NotReplaced = notReplaced,
            NobodyElse = nobodyElse,
            Failovers = failovers.ToDictionary(times => times.Key, times => Times.Of(times.Value)),
            AllFailovers = Times.Of([.. failovers.Values.SelectMany(times => times)]),
            PickedBad = Times.Of(pickedBad),
        };
    }

    private void Replaced(SlotTally slot, SimulatedAltruist altruist, SelectionBook book, bool isRound, long now)
    {
        if (Bury(slot, altruist.Number) is { } death && counts)
        {
            var seconds = (now - death.At) / 1000.0;
            if (death.NobodyElse)
                nobodyElse++;
            else if (death.PickedBad)
                pickedBad.Add(seconds);
            else if (failovers.TryGetValue(death.Fault, out var times))
                times.Add(seconds);
            else
                failovers.Add(death.Fault, [seconds]);
        }

        if (isRound || !counts || !altruist.IsWell || altruist.Place < 0 || altruist.HasLeft)
            return;
        // What people ordered, and one that is there again where it belongs, is no mistake of the probes.
        var usability = book.Facts[altruist.Place].Usability;
        if (usability <= Usability.Failing)
            nearer += IsExcluded(slot, altruist, book) ? 0 : 1;
        else if (!book.IsDraining(altruist.Place))
            needless++;
    }

    private static bool IsExcluded(SlotTally slot, SimulatedAltruist altruist, SelectionBook book) =>
        Array.Exists(book.Slots[slot.Number].Question.Candidates, candidate => candidate.Altruist == altruist.Place && candidate.ExcludedBy >= 0);

    /// <summary>How many rounds in a row each is a primary while another, as healthy, could have been.</summary>
    private void Hold(SlotTally slot, SlotMemory memory, SelectionBook book, int[] rounds)
    {
        var was = memory.Question.Was;
        var candidates = memory.Question.Candidates;
        if (rounds.Length == 0)
            return;
        // The newest stands for all: the others are as healthy, or they had been replaced.
        var usability = book.Facts[was[0].Altruist].Usability;
        var longest = 0;
        for (var candidate = 0; candidate < candidates.Length; candidate++)
        {
            ref var tookPart = ref slot.TookPart[candidate];
            tookPart = slot.Contenders[candidate] && book.Facts[candidates[candidate].Altruist].Usability <= usability ? tookPart + 1 : 0;
            var serves = false;
            for (var primary = 0; primary < rounds.Length && !serves; primary++)
                serves = was[primary].Altruist == candidates[candidate].Altruist;
            if (!serves)
                longest = Math.Max(longest, tookPart);
        }

        for (var i = 0; i < rounds.Length; i++)
        {
            rounds[i] = longest > 0 ? rounds[i] + 1 : 0;
            if (!counts)
                continue;
            longestHold = Math.Max(longestHold, rounds[i]);
            longestHoldOfOne = Math.Max(longestHoldOfOne, Math.Min(rounds[i], longest));
        }
    }

    private static Death? Bury(SlotTally slot, int altruist)
    {
        var found = slot.Deaths.FindIndex(death => death.Altruist == altruist);
        if (found < 0)
            return null;
        var death = slot.Deaths[found];
        slot.Deaths.RemoveAt(found);
        return death;
    }

    /// <summary>Counts what was served since the last time.</summary>
    /// <param name="wasWell">One that has just failed, so that until now it was well.</param>
    /// <param name="wasBad">One that has just been repaired.</param>
    private void Serve(int number, long now, SimulatedAltruist? wasWell = null, SimulatedAltruist? wasBad = null)
    {
        var slot = slots[number];
        var since = slot.ServedSince;
        slot.ServedSince = now;
        if (!counts || since == now)
            return;

        var served = Served(slot, since, now);
        all += served;
        if (slot.State == SlotState.Degraded)
            degradedMs += now - since;
        else if (slot.State == SlotState.Fallback)
            fallbackMs += now - since;
        else if (slot.State == SlotState.None)
            noneMs += now - since;
        for (var i = 0; i < slot.Serving.Length; i++)
        {
            ref var tally = ref CollectionsMarshal.AsSpan(altruists)[slot.Serving[i]];
            var part = slot.Weights[i] / 100.0 * served;
            tally.Got += part;
            if ((tally.Altruist.IsWell || tally.Altruist == wasWell) && tally.Altruist != wasBad)
                continue;
            tally.BadMs += part.ServedMs;
            bad += part;
            if (slot.State != SlotState.Degraded)
                badThoughEligible += part;
        }
    }

    /// <summary>Counts what was due since the last time.</summary>
    private void Share(SlotTally slot, long now)
    {
        var due = Served(slot, slot.DueSince, now) with { Sessions = slot.Sessions };
        slot.DueSince = now;
        slot.Sessions = 0;
        if (!counts)
            return;
        for (var i = 0; i < slot.Dues.Length; i++)
        {
            if (slot.Dues[i] > 0)
                CollectionsMarshal.AsSpan(altruists)[slot.Members[i]].Due += slot.Dues[i] * due;
        }
    }

    private Portion Served(SlotTally slot, long from, long to)
    {
        var (requests, bursts) = pattern.Between(from, to);
        return new Portion { ServedMs = to - from, Requests = slot.Rate * requests, BurstRequests = slot.Rate * bursts };
    }

    private static bool Same(bool[] contenders, TurnsAfter[] after)
    {
        for (var i = 0; i < after.Length; i++)
        {
            if (contenders[i] != after[i].Contender)
                return false;
        }

        return true;
    }

    private static SlotTally[] NewSlots(Scenario scenario)
    {
        var ranks = Enumerable.Range(1, scenario.Slots).Select(rank => Math.Pow(rank, -scenario.Traffic.Skew)).ToArray();
        // Which slot is large is drawn, so that it is not the first chain's in all regions.
        new Random(scenario.Seed).Shuffle(ranks);
        var mean = ranks.Average();
        return [.. ranks.Select((share, number) => new SlotTally { Number = number, Rate = scenario.Traffic.RequestsPerSecond * share / mean })];
    }

    private record struct AltruistTally
    {
        public required SimulatedAltruist Altruist { get; init; }

        public Portion Got;
        public Portion Due;
        public double BadMs;
    }

    /// <summary>A primary that is really bad.</summary>
    /// <param name="PickedBad">It was so already when it was picked.</param>
    /// <param name="NobodyElse">The slot had nobody else meanwhile.</param>
    private readonly record struct Death(int Altruist, long At, Fault Fault, bool PickedBad, bool NobodyElse);

    private sealed class SlotTally
    {
        public required int Number { get; init; }

        public required double Rate { get; init; }

        public SlotState State { get; set; }

        /// <summary>The primaries by number, and their shares of the traffic in percent.</summary>
        public int[] Serving { get; set; } = [];

        public int[] Weights { get; set; } = [];

        /// <summary>How many rounds in a row each has been a primary.</summary>
        public int[] Rounds { get; set; } = [];

        /// <summary>The first one by number; -1 for none.</summary>
        public int Standby { get; set; } = -1;

        public long ServedSince { get; set; }

        /// <summary>By candidate: who it is, whether it takes part, and its share of what the slot gives.</summary>
        public int[] Members { get; set; } = [];

        public bool[] Contenders { get; set; } = [];

        public double[] Dues { get; set; } = [];

        /// <summary>By candidate: in how many rounds in a row it took part and was as healthy as the newest primary, without a break between them.</summary>
        public int[] TookPart { get; set; } = [];

        public long DueSince { get; set; }

        /// <summary>Begun since.</summary>
        public int Sessions { get; set; }

        public List<Death> Deaths { get; } = [];
    }
}
