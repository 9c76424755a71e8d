using Quartz;

namespace AltruistManager.Probing;

internal sealed class HotProbeJob(CloseWatch watch, Canaries canaries) : IJob
{
    public const string Name = "probe-hot";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        watch.TickHot();
        canaries.Tick();
        return ValueTask.CompletedTask;
    }
}
