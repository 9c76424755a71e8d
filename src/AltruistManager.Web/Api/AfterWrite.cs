using AltruistManager.Health;
using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <summary>What follows every change of what is registered: whoever is back begins anew, and picks that are no longer right are made anew at once (design 5.5).</summary>
internal sealed class AfterWrite(HealthMonitor health, SelectionRound round)
{
    /// <summary>The write is done, whether or not the caller still waits.</summary>
    public async Task SettleAsync()
    {
        await health.TakeUpReturnedAsync(CancellationToken.None);
        await round.SettleAfterChangeAsync(Trigger.Change);
    }
}
