namespace AltruistManager.Scheduling;

/// <param name="LastStartedAt">Null before the first run.</param>
/// <param name="LastSucceededAt">When a run last ended without an exception.</param>
/// <param name="NextAt">When the schedule fires next; null for a job that is only woken, and before the scheduler started.</param>
public sealed record JobTime(string Name, TimeSpan? Period, DateTimeOffset? LastStartedAt, DateTimeOffset? LastSucceededAt, DateTimeOffset? NextAt);

/// <summary>When each job last ran and runs next, for health checks and pages.</summary>
public sealed class JobTimes
{
    private readonly JobTable table;

    internal JobTimes(JobTable table) => this.table = table;

    public IReadOnlyList<JobTime> All => [.. table.All.Select(job => job.Time)];

    /// <summary>Null for a name that no job has.</summary>
    public JobTime? Find(string name) => table.Find(name)?.Time;
}
