using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Publishing;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Traffic;
using AltruistManager.Transparency;
using Microsoft.Extensions.Options;

namespace AltruistManager.Alerts;

/// <summary>An item as staff see it.</summary>
/// <param name="IsAtLeast">It may be so for longer: since then it is known.</param>
/// <param name="Seen">Who has acknowledged it as it is; null when nobody has.</param>
public sealed record AttentionEntry(AttentionItem Item, DateTimeOffset Since, bool IsAtLeast, Acknowledgement? Seen);

/// <summary>What needs the attention of staff, as of a few seconds ago, and what of it they have acknowledged.</summary>
public sealed class AttentionDesk(
    RosterCache rosters, SnapshotHolder snapshots, HealthBoard health, DrainStore drains, OverrideStore overrides, HoldStore holds, PublisherHost publishers, IOptions<PublishingOptions> publishing, SelectionRound round,
    IOptions<SelectionOptions> selection, JobTimes jobs, Preservation preservation, BrokenProbes broken, KeyRing ring, LogSigner signer, ReportReader reports, AcknowledgementStore acknowledgements,
    RefusalLog refusals, TimeProvider time)
{
    private const int MostNote = 500;

    /// <summary>The only thing that is asked of the database.</summary>
    private static readonly TimeSpan AnomaliesEvery = TimeSpan.FromMinutes(1);

    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private readonly AttentionMemory memory = new(time.GetUtcNow());
    private readonly Lock gate = new();
    private IReadOnlyList<Anomaly> anomalies = [];
    private DateTimeOffset? anomaliesAt;
    private IReadOnlyList<AttentionItem>? items;

    /// <summary>The worst first.</summary>
    public IReadOnlyList<AttentionEntry> Current
    {
        get
        {
            lock (gate)
            {
                var seen = acknowledgements.All;
                return [.. (items ?? Look()).Select(item =>
                {
                    var acknowledged = seen.GetValueOrDefault(item.Key) is { } known && !memory.IsOfBefore(known) ? known : null;
                    var (since, isAtLeast) = memory.SinceOf(item, acknowledged);
                    return new AttentionEntry(item, since, isAtLeast, Attention.IsSeen(item, acknowledged) ? acknowledged : null);
                })];
            }
        }
    }

    /// <summary>Folds an item away for as long as it is so and gets no worse.</summary>
    /// <returns>Null when it is done.</returns>
    public async Task<Refusal?> AcknowledgeAsync(Actor actor, string key, string? note, CancellationToken cancellation)
    {
        if (Refused(actor, "attention.acknowledge", key) is { } refusal)
            return refusal;
        note = string.IsNullOrWhiteSpace(note) ? null : note.Trim();
        var errors = new FieldErrors();
        errors.Text("note", note, MostNote);
        if (errors.Any)
            return Refusal.Invalid(errors);
        if (Current.FirstOrDefault(entry => entry.Item.Key == key) is not { } entry)
            return new Refusal(RefusalKind.Unknown, "over", "It is over already.");
        await acknowledgements.PutAsync(actor, new Acknowledgement(key, entry.Item.Severity, entry.Since, time.GetUtcNow(), actor.Name, note), entry.Item.Says, cancellation);
        return null;
    }

    /// <returns>Null when it is done.</returns>
    public async Task<Refusal?> TakeBackAsync(Actor actor, string key, CancellationToken cancellation) =>
        Refused(actor, "attention.take-back", key)
        ?? (await acknowledgements.TakeBackAsync(actor, key, cancellation) ? null : new Refusal(RefusalKind.Unknown, "not-acknowledged", "Nobody has acknowledged it."));

    /// <summary>Looks at the state as it is now, and ends what was acknowledged and is over.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (!(now - anomaliesAt < AnomaliesEvery))
        {
            // What is shown meanwhile is what was odd before.
            anomaliesAt = now;
            anomalies = await reports.AnomaliesAsync(null, cancellation);
        }

        List<Acknowledgement> over;
        lock (gate)
        {
            Look();
            over = [.. acknowledgements.All.Values.Where(seen => memory.IsOver(seen, now))];
        }

        if (over.Count > 0)
            await acknowledgements.EndAsync(over, cancellation);
    }

    private IReadOnlyList<AttentionItem> Look()
    {
        var now = time.GetUtcNow();
        var found = Attention.Of(new AttentionFacts
        {
            Now = now,
            Roster = rosters.Current,
            Slots = snapshots.Current.Slots,
            Health = health,
            Drains = drains.Current,
            Overrides = overrides.Active,
            Holds = holds.Active,
            Publishers = publishers.Statuses,
            PublisherBehindAfter = publishing.Value.BehindAfter,
            LastRoundAt = round.LastRoundAt > startedAt ? round.LastRoundAt.Value : startedAt,
            RoundInterval = selection.Value.Interval,
            Rounds = jobs.Find(SelectionJob.Name),
            OwnFault = preservation.OwnFault,
            BrokenProbes = broken.Alarm,
            FrozenSince = health.FrozenSince,
            RingTrouble = ring.Trouble,
            SignerTrouble = signer.Trouble,
            Anomalies = anomalies,
        });
        memory.Look(found, now);
        return items = found;
    }

    private Refusal? Refused(Actor actor, string action, string key)
    {
        var refusal = Refusal.UnlessStaff(actor, "acknowledge what needs attention");
        if (refusal is not null)
            refusals.Note(actor, new AuditEntry(action, "attention", key) { Provider = actor.OnlyProvider, Detail = refusal.Detail });
        return refusal;
    }
}
