using Quartz;

namespace AltruistManager.Probing;

internal sealed class RetryProbeJob(CloseWatch watch) : IJob
{
    public const string Name = "probe-retries";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        watch.TickRetry();
        return ValueTask.CompletedTask;
    }
}
