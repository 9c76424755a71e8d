using Quartz;

namespace AltruistManager.Probing.Checks;

internal sealed class CheckJob(CheckWatch watch) : IJob
{
    public const string Name = "probe-checks";

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        watch.Tick();
        return ValueTask.CompletedTask;
    }
}
