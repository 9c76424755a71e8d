using AltruistManager.Accounts;

namespace AltruistManager.Altruists;

/// <param name="Name">Null means the id.</param>
/// <param name="Fallbacks">Null means none.</param>
public sealed record RegionDraft(string? Name, IReadOnlyList<string>? Fallbacks);

/// <summary>Registers regions.</summary>
public sealed class RegionRegistry(RegistryWriter writer)
{
    /// <param name="errors">What was found wrong while reading the draft; refused together with what is wrong in meaning.</param>
    public Task<Registered<Region>> PutAsync(Actor actor, RegionId id, RegionDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Region>(actor, Told.Region, null, id.Value), roster => Refusal.UnlessStaff(actor, "set regions") ?? Decide(roster, id, draft, errors.Copy()), RegionStore.PutAsync, cancellation);

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
            throw new Storage.StorageException($"The default region '{id}' {string.Join(", ", wrong.Errors!.ToDictionary().Values.SelectMany(errors => errors))} (Selection:DefaultRegion).");
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
