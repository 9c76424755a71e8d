namespace AltruistManager.Testing;

/// <summary>A clock that stands still until it is moved, and then fires the timers that became due, in their order: no deadline ends what a busy machine is late with. What is due at once waits for it too.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private TimeSpan offset;
    private DateTimeOffset now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    private DateTimeOffset Now
    {
        get
        {
            lock (gate)
                return now;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now + offset;
    }

    public override long GetTimestamp() => Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>As a person does with the clock on the wall: no time passes.</summary>
    public void Set(TimeSpan by)
    {
        lock (gate)
            offset += by;
    }

    public void Advance(TimeSpan by)
    {
        var until = Now + by;
        while (true)
        {
            ManualTimer? due;
            lock (gate)
            {
                due = timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
                var at = due?.Due ?? until;
                // Somebody else may have moved it meanwhile.
                if (at > now)
                    now = at;
                if (due is { Period: var period })
                {
                    timers.Remove(due);
                    if (period > TimeSpan.Zero)
                    {
                        due.Due += period;
                        timers.Add(due);
                    }
                }
            }

            if (due is null)
                return;
            due.Fire();
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        /// <summary>Not above zero for a timer that fires once.</summary>
        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                time.timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                (Due, Period) = (time.now + dueTime, period);
                time.timers.Add(this);
            }

            return true;
        }

        public void Dispose()
        {
            lock (time.gate)
                time.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
