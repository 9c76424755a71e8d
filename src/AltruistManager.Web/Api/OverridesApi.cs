using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Pins and exclusions by staff; they act at once.</summary>
internal static class OverridesApi
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static void MapOverrides(this IEndpointRouteBuilder api)
    {
        var overrides = api.MapGroup("/overrides").RequireAuthorization(Policies.Staff).WithTags("Overrides");
        overrides.MapGet("", ListAsync)
            .WithName("listOverrides").WithSummary("Pins and exclusions, newest first, over ones too").Produces<Page<OverrideDocument>>().ProducesProblems(400);
        overrides.MapPost("", AddAsync)
            .WithName("addOverride").WithSummary("Pins or excludes an altruist, at once; with preview=true it only says what that would change")
            .Accepts<OverrideBody>("application/json").Produces<OverrideDocument>(StatusCodes.Status201Created).Produces<PreviewDocument>().ProducesProblems(400);
        overrides.MapDelete("/{id}", DeleteAsync)
            .WithName("deleteOverride").WithSummary("Ends a pin or an exclusion, at once").Produces(StatusCodes.Status204NoContent).ProducesProblems(404);
    }

    private static async Task<IResult> ListAsync(Paging paging, OverrideStore store, TimeProvider time, CancellationToken cancellation)
    {
        if (paging.Problem is { } wrong)
            return wrong;
        var now = time.GetUtcNow();
        var rows = await store.ListAsync(paging.Before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => OverrideDocument.Of(row, now), row => row.Id));
    }

    private static async Task<IResult> AddAsync(
        BodyReader body, PreviewOnly preview, Caller caller, OverrideStore store, RosterCache roster, SelectionRound round, TimeProvider time, CancellationToken cancellation)
    {
        if (preview.Problem is { } wrong)
            return wrong;
        var now = time.GetUtcNow();
        var added = Read(body, roster.Current, caller, now);
        if (body.Refusal() is { } refusal)
            return refusal;

        var effect = EffectDocument.Of(
            await round.PreviewAsync(rulings => rulings with { Overrides = [added, .. rulings.Overrides] }, added, cancellation), added, roster.Current);
        if (preview.Wanted)
            return TypedResults.Ok(new PreviewDocument(true, effect));

        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        await store.AddAsync(added, CancellationToken.None);
        await round.SettleAsync(Trigger.Override, CancellationToken.None);
        return TypedResults.Created($"/api/v1/overrides/{added.Id}", OverrideDocument.Of(added, now) with { Effect = effect });
    }

    private static async Task<IResult> DeleteAsync(string id, OverrideStore store, SelectionRound round, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!await store.DeleteAsync(id, CancellationToken.None))
            return Problems.Unknown("override", id);
        await round.SettleAsync(Trigger.Override, CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static Override Read(BodyReader body, Roster roster, Caller caller, DateTimeOffset now)
    {
        body.Ignore("id", "createdAt", "createdBy", "deletedAt", "active", "effect");
        var kind = body.Enum<OverrideKind>("kind", required: true);
        var chainName = body.String("chain");
        var regionName = body.String("region");
        var altruistId = body.String("altruist");
        var providerId = body.String("provider");
        var reason = body.String("reason", required: true, most: 500);
        var note = body.String("note", most: 2000);
        var expiresAt = body.Time("expiresAt", required: true);
        var force = body.Bool("force") ?? false;
        var revoke = body.Bool("revoke") ?? false;

        if (expiresAt <= now)
            body.Bad("expiresAt", "must be in the future");
        else if (expiresAt > now + Longest)
            body.Bad("expiresAt", "must be within a year");
        if (force && kind is OverrideKind.Exclude)
            body.Bad("force", "goes with a pin only");
        if (revoke && kind is OverrideKind.Pin)
            body.Bad("revoke", "goes with an exclusion only");

        var chain = chainName is null ? null : roster.FindChain(chainName);
        if (chainName is not null && chain is null)
            body.Bad("chain", $"names no chain: '{chainName}'");
        else if (chain?.RetiredAt is not null)
            body.Bad("chain", $"is retired: '{chainName}'");
        RegionId? region = regionName is null ? null : new RegionId(regionName);
        if (region is { } named && !roster.Regions.ContainsKey(named))
            body.Bad("region", $"names no region: '{regionName}'");
        if (providerId is not null && !roster.Providers.ContainsKey(new ProviderId(providerId)))
            body.Bad("provider", $"names no provider: '{providerId}'");

        if (kind is OverrideKind.Pin && altruistId is null && !body.IsBad("altruist"))
            body.Bad("altruist", "is needed for a pin");
        if (kind is OverrideKind.Pin && providerId is not null && altruistId is null)
            body.Bad("provider", "cannot be pinned: name an altruist");
        if (kind is OverrideKind.Exclude && altruistId is null && providerId is null && !body.IsBad("altruist") && !body.IsBad("provider"))
            body.Bad("altruist", "or provider is needed for an exclusion");

        Altruist? altruist = null;
        if (altruistId is not null && !roster.Altruists.TryGetValue(new AltruistId(altruistId), out altruist))
            body.Bad("altruist", $"names no altruist: '{altruistId}'");
        if (altruist is not null)
            CheckAltruist(body, altruist, kind, chain, region, providerId, roster);

        return new Override
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Kind = kind.GetValueOrDefault(),
            Chain = chain?.Id,
            Region = region,
            Altruist = altruist?.Id,
            Provider = providerId is null ? null : new ProviderId(providerId),
            Reason = reason ?? "",
            Note = note,
            ExpiresAt = expiresAt ?? default,
            Force = force,
            Revoke = revoke,
            CreatedAt = now,
            CreatedBy = caller.KeyId ?? "",
        };
    }

    private static void CheckAltruist(
        BodyReader body, Altruist altruist, OverrideKind? kind, Chains.Chain? chain, RegionId? region, string? providerId, Roster roster)
    {
        if (altruist.RetiredAt is not null && kind is OverrideKind.Pin)
            body.Bad("altruist", "is retired");
        if (altruist.Role is AltruistRole.Reference && kind is OverrideKind.Pin)
            body.Bad("altruist", "is a reference, which is never picked");
        if (chain is not null && !altruist.Chains.Contains(chain.Id))
            body.Bad("altruist", $"does not serve the chain {chain.Id}");
        if (providerId is not null && altruist.Provider.Value != providerId)
            body.Bad("provider", $"is not that of the altruist, {altruist.Provider}");
        // Somebody pinned to a region where its altruist is not offered would wait for it in vain.
        if (region is { } named && roster.Regions.TryGetValue(named, out var there)
            && !altruist.Regions.Contains(RegionId.Everywhere) && !altruist.Regions.Contains(named) && !there.Fallbacks.Any(altruist.Regions.Contains))
            body.Bad("region", $"is not one where the altruist is offered ({string.Join(", ", altruist.Regions)})");
    }
}

/// <summary>What is sent; described to the API document only.</summary>
internal sealed record OverrideBody(
    OverrideKind Kind, string? Chain, string? Region, string? Altruist, string? Provider, string Reason, string? Note, DateTimeOffset ExpiresAt, bool Force, bool Revoke);

/// <param name="Active">Neither deleted nor expired.</param>
internal sealed record OverrideDocument(
    string Id, OverrideKind Kind, string? Chain, string? Region, string? Altruist, string? Provider, string Reason, string? Note, DateTimeOffset ExpiresAt, bool Force, bool Revoke,
    DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? DeletedAt, bool Active)
{
    /// <summary>In the answer to its making only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EffectDocument? Effect { get; init; }

    public static OverrideDocument Of(Override rule, DateTimeOffset now) => new(
        rule.Id, rule.Kind, rule.Chain?.Value, rule.Region?.Value, rule.Altruist?.Value, rule.Provider?.Value, rule.Reason, rule.Note, rule.ExpiresAt, rule.Force, rule.Revoke,
        rule.CreatedAt, rule.CreatedBy, rule.DeletedAt, rule.DeletedAt is null && rule.ExpiresAt > now);
}
