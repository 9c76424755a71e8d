using System.Buffers.Binary;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection.Simulation;

/// <summary>What became of a slot at one decision.</summary>
/// <param name="Slot">Its number in the book.</param>
/// <param name="Before">The picks before.</param>
internal readonly record struct SimulatedDecision(DateTimeOffset At, int Slot, SlotMemory Memory, Pick[] Before, SlotState StateBefore, long GenerationBefore, bool IsRound);

/// <summary>
/// A scenario in virtual time: the real verdicts and the real decisions over altruists whose failures are drawn. Probes are made where they can change something, at the moments
/// at which the lanes would make them (design 5.1); the standing rule follows every verdict (design 5.5). Nothing is written, asked or waited for.
/// </summary>
public sealed class WorldSimulation
{
    /// <summary>Not measured: everybody has to be found healthy first.</summary>
    private const long WarmUp = 3_600_000;

    /// <summary>A second is what the standing rule takes at most to see what time alone changes.</summary>
    private const long SettleTick = 1_000;

    private const double SlowMs = 3_000;
    private const int LagBlocks = 100;
    private const long FirstHeight = 20_000_000;

    /// <summary>Its owner tests one that was suspended so long after the repair.</summary>
    private const long UntilTested = 30 * 60_000;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Scenario scenario;
    private readonly SimulatedWorld world;
    private readonly Tally tally;
    private readonly SelectionBook book;
    private readonly HealthBoard board = new();
    private readonly EntryParameters parameters;
    private readonly bool measuresPerformance;
    private readonly PriorityQueue<Event, (long At, EventKind Kind, int Number, long Planned)> events = new();
    private readonly Random orders;
    private readonly List<Drain> drains = [];
    private readonly List<Override> exclusions = [];
    private readonly long end;
    private readonly long interval;
    private SimulatedAltruist[] placed = [];
    private DrainBook drainBook = DrainBook.Empty;
    private long now;
    private long numbered;
    private long generation;
    private long round;

    public WorldSimulation(Scenario scenario)
    {
        this.scenario = scenario;
        world = new SimulatedWorld(scenario, Start);
        orders = new Random(unchecked(~scenario.Seed));
        book = new SelectionBook(scenario.Selection, scenario.Probing);
        parameters = EntryParameters.Of(scenario.Selection, scenario.Health, scenario.Probing);
        measuresPerformance = SelectionPolicies.Find(scenario.Selection.Policy)!.Reads.HasFlag(Measures.Performance);
        tally = new Tally(scenario, world);
        interval = Ms(scenario.Selection.Interval);
        end = WarmUp + Ms(TimeSpan.FromHours(scenario.Hours));
    }

    // In the order in which they happen within a millisecond, those of one kind by number: a lane asks last, when everything is as it then is.
    private enum EventKind
    {
        MeasuringBegins,
        Fails,
        Mends,
        OutageBegins,
        OutageEnds,
        Joins,
        Leaves,
        Churn,
        Drain,
        DrainEnds,
        Exclude,
        ExclusionEnds,
        LooksAhead,
        Round,
        Tested,
        Answer,
        Trust,
        Ask,
    }

    internal SimulatedWorld World => world;

    internal SelectionBook Book => book;

    internal IReadOnlyList<Drain> Drains => drains;

    internal IReadOnlyList<Override> Exclusions => exclusions;

    /// <summary>Makes every probe, also those that can change nothing: slow, to show that leaving them out changes nothing.</summary>
    internal bool AsksEverybody { get; init; }

    /// <summary>Told of every decision that was published.</summary>
    internal Action<SimulatedDecision>? Watching { get; init; }

    private DateTimeOffset Now => Start.AddMilliseconds(now);

    /// <summary>Of every chain: a block a second.</summary>
    private long HeightNow => FirstHeight + now / 1_000;

    /// <summary>The altruist behind a pick.</summary>
    internal SimulatedAltruist Find(AltruistId id) => world.Altruists[int.Parse(id.Value.AsSpan(1))];

    public SimulationReport Run(CancellationToken cancellation)
    {
        foreach (var group in scenario.Providers.Where(group => group.JoinsAtHour == 0))
            Enter(world.Join(group));
        Reroster();
        PlanAll();
        long counted = 0;
        while (events.TryDequeue(out var next, out var when) && when.At <= end)
        {
            if (++counted % 4096 == 0)
                cancellation.ThrowIfCancellationRequested();
            now = when.At;
            Happen(next);
        }

        now = end;
        return tally.Report(end - WarmUp, now);
    }

    private void PlanAll()
    {
        Plan(interval - Ms(LookAhead.LeadOf(scenario.Selection)), new Event(EventKind.LooksAhead));
        Plan(interval, new Event(EventKind.Round));
        Plan(WarmUp, new Event(EventKind.MeasuringBegins));
        for (var number = 0; number < scenario.Outages.Count; number++)
            Plan(WarmUp + Hours(scenario.Outages[number].AtHour), new Event(EventKind.OutageBegins, number));
        for (var number = 0; number < scenario.Providers.Count; number++)
        {
            var group = scenario.Providers[number];
            if (group.JoinsAtHour > 0)
                Plan(WarmUp + Hours(group.JoinsAtHour), new Event(EventKind.Joins, number));
            if (group.LeavesAtHour is { } leaves)
                Plan(WarmUp + Hours(leaves), new Event(EventKind.Leaves, number));
        }

        Repeat(EventKind.Churn, scenario.Churn.EveryHours);
        Repeat(EventKind.Drain, scenario.Drains.EveryHours);
        Repeat(EventKind.Exclude, scenario.Exclusions.EveryHours);
    }

    private void Happen(Event happens)
    {
        switch (happens.Kind)
        {
            case EventKind.Ask:
                if (world.Altruists[happens.Number] is var asked && asked.Plan == happens.Plan)
                    Ask(asked);
                break;
            case EventKind.Answer:
                Judge(world.Altruists[happens.Number], happens);
                break;
            case EventKind.Trust:
                Review(world.Altruists[happens.Number]);
                break;
            case EventKind.Fails or EventKind.Mends:
                Change(world.Altruists[happens.Number], fails: happens.Kind == EventKind.Fails);
                break;
            case EventKind.Tested:
                Test(world.Altruists[happens.Number]);
                break;
            case EventKind.OutageBegins or EventKind.OutageEnds:
                Suffer(happens.Number, begins: happens.Kind == EventKind.OutageBegins);
                break;
            case EventKind.LooksAhead:
                LookAheadOfRound();
                break;
            case EventKind.Round:
                RunRound();
                break;
            case EventKind.Churn:
                ComeAndGo();
                break;
            case EventKind.Joins:
                Enter(world.Join(scenario.Providers[happens.Number]));
                Reroster();
                break;
            case EventKind.Leaves:
                Leave(world.Leave(scenario.Providers[happens.Number]));
                break;
            case EventKind.Drain:
                DrainSome();
                break;
            case EventKind.Exclude:
                ExcludeSome();
                break;
            case EventKind.DrainEnds or EventKind.ExclusionEnds:
                exclusions.RemoveAll(rule => rule.ExpiresAt <= Now);
                SettleAll();
                break;
            case EventKind.MeasuringBegins:
                tally.Begin(now);
                break;
            default:
                throw new InvalidOperationException($"{happens.Kind} is no event of a simulation");
        }
    }

    // ----- What really happens

    private void Enter(IEnumerable<SimulatedAltruist> newcomers)
    {
        foreach (var altruist in newcomers)
        {
            if (altruist.Class.HoursBetweenFailures > 0)
                Plan(now + altruist.UntilNextFailure(), new Event(EventKind.Fails, altruist.Number));
            foreach (var outage in scenario.Outages.Where(outage => outage.Region - 1 == altruist.Home && IsOver(outage.AtHour, 0) && !IsOver(outage.AtHour, outage.Minutes)))
                altruist.Outage = outage.Fault;
            tally.Add(altruist);
            var sweep = Ms(scenario.Probing.Interval);
            var phase = Ceiling(sweep * world.ChainNumberOf(altruist) / scenario.Chains, Tick(scenario.Probing.Interval)) % sweep;
            altruist.Due[SimulatedAltruist.Steady] = phase >= now ? phase : phase + Ceiling(now - phase, sweep);
            Wish(altruist);
        }

        bool IsOver(double hours, double minutes) => now >= WarmUp + Hours(hours) + Hours(minutes / 60);
    }

    private void Leave(IReadOnlyCollection<SimulatedAltruist> leaving)
    {
        foreach (var altruist in leaving)
        {
            altruist.Registered = altruist.Registered with { RetiredAt = Now };
            altruist.Plan++;
        }

        Reroster();
    }

    private void ComeAndGo()
    {
        Repeat(EventKind.Churn, scenario.Churn.EveryHours);
        var staying = world.Altruists.FindAll(altruist => !altruist.HasLeft);
        for (var i = 0; i < scenario.Churn.Join; i++)
        {
            if (world.JoinOne(orders) is { } newcomer)
                Enter([newcomer]);
        }

        Leave(Take(staying, scenario.Churn.Leave));
    }

    private void Change(SimulatedAltruist altruist, bool fails)
    {
        if (altruist.HasLeft)
            return;
        var before = altruist.Fault;
        altruist.Own = fails ? altruist.NextFault() : Fault.None;
        if (fails)
            Plan(now + altruist.UntilRepair(), new Event(EventKind.Mends, altruist.Number));
        else
            Plan(now + altruist.UntilNextFailure(), new Event(EventKind.Fails, altruist.Number));
        Show(altruist, before);
    }

    private void Suffer(int number, bool begins)
    {
        var outage = scenario.Outages[number];
        if (begins)
            Plan(now + Hours(outage.Minutes / 60), new Event(EventKind.OutageEnds, number));
        foreach (var altruist in world.Altruists)
        {
            if (altruist.Home != outage.Region - 1 || altruist.HasLeft)
                continue;
            var before = altruist.Fault;
            altruist.Outage = begins ? outage.Fault : Fault.None;
            Show(altruist, before);
        }
    }

    /// <summary>It is in another state than before.</summary>
    private void Show(SimulatedAltruist altruist, Fault before)
    {
        if (altruist.Fault == before)
            return;
        tally.Changed(altruist, before, now);
        if (altruist.Rests)
            Wake(altruist);
        if (altruist.IsWell && altruist.Watched.Verdict.State == VerdictState.Suspended)
            Plan(now + UntilTested, new Event(EventKind.Tested, altruist.Number));
    }

    private void Test(SimulatedAltruist altruist)
    {
        if (!altruist.IsWell || altruist.Watched.Verdict.State != VerdictState.Suspended || altruist.HasLeft)
            return;
        Know(altruist, altruist.Watched.Resumed(Now));
        Wish(altruist);
        Review(altruist);
    }

    private void DrainSome()
    {
        Repeat(EventKind.Drain, scenario.Drains.EveryHours);
        var until = now + Hours(scenario.Drains.Minutes / 60);
        foreach (var altruist in Take(world.Altruists.FindAll(altruist => !altruist.HasLeft), scenario.Drains.Altruists))
        {
            drains.Add(new Drain
            {
                Id = $"{numbered++:x}",
                Altruist = altruist.Registered.Id,
                Reason = "maintenance",
                From = Now,
                Until = Start.AddMilliseconds(until),
                CreatedAt = Now,
                CreatedBy = "simulation",
            });
        }

        drainBook = new DrainBook(drains);
        Plan(until, new Event(EventKind.DrainEnds));
        SettleAll();
    }

    private void ExcludeSome()
    {
        Repeat(EventKind.Exclude, scenario.Exclusions.EveryHours);
        var until = now + Hours(scenario.Exclusions.Minutes / 60);
        foreach (var altruist in Take(world.Altruists.FindAll(altruist => !altruist.HasLeft), scenario.Exclusions.Altruists))
        {
            exclusions.Add(new Override
            {
                Id = $"{numbered++:x}",
                Kind = OverrideKind.Exclude,
                Altruist = altruist.Registered.Id,
                Reason = "excluded",
                ExpiresAt = Start.AddMilliseconds(until),
                CreatedAt = Now,
                CreatedBy = "simulation",
            });
        }

        Plan(until, new Event(EventKind.ExclusionEnds));
        SettleAll();
    }

    private List<SimulatedAltruist> Take(List<SimulatedAltruist> among, int count)
    {
        var taken = new List<SimulatedAltruist>();
        for (; count > 0 && among.Count > 0; count--)
        {
            var drawn = orders.Next(among.Count);
            taken.Add(among[drawn]);
            among.RemoveAt(drawn);
        }

        return taken;
    }

    // ----- Probing

    private void Ask(SimulatedAltruist altruist)
    {
        altruist.AskAt = SimulatedAltruist.Never;
        for (var lane = 0; lane < altruist.Due.Length; lane++)
        {
            if (altruist.Due[lane] > now)
                continue;
            if (!altruist.Asked[lane])
                Begin(altruist, (ProbeLane)lane);
            altruist.Asked[lane] = true;
            altruist.Due[lane] += lane switch
            {
                SimulatedAltruist.Steady => Ms(scenario.Probing.Interval),
                SimulatedAltruist.Hot => altruist.HotPeriod,
                _ => Ms(scenario.Probing.RetryInterval),
            };
        }

        PlanAsk(altruist);
    }

    private void Begin(SimulatedAltruist altruist, ProbeLane lane)
    {
        var patience = lane is ProbeLane.Steady or ProbeLane.Ahead ? scenario.Probing.Timeout : scenario.Probing.HotTimeout;
        var latency = altruist.Fault == Fault.Slow ? Math.Max(SlowMs, altruist.Class.LatencyMs) : altruist.Class.LatencyMs;
        var takes = altruist.Fault == Fault.Silence ? patience : TimeSpan.FromMilliseconds(Math.Min(latency, patience.TotalMilliseconds));
        Plan(now + Ms(takes), new Event(EventKind.Answer, altruist.Number)
        {
            Lane = lane,
            Fault = altruist.Fault,
            Identity = altruist.Watched.MustProve(world.Roster, altruist.Registered, lane),
            LatencyMs = latency <= patience.TotalMilliseconds ? latency : null,
        });
    }

    private void Judge(SimulatedAltruist altruist, Event answer)
    {
        if (answer.Lane != ProbeLane.Ahead)
            altruist.Asked[(int)answer.Lane] = false;
        if (altruist.HasLeft)
            return;
        var probe = ResultOf(altruist, answer);
        HeadAssessment? head = probe.Outcome != ProbeOutcome.Ok ? null
            : answer.Fault == Fault.Lag ? new(HeadJudgement.Lagging, LagBlocks, NetworkRules.LeastToleranceSeconds, $"answers, but is {LagBlocks} blocks behind")
            : new(HeadJudgement.InSync, 0, NetworkRules.LeastToleranceSeconds, null);
        var before = altruist.Watched;
        var id = altruist.Registered.Id;
        var seen = new Assessment(probe, probe.Endpoint, SimulatedWorld.Identity, Attested: true, head)
        {
            Excused = before.Memory.DownSince is { } since ? drainBook.Between(id, since, Now) : default,
            Draining = drainBook.InForce(id, Now) is not null,
        };
        var evaluation = HealthEvaluator.Evaluate(before.Memory, seen, scenario.Health, Now);
        Know(altruist, before.After(probe, head, evaluation, SimulatedWorld.BlockTime, Now));
        if (evaluation.Memory.CooldownUntil is { } until && until != before.Memory.CooldownUntil)
            Plan(Ceiling((long)(until - Start).TotalMilliseconds, SettleTick), new Event(EventKind.Trust, altruist.Number));

        altruist.Rests = !AsksEverybody && evaluation.State == VerdictState.Healthy && evaluation.Memory == before.Memory && !(evaluation.Memory.CooldownUntil > Now) && altruist.IsWell && !altruist.Asked.Contains(true)
            && altruist.Class.LatencyMs <= Math.Min(scenario.Probing.HotTimeout.TotalMilliseconds, scenario.Probing.Timeout.TotalMilliseconds);
        if (altruist.Rests)
        {
            altruist.RestsSince = now;
            altruist.AskAt = SimulatedAltruist.Never;
            altruist.Plan++;
        }
        else
        {
            Wish(altruist);
        }

        Review(altruist);
    }

    private ProbeResult ResultOf(SimulatedAltruist altruist, Event answer)
    {
        var outcome = answer.Fault switch
        {
            Fault.Refuse => ProbeOutcome.ConnectRefused,
            Fault.Silence => ProbeOutcome.ConnectTimeout,
            _ when answer.LatencyMs is null => ProbeOutcome.Timeout,
            Fault.Throttle => ProbeOutcome.Throttled,
            _ => ProbeOutcome.Ok,
        };
        var answers = outcome == ProbeOutcome.Ok;
        return new ProbeResult
        {
            Altruist = altruist.Registered.Id,
            Lane = answer.Lane,
            At = Now,
            Outcome = outcome,
            LatencyMs = answers ? answer.LatencyMs : null,
            Height = !answers ? null : answer.Fault switch { Fault.Lag => HeightNow - LagBlocks, Fault.WrongChain => HeightNow / 2, _ => HeightNow },
            Identity = !answers || !answer.Identity ? null : answer.Fault == Fault.WrongChain ? "another" : SimulatedWorld.Identity,
            Endpoint = world.Roster.PlaceOf(altruist.Registered),
        };
    }

    /// <summary>It is asked again as its state demands.</summary>
    private void Wish(SimulatedAltruist altruist)
    {
        if (!altruist.Watched.IsUndecided(world.Roster, altruist.Registered, scenario.Health))
            altruist.Due[SimulatedAltruist.Retry] = SimulatedAltruist.Never;
        else if (altruist.Due[SimulatedAltruist.Retry] == SimulatedAltruist.Never)
            altruist.Due[SimulatedAltruist.Retry] = Ceiling(now, Tick(scenario.Probing.RetryInterval));
        PlanAsk(altruist);
    }

    private void Wake(SimulatedAltruist altruist)
    {
        CatchUp(altruist);
        altruist.Rests = false;
        altruist.Due[SimulatedAltruist.Hot] = NextHot(altruist);
        Wish(altruist);
    }

    private void PlanAsk(SimulatedAltruist altruist)
    {
        if (altruist.Rests)
            return;
        var next = altruist.Due.Min();
        if (next == altruist.AskAt)
            return;
        altruist.AskAt = next;
        Plan(next, new Event(EventKind.Ask, altruist.Number) { Plan = ++altruist.Plan });
    }

    /// <summary>How often it is asked follows from what it is picked for.</summary>
    private void Heat(SimulatedAltruist altruist)
    {
        var period = Ms(scenario.Probing.HotInterval) * (altruist.Primaries > 0 ? 1 : altruist.FirstStandbys > 0 ? CloseWatch.StandbyFactor : 0);
        if (period == altruist.HotPeriod)
            return;
        CatchUp(altruist);
        var next = NextHot(altruist);
        altruist.Due[SimulatedAltruist.Hot] = period == 0 ? SimulatedAltruist.Never
            : altruist.HotPeriod == 0 ? Ceiling(now, Ms(ProbeTicks.OfHot(scenario.Probing.HotInterval)))
            : Math.Min(next, now + period);
        altruist.HotPeriod = period;
        PlanAsk(altruist);
    }

    /// <summary>Of one that rests, the lane has gone on without being simulated.</summary>
    private long NextHot(SimulatedAltruist altruist)
    {
        var due = altruist.Due[SimulatedAltruist.Hot];
        return due >= now ? due : due + Ceiling(now - due, altruist.HotPeriod);
    }

    /// <summary>Of one that rests, all probes until now went well.</summary>
    private void CatchUp(SimulatedAltruist altruist)
    {
        if (!altruist.Rests)
            return;
        ref var due = ref altruist.Due[SimulatedAltruist.Steady];
        var sweeps = due >= now ? 0 : Ceiling(now - due, Ms(scenario.Probing.Interval)) / Ms(scenario.Probing.Interval);
        due += sweeps * Ms(scenario.Probing.Interval);
        var verdict = altruist.Watched.Verdict;
        var performance = verdict.Performance;
        for (var rested = TimeSpan.FromMilliseconds(measuresPerformance ? now - altruist.RestsSince : 0);
            rested > TimeSpan.Zero && !(performance.SuccessPerMille == 1000 && performance.Latencies.All(latency => latency == altruist.Class.LatencyMs));
            rested -= scenario.Probing.Interval)
        {
            performance = performance.After(good: true, rested < scenario.Probing.Interval ? rested : scenario.Probing.Interval, altruist.Class.LatencyMs);
        }

        altruist.RestsSince = now;
        if (sweeps == 0 && performance == verdict.Performance)
            return;
        Know(altruist, altruist.Watched with
        {
            SweepsSinceIdentity = (int)((altruist.Watched.SweepsSinceIdentity + sweeps) % IdentityCheck.EverySweeps),
            Verdict = performance == verdict.Performance ? verdict : verdict with { Performance = performance, LastProbeAt = Now, Height = HeightNow },
        });
    }

    private void Know(SimulatedAltruist altruist, Watched watched)
    {
        altruist.Watched = watched;
        board.Set(altruist.Registered.Id, watched.Verdict);
    }

    // ----- Selecting

    /// <summary>Those whom the next round would pick are asked in full; those who take the place of one that was found bad are not.</summary>
    private void LookAheadOfRound()
    {
        Plan(now + interval, new Event(EventKind.LooksAhead));
        Prepare();
        Span<byte> last = stackalloc byte[DrawOrder.SeedBytes];
        LastHash(last);
        var window = DrawOrder.WindowOf(Now + LookAhead.LeadOf(scenario.Selection), scenario.Selection.Window);
        foreach (var altruist in book.Foresee(rotate: true, window, last, parameters.Rules(round + 1)).Order().Select(Find))
        {
            if (!altruist.Rests)
                Begin(altruist, ProbeLane.Ahead);
            else if (altruist.Watched.SweepsSinceIdentity > 0)
                ProveAgain(altruist);
        }
    }

    /// <summary>One that rests was asked for its identity.</summary>
    private void ProveAgain(SimulatedAltruist altruist)
    {
        CatchUp(altruist);
        altruist.Watched = altruist.Watched with { SweepsSinceIdentity = 0 };
    }

    private void RunRound()
    {
        Plan(now + interval, new Event(EventKind.Round));
        if (measuresPerformance)
            world.Altruists.ForEach(CatchUp);
        Prepare();
        round++;
        book.Decide(rotate: true, parameters.Rules(round));
        var next = generation + 1;
        for (var i = 0; i < book.Slots.Count; i++)
            Publish(i, next, isRound: true);
        generation = next;
    }

    /// <summary>The standing rule over the slots of one altruist: nothing else has changed.</summary>
    private void Review(SimulatedAltruist altruist)
    {
        if (altruist.HasLeft || altruist.Place < 0)
            return;
        if (DrawOrder.WindowOf(Now, scenario.Selection.Window) != book.Window)
            SettleAll();
        else if (book.Review(altruist.Place, drainBook, Now, Start))
            Settle(altruist.Slots);
    }

    private void SettleAll()
    {
        Prepare();
        Settle(Enumerable.Range(0, book.Slots.Count));
    }

    private void Settle(IEnumerable<int> slots)
    {
        var next = generation + 1;
        var rules = parameters.Rules(round);
        foreach (var slot in slots)
        {
            book.Decide(book.Slots[slot], rotate: false, rules);
            if (book.Differs(book.Slots[slot]))
            {
                generation = next;
                Publish(slot, next, isRound: false);
            }
            else
            {
                tally.Weigh(slot, book, placed, parameters.Rules(round), now);
            }
        }
    }

    private void Publish(int slot, long next, bool isRound)
    {
        var memory = book.Slots[slot];
        var (picks, state, before) = (memory.Picks, memory.State, memory.Generation);
        var changed = book.Differs(memory);
        book.Commit(memory, new DecisionId(next, slot), changed, Now);
        tally.Weigh(slot, book, placed, parameters.Rules(round), now);
        foreach (var altruist in tally.Decided(slot, book, placed, isRound, now))
            Heat(altruist);
        Watching?.Invoke(new SimulatedDecision(Now, slot, memory, picks, state, before, isRound));
    }

    private void Prepare()
    {
        Span<byte> last = stackalloc byte[DrawOrder.SeedBytes];
        LastHash(last);
        book.Prepare(world.Roster, board, new Rulings(exclusions, [], drainBook), Now, Start, last);
    }

    /// <summary>There is no log: what stands for the hash of its newest entry.</summary>
    private void LastHash(Span<byte> hash)
    {
        hash.Clear();
        BinaryPrimitives.WriteInt32BigEndian(hash, scenario.Seed);
        BinaryPrimitives.WriteInt64BigEndian(hash[8..], generation);
    }

    /// <summary>Somebody came or left.</summary>
    private void Reroster()
    {
        world.Publish();
        tally.Pause(now);
        Prepare();
        foreach (var altruist in world.Altruists)
        {
            altruist.Place = -1;
            altruist.Slots.Clear();
        }

        placed = Array.ConvertAll(book.Altruists, altruist => Find(altruist.Id));
        for (var place = 0; place < placed.Length; place++)
            placed[place].Place = place;
        for (var slot = 0; slot < book.Slots.Count; slot++)
        {
            foreach (var candidate in book.Slots[slot].Question.Candidates)
                placed[candidate.Altruist].Slots.Add(slot);
        }

        Settle(Enumerable.Range(0, book.Slots.Count));
    }

    // ----- Time

    private void Plan(long at, Event happens) => events.Enqueue(happens, (at, happens.Kind, happens.Number, numbered++));

    private void Repeat(EventKind kind, double everyHours)
    {
        if (everyHours > 0)
            Plan(Math.Max(now, WarmUp) + Hours(everyHours), new Event(kind));
    }

    private static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    private static long Hours(double hours) => (long)(hours * 3_600_000);

    private static long Tick(TimeSpan lane) => Ms(ProbeTicks.Of(lane));

    private static long Ceiling(long at, long step) => (at + step - 1) / step * step;

    /// <param name="Number">Of the altruist, or in its list of the scenario.</param>
    private readonly record struct Event(EventKind Kind, int Number = 0)
    {
        public int Plan { get; init; }

        // Of an answer: what was asked, and how the altruist was then.
        public ProbeLane Lane { get; init; }

        public Fault Fault { get; init; }

        public bool Identity { get; init; }

        public double? LatencyMs { get; init; }
    }
}
