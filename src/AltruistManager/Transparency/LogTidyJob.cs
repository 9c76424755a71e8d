using Quartz;

namespace AltruistManager.Transparency;

/// <summary>Forgets bodies when their time is over.</summary>
internal sealed class LogTidyJob(PublicLog log) : IJob
{
    public const string Name = "log-tidy";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) => await log.ExpireAsync(cancellationToken);
}
