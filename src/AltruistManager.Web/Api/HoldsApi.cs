using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Staff stop the rotation, not the failover.</summary>
internal static class HoldsApi
{
    public static void MapHolds(this IEndpointRouteBuilder api)
    {
        var holds = api.MapGroup("/holds").RequireAuthorization(Policies.Staff).WithTags("Overrides");
        holds.MapGet("", ListAsync)
            .WithName("listHolds").WithSummary("Holds, newest first, over ones too").Produces<Page<HoldDocument>>().ProducesProblems(400);
        holds.MapPost("", AddAsync)
            .WithName("addHold").WithSummary("Stops the rotation for a chain, a region or all; failover goes on")
            .Accepts<HoldBody>("application/json").Produces<HoldDocument>(StatusCodes.Status201Created).ProducesProblems(400);
        holds.MapDelete("/{id}", DeleteAsync)
            .WithName("deleteHold").WithSummary("Ends a hold: the next round rotates again").Produces(StatusCodes.Status204NoContent).ProducesProblems(404);
    }

    private static async Task<IResult> ListAsync(Paging paging, HoldStore store, TimeProvider time, CancellationToken cancellation)
    {
        if (paging.Problem is { } wrong)
            return wrong;
        var now = time.GetUtcNow();
        var rows = await store.ListAsync(paging.Before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => HoldDocument.Of(row, now), row => row.Id));
    }

    private static async Task<IResult> AddAsync(
        BodyReader body, Caller caller, OrderRegistry orders, SelectionRound round, TimeProvider time, CancellationToken cancellation)
    {
        var draft = Read(body);
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;
        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        var outcome = await orders.AddAsync(caller.Actor, draft, errors, CancellationToken.None);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Change);
        return TypedResults.Created($"/api/v1/holds/{outcome.Value!.Id}", HoldDocument.Of(outcome.Value, time.GetUtcNow()));
    }

    private static async Task<IResult> DeleteAsync(string id, Caller caller, OrderRegistry orders, SelectionRound round, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (await orders.EndHoldAsync(caller.Actor, id, CancellationToken.None) is { } refusal)
            return refusal.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Change);
        return TypedResults.NoContent();
    }

    private static HoldDraft Read(BodyReader body)
    {
        body.Ignore("id", "createdAt", "createdBy", "deletedAt", "active");
        return new HoldDraft
        {
            Chain = body.String("chain"),
            Region = body.String("region"),
            Reason = body.String("reason", required: true, most: OverrideDraft.MostReason),
            Until = body.Time("until", required: true),
        };
    }
}

/// <param name="Chain">Every chain if not given.</param>
/// <param name="Region">Every region if not given.</param>
internal sealed record HoldBody(string? Chain, string? Region, string Reason, DateTimeOffset Until);

/// <param name="Active">Neither deleted nor over.</param>
/// <param name="CreatedBy"><c>key:</c>, <c>user:</c> or <c>command:</c> and an id.</param>
internal sealed record HoldDocument(
    string Id, string? Chain, string? Region, string Reason, DateTimeOffset Until, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? DeletedAt, bool Active)
{
    public static HoldDocument Of(Hold hold, DateTimeOffset now) => new(
        hold.Id, hold.Chain?.Value, hold.Region?.Value, hold.Reason, hold.Until, hold.CreatedAt, hold.CreatedBy, hold.DeletedAt, hold.DeletedAt is null && hold.Until > now);
}
