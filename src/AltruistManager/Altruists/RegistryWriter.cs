using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>Who wants to do what, for the audit trail.</summary>
/// <param name="What">The second half of the action; null means <c>add</c> or <c>change</c>, as it turns out.</param>
/// <param name="Subject">As it was named.</param>
internal sealed record Deed<T>(Actor Actor, Told<T> Thing, string? What, string Subject)
    where T : class
{
    /// <summary>The thing as the actor saw it when they decided what to change; null where that does not matter.</summary>
    public T? Seen { get; init; }

    /// <returns>Null unless somebody else changed the thing since it was seen.</returns>
    public Refusal? Overtaken(Roster roster) => Seen is null || (Thing.Known(roster, Seen) is { } now && JsonNode.DeepEquals(Thing.Show(now), Thing.Show(Seen)))
        ? null
        : new Refusal(RefusalKind.Taken, "changed-meanwhile", "Somebody else changed it since you opened it, so nothing was saved: load the page anew and look at it first.");

    public AuditEntry Refused(Refusal refusal) =>
        new($"{Thing.Kind}.{What ?? "change"}", Thing.Kind, Subject) { Provider = Actor.OnlyProvider, Detail = $"{refusal.Code}: {refusal.Detail}" };
}

/// <summary>
/// Runs a change of what is registered: decided on the roster as it is while nobody else can write, stored in the same transaction with what the audit trail says
/// of it, and in memory before the caller hears of it.
/// </summary>
public sealed class RegistryWriter(Database database, RosterStore rosters, RosterCache cache, RefusalLog refusals, TimeProvider time)
{
    /// <param name="decide">Pure; may be asked twice, and the answer on the later roster counts.</param>
    /// <param name="store">Writes what was decided, stamped with the revision.</param>
    internal async Task<Registered<T>> ChangeAsync<T>(Deed<T> deed, Func<Roster, Registered<T>> decide, Func<WriteTransaction, T, long, Task> store, CancellationToken cancellation)
        where T : class
    {
        var outcome = await WriteAsync(
            roster => deed.Overtaken(roster) ?? decide(roster),
            static decided => decided.Refusal is null,
            async (write, roster, decided, revision) =>
            {
                await store(write, decided.Value!, revision);
                if (EntryOf(deed, roster, decided.Value!) is { } entry)
                    await AuditStore.AppendAsync(write, time.GetUtcNow(), deed.Actor, entry);
            },
            cancellation);
        return Noted(deed, outcome);
    }

    /// <summary>The same for several changes that are decided and stored as one.</summary>
    /// <param name="decide">Pure; may be asked several times, and the answer on the latest roster counts.</param>
    /// <param name="isToStore">False for what is refused, or changes nothing.</param>
    /// <param name="store">Writes what was decided on that roster, stamped with the revision, and what the audit trail says of it.</param>
    /// <param name="attempts">So many times at most it is decided while others may write: for what takes long to decide. Then they wait.</param>
    internal async Task<T> WriteAsync<T>(
        Func<Roster, T> decide, Func<T, bool> isToStore, Func<WriteTransaction, Roster, T, long, Task> store, CancellationToken cancellation, int attempts = 1)
    {
        for (var left = attempts; ; left--)
        {
            if (await TryWriteAsync(decide, isToStore, store, mayDecideInside: left <= 1, cancellation) is (true, var outcome))
                return outcome;
        }
    }

    /// <returns>False where others wrote meanwhile what it has to be decided anew upon.</returns>
    private async Task<(bool IsDecided, T Outcome)> TryWriteAsync<T>(
        Func<Roster, T> decide, Func<T, bool> isToStore, Func<WriteTransaction, Roster, T, long, Task> store, bool mayDecideInside, CancellationToken cancellation)
    {
        // What is refused on the newest known state costs no write.
        await cache.RefreshAsync(cancellation);
        var known = cache.Current;
        var early = decide(known);
        if (!isToStore(early))
            return (true, early);

        var outcome = await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            var roster = revision == known.Revision + 1 ? known : await rosters.LoadAsync(known, write);
            // Other writes count the revision up as well.
            var isSame = roster.HoldsTheSameAs(known);
            if (!isSame && !mayDecideInside)
                return (false, early);
            var decided = isSame ? early : decide(roster);
            if (isToStore(decided))
                await store(write, roster, decided, revision);
            return (true, decided);
        }, cancellation);

        // What is stored is done, whether or not the caller still waits.
        await cache.RefreshAsync(CancellationToken.None);
        return outcome;
    }

    /// <summary>What would become of a change, without making it.</summary>
    internal async Task<Registered<T>> PreviewAsync<T>(Deed<T> deed, Func<Roster, Registered<T>> decide, CancellationToken cancellation)
        where T : class => Noted(deed, await PreviewAsync(decide, cancellation));

    /// <inheritdoc cref="PreviewAsync{T}(Deed{T}, Func{Roster, Registered{T}}, CancellationToken)"/>
    internal async Task<T> PreviewAsync<T>(Func<Roster, T> decide, CancellationToken cancellation)
    {
        await cache.RefreshAsync(cancellation);
        return decide(cache.Current);
    }

    /// <summary>Tells the audit trail of refusals by a rule; a slip of the pen is none.</summary>
    internal Registered<T> Noted<T>(Deed<T> deed, Registered<T> outcome)
        where T : class
    {
        if (deed.Actor.Kind is not ActorKind.Service && outcome.Refusal is { Kind: RefusalKind.Forbidden or RefusalKind.Taken or RefusalKind.Retired } refusal)
            refusals.Note(deed.Actor, deed.Refused(refusal));
        return outcome;
    }

    /// <param name="now">As it is after the deed.</param>
    /// <returns>Null where nothing is different now.</returns>
    internal static AuditEntry? EntryOf<T>(Deed<T> deed, Roster roster, T now)
        where T : class
    {
        var thing = deed.Thing;
        var before = thing.Known(roster, now);
        return new AuditEntry($"{thing.Kind}.{deed.What ?? (before is null ? "add" : "change")}", thing.Kind, thing.Id(now)) { Provider = thing.Provider(now) }
            .WithChange(before is null ? null : thing.Show(before), thing.Show(now));
    }
}
