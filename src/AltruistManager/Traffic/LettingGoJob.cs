using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Notes when the last portal let go of an altruist that drains.</summary>
internal sealed class LettingGoJob(LettingGo lettingGo) : IJob
{
    public const string Name = "letting-go";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await lettingGo.TakeStockAsync(cancellationToken);
}
