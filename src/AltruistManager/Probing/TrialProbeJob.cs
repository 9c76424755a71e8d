using Quartz;

namespace AltruistManager.Probing;

internal sealed class TrialProbeJob(TrialWatch watch) : IJob
{
    public const string Name = "probe-trials";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        watch.Tick();
        return ValueTask.CompletedTask;
    }
}
