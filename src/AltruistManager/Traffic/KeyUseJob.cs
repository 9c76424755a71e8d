using AltruistManager.Accounts;
using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Writes each minute when keys were used.</summary>
internal sealed class KeyUseJob(KeyUses uses) : IJob
{
    public const string Name = "key-uses";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await uses.SaveAsync(cancellationToken);
}
