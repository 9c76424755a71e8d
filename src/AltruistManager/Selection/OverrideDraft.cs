using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>An override as staff say it, by whatever way; names may be aliases and may be wrong.</summary>
public sealed record OverrideDraft
{
    /// <summary>Characters of a reason, of a hold too.</summary>
    public const int MostReason = 500;

    public const int MostNote = 2000;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public OverrideKind? Kind { get; init; }
    public string? Chain { get; init; }
    public string? Region { get; init; }
    public string? Altruist { get; init; }
    public string? Provider { get; init; }
    public string? Reason { get; init; }
    public string? Note { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public bool Force { get; init; }
    public bool Revoke { get; init; }

    /// <summary>Checks all of it against what is registered.</summary>
    /// <param name="author">As <see cref="Accounts.Actor.Author"/>.</param>
    /// <param name="errors">May hold what was found wrong before; what is missing is said there already.</param>
    /// <returns>To be used only when there are no errors.</returns>
    internal Override Check(Roster roster, string author, DateTimeOffset now, FieldErrors errors)
    {
        Scope.CheckReason(Reason, errors);
        errors.Text("note", Note, MostNote);
        if (ExpiresAt <= now)
            errors.Add("expiresAt", "must be in the future");
        else if (ExpiresAt > now + Longest)
            errors.Add("expiresAt", "must be within a year");
        if (Force && Kind is OverrideKind.Exclude)
            errors.Add("force", "goes with a pin only");
        if (Revoke && Kind is OverrideKind.Pin)
            errors.Add("revoke", "goes with an exclusion only");

        var (chain, region) = Scope.Check(roster, Chain, Region, errors);
        if (Provider is not null && !roster.Providers.ContainsKey(new ProviderId(Provider)))
            errors.Add("provider", $"names no provider: '{Provider}'");

        if (Kind is OverrideKind.Pin && Altruist is null && !errors.Has("altruist"))
            errors.Add("altruist", "is needed for a pin");
        if (Kind is OverrideKind.Pin && Provider is not null && Altruist is null)
            errors.Add("provider", "cannot be pinned: name an altruist");
        if (Kind is OverrideKind.Exclude && Altruist is null && Provider is null && !errors.Has("altruist") && !errors.Has("provider"))
            errors.Add("altruist", "or provider is needed for an exclusion");

        Altruist? altruist = null;
        if (Altruist is not null && !roster.Altruists.TryGetValue(new AltruistId(Altruist), out altruist))
            errors.Add("altruist", $"names no altruist: '{Altruist}'");
        if (altruist is not null)
            CheckAltruist(altruist, chain, region, roster, errors);

        return new Override
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Kind = Kind.GetValueOrDefault(),
            Chain = chain,
            Region = region,
            Altruist = altruist?.Id,
            Provider = Provider is null ? null : new ProviderId(Provider),
            Reason = Reason ?? "",
            Note = Note,
            ExpiresAt = ExpiresAt ?? default,
            Force = Force,
            Revoke = Revoke,
            CreatedAt = now,
            CreatedBy = author,
        };
    }

    private void CheckAltruist(Altruist altruist, ChainId? chain, RegionId? region, Roster roster, FieldErrors errors)
    {
        if (altruist.RetiredAt is not null && Kind is OverrideKind.Pin)
            errors.Add("altruist", "is retired");
        if (altruist.Role is AltruistRole.Reference && Kind is OverrideKind.Pin)
            errors.Add("altruist", "is a reference, which is never picked");
        if (chain is { } served && !altruist.Chains.Contains(served))
            errors.Add("altruist", $"does not serve the chain {served}");
        if (Provider is not null && altruist.Provider.Value != Provider)
            errors.Add("provider", $"is not that of the altruist, {altruist.Provider}");
        // Somebody pinned to a region where its altruist is not offered would wait for it in vain.
        if (region is { } named && roster.Regions.TryGetValue(named, out var there)
            && !altruist.Regions.Contains(RegionId.Everywhere) && !altruist.Regions.Contains(named) && !there.Fallbacks.Any(altruist.Regions.Contains))
            errors.Add("region", $"is not one where the altruist is offered ({string.Join(", ", altruist.Regions)})");
    }
}
