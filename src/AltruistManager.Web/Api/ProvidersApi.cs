using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/providers</c> (contract 3.2).</summary>
internal static class ProvidersApi
{
    public static void MapProviders(this IEndpointRouteBuilder api)
    {
        var providers = api.MapGroup("/providers").WithTags("Providers");
        providers.MapGet("", List).AllowPublic()
            .WithName("listProviders").WithSummary("All providers, by id").Produces<Page<ProviderAnswer>>().ProducesProblems(400);
        providers.MapGet("/{id}", Find).AllowPublic()
            .WithName("getProvider").WithSummary("One provider").Produces<ProviderAnswer>().ProducesProblems(404);
        providers.MapPut("/{id}", PutAsync).RequireAuthorization(Policies.Provider)
            .WithName("putProvider").WithSummary("Makes or replaces a provider; a provider's key may do so for its own")
            .Accepts<ProviderBody>("application/json").Produces<ProviderAnswer>().Produces<ProviderAnswer>(StatusCodes.Status201Created).ProducesProblems(400);
    }

    private static IResult List(Paging paging, Caller caller, RosterCache roster, TimeProvider time)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = roster.Current.Providers.Values.OrderBy(provider => provider.Id).SkipWhile(provider => RegionsApi.IsUpTo(provider.Id.Value, paging.Before)).Take(paging.Fetch).ToList();
        return TypedResults.Ok(paging.Of(rows, provider => ProviderAnswer.Of(provider, caller, time), provider => provider.Id.Value));
    }

    private static IResult Find(string id, Caller caller, RosterCache roster, TimeProvider time) =>
        roster.Current.Providers.GetValueOrDefault(new ProviderId(id)) is { } provider ? TypedResults.Ok(ProviderAnswer.Of(provider, caller, time)) : Problems.Unknown("provider", id);

    private static async Task<IResult> PutAsync(
        string id, BodyReader body, Caller caller, ProviderRegistry registry, AfterWrite after, TimeProvider time, CancellationToken cancellation)
    {
        var draft = new ProviderDraft(body.String("name"), body.String("website", most: 2048), body.String("contact"), body.String("payoutAddress"), body.Int("shares", 1, 100))
        {
            ClearsPayoutAddress = body.IsNull("payoutAddress"),
            MaxAltruists = body.Int("maxAltruists", 0, 100_000),
        };
        body.Ignore("id", "nextPayoutAddress", "nextPayoutAt");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.PutAsync(caller.Actor, new ProviderId(id), draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        var answer = ProviderAnswer.Of(outcome.Value!, caller, time);
        return outcome.Created ? TypedResults.Created($"/api/v1/providers/{answer.Id}", answer) : TypedResults.Ok(answer);
    }

    /// <summary>What a writer may say.</summary>
    /// <param name="PayoutAddress">Omitted it stays; null takes it away. Set by staff's keys, and on the pages with a second factor: a provider's key cannot. A change counts after 72 hours; saying the one that counts today takes it back.</param>
    /// <param name="MaxAltruists">Staff's: how many living altruists it may have; null is any number.</param>
    internal sealed record ProviderBody(string? Name, string? Website, string? Contact, string? PayoutAddress, int? Shares, int? MaxAltruists);

    /// <summary>What everybody sees.</summary>
    [JsonDerivedType(typeof(OwnProviderAnswer))]
    internal record ProviderAnswer(string Id, string Name, string? Website, int Shares)
    {
        public static ProviderAnswer Of(Provider provider, Caller caller, TimeProvider time)
        {
            if (!caller.Owns(provider.Id))
                return new ProviderAnswer(provider.Id.Value, provider.Name, provider.Website, provider.Shares);
            var waits = provider.NextPayoutAt > time.GetUtcNow();
            return new OwnProviderAnswer(
                provider.Id.Value, provider.Name, provider.Website, provider.Shares, provider.Contact, provider.PayoutAddressAt(time.GetUtcNow()), waits ? provider.NextPayoutAddress : null,
                waits ? provider.NextPayoutAt : null, provider.MaxAltruists);
        }
    }

    /// <summary>What the provider itself and staff see.</summary>
    /// <param name="PayoutAddress">That counts now.</param>
    /// <param name="NextPayoutAddress">That counts from <paramref name="NextPayoutAt"/> on.</param>
    /// <param name="NextPayoutAt">Null while no change waits.</param>
    internal sealed record OwnProviderAnswer(
        string Id, string Name, string? Website, int Shares, string? Contact, string? PayoutAddress, string? NextPayoutAddress, DateTimeOffset? NextPayoutAt, int? MaxAltruists)
        : ProviderAnswer(Id, Name, Website, Shares);
}
