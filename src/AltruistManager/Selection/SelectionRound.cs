using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Selection;

/// <summary>What a round did (contract 3.2, <c>POST /rounds</c>).</summary>
/// <param name="Changed">How many slots now tell portals something else.</param>
public readonly record struct RoundOutcome(long Round, long Generation, int Slots, int Changed);

/// <param name="Altruists">As they are in service; in the order of their ids.</param>
public sealed record EligibleAltruists(Chain Chain, IReadOnlyList<Altruist> Altruists);

/// <summary>Decides all slots, or those that need it, and publishes the result: read inputs, decide, one transaction, swap the snapshot. One at a time.</summary>
public sealed partial class SelectionRound : IVerdictObserver, IDisposable
{
    /// <summary>Each time somebody else has published, so that things go on.</summary>
    private const int MostAttempts = 5;

    private readonly Database database;
    private readonly SelectionStore store;
    private readonly IEntryLog log;
    private readonly RosterCache roster;
    private readonly HealthBoard board;
    private readonly OverrideStore overrides;
    private readonly HoldStore holds;
    private readonly DrainStore drains;
    private readonly SnapshotHolder snapshots;
    private readonly LastGoodFile lastGood;
    private readonly IOptions<SelectionOptions> selection;
    private readonly IOptions<HealthOptions> health;
    private readonly ProbingOptions probing;
    private readonly TimeProvider time;
    private readonly ILogger<SelectionRound> logger;
    private readonly SemaphoreSlim selecting = new(1, 1);
    private readonly SemaphoreSlim saveWanted = new(0, 1);
    private readonly FailoverTargets targets;

    private SelectionOptions options;
    private HealthOptions judgedBy;
    private EntryParameters parameters;
    private SelectionBook book;
    private SnapshotBuilder builder = new();
    private readonly DateTimeOffset startedAt;
    private string origin = "";
    private long generation;
    private long floor;
    private byte[] lastHash = new byte[32];
    private Dictionary<SlotKey, int> slotIds = [];
    private int highestSlotId;
    private Roster? builtFrom;
    private LastTold? lastTold;
    private DateTimeOffset? lastScheduledAt;
    private bool restored;
    private bool republishAll;
    private int settleWanted;
    private volatile RoundMark mark = new(0, null);

    public SelectionRound(
        Database database, SelectionStore store, IEntryLog log, RosterCache roster, HealthBoard board, OverrideStore overrides, HoldStore holds, DrainStore drains, SnapshotHolder snapshots,
        LastGoodFile lastGood, IPickProbes probes, IOptions<SelectionOptions> options, IOptions<HealthOptions> health, IOptions<ProbingOptions> probing, TimeProvider time,
        ILogger<SelectionRound> logger)
    {
        this.database = database;
        this.store = store;
        this.log = log;
        this.roster = roster;
        this.board = board;
        this.overrides = overrides;
        this.holds = holds;
        this.drains = drains;
        this.snapshots = snapshots;
        this.lastGood = lastGood;
        selection = options;
        this.health = health;
        (this.options, judgedBy) = (options.Value, health.Value);
        this.probing = probing.Value;
        this.time = time;
        this.logger = logger;
        startedAt = time.GetUtcNow();
        book = new SelectionBook(this.options, this.probing);
        parameters = EntryParameters.Of(this.options, judgedBy, this.probing);
        targets = new FailoverTargets(probes, board, this.probing.HotInterval);
    }

    /// <summary>When the last round was committed; null before the first.</summary>
    public DateTimeOffset? LastRoundAt => mark.At;

    /// <summary>0 before the first.</summary>
    public long LastRound => mark.Number;

    /// <summary>
    /// Loads the state, so that portals are served before the port opens: at first from the last-good file, then from the database, whichever
    /// has the greater generation. The roster and the verdicts must be loaded.
    /// </summary>
    /// <exception cref="Exception">The database cannot be read; the last-good file, if there is one, is served all the same. Call again later.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            lastTold = lastGood.Load(withParts: false);
            if (lastTold?.Snapshot is { } file && !snapshots.Current.IsLoaded)
                snapshots.Swap(file);
            await RestoreAsync(lastTold, cancellation);
        }
        finally
        {
            selecting.Release();
        }

        await SettleAsync(Trigger.Startup, cancellation);
    }

    /// <summary>Serves the last-good file without a database; false when there is none.</summary>
    public bool TryServeLastGood()
    {
        var file = lastGood.Load(withParts: true)?.Snapshot;
        var current = snapshots.Current;
        // What was already restored from the database may be newer.
        if (file is not null && (!current.IsLoaded || (file.Origin == current.Origin && file.Generation > current.Generation)))
            snapshots.Swap(file);
        return snapshots.Current.IsLoaded;
    }

    /// <summary>A full round over every slot.</summary>
    public async Task<RoundOutcome> RunAsync(Trigger trigger, DateTimeOffset scheduledAt, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            var started = time.GetTimestamp();
            var outcome = await PublishUnlessOvertakenAsync(async wasOvertaken =>
            {
                var now = await PrepareAsync(cancellation);
                if (wasOvertaken && trigger == Trigger.Scheduled && lastScheduledAt == scheduledAt)
                    return new RoundOutcome(mark.Number, generation, 0, 0);

                // Frozen verdicts are no reason to move: every pick is kept (design 5.4).
                book.Decide(rotate: board.FrozenSince is null, parameters.Rules(mark.Number + 1));
                var round = await PublishAsync(book.Slots, trigger, isRound: true, scheduledAt, now, cancellation);
                LogRound(round.Round, round.Generation, round.Slots, round.Changed, time.GetElapsedTime(started).TotalMilliseconds);
                return round;
            });
            await SettleAllAsync(Trigger.Recovery, cancellation);
            return outcome;
        }
        finally
        {
            selecting.Release();
        }
    }

    /// <summary>These slots as they stand, for telling who is next; without those that are not known. As of the last look at them, at most a second ago.</summary>
    public async Task<IReadOnlyList<SlotOutlook>> OutlooksAsync(IReadOnlyCollection<SlotKey> slots, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            var now = time.GetUtcNow();
            var interval = (long)options.Interval.TotalMilliseconds;
            var nextRound = UnixTime.FromMs((now.ToUnixTimeMilliseconds() / interval + 1) * interval);
            return [.. slots.Select(book.Find).OfType<SlotMemory>().Where(slot => slot.Chain is not null).Select(slot =>
            {
                var question = book.CopyOf(slot, out var altruists);
                return new SlotOutlook(ToEntry([], altruists, generation, Trigger.Scheduled, isRound: false, now, now), question, slot.RowId, nextRound);
            })];
        }
        finally
        {
            selecting.Release();
        }
    }

    /// <summary>Among whom these slots rotate, as of the last look at them, at most a second ago; without slots that are not known.</summary>
    public async Task<IReadOnlyDictionary<SlotKey, EligibleAltruists>> EligibleAsync(IReadOnlyCollection<SlotKey> slots, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            return slots.Select(book.Find).OfType<SlotMemory>().Where(slot => slot is { Chain: not null, Generation: > 0 })
                .ToDictionary(slot => slot.Key, slot => new EligibleAltruists(slot.Chain!, book.EligibleFor(slot)));
        }
        finally
        {
            selecting.Release();
        }
    }

    /// <summary>The standing rule (design 5.5): re-picks at once every slot whose published result is no longer what the rules give.</summary>
    /// <param name="cause">What the caller changed; falls and recoveries are found by themselves.</param>
    /// <remarks>A slot whose new pick was not heard of for long is published once that was asked, soon after the return.</remarks>
    public async Task<RoundOutcome> SettleAsync(Trigger cause, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            var outcome = await SettleAllAsync(cause, cancellation);
            // What came about during the commit.
            if (outcome.Slots > 0)
                await SettleAllAsync(Trigger.Recovery, cancellation);
            return outcome;
        }
        finally
        {
            selecting.Release();
        }
    }

    /// <summary>Takes up the overrides, holds and drains that another process wrote. Settle afterwards.</summary>
    public async Task RefreshRulingsAsync(CancellationToken cancellation)
    {
        await overrides.RefreshAsync(cancellation);
        await holds.RefreshAsync(cancellation);
        await drains.RefreshAsync(cancellation);
    }

    /// <summary>What other orders would change, as things stand: decided under the selection lock without rotating, and undone before anybody else decides.</summary>
    /// <param name="order">From the rulings in force to those to be tried.</param>
    /// <param name="about">The override that is tried; null for none.</param>
    public async Task<Preview> PreviewAsync(Func<Rulings, Rulings> order, Override? about, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            var now = await PrepareAsync(cancellation);
            book.Decide(rotate: false, parameters.Rules(mark.Number));
            var before = book.Slots.ConvertAll(book.ResultOf);
            try
            {
                // The same roster each time: slots are compared place by place.
                book.Prepare(book.Roster, board, order(Rulings), now, startedAt, lastHash);
                book.Decide(rotate: false, parameters.Rules(mark.Number));
                return book.Compare(before, about);
            }
            finally
            {
                book.Prepare(book.Roster, board, Rulings, now, startedAt, lastHash);
            }
        }
        finally
        {
            selecting.Release();
        }
    }

    /// <summary>Whom a round at that time would pick, standbys included, as far as is known now. Decides nothing.</summary>
    public async Task<IReadOnlyList<AltruistId>> ForeseeAsync(DateTimeOffset at, CancellationToken cancellation)
    {
        await selecting.WaitAsync(cancellation);
        try
        {
            await PrepareAsync(cancellation);
            return book.Foresee(rotate: board.FrozenSince is null, DrawOrder.WindowOf(at, options.Window), lastHash, parameters.Rules(mark.Number + 1));
        }
        finally
        {
            selecting.Release();
        }
    }

    private Task<RoundOutcome> SettleAllAsync(Trigger cause, CancellationToken cancellation) => PublishUnlessOvertakenAsync(async _ =>
    {
        Interlocked.Exchange(ref settleWanted, 0);
        var now = await PrepareAsync(cancellation);
        book.Decide(rotate: false, parameters.Rules(mark.Number));
        var differs = DifferingOf(book.Slots);
        var unsettled = new List<SlotMemory>();
        for (var i = 0; i < differs.Length; i++)
        {
            if (republishAll || (differs[i] && !targets.MustWait(book.Slots[i], book.Altruists, mayBegin: cause is Trigger.Failover or Trigger.Recovery, now)))
                unsettled.Add(book.Slots[i]);
        }

        targets.Ask(SettleSoonAsync);
        if (book.UpdateRevoked(NextGeneration, now) || unsettled.Count > 0 || republishAll)
            return await PublishAsync(unsettled, cause, isRound: false, now, now, cancellation);

        // Names may have changed without a slot that did.
        if (builtFrom is null || !builtFrom.HoldsTheSameAs(book.Roster))
            Show(null);
        return new RoundOutcome(mark.Number, generation, 0, 0);
    });

    /// <summary>Many may ask for it at once: one that has not begun yet does for all.</summary>
    private Task SettleSoonAsync(CancellationToken cancellation) =>
        Interlocked.Exchange(ref settleWanted, 1) == 0 ? SettleAsync(Trigger.Failover, cancellation) : Task.CompletedTask;

    /// <summary>After a change that is stored, and is done whatever comes of this: where the database fails now, the slots are settled as soon as it answers again, as after a change by another process.</summary>
    public async Task SettleAfterChangeAsync(Trigger cause)
    {
        try
        {
            await SettleAsync(cause, CancellationToken.None);
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            LogNotSettled(failed);
        }
    }

    /// <summary>Where another instance was faster, which the unique keys of the log tell, decides again over what is stored now.</summary>
    private async Task<RoundOutcome> PublishUnlessOvertakenAsync(Func<bool, Task<RoundOutcome>> publish)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await publish(attempt > 1);
            }
            catch (Exception overtaken) when (Database.IsDuplicate(overtaken) && attempt < MostAttempts)
            {
                LogOvertaken(NextGeneration);
            }
        }
    }

    Task IVerdictObserver.VerdictsWrittenAsync(CancellationToken cancellation) => SettleAsync(Trigger.Failover, cancellation);

    /// <summary>Writes the last-good file after each change, the newest state only; until cancelled.</summary>
    internal async Task KeepLastGoodAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await saveWanted.WaitAsync(cancellation);
                SaveLastGood();
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (saveWanted.Wait(0, CancellationToken.None))
                SaveLastGood();
        }
    }

    /// <summary>Asks for the last-good file to be written, because something beside the snapshot changed.</summary>
    public void WantSave()
    {
        try
        {
            saveWanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already asked for.
        }
    }

    /// <summary>Leaves <see cref="saveWanted"/>: when a start fails, the keeper of the file still asks it after this was disposed.</summary>
    public void Dispose() => selecting.Dispose();

    private void SaveLastGood()
    {
        try
        {
            if (restored)
                lastGood.Save(snapshots.Current);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or StorageException)
        {
            LogNotSaved(failed);
        }
    }

    private async Task RestoreAsync(LastTold? told, CancellationToken cancellation)
    {
        restored = false;
        book = new SelectionBook(options, probing);
        builder = new SnapshotBuilder();
        (origin, var createdAt) = await store.OriginAsync(cancellation);
        await RefreshRulingsAsync(cancellation);

        var tail = await log.TailAsync(origin, cancellation);
        // What another instance picked may be newer than what is known here: an altruist that is not known loses its pick.
        await roster.RefreshAsync(cancellation);
        foreach (var logged in tail)
        {
            foreach (var slot in book.Restore(logged.Entry))
                LogNotReplayed(logged.Entry.Generation, slot);
        }

        var ids = await store.SlotIdsAsync(cancellation);
        highestSlotId = ids.Count == 0 ? 0 : ids.Values.Max();
        foreach (var slot in book.Slots)
            slot.RowId = ids.GetValueOrDefault(slot.Key);
        slotIds = ids;

        var newest = tail.Count > 0 ? tail[^1] : null;
        generation = newest?.Entry.Generation ?? createdAt.ToUnixTimeMilliseconds() - 1;
        lastHash = newest is null ? new byte[32] : Convert.FromHexString(newest.Hash);
        floor = 0;
        republishAll = false;
        if (told is not null && told.Origin != origin)
        {
            LogOtherOrigin(told.Origin, origin);
        }
        else if (told is not null && told.Generation > generation)
        {
            // The database is older than what portals were told: they must not take its picks for old ones.
            LogRestoredOlder(generation, told.Generation);
            floor = Math.Max(told.Generation, time.NowMs());
            republishAll = true;
        }

        // Entries come at least once an interval; a longer silence was a rest. No entry ends a session just then.
        if (newest is not null && time.GetUtcNow() - newest.Entry.At > 2 * options.Interval)
            await store.BreakSessionsAsync(newest.Entry.At + options.Interval, time.GetUtcNow(), cancellation);

        var lastRound = tail.LastOrDefault(logged => logged.Entry.IsRound)?.Entry;
        mark = new RoundMark(newest?.Entry.Round ?? 0, lastRound?.At);
        lastScheduledAt = lastRound?.ScheduledAt;
        restored = true;
        if (republishAll)
            return;

        book.Prepare(roster.Current, board, Rulings, time.GetUtcNow(), startedAt, lastHash);
        // A change that was stored but not published, because the process died or the disk was full, has to be published now: the same
        // generation must not mean two things. So has the end of a pick that may not be kept, of which there may be nothing to tell.
        var differs = false;
        foreach (var slot in book.Slots.Where(slot => slot.Chain is not null && slot.Generation > 0))
        {
            slot.MustPublish = !book.MayServe(slot)
                || (told is { Snapshot: { } shown } && told.Origin == origin
                    && shown.Find(slot.Key.Chain.Value, slot.Key.Region.Value) is { } answer && answer.Generation == slot.Generation
                    && !answer.Body.Span.SequenceEqual(SelectionBody.Write(slot.ToStatus(), slot.Chain!, book.Served(slot), origin)));
            differs |= slot.MustPublish;
        }

        if (!differs)
            Show(null);
    }

    /// <summary>As they are in memory.</summary>
    public Rulings Rulings => new(overrides.Active, holds.Active, drains.Current);

    private long NextGeneration => Math.Max(generation, floor) + 1;

    private async Task<DateTimeOffset> PrepareAsync(CancellationToken cancellation)
    {
        TakeUpOptions();
        // After a failed publication memory may be ahead of the log; the log is the truth.
        if (!restored)
            await RestoreAsync(snapshots.Current.IsLoaded ? LastTold.Of(snapshots.Current) : lastTold, cancellation);
        var now = time.GetUtcNow();
        book.Prepare(roster.Current, board, Rulings, now, startedAt, lastHash);
        return now;
    }

    /// <summary>Staff may change some while the service runs. What is decided from now on, and the entry that tells of it, go by the same.</summary>
    private void TakeUpOptions()
    {
        var (newest, health) = (selection.Value, this.health.Value);
        if (newest == options && health == judgedBy)
            return;
        (options, judgedBy) = (newest, health);
        parameters = EntryParameters.Of(options, judgedBy, probing);
        book.TakeUp(options);
    }

    private async Task<RoundOutcome> PublishAsync(
        List<SlotMemory> decided, Trigger trigger, bool isRound, DateTimeOffset scheduledAt, DateTimeOffset now, CancellationToken cancellation)
    {
        var next = NextGeneration;
        book.UpdateRevoked(next, now);
        foreach (var gone in decided.Where(slot => slot.Chain is null))
            book.MarkRegion(gone.Key.Region, next);
        var changes = DifferingOf(decided);
        var entry = ToEntry(decided, changes, next, trigger, isRound, scheduledAt, now);
        var atMs = now.ToUnixTimeMilliseconds();

        restored = false;
        await WriteAsync(entry, decided, atMs, cancellation);
        restored = true;

        generation = next;
        floor = 0;
        republishAll = false;
        if (isRound)
        {
            mark = new RoundMark(entry.Round, now);
            lastScheduledAt = scheduledAt;
        }

        LogCommitted(generation);
        var changed = 0;
        for (var i = 0; i < decided.Count; i++)
        {
            if (changes[i])
            {
                changed++;
                SelectionMetrics.Picked(entry.Slots[i].Trigger, 1);
            }

            if (changes[i] && !isRound)
                LogChange(decided[i].Key, entry.Slots[i].Trigger, decided[i].Next.Picks.Count > 0 ? book.Altruists[decided[i].Next.Picks[0].Altruist].Label : "nobody", decided[i].Next.State);
        }

        SelectionBook.ForEach(decided.Count, i => book.Commit(decided[i], new DecisionId(next, i), changes[i], now));
        Show(decided);
        foreach (var gone in decided.Where(slot => slot.Chain is null).ToList())
            book.Remove(gone);
        book.DrawAheadAgain(lastHash);
        return new RoundOutcome(mark.Number, generation, decided.Count, changed);
    }

    private bool[] DifferingOf(List<SlotMemory> decided)
    {
        var differs = new bool[decided.Count];
        SelectionBook.ForEach(differs.Length, i => differs[i] = republishAll || book.Differs(decided[i]));
        return differs;
    }

    private Entry ToEntry(List<SlotMemory> decided, bool[] changes, long next, Trigger trigger, bool isRound, DateTimeOffset scheduledAt, DateTimeOffset now)
    {
        var slots = new EntrySlot[decided.Count];
        SelectionBook.ForEach(slots.Length, i =>
        {
            var slot = decided[i];
            var samePrimary = slot.SelectedAt != default && slot.Primary == (slot.Next.Picks.Count > 0 ? book.Altruists[slot.Next.Picks[0].Altruist].Id : null);
            slots[i] = new EntrySlot
            {
                Question = slot.Question,
                // With a slot that is given up its turns are forgotten.
                Leavers = slot.Chain is null ? Leavers.None : slot.Leavers,
                Outcome = slot.Next,
                Trigger = isRound ? trigger : TriggerOf(slot, trigger),
                Decision = changes[i] ? new DecisionId(next, i) : slot.Decision,
                SelectedAt = samePrimary ? slot.SelectedAt : now,
            };
        });

        return ToEntry(slots, book.Altruists, next, trigger, isRound, scheduledAt, now);
    }

    private Entry ToEntry(EntrySlot[] slots, EntryAltruist[] altruists, long next, Trigger trigger, bool isRound, DateTimeOffset scheduledAt, DateTimeOffset now) =>
        new()
        {
            Origin = origin,
            Generation = next,
            Trigger = trigger,
            Round = isRound ? mark.Number + 1 : mark.Number,
            IsRound = isRound,
            ScheduledAt = scheduledAt,
            At = now,
            Window = book.Window,
            Seed = book.Seed,
            FrozenSince = board.FrozenSince,
            Parameters = parameters,
            Altruists = altruists,
            Overrides = book.Overrides,
            Holds = book.Holds,
            Revoked = book.Revoked,
            Slots = slots,
        };

    /// <summary>Why a slot is decided between rounds.</summary>
    private Trigger TriggerOf(SlotMemory slot, Trigger cause)
    {
        if (cause == Trigger.Startup)
            return cause;

        var next = slot.Next;
        var samePrimary = next.Picks.Count > 0 && slot.Primary == book.Altruists[next.Picks[0].Altruist].Id;
        if (next.State == SlotState.Override && !(slot.State == SlotState.Override && samePrimary))
            return Trigger.Override;
        if (slot.State == SlotState.Override && next.State != SlotState.Override)
            return slot.Question.Pins.Count == 0 ? Trigger.Override : Trigger.Failover;
        if (slot.RuledBy is { } ruledBy && ruledBy != slot.Ruling)
            return Trigger.Override;
        if (cause is Trigger.Override or Trigger.Change)
            return cause;
        // A window that begins by itself.
        if (slot.State != SlotState.Degraded && Array.Exists(slot.Question.Was, pick => book.IsDraining(pick.Altruist)))
            return Trigger.Change;
        if (next.State is SlotState.None or SlotState.Degraded)
            return Trigger.Failover;
        if (slot.State is SlotState.None or SlotState.Degraded || (slot.State == SlotState.Fallback && next.State == SlotState.Fresh))
            return Trigger.Recovery;
        if (next.State == slot.State && slot.Picks.Select(pick => pick.Altruist).SequenceEqual(next.Picks.Select(pick => book.Altruists[pick.Altruist].Id)))
            return Trigger.Change;
        var fell = Array.Exists(slot.Picks, pick => !next.Picks.Exists(kept => book.Altruists[kept.Altruist].Id == pick.Altruist));
        return fell ? Trigger.Failover : Trigger.Recovery;
    }

    private async Task WriteAsync(Entry entry, List<SlotMemory> decided, long atMs, CancellationToken cancellation)
    {
        // Packing needs no database: it runs beside the writes of the same transaction.
        var packing = Task.Run(() => log.Pack(entry, lastHash), cancellation);
        var added = new List<(int Id, SlotKey Key)>();
        foreach (var slot in decided.Where(slot => slot.RowId == 0))
        {
            slot.RowId = slotIds.TryGetValue(slot.Key, out var known) ? known : ++highestSlotId;
            if (slotIds.TryAdd(slot.Key, slot.RowId))
                added.Add((slot.RowId, slot.Key));
        }

        var closed = new List<(int Slot, AltruistId Altruist)>(decided.Count);
        var opened = new List<OpenedSession>(decided.Count);
        for (var i = 0; i < decided.Count; i++)
        {
            var slot = decided[i];
            foreach (var was in slot.Picks)
            {
                if (was.Weight > 0 && !Lasts(was, slot.Next.Picks))
                    closed.Add((slot.RowId, was.Altruist));
            }

            foreach (var pick in slot.Next.Picks)
            {
                if (pick.Weight > 0 && !Lasts(slot.Picks, pick))
                    opened.Add(new OpenedSession(slot.RowId, book.Altruists[pick.Altruist].Id, pick.Weight, i));
            }
        }

        try
        {
            await database.WriteAsync(async write =>
            {
                await store.LockAsync(write);
                await store.AddSlotsAsync(write, added);
                await store.CloseSessionsAsync(write, closed, atMs);
                await store.OpenSessionsAsync(write, opened, entry.Generation, atMs);
                await log.AppendAsync(write, entry.Generation, decided.ConvertAll(slot => slot.RowId), packing);
            }, cancellation);
            lastHash = (await packing).Hash;
        }
        finally
        {
            await ((Task)packing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Lasts(Pick was, List<PickRef> next)
    {
        foreach (var pick in next)
        {
            if (Continues(pick, was))
                return true;
        }

        return false;
    }

    private bool Lasts(Pick[] before, PickRef pick)
    {
        foreach (var was in before)
        {
            if (Continues(pick, was))
                return true;
        }

        return false;
    }

    /// <summary>With another share of the traffic it is another session: what was served is counted by it.</summary>
    private bool Continues(PickRef next, Pick was) => next.Weight == was.Weight && book.Altruists[next.Altruist].Id == was.Altruist;

    private void Show(List<SlotMemory>? decided)
    {
        snapshots.Swap(builder.Build(book, decided, origin, generation, mark.At));
        builtFrom = book.Roster;
        WantSave();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Round {Round}, generation {Generation}: {Slots} slots, {Changed} changed, {Milliseconds:0} ms")]
    private partial void LogRound(long round, long generation, int slots, int changed, double milliseconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Generation {Generation} is committed")]
    private partial void LogCommitted(long generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Another instance published generation {Generation} first: what it stored is taken up, and decided anew")]
    private partial void LogOvertaken(long generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A change is stored, and its picks could not be settled at once; they are as soon as the database answers")]
    private partial void LogNotSettled(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Slot}: {Trigger}, now {Label} ({State})")]
    private partial void LogChange(SlotKey slot, Trigger trigger, string label, SlotState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last-good file could not be written; portals are served all the same")]
    private partial void LogNotSaved(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Entry {Generation} does not replay for {Slot}: the log was changed")]
    private partial void LogNotReplayed(long generation, SlotKey slot);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last-good file is of another database ({FileOrigin}); portals will be told of the origin {Origin}")]
    private partial void LogOtherOrigin(string fileOrigin, string origin);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database (generation {Generation}) is older than what portals were told ({Told}): all picks are published anew above it")]
    private partial void LogRestoredOlder(long generation, long told);

    private sealed record RoundMark(long Number, DateTimeOffset? At);
}
