using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/altruists/{id}/standing</c> (contract 3.2): "why not me?".</summary>
internal static class StandingApi
{
    public static void MapStanding(this IEndpointRouteBuilder api) => api.MapGroup("/altruists").WithTags("Altruists")
        .MapGet("/{id}/standing", FindAsync).AllowPublic()
        .WithName("getStanding").WithSummary("Where an altruist stands in the rotation of its slots, and when its turn is expected")
        .Produces<Page<StandingAnswer>>().ProducesProblems(400, 404, 410);

    private static async Task<IResult> FindAsync(string id, string? chain, string? region, Paging paging, RosterCache roster, StandingReader standings, CancellationToken cancellation)
    {
        if (paging.Problem is { } problem)
            return problem;
        if (roster.Current.Altruists.GetValueOrDefault(new AltruistId(id)) is not { } altruist)
            return Problems.Unknown("altruist", id);
        if (altruist.RetiredAt is not null)
            return Problems.Retired("altruist", id, null);
        ChainId? chainId = null;
        if (!string.IsNullOrEmpty(chain))
        {
            if (roster.Current.FindChain(chain) is not { } known)
                return Problems.Unknown("chain", chain);
            chainId = known.Id;
        }

        RegionId? regionId = string.IsNullOrEmpty(region) ? null : new RegionId(region);
        if (regionId is { } named && !roster.Current.Regions.ContainsKey(named))
            return Problems.Unknown("region", region!);
        var rows = await standings.OfAsync(altruist, chainId, regionId, SlotBefore(paging.Before), paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, StandingAnswer.Of, row => row.Slot.ToString()));
    }

    /// <summary>Regions have no slash in their names.</summary>
    private static SlotKey? SlotBefore(string? text) =>
        text?.LastIndexOf('/') is > 0 and var slash ? new SlotKey(new ChainId(text[..slash]), new RegionId(text[(slash + 1)..])) : null;

    /// <param name="Position">1 for the one whose turn comes next; null for one that gets none as things are.</param>
    /// <param name="TakingTurns">How many take turns as things are.</param>
    /// <param name="ExpectedAt">When its next turn comes if nothing changes.</param>
    /// <param name="ExpectedIsApproximate">True where the order of that window is not drawn yet, so that it is about then.</param>
    /// <param name="Words">All of it as sentences.</param>
    internal sealed record StandingAnswer(
        string Chain, string Region, PickRole Role, int? Position, int TakingTurns, decimal Turns, FewestAndMost? TurnsOfOthers, int SessionsLastHour, FewestAndMost? SessionsOfOthers,
        string Reason, DateTimeOffset? ExpectedAt, bool ExpectedIsApproximate, string Words)
    {
        public static StandingAnswer Of(PickStanding standing) => new(
            standing.Slot.Chain.Value, standing.Slot.Region.Value, standing.Role, standing.Position, standing.TakingTurns, standing.Turns, standing.TurnsOfOthers, standing.SessionsLastHour,
            standing.SessionsOfOthers, standing.Reason, standing.ExpectedAt, standing.ExpectedIsApproximate, standing.Words);
    }
}
