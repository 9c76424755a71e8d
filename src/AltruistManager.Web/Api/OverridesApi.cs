using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Pins and exclusions by staff; they act at once.</summary>
internal static class OverridesApi
{
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
        BodyReader body, PreviewOnly preview, Caller caller, OrderRegistry orders, RosterCache roster, SelectionRound round, TimeProvider time, CancellationToken cancellation)
    {
        if (preview.Problem is { } wrong)
            return wrong;
        var draft = Read(body);
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;
        var wanted = orders.Check(caller.Actor, draft, errors);
        if (wanted.Refusal is { } refusal)
            return refusal.ToProblem();

        var added = wanted.Value!;
        var effect = EffectDocument.Of(
            await round.PreviewAsync(rulings => rulings with { Overrides = [added, .. rulings.Overrides] }, added, cancellation), added, roster.Current);
        if (preview.Wanted)
            return TypedResults.Ok(new PreviewDocument(true, effect));

        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        if ((await orders.AddAsync(caller.Actor, added, CancellationToken.None)).Refusal is { } refused)
            return refused.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Override);
        return TypedResults.Created($"/api/v1/overrides/{added.Id}", OverrideDocument.Of(added, time.GetUtcNow()) with { Effect = effect });
    }

    private static async Task<IResult> DeleteAsync(string id, Caller caller, OrderRegistry orders, SelectionRound round, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (await orders.EndOverrideAsync(caller.Actor, id, kind: null, CancellationToken.None) is { } refusal)
            return refusal.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Override);
        return TypedResults.NoContent();
    }

    private static OverrideDraft Read(BodyReader body)
    {
        body.Ignore("id", "createdAt", "createdBy", "deletedAt", "active", "effect");
        return new OverrideDraft
        {
            Kind = body.Enum<OverrideKind>("kind", required: true),
            Chain = body.String("chain"),
            Region = body.String("region"),
            Altruist = body.String("altruist"),
            Provider = body.String("provider"),
            Reason = body.String("reason", required: true, most: OverrideDraft.MostReason),
            Note = body.String("note", most: OverrideDraft.MostNote),
            ExpiresAt = body.Time("expiresAt", required: true),
            Force = body.Bool("force") ?? false,
            Revoke = body.Bool("revoke") ?? false,
        };
    }
}

/// <summary>What is sent; described to the API document only.</summary>
internal sealed record OverrideBody(
    OverrideKind Kind, string? Chain, string? Region, string? Altruist, string? Provider, string Reason, string? Note, DateTimeOffset ExpiresAt, bool? Force, bool? Revoke);

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
