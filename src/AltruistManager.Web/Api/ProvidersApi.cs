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

    private static IResult List(Paging paging, Caller caller, RosterCache roster)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = roster.Current.Providers.Values.OrderBy(provider => provider.Id).SkipWhile(provider => RegionsApi.IsUpTo(provider.Id.Value, paging.Before)).Take(paging.Fetch).ToList();
        return TypedResults.Ok(paging.Of(rows, provider => ProviderAnswer.Of(provider, caller), provider => provider.Id.Value));
    }

    private static IResult Find(string id, Caller caller, RosterCache roster) =>
        roster.Current.Providers.GetValueOrDefault(new ProviderId(id)) is { } provider ? TypedResults.Ok(ProviderAnswer.Of(provider, caller)) : Problems.Unknown("provider", id);

    private static async Task<IResult> PutAsync(
        string id, BodyReader body, Caller caller, ProviderRegistry registry, AfterWrite after, CancellationToken cancellation)
    {
        var draft = new ProviderDraft(body.String("name"), body.String("website", most: 2048), body.String("contact"), body.String("payoutAddress"), body.Int("shares", 1, 100));
        body.Ignore("id");
        var errors = new FieldErrors();
        if (body.HandOver(errors) is { } unreadable)
            return unreadable;

        var outcome = await registry.PutAsync(caller.Actor, new ProviderId(id), draft, errors, cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await after.SettleAsync();
        var answer = ProviderAnswer.Of(outcome.Value!, caller);
        return outcome.Created ? TypedResults.Created($"/api/v1/providers/{answer.Id}", answer) : TypedResults.Ok(answer);
    }

    /// <summary>What a writer may say.</summary>
    internal sealed record ProviderBody(string? Name, string? Website, string? Contact, string? PayoutAddress, int? Shares);

    /// <summary>What everybody sees.</summary>
    [JsonDerivedType(typeof(OwnProviderAnswer))]
    internal record ProviderAnswer(string Id, string Name, string? Website, int Shares)
    {
        public static ProviderAnswer Of(Provider provider, Caller caller) => caller.Owns(provider.Id)
            ? new OwnProviderAnswer(provider.Id.Value, provider.Name, provider.Website, provider.Shares, provider.Contact, provider.PayoutAddress)
            : new ProviderAnswer(provider.Id.Value, provider.Name, provider.Website, provider.Shares);
    }

    /// <summary>What the provider itself and staff see.</summary>
    internal sealed record OwnProviderAnswer(string Id, string Name, string? Website, int Shares, string? Contact, string? PayoutAddress) : ProviderAnswer(Id, Name, Website, Shares);
}
