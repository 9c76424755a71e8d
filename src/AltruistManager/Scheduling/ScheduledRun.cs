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
        var well = false;
        try
        {
            await job.Execute(context, cancellationToken);
            well = true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process is stopping.
        }
        catch (Exception exception)
        {
            LogFailed(exception, state.Name);
        }
        finally
        {
            state.Ended(well);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Name} failed")]
    private partial void LogFailed(Exception exception, string name);
}
