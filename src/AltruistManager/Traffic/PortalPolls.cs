using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Storage;

namespace AltruistManager.Traffic;

/// <summary>What a portal was told last of a region, or of one slot of it.</summary>
/// <param name="Chain">As it was asked for, by id or alias; empty for the call that tells all slots of the region.</param>
/// <param name="Generation">The greatest that was delivered or confirmed.</param>
/// <param name="At">When the portal last asked.</param>
public readonly record struct PortalPoll(string Portal, string Region, string Chain, long Generation, DateTimeOffset At);

/// <summary>
/// Remembers which generation each portal has taken. Noting one waits for nothing; what was noted is written each minute, and what other instances
/// noted is taken up with it.
/// </summary>
public sealed class PortalPolls(PortalPollStore store, TimeProvider time) : IDisposable
{
    /// <summary>A portal that is silent for longer is forgotten.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>One that is silent for longer is not waited for.</summary>
    private static readonly TimeSpan Silent = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<Key, Cell> cells = new();
    private readonly SemaphoreSlim turn = new(1, 1);
    private long writtenUntil = long.MinValue;

    public IEnumerable<PortalPoll> All => cells.Select(pair => pair.Value.ToPoll(pair.Key));

    /// <param name="chain">See <see cref="PortalPoll.Chain"/>.</param>
    public void Note(string portal, string region, string chain, long generation)
    {
        var key = new Key(portal, region, chain);
        if (!cells.TryGetValue(key, out var cell))
            cell = cells.GetOrAdd(key, static _ => new Cell());
        cell.Note(generation, time.NowMs());
    }

    /// <summary>How many portals asked within a day for some of these slots, and how many of them have taken all that they asked for.</summary>
    /// <param name="needed">From which generation on.</param>
    internal (int Portals, int Taken) Count(IReadOnlyDictionary<SlotKey, long> needed, Roster roster)
    {
        var since = time.GetUtcNow() - Silent;
        var told = All.Where(poll => poll.At > since).GroupBy(poll => poll.Portal)
            .Select(portal => portal.SelectMany(poll => NeededOf(poll, needed, roster).Select(generation => poll.Generation >= generation)).ToList())
            .Where(taken => taken.Count > 0).ToList();
        return (told.Count, told.Count(taken => !taken.Contains(false)));
    }

    /// <summary>Writes what was noted since the last time and takes up what others wrote; at first everything.</summary>
    public async Task SaveAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var started = time.NowMs();
            await store.WriteAsync([.. All.Where(poll => poll.At.ToUnixTimeMilliseconds() >= writtenUntil)], time.GetUtcNow() - Kept, cancellation);
            writtenUntil = started;
            foreach (var poll in await store.ListAsync(cancellation))
                cells.GetOrAdd(new Key(poll.Portal, poll.Region, poll.Chain), static _ => new Cell()).Note(poll.Generation, poll.At.ToUnixTimeMilliseconds());
            foreach (var (key, cell) in cells)
            {
                if (cell.ToPoll(key).At < time.GetUtcNow() - Kept)
                    cells.TryRemove(key, out _);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    /// <summary>The generations that a poll must have reached.</summary>
    private static IEnumerable<long> NeededOf(PortalPoll poll, IReadOnlyDictionary<SlotKey, long> needed, Roster roster)
    {
        var chain = poll.Chain.Length == 0 ? null : roster.FindChain(poll.Chain);
        return needed.Where(slot => slot.Key.Region.Value == poll.Region && (poll.Chain.Length == 0 || slot.Key.Chain == chain?.Id)).Select(slot => slot.Value);
    }

    private readonly record struct Key(string Portal, string Region, string Chain);

    private sealed class Cell
    {
        private long generation;
        private long at;

        /// <summary>Of two at the same moment one may be lost: the portal asks again within seconds.</summary>
        public void Note(long told, long now)
        {
            if (told > Volatile.Read(ref generation))
                Volatile.Write(ref generation, told);
            if (now > Volatile.Read(ref at))
                Volatile.Write(ref at, now);
        }

        public PortalPoll ToPoll(Key key) => new(key.Portal, key.Region, key.Chain, Volatile.Read(ref generation), UnixTime.FromMs(Volatile.Read(ref at)));
    }
}
