namespace AltruistManager.Scheduling;

/// <param name="LastStartedAt">Null before the first run.</param>
/// <param name="LastSucceededAt">When a run last ended without an exception.</param>
/// <param name="NextAt">When the schedule fires next; null for a job that is only woken, and before the scheduler started.</param>
public sealed record JobTime(string Name, TimeSpan? Period, DateTimeOffset? LastStartedAt, DateTimeOffset? LastSucceededAt, DateTimeOffset? NextAt)
{
    public bool IsRunning { get; init; }

    /// <summary>How long the last run took; null before one ended.</summary>
    public TimeSpan? LastTook { get; init; }

    /// <summary>Why the last run failed, without what might be secret in it; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>When the first of the runs ended that have failed since one did not; null when the last one did not.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Of those that ended.</summary>
    public long Runs { get; init; }

    public long Failures { get; init; }
}

/// <summary>When each job last ran and runs next, for health checks and pages. Of this process alone, since its start.</summary>
public sealed class JobTimes
{
    private readonly JobTable table;

    internal JobTimes(JobTable table) => this.table = table;

    public IReadOnlyList<JobTime> All => [.. table.All.Select(job => job.Time)];

    /// <summary>Null for a name that no job has.</summary>
    public JobTime? Find(string name) => table.Find(name)?.Time;
}
