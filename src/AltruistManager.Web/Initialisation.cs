using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Web;

/// <summary>What must be in memory before the port opens, in this order.</summary>
internal sealed class Initialisation(Database database, Migrator migrator, ApiKeyRing keys) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await database.PrepareAsync(create: true, cancellationToken);
        await migrator.MigrateAsync(cancellationToken);
        await keys.RefreshAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
