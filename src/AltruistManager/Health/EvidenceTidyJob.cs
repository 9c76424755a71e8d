using Quartz;

namespace AltruistManager.Health;

/// <summary>Evidence is kept for 180 days; its hash stays.</summary>
internal sealed class EvidenceTidyJob(HealthStore store, TimeProvider time) : IJob
{
    public const string Name = "evidence-tidy";

    private static readonly TimeSpan Kept = TimeSpan.FromDays(180);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) =>
        await store.DeleteEvidenceOlderAsync(time.GetUtcNow() - Kept, cancellationToken);
}
