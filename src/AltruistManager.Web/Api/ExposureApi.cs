using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary><c>/portals/{id}/exposure</c>: what a leaked key of a portal may have given away.</summary>
internal static class ExposureApi
{
    private const string Showing =
        """
        Every altruist that whoever held the portal's keys (or the one asked for) could be told of between their first and last use: those that are offered where the portal may
        read now and lived at that time, and those that were picked for what it reads. `pickedFrom` and `pickedUntil` say when an altruist was a primary within that time, as far as
        sessions are kept; one without them may have stood by. Change the credentials of those that have any (`auth`), and URLs whose path is a secret.
        """;

    public static void MapExposure(this IEndpointRouteBuilder api) =>
        api.MapGet("/portals/{id}/exposure", ShowAsync).RequireAuthorization(Policies.Staff).WithTags("Portals")
            .WithName("getPortalExposure").WithSummary("Which altruists the keys of a portal have seen, for when one has leaked").WithDescription(Showing)
            .Produces<ExposureDocument>().ProducesProblems(400, 404);

    /// <param name="key">Id of one of the portal's keys; all of them if not given.</param>
    private static async Task<IResult> ShowAsync(string id, string? key, Paging paging, PortalBook portals, PortalExposures exposures, CancellationToken cancellation)
    {
        if (paging.Problem is { } problem)
            return problem;
        // The keys of a retired portal may have leaked too.
        if (portals.All.GetValueOrDefault(id) is not { } portal)
            return Problems.Unknown("portal", id);
        if (await exposures.FindAsync(portal, string.IsNullOrEmpty(key) ? null : key, cancellation) is not { } exposure)
            return Problems.Unknown("key", key!);
        var rows = exposure.Altruists.SkipWhile(exposed => RegionsApi.IsUpTo(exposed.Altruist.Id.Value, paging.Before)).Take(paging.Fetch).ToList();
        var page = paging.Of(rows, ExposedDocument.Of, exposed => exposed.Altruist.Id.Value);
        return TypedResults.Ok(new ExposureDocument(portal.Id, [.. exposure.Keys.Select(UsedKeyDocument.Of)], exposure.Since, exposure.Until, exposure.Altruists.Count, page.Items, page.Next));
    }
}

/// <param name="FirstUsedAt">Null if it never was; of keys made before uses were noted, when it was made.</param>
/// <param name="LastUsedAt">To the minute; null if it never was, or not since uses are noted.</param>
internal sealed record UsedKeyDocument(string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? FirstUsedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    public static UsedKeyDocument Of(PortalKeyUse key) => new(key.Id, key.Name, key.CreatedAt, key.Use?.FirstAt, key.Use?.LastAt, key.ExpiresAt, key.RevokedAt);
}

/// <param name="Auth">Which type of credentials it has; <c>none</c> for none.</param>
internal sealed record ExposedDocument(
    string Altruist, string Provider, string Label, IReadOnlyList<string> Chains, IReadOnlyList<string> Regions, string Auth, DateTimeOffset? PickedFrom, DateTimeOffset? PickedUntil, DateTimeOffset? RetiredAt)
{
    public static ExposedDocument Of(ExposedAltruist exposed)
    {
        var altruist = exposed.Altruist;
        return new ExposedDocument(
            altruist.Id.Value, altruist.Provider.Value, altruist.Label, [.. altruist.Chains.Select(chain => chain.Value)], [.. altruist.Regions.Select(region => region.Value)],
            altruist.Auth.Kind.ToString().ToLowerInvariant(), exposed.PickedFrom, exposed.PickedUntil, altruist.RetiredAt);
    }
}

/// <param name="Since">First use of a key; null if none was ever used.</param>
/// <param name="Until">Last use of a key, or when it ended.</param>
/// <param name="Count">Altruists in all.</param>
/// <param name="Items">By id.</param>
internal sealed record ExposureDocument(
    string Portal, IReadOnlyList<UsedKeyDocument> Keys, DateTimeOffset? Since, DateTimeOffset? Until, int Count, IReadOnlyList<ExposedDocument> Items, string? Next);
