using AltruistManager.Publishing;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>How far the targets are that picks are published to, and the catalogue that eRPC fetches.</summary>
internal static class PublishersApi
{
    /// <summary>eRPC asks once an hour; in between are proxies.</summary>
    private const string CacheControl = "public, max-age=60";

    public static void MapPublishers(this IEndpointRouteBuilder api)
    {
        var publishers = api.MapGroup("/publishers").WithTags("Publishers");
        publishers.MapGet("", List).RequireAuthorization(Policies.Staff)
            .WithName("listPublishers").WithSummary("Targets that picks are published to, by name, and how far each is")
            .Produces<Page<PublisherDocument>>().ProducesProblems(400);
        publishers.MapGet("/{name}/catalogue", CatalogueAsync).AllowPublic()
            .WithName("getCatalogue").WithSummary("Public altruists by EVM chain id, as eRPC's repository reads them")
            .Produces<Dictionary<string, EndpointsDocument>>().Produces(StatusCodes.Status304NotModified).ProducesProblems(404, 503);
    }

    private static IResult List(Paging paging, PublisherHost host)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = host.Statuses.SkipWhile(status => RegionsApi.IsUpTo(status.Name, paging.Before)).Take(paging.Fetch).ToList();
        return TypedResults.Ok(paging.Of(rows, PublisherDocument.Of, status => status.Name));
    }

    internal static async Task CatalogueAsync(string name, HttpContext context, PublisherHost host)
    {
        if (!host.TryFindCatalogue(name, out var catalogue))
        {
            await Problems.Unknown("catalogue", name).ExecuteAsync(context);
            return;
        }

        if (catalogue is null)
        {
            await Problems.Unavailable("starting", "The catalogue was not put together yet.", 5).ExecuteAsync(context);
            return;
        }

        var headers = context.Response.Headers;
        headers.ETag = catalogue.ETag;
        headers.CacheControl = CacheControl;
        headers["Altruist-Generation"] = catalogue.Generation.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Negotiation.Has(context.Request, catalogue.ETag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        headers.ContentType = "application/json";
        headers.ContentLength = catalogue.Body.Length;
        await context.Response.Body.WriteAsync(catalogue.Body, context.RequestAborted);
    }
}

/// <summary>What eRPC may use of one chain.</summary>
internal sealed record EndpointsDocument(IReadOnlyList<string> Endpoints);

/// <param name="Target">Where it is; of a URL the host and a short tail.</param>
/// <param name="State"><c>current</c>; <c>behind</c> while the target lacks something; <c>waiting</c> until it may be changed again; <c>unknown</c> before it was published to.</param>
/// <param name="Confirmed">What the target has; null before the first time.</param>
/// <param name="Error">Why the last try failed; null once one has succeeded.</param>
/// <param name="LeftOut">Altruists, or RPC types of them, that the target cannot carry.</param>
/// <param name="Kept">Chains of which the target keeps what it has.</param>
internal sealed record PublisherDocument(
    string Name, string Kind, string Region, string Target, string State, ConfirmedDocument? Confirmed, DateTimeOffset? BehindSince, DateTimeOffset? WaitsUntil, PublisherErrorDocument? Error,
    IReadOnlyList<LeftOut> LeftOut, IReadOnlyList<KeptSlot> Kept)
{
    public static PublisherDocument Of(PublisherStatus status)
    {
        var state = status.State;
        return new PublisherDocument(
            status.Name,
            status.Kind,
            status.Region,
            status.Target,
            state.BehindSince is not null ? "behind" : status.WaitsUntil is not null ? "waiting" : state.Confirmed is null ? "unknown" : "current",
            state.Confirmed is { } stamp ? new ConfirmedDocument(stamp.Origin, stamp.Generation, state.ConfirmedAt) : null,
            state.BehindSince,
            status.WaitsUntil,
            state.Error is { } why ? new PublisherErrorDocument(state.ErrorAt, why) : null,
            status.LeftOut,
            status.Kept);
    }
}

internal sealed record ConfirmedDocument(string Origin, long Generation, DateTimeOffset? At);

internal sealed record PublisherErrorDocument(DateTimeOffset? At, string Reason);
