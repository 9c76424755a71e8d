using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <param name="Name">Null means the id.</param>
/// <param name="Fallbacks">Null means none.</param>
public sealed record RegionDraft(string? Name, IReadOnlyList<string>? Fallbacks)
{
    /// <inheritdoc cref="ChainDraft.Seen"/>
    public Region? Seen { get; init; }
}

/// <summary>Registers regions.</summary>
public sealed class RegionRegistry(RegistryWriter writer, IRegistrationRules rules, TimeProvider time)
{
    /// <param name="errors">What was found wrong while reading the draft; refused together with what is wrong in meaning.</param>
    public Task<Registered<Region>> PutAsync(Actor actor, RegionId id, RegionDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Region>(actor, Told.Region, null, id.Value) { Seen = draft.Seen }, roster => Refusal.UnlessStaff(actor, "set regions") ?? Decide(roster, id, draft, errors.Copy()),
            RegionStore.PutAsync, cancellation);

    /// <summary>Makes a region that is not there, or revives a retired one.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Region>> AddAsync(Actor actor, RegionId id, RegionDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Region>(actor, Told.Region, null, id.Value),
            roster => Refusal.UnlessStaff(actor, "set regions")
                ?? (roster.Regions.ContainsKey(id) ? new Refusal(RefusalKind.Taken, "region-exists", $"There is a region {id} already.") : Decide(roster, id, draft, errors.Copy())),
            RegionStore.PutAsync,
            cancellation);

    /// <summary>Retires a region that no living altruist and no other region names: its slots go, and portals are told that there is no such region.</summary>
    public Task<Registered<Region>> RetireAsync(Actor actor, RegionId id, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        return writer.ChangeAsync(
            new Deed<Region>(actor, Told.Region, "retire", id.Value), roster => Refusal.UnlessStaff(actor, "retire regions") ?? DecideRetirement(roster, id, rules.DefaultRegion, now), RegionStore.PutAsync, cancellation);
    }

    /// <summary>Makes the region unless it is there: the default region always exists.</summary>
    public async Task EnsureAsync(RegionId id, CancellationToken cancellation)
    {
        var outcome = await writer.ChangeAsync<Region>(
            new Deed<Region>(Actor.Service, Told.Region, null, id.Value),
            roster => roster.Regions.ContainsKey(id)
                ? new Refusal(RefusalKind.Taken, "region-exists", $"The region {id} is there.")
                : Decide(roster, id, new RegionDraft(null, null), new FieldErrors()),
            RegionStore.PutAsync,
            cancellation);
        if (outcome.Refusal is { Kind: RefusalKind.Invalid } wrong)
            throw new StorageException($"The default region '{id}' {string.Join(", ", wrong.Errors!.ToDictionary().Values.SelectMany(errors => errors))} (Selection:DefaultRegion).");
    }

    internal static Registered<Region> DecideRetirement(Roster roster, RegionId id, RegionId defaultRegion, DateTimeOffset now)
    {
        if (roster.Regions.GetValueOrDefault(id) is not { } region)
            return new Refusal(RefusalKind.Unknown, "unknown-region", $"There is no region '{id}'.");
        if (id == defaultRegion)
            return new Refusal(RefusalKind.Taken, "region-in-use", $"{id} is the region of every call that names none: it always exists.");
        if (roster.Regions.Values.Where(other => other.Fallbacks.Contains(id)).Select(other => other.Id).Order().ToList() is { Count: > 0 } others)
            return new Refusal(RefusalKind.Taken, "region-in-use", $"It is a fallback of {string.Join(", ", others)}: take it from there first.");
        var serving = roster.Live.Count(altruist => altruist.Regions.Contains(id));
        return serving > 0
            ? new Refusal(RefusalKind.Taken, "region-in-use", $"{(serving == 1 ? "1 living altruist is" : $"{serving} living altruists are")} offered in the region {id}: take it from them first.")
            : Registered<Region>.Done(region with { RetiredAt = now }, created: false);
    }

    internal static Registered<Region> Decide(Roster roster, RegionId id, RegionDraft draft, FieldErrors errors)
    {
        if (Naming.IdError(id.Value) is { } wrong)
            errors.Add("id", wrong);
        errors.Text("name", draft.Name);

        var fallbacks = (draft.Fallbacks ?? []).Select(fallback => new RegionId(fallback)).ToList();
        foreach (var fallback in fallbacks)
        {
            if (fallback == id)
                errors.Add("fallbacks", "must not hold the region itself");
            else if (!roster.Regions.ContainsKey(fallback))
                errors.Add("fallbacks", $"holds '{fallback}', which is not a region");
        }

        if (fallbacks.Distinct().Count() < fallbacks.Count)
            errors.Add("fallbacks", "names a region twice");
        if (errors.Any)
            return Refusal.Invalid(errors);

        return Registered<Region>.Done(new Region(id, draft.Name ?? id.Value, fallbacks), created: !roster.Regions.ContainsKey(id));
    }
}
