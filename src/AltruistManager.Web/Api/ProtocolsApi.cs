using AltruistManager.Chains.Protocols;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/protocols</c>: how nodes prove what they are judged by, for everybody who wants to check it.</summary>
internal static class ProtocolsApi
{
    public static void MapProtocols(this IEndpointRouteBuilder api) =>
        api.MapGet("/protocols", List).AllowPublic().WithTags("Chains")
            .WithName("listProtocols").WithSummary("How nodes of each protocol are asked, by name").Produces<Page<ProtocolAnswer>>().ProducesProblems(400);

    private static IResult List(Paging paging, ProtocolCatalog protocols)
    {
        if (paging.Problem is { } problem)
            return problem;
        var rows = protocols.All.SkipWhile(protocol => RegionsApi.IsUpTo(protocol.Name, paging.Before)).Take(paging.Fetch).ToList();
        return TypedResults.Ok(paging.Of(rows, ProtocolAnswer.Of, protocol => protocol.Name));
    }

    /// <summary>Null for what nodes of the protocol cannot prove.</summary>
    /// <param name="Capabilities">By capability: how it is proven. What is not in here never counts.</param>
    /// <param name="Subscription">The method that subscribes to new heads over a WebSocket.</param>
    internal sealed record ProtocolAnswer(
        string Name, string Identity, string Height, string? HeadTime, string? Syncing, string? Hash, IReadOnlyDictionary<string, string> Capabilities, string? Subscription)
    {
        public static ProtocolAnswer Of(IChainProtocol protocol)
        {
            var facts = protocol.Facts;
            return new(protocol.Name, facts.Identity, facts.Height, facts.HeadTime, facts.Syncing, facts.Hash, facts.Capabilities, facts.Subscription?.Method);
        }
    }
}
