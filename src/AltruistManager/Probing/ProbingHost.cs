using Microsoft.Extensions.Hosting;

namespace AltruistManager.Probing;

/// <summary>Ends the probes under way with the process, and stores what the hot lane still holds.</summary>
internal sealed class ProbingHost(ProbeWork work, CloseWatch watch) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await work.StopAsync(cancellationToken);
        await watch.FlushAsync(cancellationToken);
    }
}
