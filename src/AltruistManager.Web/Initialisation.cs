using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing.Checks;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Traffic;
using AltruistManager.Web.Running;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web;

/// <summary>
/// Brings into memory what must be there before the port opens and the scheduler starts. Where the database cannot be used but the
/// last-good file can, portals are served from that, and the rest follows as soon as the database is back.
/// </summary>
internal sealed partial class Initialisation(
    Database database, Migrator migrator, ApiKeyRing keys, UserBook users, PortalBook portals, RunningSettings settings, KeyRing ring, PlainEndpoints plain, RosterCache roster, RegionRegistry regions, CheckBook checks, DrainStore drains, HealthMonitor health, TrialMonitor trials, IOptions<SelectionOptions> selection,
    SelectionRound round, SchedulingGate gate, TimeProvider time, ILogger<Initialisation> logger) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private volatile bool isDone;

    /// <summary>False while only the last-good file is served: nothing may be decided or written on half of what is known.</summary>
    public bool IsDone => isDone;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await InitialiseAsync(cancellationToken);
        }
        catch (Exception failed) when (IsBroken(failed, cancellationToken) && round.TryServeLastGood())
        {
            LogLastGood(failed);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!isDone)
        {
            await Task.Delay(Patience, time, stoppingToken);
            try
            {
                await InitialiseAsync(stoppingToken);
                LogBack();
            }
            catch (Exception failed) when (IsBroken(failed, stoppingToken))
            {
                LogStillBroken(failed.Message.ReplaceLineEndings(" "));
            }
        }
    }

    private async Task InitialiseAsync(CancellationToken cancellation)
    {
        await database.PrepareAsync(create: true, cancellation);
        if (database.SqliteVersion is { } version && version < SqliteLibrary.WithoutWalBug)
            LogSqlite(version, SqliteLibrary.WithoutWalBug);
        await migrator.MigrateAsync(cancellation);
        await ring.LoadAsync(cancellation);
        await plain.SealAsync(cancellation);
        await keys.RefreshAsync(cancellation);
        await users.RefreshAsync(cancellation);
        await portals.RefreshAsync(cancellation);
        await settings.RefreshAsync(cancellation);
        await roster.RefreshAsync(cancellation);
        await regions.EnsureAsync(new RegionId(selection.Value.DefaultRegion), cancellation);
        await checks.LoadAsync(roster.Current, cancellation);
        await drains.RefreshAsync(cancellation);
        await health.LoadAsync(cancellation);
        await trials.LoadAsync(cancellation);
        await round.StartAsync(cancellation);
        isDone = true;
        gate.Open();
    }

    /// <summary>A database that another program made is no broken one; nothing of ours mends that.</summary>
    private static bool IsBroken(Exception failed, CancellationToken cancellation) =>
        !cancellation.IsCancellationRequested
        && failed is not StorageException { IsForeign: true }
        && (Database.IsFailure(failed) || failed is IOException or UnauthorizedAccessException or TimeoutException);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database cannot be used: portals are served from the last-good file until it can")]
    private partial void LogLastGood(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database still cannot be used: {Why}")]
    private partial void LogStillBroken(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "The database can be used again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Information, Message = "SQLite {Version}; from {Fixed} on a rare fault with several processes is mended, until then a lock keeps them apart")]
    private partial void LogSqlite(Version version, Version @fixed);
}
