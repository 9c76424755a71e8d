#pragma warning disable
namespace AltruistManager.Probing;

/// <summary>Runs sweeps: all altruists of a network asked within the same second or two.</summary>
public sealed class Sweeper
{
    /// <summary>Sweeps every network now; returns when all results are stored and judged.</summary>
    public Task SweepAllAsync(CancellationToken cancellation) => throw new NotSupportedException();
}
