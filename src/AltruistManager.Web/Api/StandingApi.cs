using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/altruists/{id}/standing</c> (contract 3.2): "why not me?".</summary>
internal static class StandingApi
{
    /// <summary>Slots in one answer; whoever is offered in more asks by chain or region.</summary>
    private const int MostSlots = 200;

    public static void MapStanding(this IEndpointRouteBuilder api) => api.MapGroup("/altruists").WithTags("Altruists")
        .MapGet("/{id}/standing", FindAsync).AllowPublic()
        .WithName("getStanding").WithSummary("Where an altruist stands in the rotation of its slots, and when its turn is expected")
        .Produces<StandingsAnswer>().ProducesProblems(400, 404, 410);

    private static async Task<IResult> FindAsync(string id, string? chain, string? region, RosterCache roster, StandingReader standings, CancellationToken cancellation)
    {
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
        return TypedResults.Ok(new StandingsAnswer([.. (await standings.OfAsync(altruist, chainId, regionId, MostSlots, cancellation)).Select(StandingAnswer.Of)]));
    }

    /// <summary>By chain, then region; without slots that were not decided since the altruist is there.</summary>
    internal sealed record StandingsAnswer(IReadOnlyList<StandingAnswer> Items);

    /// <param name="Position">1 for the one whose turn comes next; null for one that gets none as things are.</param>
    /// <param name="TakingTurns">How many take turns as things are.</param>
    /// <param name="ExpectedAt">When its next turn comes if nothing changes.</param>
    /// <param name="ExpectedIsDrawn">True where the order of that window is not drawn yet, so that it is about then.</param>
    /// <param name="Words">All of it as sentences.</param>
    internal sealed record StandingAnswer(
        string Chain, string Region, PickRole Role, int? Position, int TakingTurns, decimal Turns, FewestAndMost? TurnsOfOthers, int SessionsLastHour, FewestAndMost? SessionsOfOthers,
        string Reason, DateTimeOffset? ExpectedAt, bool ExpectedIsDrawn, string Words)
    {
        public static StandingAnswer Of(PickStanding standing) => new(
            standing.Slot.Chain.Value, standing.Slot.Region.Value, standing.Role, standing.Position, standing.TakingTurns, standing.Turns, standing.TurnsOfOthers, standing.SessionsLastHour,
            standing.SessionsOfOthers, standing.Reason, standing.ExpectedAt, standing.ExpectedIsDrawn, standing.Words);
    }
}
