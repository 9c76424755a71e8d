using Quartz;

namespace AltruistManager.Alerts;

/// <summary>Looks at what needs attention, whether or not anybody looks at the page.</summary>
internal sealed class AttentionJob(AttentionDesk desk) : IJob
{
    public const string Name = "attention";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await desk.LookAsync(cancellationToken);
}
