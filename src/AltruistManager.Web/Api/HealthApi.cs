using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Publishing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Api;

/// <summary>For orchestrators, load balancers and alarms: three questions, which must not be mixed.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        // Not limited: whoever asks too often must not be told that the service is ill.
        var health = app.MapGroup("/healthz").AllowPublic().DisableRateLimiting().WithTags("Health");
        health.MapGet("/live", Live).WithName("live").WithSummary("The process runs").Produces<HealthDocument>();
        health.MapGet("/ready", Ready).WithName("ready").WithSummary("Portals can be served; for routing").Produces<HealthDocument>().Produces<HealthDocument>(503);
        health.MapGet("/fresh", FreshAsync).WithName("fresh").WithSummary("The picks are kept up to date; for alarms, never for routing").Produces<HealthDocument>().Produces<HealthDocument>(503);
    }

    private static JsonHttpResult<HealthDocument> Live() => Answer([]);

    private static JsonHttpResult<HealthDocument> Ready(SnapshotHolder snapshots, Initialisation initialisation) =>
        Answer(snapshots.Current.IsLoaded || initialisation.IsDone ? [] : ["no snapshot is loaded"]);

    private static async Task<JsonHttpResult<HealthDocument>> FreshAsync(
        RosterStore store, RosterCache roster, KeyRing ring, LogSigner signer, SelectionRound round, Preservation preservation, BrokenProbes broken, PublisherHost publishers, Initialisation initialisation, IOptions<SelectionOptions> options, TimeProvider time, CancellationToken cancellation)
    {
        var reasons = new List<string>();
        try
        {
            await store.RevisionAsync(cancellation);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            reasons.Add("the database cannot be read");
        }

        if (!initialisation.IsDone)
            reasons.Add("only the last-good file is served");

        if (ring.Trouble is { } trouble)
            reasons.Add(trouble);
        if (signer.Trouble is { } unsigned)
            reasons.Add(unsigned);
        if (roster.Current.Undecryptable is { Count: > 0 } lost)
            reasons.Add($"{lost.Count} altruists are out of service: {lost[0].Undecryptable}");

        // Before the first round the start counts.
        var last = round.LastRoundAt > initialisation.StartedAt ? round.LastRoundAt.Value : initialisation.StartedAt;
        var age = time.GetUtcNow() - last;
        if (age > options.Value.Interval * 2)
            reasons.Add($"the last round is {age.TotalSeconds:0} s old, more than two intervals of {options.Value.Interval.TotalSeconds:0.###} s");
        reasons.AddRange(preservation.Alarms);
        if (broken.Alarm is { } bug)
            reasons.Add(bug);
        reasons.AddRange(publishers.Alarms);
        return Answer(reasons);
    }

    private static JsonHttpResult<HealthDocument> Answer(List<string> reasons) =>
        TypedResults.Json(new HealthDocument(reasons.Count == 0 ? "ok" : "failing", reasons), statusCode: reasons.Count == 0 ? 200 : 503);
}

/// <param name="Status"><c>ok</c> or <c>failing</c>.</param>
internal sealed record HealthDocument(string Status, IReadOnlyList<string> Reasons);
