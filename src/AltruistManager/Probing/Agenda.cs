namespace AltruistManager.Probing;

/// <param name="FirstAfter">How long a newcomer waits.</param>
/// <param name="SecondAfter">From its first turn to its second.</param>
/// <param name="Period">From any later turn to the next.</param>
internal readonly record struct Wish<TKey>(TKey Key, TimeSpan FirstAfter, TimeSpan SecondAfter, TimeSpan Period)
{
    /// <summary>At once, and then every <paramref name="period"/>.</summary>
    public Wish(TKey key, TimeSpan period)
        : this(key, TimeSpan.Zero, period, period)
    {
    }
}

/// <summary>Who is due, start to start by the monotonic clock, so that late ticks do not add up. Asked by one tick at a time.</summary>
/// <param name="tick">How often it is asked; what falls due before the middle of two ticks is due at the first.</param>
internal sealed class Agenda<TKey>(TimeProvider time, TimeSpan tick)
    where TKey : notnull
{
    private Dictionary<TKey, (TimeSpan At, bool HadTurn)> turns = [];

    /// <param name="wishes">Of all that take part now; others are forgotten.</param>
    public List<TKey> TakeDue(IEnumerable<Wish<TKey>> wishes)
    {
        var now = time.GetElapsedTime(0, time.GetTimestamp());
        var next = new Dictionary<TKey, (TimeSpan At, bool HadTurn)>();
        var due = new List<TKey>();
        foreach (var wish in wishes)
        {
            var turn = turns.TryGetValue(wish.Key, out var known) ? known : (At: now + wish.FirstAfter, HadTurn: false);
            // Whose period became shorter need not wait for the end of the longer one.
            if (turn.HadTurn && turn.At > now + wish.SecondAfter && turn.At > now + wish.Period)
                turn.At = now + wish.Period;

            if (turn.At <= now + (tick / 2))
            {
                due.Add(wish.Key);
                var after = turn.At + (turn.HadTurn ? wish.Period : wish.SecondAfter);
                turn = (after > now ? after : now + wish.Period, true);
            }

            next[wish.Key] = turn;
        }

        turns = next;
        return due;
    }
}
