using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <summary>What follows every change of what is registered: picks that are no longer right are made anew at once (design 5.5).</summary>
internal sealed class AfterWrite(SelectionRound round)
{
    /// <summary>The write is done, whether or not the caller still waits.</summary>
    public Task SettleAsync() => round.SettleAfterChangeAsync(Trigger.Change);
}
