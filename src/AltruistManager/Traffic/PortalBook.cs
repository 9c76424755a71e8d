using System.Collections.Frozen;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Traffic;

/// <param name="Name">Null means the id.</param>
/// <param name="Regions">Null means all.</param>
/// <param name="Chains">By id or alias; null means all.</param>
public sealed record PortalDraft(string? Name, IReadOnlyList<string>? Regions, IReadOnlyList<string>? Chains);

/// <summary>All portals, in memory; what other processes write is seen within a second. Registers and retires them.</summary>
public sealed class PortalBook(Database database, PortalStore store, RosterCache rosters, RefusalLog refusals, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile FrozenDictionary<string, Portal> current = FrozenDictionary<string, Portal>.Empty;
    private long revision = -1;

    /// <summary>Retired ones too: the reports refer to them.</summary>
    public IReadOnlyDictionary<string, Portal> All => current;

    /// <summary>Of the newest change of a portal that is known here.</summary>
    public long Revision => Interlocked.Read(ref revision);

    /// <summary>Null for one that is not known here (yet) or is retired.</summary>
    public Portal? Find(string id) => current.GetValueOrDefault(id) is { RetiredAt: null } portal ? portal : null;

    /// <summary>Reads what was written since the last time; at first everything.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var (changed, newest) = await store.ChangedSinceAsync(revision, cancellation);
            if (changed.Count > 0)
                current = With(changed);
            revision = newest;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Takes what the last-good file knows until the database says otherwise.</summary>
    public void Import(IEnumerable<Portal> portals) => current = With(portals.Where(portal => !current.ContainsKey(portal.Id)));

    /// <summary>Makes a portal that is not there; one that was retired lives again, its keys do not.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Portal>> AddAsync(Actor actor, string id, PortalDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        PutAsync(actor, id, draft, errors, mayBeThere: false, cancellation);

    /// <summary>Makes or replaces a portal; one that was retired lives again, its keys do not.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Portal>> PutAsync(Actor actor, string id, PortalDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        PutAsync(actor, id, draft, errors, mayBeThere: true, cancellation);

    private async Task<Registered<Portal>> PutAsync(Actor actor, string id, PortalDraft draft, FieldErrors errors, bool mayBeThere, CancellationToken cancellation)
    {
        if (Refused(actor, "portal.change", id) is { } refusal)
            return refusal;
        await rosters.RefreshAsync(cancellation);
        await RefreshAsync(cancellation);
        var before = Find(id);
        if (before is not null && !mayBeThere)
            return new Refusal(RefusalKind.Taken, "portal-exists", $"There is a portal {id} already.");
        var now = time.GetUtcNow();
        var decided = Decide(rosters.Current, id, draft, errors, before, now);
        if (decided.Refusal is not null)
            return decided;
        await database.WriteAsync(async write => await PortalStore.PutAsync(write, actor, before, decided.Value!, now, await write.NextRevisionAsync()), cancellation);
        await RefreshAsync(CancellationToken.None);
        return decided;
    }

    /// <returns>Null when it was retired.</returns>
    public async Task<Refusal?> RetireAsync(Actor actor, string id, CancellationToken cancellation)
    {
        if (Refused(actor, "portal.retire", id) is { } refusal)
            return refusal;
        var retired = await store.RetireAsync(actor, id, time.GetUtcNow(), cancellation);
        await RefreshAsync(CancellationToken.None);
        return retired ? null : new Refusal(RefusalKind.Unknown, "unknown-portal", $"There is no portal named '{id}'.");
    }

    public void Dispose() => turn.Dispose();

    internal static Registered<Portal> Decide(Roster roster, string id, PortalDraft draft, FieldErrors errors, Portal? before, DateTimeOffset now)
    {
        if (Naming.IdError(id) is { } wrong)
            errors.Add("id", wrong);
        errors.Text("name", draft.Name);
        var regions = Ids("regions", draft.Regions, name => roster.Regions.ContainsKey(new RegionId(name)) ? name : null, "region", errors);
        var chains = Ids("chains", draft.Chains, name => roster.FindChain(name) is { RetiredAt: null } chain ? chain.Id.Value : null, "chain", errors);
        return errors.Any
            ? Refusal.Invalid(errors)
            : Registered<Portal>.Done(new Portal { Id = id, Name = draft.Name ?? id, Regions = regions, Chains = chains, CreatedAt = before?.CreatedAt ?? now }, created: before is null);
    }

    private static List<string> Ids(string field, IReadOnlyList<string>? names, Func<string, string?> find, string thing, FieldErrors errors)
    {
        if (names is null || names is [Portal.All])
            return [Portal.All];
        if (names.Count == 0)
            errors.Add(field, $"needs at least one; \"{Portal.All}\" means all");
        var ids = new List<string>();
        foreach (var name in names)
        {
            if (name == Portal.All)
                errors.Add(field, $"holds \"{Portal.All}\" beside others");
            else if (find(name) is not { } id)
                errors.Add(field, $"holds '{name}', which is not a {thing}");
            else if (!ids.Contains(id))
                ids.Add(id);
        }

        return ids;
    }

    private Refusal? Refused(Actor actor, string action, string id)
    {
        var refusal = Refusal.UnlessStaff(actor, "set portals");
        if (refusal is not null)
            refusals.Note(actor, new AuditEntry(action, "portal", id) { Provider = actor.OnlyProvider, Detail = refusal.Detail });
        return refusal;
    }

    private FrozenDictionary<string, Portal> With(IEnumerable<Portal> portals)
    {
        var all = new Dictionary<string, Portal>(current);
        foreach (var portal in portals)
            all[portal.Id] = portal;
        return all.ToFrozenDictionary();
    }
}
