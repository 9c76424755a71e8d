using Quartz;

namespace AltruistManager.Probing;

internal sealed class SweepJob(Sweeper sweeper) : IJob
{
    public const string Name = "probe-sweeps";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        sweeper.Tick();
        return ValueTask.CompletedTask;
    }
}
