using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Looks at those of whom portals complained; woken by each report that does.</summary>
internal sealed class ComplaintJob(Complaints complaints) : IJob
{
    public const string Name = "complaints";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await complaints.LookAsync(cancellationToken);
}
