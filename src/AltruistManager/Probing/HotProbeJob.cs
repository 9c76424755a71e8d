using Quartz;

namespace AltruistManager.Probing;

internal sealed class HotProbeJob(CloseWatch watch) : IJob
{
    public const string Name = "probe-hot";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        watch.TickHot();
        return ValueTask.CompletedTask;
    }
}
