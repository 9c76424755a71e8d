using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Proof that a provider controls the hosts of its altruist (contract 3.2, design 5.7).</summary>
internal static class ProofApi
{
    private const string Proving =
        """
        Without `check` tells what to show at each place: a file of the given content, or a DNS TXT record; the same for 7 days. With `check=true` looks whether it is there; once control
        of every place is proven the altruist may be picked, and claims of other providers to its URL end.
        """;

    public static void MapProof(this IEndpointRouteBuilder api) =>
        api.MapPost("/altruists/{id}/proof", ProveAsync).RequireAuthorization(Policies.Provider).RequireRateLimiting(RateLimits.Tests).WithTags("Altruists")
            .WithName("proveAltruist").WithSummary("Starts or checks the proof that its hosts are its provider's").WithDescription(Proving)
            .Produces<ProofAnswer>().ProducesProblems(400, 404, 409, 410, 429);

    private static async Task<IResult> ProveAsync(string id, bool? check, Caller caller, ControlProver prover, AfterWrite after, CancellationToken cancellation)
    {
        var outcome = check == true
            ? await prover.CheckAsync(caller.Actor, new AltruistId(id), cancellation)
            : await prover.StartAsync(caller.Actor, new AltruistId(id), cancellation);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        if (check == true && outcome.Value!.Altruist.Attested)
            await after.SettleAsync();
        return TypedResults.Ok(ProofAnswer.Of(outcome.Value!));
    }
}

/// <param name="By">Null while it is not proven.</param>
/// <param name="Content">Of the file, or of the record; null where nothing has to be shown any more, as are the places.</param>
internal sealed record ProofAnswer(string Altruist, bool Proven, ControlProof? By, string Reason, string? Content, DateTimeOffset? ExpiresAt, IReadOnlyList<ProofPlaceAnswer> Places)
{
    public static ProofAnswer Of(ControlReport report) => new(
        report.Altruist.Id.Value, report.Altruist.Attested, report.Altruist.Attested ? report.Altruist.ControlBy : null, report.Reason, report.Challenge?.Answer, report.Challenge?.ExpiresAt,
        [.. report.Places.Select(place => new ProofPlaceAnswer(place.Host, place.FileUrl, place.DnsName, place.IsProven, place.File, place.Dns))]);
}

/// <param name="FileUrl">Where the file is looked for.</param>
/// <param name="DnsName">Whose TXT record is looked for instead; null for an address.</param>
/// <param name="File">What became of the file; null before it was looked.</param>
/// <param name="Dns">The same of the record.</param>
internal sealed record ProofPlaceAnswer(string Host, string FileUrl, string? DnsName, bool Proven, string? File, string? Dns);
