using AltruistManager.Accounts;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AltruistManager.Web.Api;

/// <summary>A round out of turn, by staff.</summary>
internal static class RoundsApi
{
    public static void MapRounds(this IEndpointRouteBuilder api) =>
        api.MapPost("/rounds", RunAsync).RequireAuthorization(Policies.Staff)
            .WithName("runRound").WithTags("Overrides").WithSummary("Sweeps every network now and runs a round");

    private static async Task<Ok<RoundDocument>> RunAsync(Caller caller, Sweeper sweeper, SelectionRound round, AuditStore audit, TimeProvider time, CancellationToken cancellation)
    {
        await sweeper.SweepAllAsync(cancellation);
        var outcome = await round.RunAsync(Trigger.Manual, time.GetUtcNow(), CancellationToken.None);
        await audit.AppendAsync(caller.Actor, new AuditEntry("round.run", "round", $"{outcome.Round}"), CancellationToken.None);
        return TypedResults.Ok(new RoundDocument(outcome.Round, outcome.Generation, outcome.Slots, outcome.Changed));
    }
}

/// <param name="Changed">How many slots now tell portals something else.</param>
internal sealed record RoundDocument(long Round, long Generation, int Slots, int Changed);
