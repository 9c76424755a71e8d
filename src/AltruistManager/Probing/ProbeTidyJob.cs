using Quartz;

namespace AltruistManager.Probing;

/// <summary>Raw probes are kept for 48 hours (design 6).</summary>
internal sealed class ProbeTidyJob(ProbeStore store, TimeProvider time) : IJob
{
    public const string Name = "probe-tidy";

    private static readonly TimeSpan Kept = TimeSpan.FromHours(48);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) =>
        await store.DeleteOlderAsync(time.GetUtcNow() - Kept, cancellationToken);
}
