using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Portals' reports are kept by the minute for two days and by the hour for thirty (design 6), their ids until none of them would be taken again.</summary>
internal sealed class ReportTidyJob(RelayReportStore store, TimeProvider time) : IJob
{
    public const string Name = "report-tidy";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await store.DeleteOlderAsync(now - ReportReader.MinutesKept, now - ReportReader.Kept, now - RelayReportDraft.Oldest - TimeSpan.FromHours(2), cancellationToken);
    }
}
