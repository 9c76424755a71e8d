using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>
/// All slots with what decisions about them depend on. Kept from decision to decision, rebuilt from the log at start; only what the
/// roster, the verdicts, the overrides or the window changed is worked out again. Used under the selection lock.
/// </summary>
internal sealed class SelectionBook(SelectionOptions options, ProbingOptions probing)
{
    /// <summary>Below so many slots one processor is as fast.</summary>
    private const int WorthSharing = 2000;

    private readonly Dictionary<SlotKey, SlotMemory> byKey = [];
    private SelectionOptions options = options;
    private readonly string[] vantages = [probing.Vantage];
    private Roster? roster;
    private Altruist[] registered = [];
    private Altruist[] retired = [];
    private Altruist[] served = [];
    private HealthBoard.Place[] places = [];
    private Verdict?[] verdicts = [];

    /// <summary>When a verdict comes to mean something else by time alone.</summary>
    private DateTimeOffset[] lapses = [];
    private DateTimeOffset judgedAt;
    private EntryAltruist[] altruists = [];
    private AltruistFacts[] facts = [];
    private string[][] required = [];
    private Drain?[] drained = [];
    private IReadOnlyList<Override>? overridesApplied;
    private IReadOnlyList<Hold>? holdsApplied;
    private RevokedInRegion[] revoked = [];
    private Measures measures;

    /// <summary>Of a window that has not begun, in the order of <see cref="Slots"/>: to draw is the dearest part of the round that begins it.</summary>
    private (long Window, byte[] Seed, Draws[] Slots)? ahead;

    /// <summary>In the order of chains, then regions.</summary>
    public List<SlotMemory> Slots { get; private set; } = [];

    /// <summary>Null for a slot that nothing was decided about yet.</summary>
    public SlotMemory? Find(SlotKey key) => byKey.GetValueOrDefault(key);

    public Roster Roster => roster ?? Roster.Empty;

    public EntryAltruist[] Altruists => altruists;

    /// <summary>Aligned with <see cref="Altruists"/>.</summary>
    public ReadOnlySpan<AltruistFacts> Facts => facts;

    /// <summary>The altruists of a slot's picks, as portals are told of them.</summary>
    public Altruist[] Served(SlotMemory slot)
    {
        var was = slot.Question.Was;
        var picked = new Altruist[was.Length];
        for (var i = 0; i < was.Length; i++)
            picked[i] = served[was[i].Altruist];
        return picked;
    }

    /// <summary>Those among whom a slot rotates as of the last look, in the order of their ids.</summary>
    public List<Altruist> EligibleFor(SlotMemory slot)
    {
        var candidates = slot.Question.Candidates;
        var admitted = Selector.Admitted(slot.Question, facts);
        var best = (Rank: int.MaxValue, Tier: int.MaxValue);
        var eligible = new List<Altruist>();
        for (var i = 0; i < candidates.Length; i++)
        {
            if (!admitted[i])
                continue;
            var group = (RegionFallback.Rank(candidates[i].Offer), facts[candidates[i].Altruist].Tier);
            if (group.CompareTo(best) < 0)
            {
                best = group;
                eligible.Clear();
            }

            if (group == best)
                eligible.Add(served[candidates[i].Altruist]);
        }

        return eligible;
    }

    /// <summary>Whether portals may go on being told of all that a slot has published; an endpoint that is not known has no body.</summary>
    public bool MayServe(SlotMemory slot) => Array.TrueForAll(slot.Question.Was, pick => MayKeep(slot, pick.Altruist));

    public IReadOnlyList<Override> Overrides { get; private set; } = [];

    public IReadOnlyList<Hold> Holds { get; private set; } = [];

    /// <param name="altruist">Index into <see cref="Altruists"/>.</param>
    public bool IsDraining(int altruist) => drained[altruist] is not null;

    /// <summary>The window the turns belong to; -1 before the first decision.</summary>
    public long Window { get; private set; } = -1;

    /// <summary>How long the windows were that <see cref="Window"/> counts.</summary>
    private long WindowMs { get; set; }

    /// <summary>The window the turns belong to, where windows are so long; -1 where they were of another length, and numbered otherwise, until now.</summary>
    public long NumberOfWindow(long windowMs) => windowMs == WindowMs ? Window : -1;

    public byte[] Seed { get; private set; } = new byte[DrawOrder.SeedBytes];

    public IReadOnlyList<RevokedInRegion> Revoked => revoked;

    /// <summary>From the next <see cref="Prepare"/> on these count. Turns stay with those that had them.</summary>
    public void TakeUp(SelectionOptions changed)
    {
        options = changed;
        // Who is a candidate stays; how they are drawn and by which policy may not.
        roster = null;
    }

    /// <summary>Brings everything to this moment, so that <see cref="Selector"/> may be asked.</summary>
    /// <param name="lastHash">Of the newest entry; seeds the order of a window that begins now.</param>
    public void Prepare(Roster current, HealthBoard board, Rulings rulings, DateTimeOffset now, DateTimeOffset startedAt, ReadOnlySpan<byte> lastHash)
    {
        var rosterChanged = roster is null || !roster.HoldsTheSameAs(current);
        EnterWindow(DrawOrder.WindowOf(now, options.Window), lastHash, redraw: !rosterChanged);
        if (rosterChanged)
            Enrol(current);
        if (Judge(board, rulings.Drains, now, startedAt) || rosterChanged)
            FindLacking();
        Overrides = OverrideRules.InForce(rulings.Overrides, now);
        if (rosterChanged || overridesApplied is null || !Overrides.Select(rule => rule.Id).SequenceEqual(overridesApplied.Select(rule => rule.Id)))
        {
            ApplyOverrides();
            overridesApplied = Overrides;
        }

        Holds = Hold.InForce(rulings.Holds, now);
        if (rosterChanged || holdsApplied is null || !Holds.Select(hold => hold.Id).SequenceEqual(holdsApplied.Select(hold => hold.Id)))
        {
            ApplyHolds();
            holdsApplied = Holds;
        }
    }

    /// <summary>
    /// Takes up the verdict of one altruist, for the price of that one, where since <see cref="Prepare"/> nothing else has changed that its slots depend on: neither the window, the roster,
    /// overrides, holds nor what is proven.
    /// </summary>
    /// <param name="altruist">Index into <see cref="Altruists"/>.</param>
    /// <returns>Whether decisions may be others now.</returns>
    public bool Review(int altruist, DrainBook drains, DateTimeOffset now, DateTimeOffset startedAt)
    {
        var before = facts[altruist];
        Judge(altruist, drains, now, startedAt);
        return facts[altruist] != before;
    }

    /// <summary>Asks the rules about every slot; the answers stand in <see cref="SlotMemory.Next"/>. Slots do not depend on each other.</summary>
    public void Decide(bool rotate, SelectorRules rules) => ForEach(Slots.Count, i => Decide(Slots[i], rotate, rules));

    /// <summary>Does what neither depends on each other nor on an order, on all processors where it is worth it.</summary>
    public static void ForEach(int count, Action<int> act)
    {
        if (count < WorthSharing)
        {
            for (var i = 0; i < count; i++)
                act(i);
            return;
        }

        Parallel.ForEach(Partitioner.Create(0, count, WorthSharing / 2), range =>
        {
            for (var i = range.Item1; i < range.Item2; i++)
                act(i);
        });
    }

    /// <summary>Whom a round would pick, as far as that is known; the next decision is as if nobody had asked.</summary>
    /// <param name="window">That the round would belong to.</param>
    public List<AltruistId> Foresee(bool rotate, long window, ReadOnlySpan<byte> lastHash, SelectorRules rules)
    {
        var questions = Slots.ConvertAll(slot => slot.Question);
        try
        {
            if (window > Window)
            {
                var drawn = DrawAhead(window, lastHash);
                ForEach(Slots.Count, i =>
                {
                    Slots[i].Question = Slots[i].Question.Copy();
                    Slots[i].Question.ForgetTurns();
                    Take(Slots[i], drawn[i]);
                });
            }

            Decide(rotate, rules);
        }
        finally
        {
            for (var i = 0; i < questions.Count; i++)
                Slots[i].Question = questions[i];
        }

        var picked = new bool[altruists.Length];
        foreach (var slot in Slots)
        {
            foreach (var pick in slot.Next.Picks)
                picked[pick.Altruist] = true;
        }

        var picks = new List<AltruistId>();
        for (var i = 0; i < picked.Length; i++)
        {
            if (picked[i])
                picks.Add(altruists[i].Id);
        }

        return picks;
    }

    /// <summary>The same for one slot.</summary>
    public void Decide(SlotMemory slot, bool rotate, in SelectorRules rules)
    {
        slot.Question.Rotate = rotate && slot.Question.Hold < 0;
        slot.Question.WasState = slot.State;
        var was = slot.Question.Was;
        for (var i = 0; i < was.Length; i++)
            was[i] = was[i] with { MayKeep = MayKeep(slot, was[i].Altruist) };
        Selector.Decide(slot.Question, facts, rules, slot.Next);
    }

    /// <summary>Whether a portal would act differently on the decision under way than on what is published.</summary>
    public bool Differs(SlotMemory slot)
    {
        var next = slot.Next;
        if (slot.Generation == 0 || slot.MustPublish || next.State != slot.State || next.Picks.Count != slot.Picks.Length)
            return true;
        for (var i = 0; i < slot.Picks.Length; i++)
        {
            if (ToPick(next.Picks[i]) != slot.Picks[i])
                return true;
        }

        if (slot.Published is not { } published)
            return false;
        if (!ReferenceEquals(published.Chain, slot.Chain) && !SelectionBody.Same(published.Chain, slot.Chain))
            return true;
        for (var i = 0; i < published.Altruists.Length; i++)
        {
            var now = served[next.Picks[i].Altruist];
            if (!ReferenceEquals(published.Altruists[i], now) && !SelectionBody.Same(published.Altruists[i], now))
                return true;
        }

        return false;
    }

    /// <summary>Makes the decision under way the published one.</summary>
    public void Commit(SlotMemory slot, DecisionId decision, bool changed, DateTimeOffset at)
    {
        var next = slot.Next;
        slot.Question.TakeTurns(slot.Next);
        if (!slot.Leavers.IsEmpty)
            slot.Leavers = slot.Leavers.AfterDecision(options.FairnessUnit == "provider" || options.ProviderCapPercent < 100);
        slot.Eligible = next.Eligible;
        if (changed)
        {
            var primary = slot.Primary;
            slot.State = next.State;
            slot.Picks = PicksOf(next);
            slot.Question.Was = IncumbentsOf(next, slot.Question.Was);
            if (slot.Primary != primary || slot.SelectedAt == default)
                slot.SelectedAt = at;
            slot.Generation = decision.Generation;
            slot.Decision = decision;
            slot.MustPublish = false;
        }

        slot.RuledBy = slot.Ruling;
        slot.Published = (slot.Chain, Served(slot));
    }

    private Pick ToPick(PickRef pick) => new(altruists[pick.Altruist].Id, pick.Region, pick.Weight);

    private Pick[] PicksOf(SlotOutcome outcome)
    {
        var picks = new Pick[outcome.Picks.Count];
        for (var i = 0; i < picks.Length; i++)
            picks[i] = ToPick(outcome.Picks[i]);
        return picks;
    }

    /// <param name="before">Overwritten where it fits.</param>
    private static IncumbentPick[] IncumbentsOf(SlotOutcome outcome, IncumbentPick[] before)
    {
        var picks = before.Length == outcome.Picks.Count ? before : new IncumbentPick[outcome.Picks.Count];
        for (var i = 0; i < picks.Length; i++)
            picks[i] = new IncumbentPick(outcome.Picks[i].Altruist, outcome.Picks[i].Region, outcome.Picks[i].Weight, MayKeep: true);
        return picks;
    }

    /// <summary>The decision under way.</summary>
    public SlotResult ResultOf(SlotMemory slot) => new(slot.Next.State, PicksOf(slot.Next), slot.Next.Eligible);

    /// <summary>What the decision under way changes.</summary>
    /// <param name="before">Of all slots, by <see cref="ResultOf"/>.</param>
    /// <param name="about">One of <see cref="Overrides"/>, or null.</param>
    public Preview Compare(List<SlotResult> before, Override? about)
    {
        var number = about is null ? -1 : Overrides.ToList().FindIndex(rule => rule.Id == about.Id);
        var unfit = new List<UnfitPin>();
        var ruled = 0;
        foreach (var slot in number < 0 ? [] : Slots)
        {
            if (slot.Next.Override == number || Array.Exists(slot.Question.Candidates, candidate => candidate.ExcludedBy == number))
                ruled++;
            foreach (var pin in slot.Question.Pins.Where(pin => pin.Override == number))
                CheckPin(slot, pin);
        }

        var effects = Slots.Select((slot, place) => new SlotEffect(slot.Key, before[place], ResultOf(slot))).Where(effect => effect.Changes || effect.LosesLastEligible);
        return new Preview { Slots = [.. effects.OrderBy(effect => effect.LosesLastEligible ? 0 : 1)], Unfit = unfit, Ruled = ruled };

        void CheckPin(SlotMemory slot, Pin pin)
        {
            var place = Array.FindIndex(slot.Question.Candidates, candidate => candidate.Altruist == pin.Altruist);
            if (place >= 0 && !Selector.Admitted(slot.Question, facts)[place])
                unfit.Add(new UnfitPin(slot.Key, slot.Question.Candidates[place].Lacking ? "it has not proven what the chain requires" : altruists[pin.Altruist].Reason));
        }
    }

    /// <summary>The slot's question with indexes into <paramref name="concerned"/>, which holds only those it refers to; nothing in it changes later.</summary>
    public SlotQuestion CopyOf(SlotMemory slot, out EntryAltruist[] concerned)
    {
        var copy = slot.Question.Copy();
        // Still in the order of their ids.
        int[] used = [.. copy.Candidates.Select(candidate => candidate.Altruist).Concat(copy.Was.Select(was => was.Altruist)).Distinct().Order()];
        foreach (ref var candidate in copy.Candidates.AsSpan())
            candidate.Altruist = Array.BinarySearch(used, candidate.Altruist);
        copy.Was = Array.ConvertAll(copy.Was, was => was with { Altruist = Array.BinarySearch(used, was.Altruist), MayKeep = MayKeep(slot, was.Altruist) });
        copy.Pins = [.. copy.Pins.Select(pin => pin with { Altruist = Array.BinarySearch(used, pin.Altruist) })];
        copy.WasState = slot.State;
        concerned = Array.ConvertAll(used, number => altruists[number]);
        return copy;
    }

    public void Remove(SlotMemory slot)
    {
        byKey.Remove(slot.Key);
        Slots.Remove(slot);
        ahead = null;
    }

    /// <summary>Takes over what an entry of the log says. Entries must come oldest first, before the first <see cref="Prepare"/>.</summary>
    /// <returns>The slots whose stored result is not what the rules give; none, unless the log was tampered with.</returns>
    public IReadOnlyList<SlotKey> Restore(Entry entry)
    {
        var space = Array.ConvertAll(entry.Altruists, altruist => altruist.Facts);
        if (entry.Window > NumberOfWindow(entry.Parameters.WindowMs))
        {
            foreach (var slot in Slots)
                slot.ForgetTurns();
        }

        var differing = new List<SlotKey>();
        foreach (var logged in entry.Slots)
        {
            if (!byKey.TryGetValue(logged.Question.Key, out var slot))
            {
                slot = new SlotMemory(logged.Question.Key);
                byKey.Add(slot.Key, slot);
                Slots.Add(slot);
            }

            Selector.Decide(logged.Question, space, entry.Rules, slot.Next);
            if (slot.Next.State != logged.Outcome.State || !slot.Next.Picks.SequenceEqual(logged.Outcome.Picks))
                differing.Add(slot.Key);

            slot.Question = logged.Question;
            slot.Leavers = logged.Leavers;
            slot.Space = entry.Altruists;
            slot.Question.TakeTurns(slot.Next);
            slot.State = logged.Outcome.State;
            slot.Picks = [.. logged.Outcome.Picks.Select(pick => new Pick(entry.Altruists[pick.Altruist].Id, pick.Region, pick.Weight))];
            slot.Question.Was = IncumbentsOf(logged.Outcome, []);
            slot.SelectedAt = logged.SelectedAt;
            slot.Eligible = logged.Outcome.Eligible;
            slot.Published = null;
            slot.Decision = logged.Decision;
            slot.Generation = logged.Decision.Generation;
        }

        (Window, WindowMs) = (entry.Window, entry.Parameters.WindowMs);
        Seed = entry.Seed;
        revoked = [.. entry.Revoked];
        return differing;
    }

    /// <summary>What each region's portals must not use any more (contract 3.1), with the generation where it changed.</summary>
    public bool UpdateRevoked(long generation, DateTimeOffset now)
    {
        var before = revoked.ToDictionary(region => region.Region);
        var gone = new List<(AltruistId Id, Altruist Altruist, IReadOnlySet<RegionId>? Only)>();
        foreach (var altruist in retired)
        {
            if (altruist.RetiredAt > now - KeepRevoked)
                gone.Add((altruist.Id, altruist, null));
        }

        for (var i = 0; i < registered.Length; i++)
        {
            if (facts[i].Revoked && registered[i] is { RetiredAt: null, Undecryptable: null } && verdicts[i]!.Since > now - KeepRevoked)
                gone.Add((registered[i].Id, registered[i], null));
        }

        foreach (var rule in Overrides.Where(rule => rule is { Kind: OverrideKind.Exclude, Revoke: true }))
        {
            foreach (var altruist in registered)
            {
                var named = rule.Altruist is { } id ? id == altruist.Id : rule.Provider == altruist.Provider;
                if (named && (rule.Chain is not { } chain || altruist.Chains.All(served => served == chain)))
                    gone.Add((altruist.Id, altruist, rule.Region is { } region ? new HashSet<RegionId> { region } : null));
            }
        }

        if (gone.Count == 0 && revoked.All(region => region.Altruists.Count == 0) && revoked.Length == Roster.Regions.Count)
            return false;

        var changed = false;
        var next = new List<RevokedInRegion>();
        foreach (var region in Roster.Regions.Values.OrderBy(region => region.Id))
        {
            AltruistId[] here =
            [
                .. gone.Where(one => (one.Only is null || one.Only.Contains(region.Id))
                        && RegionFallback.Offer(one.Altruist.Regions, region.Id, region.Fallbacks) != RegionFallback.NotOffered)
                    .Select(one => one.Id).Distinct().Order(),
            ];
            var was = before.GetValueOrDefault(region.Id);
            var same = was is not null ? was.Altruists.SequenceEqual(here) : here.Length == 0;
            next.Add(same ? was ?? new RevokedInRegion(region.Id, 0, []) : new RevokedInRegion(region.Id, generation, here));
            changed |= !same;
        }

        revoked = [.. next];
        return changed;
    }

    /// <summary>A slot of the region is gone: what the region is told as a whole has changed with this entry.</summary>
    public void MarkRegion(RegionId region, long generation)
    {
        for (var i = 0; i < revoked.Length; i++)
        {
            if (revoked[i].Region == region)
                revoked[i] = revoked[i] with { Generation = generation };
        }
    }

    private static readonly TimeSpan KeepRevoked = TimeSpan.FromDays(30);

    private void EnterWindow(long window, ReadOnlySpan<byte> lastHash, bool redraw)
    {
        var windowMs = (long)options.Window.TotalMilliseconds;
        // A clock that is set back does not bring an old window back.
        if (window <= NumberOfWindow(windowMs))
            return;

        (Window, WindowMs) = (window, windowMs);
        Seed = DrawOrder.Seed(lastHash, window);
        var drawn = redraw ? DrawAhead(window, lastHash) : null;
        ForEach(Slots.Count, i =>
        {
            Slots[i].ForgetTurns();
            if (drawn is not null)
                Take(Slots[i], drawn[i]);
        });
        ahead = null;
    }

    /// <summary>An entry was published: what was drawn ahead followed from the one before.</summary>
    public void DrawAheadAgain(ReadOnlySpan<byte> lastHash)
    {
        if (ahead is { } drawn)
            DrawAhead(drawn.Window, lastHash);
    }

    private Draws[] DrawAhead(long window, ReadOnlySpan<byte> lastHash)
    {
        var seed = DrawOrder.Seed(lastHash, window);
        if (ahead is { } known && known.Seed.AsSpan().SequenceEqual(seed))
            return known.Slots;

        var drawn = new Draws[Slots.Count];
        ForEach(drawn.Length, i => drawn[i] = Draw(Slots[i], seed));
        ahead = (window, seed, drawn);
        return drawn;
    }

    private Draws Draw(SlotMemory slot, byte[] seed)
    {
        var candidates = Array.ConvertAll(slot.Question.Candidates, candidate => DrawOrder.Draw(seed, slot.Key, slot.Space[candidate.Altruist].Id));
        if (options.FairnessUnit != "provider")
            return new Draws(candidates, []);

        var providers = new ulong[slot.Question.Providers.Length];
        foreach (ref readonly var candidate in slot.Question.Candidates.AsSpan())
            providers[candidate.Provider] = DrawOrder.Draw(seed, slot.Key, slot.Space[candidate.Altruist].Provider);
        return new Draws(candidates, providers);
    }

    private static void Take(SlotMemory slot, Draws draws)
    {
        for (var i = 0; i < draws.Candidates.Length; i++)
            slot.Question.Candidates[i].Draw = draws.Candidates[i];
        for (var i = 0; i < draws.Providers.Length; i++)
            slot.Question.Providers[i].Draw = draws.Providers[i];
    }

    /// <summary>Takes a new roster: who is a candidate where. Turns stay with those that had them.</summary>
    private void Enrol(Roster current)
    {
        roster = current;
        var inUse = Slots.SelectMany(slot => slot.Picks).Select(pick => pick.Altruist)
            .Where(id => current.Altruists.TryGetValue(id, out var altruist) && altruist.RetiredAt is not null).Distinct();
        // As they are in service: a changed endpoint is published once it has passed its trial (design 5.7).
        registered = [.. current.Live.Concat(inUse.Select(id => current.Altruists[id])).Select(altruist => altruist.InService).OrderBy(altruist => altruist.Id)];
        retired = [.. current.Altruists.Values.Where(altruist => altruist.RetiredAt is not null)];
        places = new HealthBoard.Place[registered.Length];
        verdicts = new Verdict?[registered.Length];
        lapses = new DateTimeOffset[registered.Length];
        altruists = new EntryAltruist[registered.Length];
        facts = new AltruistFacts[registered.Length];
        drained = new Drain?[registered.Length];
        served = [.. registered];
        required = Array.ConvertAll(registered, altruist => RequiredOf(altruist, current));

        var numbers = new Dictionary<AltruistId, int>(registered.Length);
        for (var i = 0; i < registered.Length; i++)
        {
            numbers.Add(registered[i].Id, i);
            // Only what does not depend on verdicts; the rest follows in Judge.
            altruists[i] = new EntryAltruist
            {
                Id = registered[i].Id,
                Provider = registered[i].Provider,
                Label = registered[i].Label,
                State = VerdictState.Unknown,
                Reason = "",
                Since = DateTimeOffset.UnixEpoch,
                Facts = default,
            };
        }

        var servers = new Dictionary<ChainId, List<int>>();
        for (var i = 0; i < registered.Length; i++)
        {
            if (registered[i].RetiredAt is not null || registered[i].Role == AltruistRole.Reference)
                continue;
            foreach (var chain in registered[i].Chains)
            {
                // What a chain requires may be raised after an altruist joined it.
                if (current.Chains.TryGetValue(chain, out var served) && !served.Requires.All(registered[i].Capabilities.Contains))
                    continue;
                if (!servers.TryGetValue(chain, out var list))
                    servers.Add(chain, list = []);
                list.Add(i);
            }
        }

        foreach (var slot in Slots)
            slot.Chain = null;
        foreach (var chain in current.Chains.Values.Where(chain => chain is { Enabled: true, RetiredAt: null }))
        {
            foreach (var region in current.Regions.Values)
            {
                var key = new SlotKey(chain.Id, region.Id);
                if (!byKey.TryGetValue(key, out var slot))
                {
                    slot = new SlotMemory(key);
                    byKey.Add(key, slot);
                    Slots.Add(slot);
                }

                slot.Chain = chain;
                Refill(slot, region, servers.GetValueOrDefault(chain.Id) ?? [], numbers);
            }
        }

        measures = Slots.Aggregate(Measures.None, (all, slot) => all | slot.Question.Policy.Reads);
        foreach (var slot in Slots.Where(slot => slot.Chain is null))
            Refill(slot, new Region(slot.Key.Region, "", []), [], numbers);
        Slots.Sort((left, right) => left.Key.Chain != right.Key.Chain ? left.Key.Chain.CompareTo(right.Key.Chain) : left.Key.Region.CompareTo(right.Key.Region));
        ForEach(Slots.Count, i => Take(Slots[i], Draw(Slots[i], Seed)));
        ahead = null;
    }

    /// <summary>What it claims of what its chains require, in alphabetical order.</summary>
    private static string[] RequiredOf(Altruist altruist, Roster current) =>
        altruist.Capabilities.Count == 0
            ? []
            : [.. altruist.Chains.SelectMany(chain => current.Chains.GetValueOrDefault(chain)?.Requires ?? []).Intersect(altruist.Capabilities).Order(StringComparer.Ordinal)];

    private void Refill(SlotMemory slot, Region region, List<int> serving, Dictionary<AltruistId, int> numbers)
    {
        var had = new TurnsHad(slot);
        var candidates = new List<Candidate>(serving.Count);
        var providers = new List<ProviderId>();
        foreach (var number in serving)
        {
            var altruist = registered[number];
            var offer = RegionFallback.Offer(altruist.Regions, region.Id, region.Fallbacks);
            if (offer == RegionFallback.NotOffered)
                continue;

            var provider = providers.IndexOf(altruist.Provider);
            if (provider < 0)
            {
                provider = providers.Count;
                providers.Add(altruist.Provider);
            }

            var before = had.Take(altruist.Id);
            candidates.Add(new Candidate
            {
                Altruist = number,
                Provider = (short)provider,
                Offer = (byte)offer,
                ExcludedBy = -1,
                Turns = before.Turns,
                Contender = before.Contender,
            });
        }

        slot.Picks = [.. slot.Picks.Where(pick => numbers.ContainsKey(pick.Altruist))];
        slot.Question = new SlotQuestion
        {
            Key = slot.Key,
            Candidates = [.. candidates],
            Policy = PolicyOf(slot.Chain),
            Primaries = slot.Chain?.Primaries ?? options.Primaries,
            Providers = [.. providers.Select(provider => TurnsOf(had.Take(provider)))],
            Requires = slot.Chain?.Requires ?? [],
            Fallbacks = region.Fallbacks,
            Was = Array.ConvertAll(slot.Picks, pick => new IncumbentPick(numbers[pick.Altruist], pick.Region, pick.Weight, MayKeep: true)),
        };
        slot.Leavers = had.Rest();
        slot.Space = altruists;
    }

    private ProviderTurns TurnsOf(ProviderLeft had) =>
        new() { Turns = had.Turns, Given = had.Given, Contender = had.Contender, Shares = Roster.Providers.GetValueOrDefault(had.Provider)?.Shares ?? 1 };

    /// <summary>A policy that this version does not know counts as the configured one.</summary>
    private ISelectionPolicy PolicyOf(Chain? chain) =>
        SelectionPolicies.Find(chain?.Policy ?? options.Policy) ?? SelectionPolicies.Find(options.Policy) ?? SelectionPolicies.LeastUsed;

    /// <returns>Whether somebody has proven something else than before.</returns>
    private bool Judge(HealthBoard board, DrainBook drains, DateTimeOffset now, DateTimeOffset startedAt)
    {
        if (altruists.Length > 0 && verdicts[0] is null)
        {
            var providers = new Dictionary<ProviderId, int>();
            var hosts = new Dictionary<string, int>();
            for (var i = 0; i < registered.Length; i++)
            {
                places[i] = board.PlaceOf(registered[i].Id);
                facts[i] = new AltruistFacts { Usability = Usability.No, Tier = registered[i].Tier, Provider = Number(providers, registered[i].Provider), Host = Number(hosts, registered[i].Host) };
            }
        }

        // With a clock that was set back, what has lapsed may not have.
        if (now < judgedAt)
            Array.Clear(lapses);
        judgedAt = now;
        var otherProofs = false;
        ForEach(registered.Length, i =>
        {
            if (Judge(i, drains, now, startedAt))
                Volatile.Write(ref otherProofs, true);
        });
        return otherProofs;

        static int Number<T>(Dictionary<T, int> numbers, T key)
            where T : notnull
        {
            if (!numbers.TryGetValue(key, out var number))
                numbers.Add(key, number = numbers.Count);
            return number;
        }
    }

    /// <returns>Whether it has proven something else than before.</returns>
    private bool Judge(int i, DrainBook drains, DateTimeOffset now, DateTimeOffset startedAt)
    {
        var verdict = places[i].Verdict;
        var drain = drains.IsEmpty ? null : drains.InForce(registered[i].Id, now);
        if (ReferenceEquals(verdict, verdicts[i]) && now < lapses[i] && drained[i] == drain)
            return false;

        var altruist = registered[i];
        lapses[i] = verdict.CooldownUntil > now ? verdict.CooldownUntil.Value : DateTimeOffset.MaxValue;
        var otherProofs = !ReferenceEquals(verdict.Proven, verdicts[i]?.Proven);
        verdicts[i] = verdict;
        drained[i] = drain;
        served[i] = WithProvenUrls(altruist, verdict);
        facts[i] = facts[i] with
        {
            Usability = Eligibility.Judge(altruist, verdict, drain, now),
            Unseen = Eligibility.IsUnseen(verdict, startedAt, probing.Interval),
            Revoked = Eligibility.IsRevoked(altruist, verdict),
            ThrottledSince = verdict.State == VerdictState.Throttled ? verdict.Since.ToUnixTimeMilliseconds() : 0,
            CapacityRps = measures.HasFlag(Measures.Capacity) ? altruist.CapacityRps ?? 0 : 0,
            LatencyMs = measures.HasFlag(Measures.Performance) ? verdict.Performance.MedianLatencyMs : 0,
            SuccessPerMille = measures.HasFlag(Measures.Performance) ? verdict.Performance.SuccessPerMille : 0,
        };
        altruists[i] = new EntryAltruist
        {
            Id = altruist.Id,
            Provider = altruist.Provider,
            Label = altruist.Label,
            State = verdict.State,
            Reason = Eligibility.Explain(altruist, verdict, drain),
            Since = verdict.Since,
            Evidence = verdict.Evidence,
            Vantages = vantages,
            Claimed = required[i],
            Proven = required[i].Length == 0 ? [] : [.. required[i].Intersect(verdict.Proven)],
            Penalty = verdict.Penalty,
            Facts = facts[i],
        };
        return otherProofs;
    }

    /// <summary>Who claims what the chain requires but has not proven it.</summary>
    private void FindLacking()
    {
        foreach (var slot in Slots.Where(slot => slot.Question.Requires.Count > 0))
        {
            foreach (ref var candidate in slot.Question.Candidates.AsSpan())
            {
                var proven = verdicts[candidate.Altruist]!.Proven;
                candidate.Lacking = !slot.Question.Requires.All(proven.Contains);
            }
        }
    }

    /// <summary>A WebSocket is told only while it is proven.</summary>
    private static Altruist WithProvenUrls(Altruist altruist, Verdict verdict) =>
        !altruist.Urls.ContainsKey(WebsocketCheck.Capability) || verdict.Proven.Contains(WebsocketCheck.Capability)
            ? altruist
            : altruist with { Urls = altruist.Urls.Where(url => url.Key != WebsocketCheck.Capability).ToDictionary() };

    private void ApplyOverrides()
    {
        var ruling = new List<int>();
        foreach (var slot in Slots)
        {
            ruling.Clear();
            slot.Question.Pins = OverrideRules.Apply(Overrides, slot.Key, slot.Question.Candidates, altruists, ruling);
            slot.Ruling = ruling.Count == 0 ? "" : string.Join(' ', ruling.Select(number => Overrides[number].Id));
        }
    }

    private void ApplyHolds()
    {
        foreach (var slot in Slots)
        {
            slot.Question.Hold = -1;
            for (var number = 0; number < Holds.Count && slot.Question.Hold < 0; number++)
            {
                if (Holds[number].Concerns(slot.Key))
                    slot.Question.Hold = number;
            }
        }
    }

    private bool MayKeep(SlotMemory slot, int altruist) =>
        slot.Chain is not null && !facts[altruist].Revoked && !OverrideRules.IsRevoked(Overrides, slot.Key, altruists[altruist]);

    /// <param name="Providers">Empty where turns are not evened out between them.</param>
    private readonly record struct Draws(ulong[] Candidates, ulong[] Providers);
}
