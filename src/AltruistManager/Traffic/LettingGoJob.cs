using Quartz;

namespace AltruistManager.Traffic;

/// <summary>Notes when the last portal let go of an altruist that drains, and from when on slots have a changed endpoint.</summary>
internal sealed class LettingGoJob(LettingGo lettingGo, EndpointUptake uptake) : IJob
{
    public const string Name = "letting-go";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        uptake.TakeStock();
        await lettingGo.TakeStockAsync(cancellationToken);
    }
}
