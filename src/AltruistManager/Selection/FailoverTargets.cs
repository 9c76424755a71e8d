using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Selection;

/// <summary>
/// Slots whose failover waits until its target was asked once, because nothing good was heard of it for longer than those in use are left alone (design 5.5). A target
/// that answers badly counts as failing, so that the decision, made anew, goes to another. Used under the selection lock; other slots do not wait.
/// </summary>
/// <param name="heardWithin">Who answered well since is not asked. A bad probe, and one that failed by the prober's own fault, prove nothing.</param>
internal sealed class FailoverTargets(IPickProbes probes, HealthBoard board, TimeSpan heardWithin)
{
    /// <summary>So often the target of one failover is asked, its standbys with it; then whoever comes first is published.</summary>
    private const int MostTries = 2;

    private Dictionary<SlotKey, Try> tries = [];
    private Dictionary<SlotKey, Try> still = [];
    private readonly HashSet<AltruistId> unheard = [];

    /// <summary>Whether the decision under way is not to be published yet.</summary>
    /// <param name="mayBegin">False where only those go on waiting that do already.</param>
    public bool MustWait(SlotMemory slot, EntryAltruist[] altruists, bool mayBegin, DateTimeOffset now)
    {
        var next = slot.Next;
        // Where there is nobody else, and where people decided, there is nothing to choose.
        if (slot.Generation == 0 || slot.MustPublish || next.State is not (SlotState.Fresh or SlotState.Fallback) || next.Eligible <= next.Picks.Count(pick => pick.Weight > 0))
            return false;
        // One that nothing was heard of is better than one that is known to be wrong.
        if (Array.Exists(slot.Question.Was, was => was is { Weight: > 0, MayKeep: false }))
            return false;
        if (next.Picks.TrueForAll(pick => pick.Weight == 0 || IsInUse(slot, altruists[pick.Altruist].Id) || IsHeard(altruists[pick.Altruist].Id, now)))
            return false;

        var known = tries.GetValueOrDefault(slot.Key);
        if (known is null ? !mayBegin : !known.IsUnderWay && known.Number == MostTries)
            return false;
        if (known is not { IsUnderWay: true })
        {
            known = new Try((known?.Number ?? 0) + 1);
            foreach (var pick in next.Picks)
            {
                if (!IsHeard(altruists[pick.Altruist].Id, now))
                    unheard.Add(altruists[pick.Altruist].Id);
            }
        }

        still[slot.Key] = known;
        return true;
    }

    /// <summary>Every slot was looked at: asks those whom others wait for. Whoever does not wait any more begins anew next time.</summary>
    /// <param name="settle">Decides again with what was heard.</param>
    public void Ask(Func<CancellationToken, Task> settle)
    {
        (tries, still) = (still, tries);
        still.Clear();
        if (unheard.Count == 0)
            return;

        var begun = tries.Values.Where(one => one.Begin()).ToList();
        probes.Ask([.. unheard], async (all, cancellation) =>
        {
            if (all)
                begun.ForEach(one => one.IsUnderWay = false);
            await settle(cancellation);
        });
        unheard.Clear();
    }

    private static bool IsInUse(SlotMemory slot, AltruistId altruist) => Array.Exists(slot.Picks, pick => pick.Weight > 0 && pick.Altruist == altruist);

    private bool IsHeard(AltruistId altruist, DateTimeOffset now) => board[altruist].LastGoodAt >= now - heardWithin;

    private sealed class Try(int number)
    {
        private bool hasBegun;

        public int Number => number;

        /// <summary>Set from elsewhere when there is nothing more to hear.</summary>
        public volatile bool IsUnderWay = true;

        /// <returns>True the first time.</returns>
        public bool Begin() => !hasBegun && (hasBegun = true);
    }
}
