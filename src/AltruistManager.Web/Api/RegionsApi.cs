using AltruistManager.Altruists;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/regions</c> (contract 3.2).</summary>
internal static class RegionsApi
{
    public static void MapRegions(this IEndpointRouteBuilder api)
    {
        var regions = api.MapGroup("/regions").WithTags("Regions");
        regions.MapGet("", List).AllowPublic()
            .WithName("listRegions").WithSummary("All regions, by id").Produces<Page<RegionAnswer>>().ProducesProblems(400);
        regions.MapGet("/{id}", Find).AllowPublic()
            .WithName("getRegion").WithSummary("One region").Produces<RegionAnswer>().ProducesProblems(404);
        regions.MapPut("/{id}", PutAsync).RequireAuthorization(Policies.Staff)
            .WithName("putRegion").WithSummary("Makes or replaces a region")
            .Accepts<RegionBody>("application/json").Produces<RegionAnswer>().Produces<RegionAnswer>(StatusCodes.Status201Created).ProducesProblems(400);
    }

    private static IResult List(Paging paging, RosterCache roster)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = roster.Current.Regions.Values.OrderBy(region => region.Id).SkipWhile(region => IsUpTo(region.Id.Value, paging.Before)).Take(paging.Fetch).ToList();
        return TypedResults.Ok(paging.Of(rows, RegionAnswer.Of, region => region.Id.Value));
    }

    private static IResult Find(string id, RosterCache roster) =>
        roster.Current.Regions.GetValueOrDefault(new RegionId(id)) is { } region ? TypedResults.Ok(RegionAnswer.Of(region)) : Problems.Unknown("region", id);

    private static async Task<IResult> PutAsync(
        string id, BodyReader body, Caller caller, RegionRegistry registry, AfterWrite after, CancellationToken cancellation)
    {
        var draft = new RegionDraft(body.String("name"), body.Strings("fallbacks"));
        body.Ignore("id");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.PutAsync(caller.Actor, new RegionId(id), draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        var answer = RegionAnswer.Of(outcome.Value!);
        return outcome.Created ? TypedResults.Created($"/api/v1/regions/{answer.Id}", answer) : TypedResults.Ok(answer);
    }

    /// <summary>True for what the pages before have shown, in the order of ids.</summary>
    internal static bool IsUpTo(string id, string? before) => before is not null && string.CompareOrdinal(id, before) <= 0;

    /// <summary>What a writer may say.</summary>
    internal sealed record RegionBody(string? Name, string[]? Fallbacks);

    internal sealed record RegionAnswer(string Id, string Name, IReadOnlyList<string> Fallbacks)
    {
        public static RegionAnswer Of(Region region) => new(region.Id.Value, region.Name, [.. region.Fallbacks.Select(fallback => fallback.Value)]);
    }
}
