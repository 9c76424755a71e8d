using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>How an altruist is probed, for its owner and staff: raw observations, evidence, what they cost, and a test on demand (contract 3.2).</summary>
internal static class AltruistProbesApi
{
    public static void MapAltruistProbes(this IEndpointRouteBuilder api)
    {
        var altruists = api.MapGroup("/altruists/{id}").WithTags("Altruists").RequireAuthorization(Policies.Provider);
        altruists.MapGet("/probes", ListProbesAsync)
            .WithName("listAltruistProbes").WithSummary("Raw observations of the last 48 hours, newest first").Produces<Page<ProbeAnswer>>().ProducesProblems(400, 404);
        altruists.MapGet("/evidence/{hash}", FindEvidenceAsync)
            .WithName("getAltruistEvidence").WithSummary("What a change of its verdict rests on: the bytes whose SHA-256 is the hash").Produces<object>().ProducesProblems(404);
        altruists.MapGet("/budget", ShowBudgetAsync)
            .WithName("getAltruistBudget").WithSummary("Calls to its node in the last 24 hours by kind, and what the configuration makes of a day").Produces<BudgetAnswer>().ProducesProblems(404);
        altruists.MapPost("/test", TestAsync).RequireRateLimiting(RateLimits.Tests)
            .WithName("testAltruist").WithSummary("Probes it now with every check that concerns it; a pass ends a suspension and a cool-down")
            .Produces<TestAnswer>().ProducesProblems(404, 410, 429);
    }

    private static async Task<IResult> ListProbesAsync(string id, Paging paging, Caller caller, RosterCache roster, ProbeStore store, CancellationToken cancellation)
    {
        if (RefusalOf(id, caller, roster, out var altruist) is { } problem)
            return problem;
        if (paging.Problem is { } wrong)
            return wrong;
        long? before = null;
        if (paging.Before is { } text)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return Problems.BadField("before", "must be the 'next' of an earlier answer");
            before = number;
        }

        var rows = await store.RecentAsync(altruist!.Id, before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, ProbeAnswer.Of, probe => probe.Id.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> FindEvidenceAsync(string id, string hash, Caller caller, RosterCache roster, HealthStore store, CancellationToken cancellation)
    {
        if (RefusalOf(id, caller, roster, out var altruist) is { } problem)
            return problem;
        // As it was stored: whoever hashes the bytes gets the hash.
        return await store.EvidenceAsync(altruist!.Id, hash, cancellation) is { } body
            ? TypedResults.Text(body, "application/json")
            : Problems.Unknown("evidence", hash);
    }

    private static async Task<IResult> ShowBudgetAsync(string id, Caller caller, RosterCache roster, ProbeBudget budget, CancellationToken cancellation)
    {
        if (RefusalOf(id, caller, roster, out var altruist) is { } problem)
            return problem;
        var lines = await budget.OfAsync(altruist!, cancellation);
        return TypedResults.Ok(new BudgetAnswer(
            lines.Sum(line => line.Calls), lines.Sum(line => line.Expected), [.. lines.Select(line => new BudgetLineAnswer(line.Kind, line.Probes, line.Calls, line.Expected))]));
    }

    private static async Task<IResult> TestAsync(string id, Caller caller, RosterCache roster, AltruistTest test, CancellationToken cancellation)
    {
        if (roster.Current.Altruists.GetValueOrDefault(new AltruistId(id)) is not { } altruist)
            return Problems.Unknown("altruist", id);
        var outcome = await test.RunAsync(caller.Actor, altruist, cancellation);
        return outcome.Refusal switch
        {
            null => TypedResults.Ok(TestAnswer.Of(altruist, outcome.Value!)),
            { Code: "too-soon" } refusal => new Problem(429, "too-soon", "Not so often", refusal.Detail) { RetryAfterSeconds = 5 },
            var refusal => refusal.ToProblem(),
        };
    }

    private static Problem? RefusalOf(string id, Caller caller, RosterCache roster, out Altruist? altruist)
    {
        altruist = roster.Current.Altruists.GetValueOrDefault(new AltruistId(id));
        if (altruist is null)
            return Problems.Unknown("altruist", id);
        return caller.Owns(altruist.Provider) ? null : Problems.Forbidden("This altruist belongs to another provider.");
    }

    /// <summary>Enums of the core in the words of the API.</summary>
    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <param name="Probes">How many it stands for: a hot row folds the uneventful ones of an interval, its latency is their median.</param>
    /// <param name="Calls">How many calls they made together.</param>
    internal sealed record ProbeAnswer(
        string Id, string Vantage, string Lane, DateTimeOffset At, string Outcome, string? Detail, double? LatencyMs, double? LatencyMinMs, double? LatencyMaxMs, double? ConnectMs,
        long? Height, DateTimeOffset? HeadTime, string? HeadHash, int Probes, int Failures, int Calls)
    {
        public static ProbeAnswer Of(StoredProbe probe) => new(
            probe.Id.ToString(CultureInfo.InvariantCulture), probe.Vantage, Word(probe.Row.Last.Lane), probe.Row.Last.At, Word(probe.Row.Last.Outcome), probe.Row.Last.Detail,
            probe.Row.Last.LatencyMs, probe.Row.LatencyMinMs, probe.Row.LatencyMaxMs, probe.Row.Last.ConnectMs,
            probe.Row.Last.Height, probe.Row.Last.HeadTime, probe.Row.Last.HeadHash, probe.Row.Probes, probe.Row.Failures, probe.Row.Calls);
    }

    /// <param name="CallsLastDay">Measured.</param>
    /// <param name="ExpectedPerDay">By the configuration, without what only happens when it is needed.</param>
    internal sealed record BudgetAnswer(long CallsLastDay, long ExpectedPerDay, IReadOnlyList<BudgetLineAnswer> Kinds);

    internal sealed record BudgetLineAnswer(string Kind, long Probes, long Calls, long ExpectedPerDay);

    /// <param name="Endpoint"><c>in-service</c>, or <c>on-trial</c> where a changed one is tested beside it.</param>
    /// <param name="Address">That was connected to or, where none could be, the one whose failure is told; null when none was.</param>
    /// <param name="Ended">What the pass put an end to; null for nothing.</param>
    internal sealed record TestAnswer(
        string Altruist, string Endpoint, string Host, string? Address, string Vantage, DateTimeOffset At, double DurationMs, bool Passed, string Reason, string? Ended,
        IReadOnlyList<TestedCheckAnswer> Checks)
    {
        public static TestAnswer Of(Altruist altruist, AltruistTestReport report) => new(
            altruist.Id.Value, report.OnTrial ? "on-trial" : "in-service", report.Host, report.Address, report.Vantage, report.At, Math.Round(report.DurationMs, 1), report.Passed, report.Reason,
            report.Ended,
            [
                .. report.Checks.Select(check => new TestedCheckAnswer(
                    check.Check, Word(check.State), check.Reason, Math.Round(check.DurationMs, 1),
                    [.. check.Exchanges.Select(call => new CallAnswer(call.Asked, call.Answered, Math.Round(call.LatencyMs, 1), call.ConnectMs is { } connect ? Math.Round(connect, 1) : null))])),
            ]);
    }

    /// <param name="State"><c>passed</c>, <c>warned</c>, <c>failed</c>, <c>unknown</c> (says nothing against it), <c>skipped</c>.</param>
    internal sealed record TestedCheckAnswer(string Name, string State, string Reason, double DurationMs, IReadOnlyList<CallAnswer> Calls);

    /// <param name="Answered">What was used of the answer, or why there was none; shortened.</param>
    /// <param name="ConnectMs">DNS, TCP and TLS; null where a connection was there.</param>
    internal sealed record CallAnswer(string Asked, string Answered, double LatencyMs, double? ConnectMs);
}
