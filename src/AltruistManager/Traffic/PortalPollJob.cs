using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Writes each minute which generation the portals have taken.</summary>
internal sealed class PortalPollJob(PortalPolls polls) : IJob
{
    public const string Name = "portal-polls";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await polls.SaveAsync(cancellationToken);
}
