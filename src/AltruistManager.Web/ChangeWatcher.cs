using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Running;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web;

/// <summary>Sees what other processes wrote (keys, users, portals, settings, overrides, holds, drains, whatever is registered) by one small query at short intervals, and settles the slots where that is about them.</summary>
internal sealed partial class ChangeWatcher(
    Initialisation initialisation, RosterStore revisions, RosterCache roster, ApiKeyRing keys, UserBook users, PortalBook portals, AcknowledgementStore acknowledgements, RunningSettings settings,
    IOptions<SelectionOptions> selection, IOptions<HealthOptions> healthOptions, HealthMonitor health, SelectionRound round, TimeProvider time, ILogger<ChangeWatcher> logger) : BackgroundService
{
    /// <summary>A change after some quiet is noticed within this time.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>While one write follows the other, this process's own among them, so many times as long as a look at what changed took lies between it and the next.</summary>
    private const int Rest = 4;

    /// <summary>The same at most, and after a look that failed. A revoked key ends within a second.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(500);

    /// <summary>A key ring that is put back is noticed within this time.</summary>
    private static readonly TimeSpan RingPeriod = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var ringReadAt = time.GetTimestamp();
        var lookedAt = ringReadAt;
        var rest = LongestRest;
        var seen = -1L;
        Matter? settled = null;
        var failing = false;
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (!initialisation.IsDone)
                continue;

            try
            {
                // Not the roster's own revision: a write of this process moves that past a key that another one revoked just before.
                var revision = await revisions.RevisionAsync(stoppingToken);
                if (revision != seen && time.GetElapsedTime(lookedAt) >= rest)
                {
                    lookedAt = time.GetTimestamp();
                    rest = LongestRest;
                    await keys.RefreshAsync(stoppingToken);
                    await users.RefreshAsync(stoppingToken);
                    await portals.RefreshAsync(stoppingToken);
                    await acknowledgements.RefreshAsync(stoppingToken);
                    await settings.RefreshAsync(stoppingToken);
                    await roster.RefreshAsync(stoppingToken);
                    await health.TakeUpReturnedAsync(stoppingToken);
                    await round.RefreshRulingsAsync(stoppingToken);
                    // Also what this process wrote itself, where settling failed after it; not who signed in or out.
                    var matter = new Matter(keys.Revision, portals.Revision, roster.Current, round.Rulings, selection.Value, healthOptions.Value);
                    if (!matter.IsAs(settled))
                    {
                        round.WantSave();
                        await round.SettleAsync(Trigger.Change, stoppingToken);
                        settled = matter;
                    }

                    seen = revision;
                    rest = Rest * time.GetElapsedTime(lookedAt);
                    if (rest > LongestRest)
                        rest = LongestRest;
                }

                if (time.GetElapsedTime(ringReadAt) >= RingPeriod)
                {
                    ringReadAt = time.GetTimestamp();
                    if (await roster.ReopenAsync(stoppingToken))
                    {
                        await health.TakeUpReturnedAsync(stoppingToken);
                        await round.SettleAsync(Trigger.Change, stoppingToken);
                    }
                }

                failing = false;
            }
            catch (Exception failed) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                    LogFailed(failed);
                failing = true;
            }
        }
    }

    /// <summary>What the slots and the last-good file are made of, as far as people change it.</summary>
    private sealed record Matter(long Keys, long Portals, Roster Roster, Rulings Rulings, SelectionOptions Selection, HealthOptions Health)
    {
        public bool IsAs(Matter? other) => other is not null
            && (Keys, Portals, Selection, Health) == (other.Keys, other.Portals, other.Selection, other.Health) && Roster.HoldsTheSameAs(other.Roster)
            && Rulings.Overrides.SequenceEqual(other.Rulings.Overrides) && Rulings.Holds.SequenceEqual(other.Rulings.Holds) && Rulings.Drains.All.ToHashSet().SetEquals(other.Rulings.Drains.All);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Changes cannot be read; tried again until they can")]
    private partial void LogFailed(Exception exception);
}
