using Microsoft.Extensions.Hosting;

namespace AltruistManager.Selection;

/// <summary>Keeps the last-good file up to date as long as the process lives.</summary>
internal sealed class LastGoodKeeper(SelectionRound round) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => round.KeepLastGoodAsync(stoppingToken);
}
