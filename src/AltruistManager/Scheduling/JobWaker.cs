using Quartz;

namespace AltruistManager.Scheduling;

/// <summary>What came of asking for a run.</summary>
public enum RunAsked
{
    Begins,

    /// <summary>A run is under way, or begins just now: it does.</summary>
    Running,

    /// <summary>The scheduler does not run.</summary>
    Resting,

    /// <summary>No job has that name.</summary>
    Unknown,
}

/// <summary>Wakes a job by its name: one of the two ways news may travel between features (design 3, rule 2).</summary>
public sealed class JobWaker
{
    private readonly JobTable table;
    private volatile IScheduler? scheduler;

    internal JobWaker(JobTable table) => this.table = table;

    /// <summary>
    /// Runs the job as soon as it can. During a run it makes the job run once more after it, however often it is called; before the
    /// scheduler has started it makes it run at the start.
    /// </summary>
    /// <exception cref="InvalidOperationException">No job has that name.</exception>
    public async Task WakeAsync(string name, CancellationToken cancellation)
    {
        var job = table.Find(name) ?? throw new InvalidOperationException($"There is no job named {name}.");
        if (job.TryWake() && scheduler is { } started)
            await FireAsync(started, job, cancellation);
    }

    /// <summary>What would come of <see cref="RunAsync"/> now.</summary>
    public RunAsked Foresee(string name) =>
        table.Find(name) is not { } job ? RunAsked.Unknown : scheduler is null ? RunAsked.Resting : job.IsIdle ? RunAsked.Begins : RunAsked.Running;

    /// <summary>Runs the job now because somebody asks for it, unless it runs already.</summary>
    public async Task<RunAsked> RunAsync(string name, CancellationToken cancellation)
    {
        if (table.Find(name) is not { } job)
            return RunAsked.Unknown;
        if (scheduler is not { } started)
            return RunAsked.Resting;
        if (!job.TryWakeIdle())
            return RunAsked.Running;
        await FireAsync(started, job, cancellation);
        return RunAsked.Begins;
    }

    /// <summary>Passes on the wakes of the time before the start, and from now on every wake.</summary>
    internal async Task StartAsync(IScheduler started, CancellationToken cancellation)
    {
        scheduler = started;
        foreach (var job in table.All.Where(job => job.WakePending))
            await FireAsync(started, job, cancellation);
    }

    /// <summary>After this a wake is only remembered.</summary>
    internal void Stop() => scheduler = null;

    private static async Task FireAsync(IScheduler started, JobState job, CancellationToken cancellation)
    {
        try
        {
            await started.TriggerJob(new JobKey(job.Name), cancellationToken: cancellation);
        }
        catch (SchedulerException) when (started.Status is SchedulerStatus.Shutdown)
        {
            // Nothing runs any more; whoever waked need not care.
        }
        catch
        {
            job.TakeBackWake();
            throw;
        }
    }
}
