using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/chains</c> (contract 3.2).</summary>
internal static class ChainsApi
{
    public static void MapChains(this IEndpointRouteBuilder api)
    {
        var chains = api.MapGroup("/chains").WithTags("Chains");
        chains.MapGet("", List).AllowPublic()
            .WithName("listChains").WithSummary("All chains that are not retired, by id").Produces<Page<ChainAnswer>>().ProducesProblems(400);
        chains.MapGet("/{chain}", Find).AllowPublic()
            .WithName("getChain").WithSummary("One chain, by its id or an alias").Produces<ChainAnswer>().ProducesProblems(404, 410);
        chains.MapPut("/{chain}", PutAsync).RequireAuthorization(Policies.Staff)
            .WithName("putChain").WithSummary("Makes, replaces or revives a chain; what is omitted takes the catalogue's value, else the default")
            .Accepts<ChainBody>("application/json").Produces<ChainAnswer>().Produces<ChainAnswer>(StatusCodes.Status201Created).ProducesProblems(400, 409);
        chains.MapDelete("/{chain}", RetireAsync).RequireAuthorization(Policies.Staff)
            .WithName("retireChain").WithSummary("Retires a chain that no living altruist serves").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 409, 410);
    }

    /// <summary>The problem of a chain that cannot be used; null for one that can.</summary>
    internal static Problem? ProblemOf(Chain? chain, string name) =>
        chain is null ? Problems.Unknown("chain", name)
        : chain.RetiredAt is not null ? Problems.Retired("chain", chain.Id.Value, chain.Successor?.Value)
        : null;

    private static IResult List(Paging paging, RosterCache roster, ChainCatalog catalog, ProtocolCatalog protocols, HealthMonitor health)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = roster.Current.Chains.Values
            .Where(chain => chain.RetiredAt is null)
            .OrderBy(chain => chain.Id)
            .SkipWhile(chain => RegionsApi.IsUpTo(chain.Id.Value, paging.Before))
            .Take(paging.Fetch)
            .ToList();
        return TypedResults.Ok(paging.Of(rows, chain => ChainAnswer.Of(chain, catalog, protocols, health), chain => chain.Id.Value));
    }

    private static IResult Find(string chain, RosterCache roster, ChainCatalog catalog, ProtocolCatalog protocols, HealthMonitor health)
    {
        var found = roster.Current.FindChain(chain);
        return ProblemOf(found, chain) is { } problem ? problem : TypedResults.Ok(ChainAnswer.Of(found!, catalog, protocols, health));
    }

    private static async Task<IResult> PutAsync(
        string chain, BodyReader body, Caller caller, ChainRegistry registry, ChainCatalog catalog, ProtocolCatalog protocols, HealthMonitor health, AfterWrite after, CancellationToken cancellation)
    {
        var draft = new ChainDraft
        {
            Name = body.String("name"),
            Protocol = body.String("protocol"),
            Identity = body.String("identity"),
            Requires = body.Strings("requires"),
            BlockTimeSeconds = body.Number("blockTimeSeconds", 0.001, 86_400),
            LagToleranceBlocks = body.Int("lagToleranceBlocks", 1, 1_000_000),
            MaxHeadAgeSeconds = body.Number("maxHeadAgeSeconds", 1, 86_400 * 365),
            IntegrityOffsetBlocks = body.Int("integrityOffsetBlocks", 1, 1_000_000),
            Aliases = body.Strings("aliases"),
            Path = body.String("path", least: 0),
            Probe = body.Object("probe")?.GetRawText(),
            Policy = body.String("policy"),
            Primaries = body.Int("primaries", 1, 8),
            RequestTimeoutMs = body.Int("requestTimeoutMs", 100, 600_000),
            MinEligible = body.Int("minEligible", 0, 100_000),
            MaxAltruists = body.Int("maxAltruists", 0, 100_000),
            Enabled = body.Bool("enabled"),
            Successor = body.String("successor"),
        };
        body.Ignore("id", "network", "retiredAt", "disputed", "probed", "notProbedReason", "measuredBlockTimeSeconds", "head", "haltedSince");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.PutAsync(caller.Actor, new ChainId(chain), draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        var answer = ChainAnswer.Of(outcome.Value!, catalog, protocols, health);
        return outcome.Created ? TypedResults.Created($"/api/v1/chains/{answer.Id}", answer) : TypedResults.Ok(answer);
    }

    private static async Task<IResult> RetireAsync(string chain, Caller caller, ChainRegistry registry, AfterWrite after, CancellationToken cancellation)
    {
        var outcome = await registry.RetireAsync(caller.Actor, chain, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        return TypedResults.NoContent();
    }

    /// <summary>What a writer may say; what is omitted takes the catalogue's value, else the default.</summary>
    internal sealed record ChainBody(
        string? Name, string? Protocol, string? Identity, string[]? Requires, double? BlockTimeSeconds, int? LagToleranceBlocks, double? MaxHeadAgeSeconds,
        int? IntegrityOffsetBlocks, string[]? Aliases, string? Path, JsonElement? Probe, string? Policy, int? Primaries, int? RequestTimeoutMs, int? MinEligible, int? MaxAltruists, bool? Enabled, string? Successor);

    /// <param name="MaxAltruists">How many living altruists may serve it, whoever offers them; null for any number.</param>
    /// <param name="Disputed">What the sources of the catalogue's facts disagree about; null where they agree or it does not know the chain.</param>
    /// <param name="Probe">For the protocol <c>json</c>: what nodes of its network are asked (docs/protocols.md); of several chains of one network, the one with the lowest id says. Else null.</param>
    /// <param name="Probed">Whether nodes of this chain can be asked how they are.</param>
    /// <param name="NotProbedReason">Why not; null where they can.</param>
    /// <param name="MeasuredBlockTimeSeconds">Of its network, as seen; it is what lag and tolerance are judged by. Null until it is measured.</param>
    /// <param name="Head">The newest block of its network; null while nobody was asked.</param>
    /// <param name="HaltedSince">Since when nobody of its network makes blocks, which counts against nobody; null while it goes on.</param>
    internal sealed record ChainAnswer(
        string Id, string Name, string Protocol, string Identity, string Network, IReadOnlyList<string> Requires, double BlockTimeSeconds, int LagToleranceBlocks,
        double? MaxHeadAgeSeconds, int? IntegrityOffsetBlocks, IReadOnlyList<string> Aliases, string Path, string? Policy, int? Primaries, int RequestTimeoutMs,
        int? MinEligible, int? MaxAltruists, bool Enabled, string? Successor, string? Disputed, JsonElement? Probe, bool Probed, string? NotProbedReason,
        double? MeasuredBlockTimeSeconds, long? Head, DateTimeOffset? HaltedSince)
    {
        public static ChainAnswer Of(Chain chain, ChainCatalog catalog, ProtocolCatalog protocols, HealthMonitor health)
        {
            var trace = health.TraceOf(chain.Network);
            var why = protocols.WhyNotProbed(chain.Network, [chain]);
            return new(
                chain.Id.Value, chain.Name, chain.Network.Protocol, chain.Network.Identity, chain.Network.Value, chain.Requires, chain.BlockTimeSeconds, chain.LagToleranceBlocks,
                chain.MaxHeadAgeSeconds, chain.IntegrityOffsetBlocks, chain.Aliases, chain.Path, chain.Policy, chain.Primaries,
                chain.RequestTimeoutMs, chain.MinEligible, chain.MaxAltruists, chain.Enabled, chain.Successor?.Value, catalog.Find(chain.Id)?.Disputed, chain.Probe is { } probe ? JsonElement.Parse(probe) : null, why is null, why,
                trace.MeasuredBlockTime is { } seconds ? Math.Round(seconds, 3) : null, trace.Height, trace.HaltedSinceMs is { } halted ? DateTimeOffset.FromUnixTimeMilliseconds(halted) : null);
        }
    }
}
