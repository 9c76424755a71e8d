using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Why which altruist was picked, for everybody.</summary>
internal static class DecisionsApi
{
    public static void MapDecisions(this IEndpointRouteBuilder api)
    {
        api.MapGet("/decisions", ListAsync).AllowPublic()
            .WithName("listDecisions").WithTags("Public").WithSummary("Decisions, newest first")
            .Produces<Page<DecisionDocument>>().ProducesProblems(400, 404);
        api.MapGet("/decisions/{id}", FindAsync).AllowPublic()
            .WithName("getDecision").WithTags("Public").WithSummary("One decision with all candidates and reasons")
            .Produces<DecisionDocument>().ProducesProblems(404);
    }

    private static async Task<IResult> ListAsync(string? chain, string? region, Paging paging, DecisionLog log, RosterCache roster, CancellationToken cancellation)
    {
        if (paging.Problem is { } wrong)
            return wrong;
        DecisionId? before = null;
        if (paging.Before is { } text)
        {
            if (!DecisionId.TryParse(text, out var parsed))
                return Problems.BadField("before", "must be what next of another answer was");
            before = parsed;
        }

        ChainId? chainId = null;
        if (!string.IsNullOrEmpty(chain))
        {
            if (roster.Current.FindChain(chain) is not { } found)
                return Problems.Unknown("chain", chain);
            chainId = found.Id;
        }

        RegionId? regionId = string.IsNullOrEmpty(region) ? null : new RegionId(region);
        if (regionId is { } named && !roster.Current.Regions.ContainsKey(named))
            return Problems.Unknown("region", region!);

        var rows = await log.ListAsync(chainId, regionId, before, paging.Fetch, cancellation);
        return TypedResults.Ok(paging.Of(rows, DecisionDocument.Of, row => row.Id.ToString()));
    }

    private static async Task<IResult> FindAsync(string id, DecisionLog log, CancellationToken cancellation) =>
        DecisionId.TryParse(id, out var parsed) && await log.FindAsync(parsed, cancellation) is { } found
            ? TypedResults.Ok(DecisionDocument.Of(found))
            : Problems.Unknown("decision", id);
}

internal sealed record DecisionDocument(
    string Id, string Chain, string Region, DateTimeOffset At, Trigger Trigger, long Round, long Generation, SlotState State, string Policy,
    IReadOnlyList<CandidateDocument> Candidates, ResultDocument Result, DecisionOverrideDocument? Override,
    IReadOnlyList<DecisionOverrideDocument> Exclusions, DecisionHoldDocument? Hold, string Hash, string PreviousHash)
{
    public static DecisionDocument Of(Decision decision) => new(
        decision.Id.ToString(), decision.Slot.Chain.Value, decision.Slot.Region.Value, decision.At, decision.Trigger, decision.Round, decision.Id.Generation,
        decision.State, decision.Policy,
        [.. decision.Candidates.Select(candidate => new CandidateDocument(
            candidate.Altruist.Value, candidate.Provider.Value, candidate.Label, candidate.Region.Value, candidate.Turns, candidate.LastSelectedAt, candidate.Eligible, candidate.Reason))],
        new ResultDocument(
            decision.Altruist?.Value, [.. decision.Primaries.Select(pick => new WeightedDocument(pick.Altruist.Value, pick.Weight))], [.. decision.Standbys.Select(standby => standby.Value)]),
        decision.Override is { } rule ? DecisionOverrideDocument.Of(rule) : null,
        [.. decision.Exclusions.Select(DecisionOverrideDocument.Of)],
        decision.Hold is { } hold ? new DecisionHoldDocument(hold.Id, hold.Chain?.Value, hold.Region?.Value, hold.Reason, hold.Author, hold.CreatedAt, hold.Until) : null,
        decision.Hash, decision.PreviousHash);
}

internal sealed record CandidateDocument(
    string Altruist, string Provider, string Label, string Region, decimal Turns, DateTimeOffset? LastSelectedAt, bool Eligible, string Reason);

internal sealed record ResultDocument(string? Altruist, IReadOnlyList<WeightedDocument> Primaries, IReadOnlyList<string> Standbys);

internal sealed record WeightedDocument(string Altruist, int Weight);

/// <param name="Chain">Null means every chain, as a null region means every region.</param>
/// <param name="Author"><c>key:</c>, <c>user:</c> or <c>command:</c> and an id; null in decisions of before the log told.</param>
internal sealed record DecisionOverrideDocument(
    string Id, string Kind, string? Chain, string? Region, string? Altruist, string? Provider, bool Force, bool Revoke, string Reason, string? Author,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static DecisionOverrideDocument Of(DecisionOverride rule) => new(
        rule.Id, rule.Kind, rule.Chain?.Value, rule.Region?.Value, rule.Altruist?.Value, rule.Provider?.Value, rule.Force, rule.Revoke, rule.Reason, rule.Author, rule.CreatedAt, rule.ExpiresAt);
}

/// <inheritdoc cref="DecisionOverrideDocument"/>
internal sealed record DecisionHoldDocument(string Id, string? Chain, string? Region, string Reason, string? Author, DateTimeOffset CreatedAt, DateTimeOffset Until);
