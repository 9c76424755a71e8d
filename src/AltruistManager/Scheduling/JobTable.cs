using System.Collections.Frozen;

namespace AltruistManager.Scheduling;

/// <summary>A job as a feature registered it.</summary>
internal sealed record JobRegistration(string Name, Type Runner, Func<IServiceProvider, JobSchedule> Schedule);

/// <summary>All registered jobs and what is known of their runs.</summary>
internal sealed class JobTable
{
    private readonly FrozenDictionary<string, JobState> jobs;

    public JobTable(IEnumerable<JobRegistration> registrations, IServiceProvider services, TimeProvider time)
    {
        var known = registrations.ToList();
        if (known.GroupBy(job => job.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidOperationException($"Two jobs are named {twice.Key}.");
        jobs = known.ToFrozenDictionary(job => job.Name, job => new JobState(job.Name, job.Runner, job.Schedule(services), time));
    }

    public IReadOnlyCollection<JobState> All => jobs.Values;

    public JobState? Find(string name) => jobs.GetValueOrDefault(name);
}

/// <summary>What is known of one job. Runs of one job never overlap; wakes and the watchdog look at it from outside.</summary>
internal sealed class JobState(string name, Type runner, JobSchedule schedule, TimeProvider time)
{
    private readonly Lock gate = new();
    private bool wakePending;
    private long signOfLife;
    private long beganAt;
    private JobTime times = new(name, schedule.Period, null, null, null);

    public string Name => name;

    public Type Runner => runner;

    public JobSchedule Schedule => schedule;

    public JobTime Time
    {
        get
        {
            lock (gate)
                return times;
        }
    }

    /// <summary>From now on the schedule is expected to fire, first at <paramref name="firstAt"/>.</summary>
    public void Scheduled(DateTimeOffset? firstAt)
    {
        lock (gate)
        {
            times = times with { NextAt = firstAt };
            if (schedule.Period is { } period)
                signOfLife = Ticks(schedule.OnTheClock ? TimeSpan.Zero : schedule.FirstAfter - period);
        }
    }

    /// <summary>True when nobody else has asked for the run that is still to begin.</summary>
    public bool TryWake()
    {
        lock (gate)
            return !wakePending && (wakePending = true);
    }

    /// <summary>The same, but false during a run as well: that one does.</summary>
    public bool TryWakeIdle()
    {
        lock (gate)
            return !times.IsRunning && !wakePending && (wakePending = true);
    }

    /// <summary>It neither runs nor is about to.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate)
                return !times.IsRunning && !wakePending;
        }
    }

    /// <summary>Forgets a wake that could not be passed on.</summary>
    public void TakeBackWake()
    {
        lock (gate)
            wakePending = false;
    }

    public bool WakePending
    {
        get
        {
            lock (gate)
                return wakePending;
        }
    }

    /// <param name="bySchedule">False for a run that was woken.</param>
    public void Began(bool bySchedule, DateTimeOffset? nextAt)
    {
        lock (gate)
        {
            beganAt = time.GetTimestamp();
            if (!bySchedule)
                wakePending = false;
            times = times with { IsRunning = true, LastStartedAt = time.GetUtcNow(), NextAt = bySchedule ? nextAt : times.NextAt };
            if (bySchedule)
                signOfLife = Ticks(TimeSpan.Zero);
        }
    }

    /// <param name="error">Null for a run that did not fail.</param>
    /// <param name="wasStopped">It was called off because the process stops, which is neither good nor bad.</param>
    public void Ended(string? error, bool wasStopped)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            times = times with { IsRunning = false };
            if (!wasStopped)
            {
                times = times with
                {
                    LastTook = time.GetElapsedTime(beganAt),
                    LastError = error,
                    LastSucceededAt = error is null ? now : times.LastSucceededAt,
                    FailingSince = error is null ? null : times.FailingSince ?? now,
                    Runs = times.Runs + 1,
                    Failures = times.Failures + (error is null ? 0 : 1),
                };
            }

            // A firing that came due during a long run starts now by itself: half a period of patience for it.
            if (schedule.Period is { } period)
                signOfLife = Math.Max(signOfLife, Ticks(-period));
        }
    }

    /// <summary>True when the schedule has not fired for 1.5 periods by the monotonic clock; counts as a sign of life for the next time.</summary>
    public bool TakeSilence()
    {
        lock (gate)
        {
            if (schedule.Period is not { } period || times.IsRunning)
                return false;
            // Below a second a busy machine is late more often than a schedule is dead.
            var patience = TimeSpan.FromTicks(Math.Max(period.Ticks * 3 / 2, TimeSpan.TicksPerSecond));
            if (Ticks(TimeSpan.Zero) - signOfLife < patience.Ticks)
                return false;
            signOfLife = Ticks(TimeSpan.Zero);
            return true;
        }
    }

    /// <summary>The monotonic clock, <paramref name="later"/> from now.</summary>
    private long Ticks(TimeSpan later) => time.GetElapsedTime(0, time.GetTimestamp()).Ticks + later.Ticks;
}
