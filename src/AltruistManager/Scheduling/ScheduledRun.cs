using AltruistManager.Storage;
using Microsoft.Extensions.Logging;
using Quartz;

namespace AltruistManager.Scheduling;

/// <summary>What the scheduler really runs: a feature's job, whose failure is logged once and never ends its schedule.</summary>
[DisallowConcurrentExecution]
internal sealed partial class ScheduledRun<TJob>(TJob job, JobTable table, ILogger<TJob> logger) : IJob
    where TJob : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var state = table.Find(context.JobDetail.Key.Name)!;
        state.Began(context.Trigger.Key.Equals(SchedulerHost.ScheduleOf(state.Name)), context.NextFireTimeUtc);
        string? error = null;
        var wasStopped = false;
        try
        {
            await job.Execute(context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            wasStopped = true;
        }
        catch (Exception exception)
        {
            // What an exception says may hold what is secret.
            error = Database.IsFailure(exception) ? "the database did not answer as it should" : $"it broke by a fault of ours ({exception.GetType().Name})";
            LogFailed(exception, state.Name);
        }
        finally
        {
            state.Ended(error, wasStopped);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Name} failed")]
    private partial void LogFailed(Exception exception, string name);
}
