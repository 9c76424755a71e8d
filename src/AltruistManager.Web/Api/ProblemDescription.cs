using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;

namespace AltruistManager.Web.Api;

/// <summary>A problem detail as it is described; <see cref="Problem"/> writes it.</summary>
/// <param name="Type"><c>urn:altruist-manager:problem:…</c>, stable: scripts may compare it.</param>
/// <param name="Detail">For people; may change.</param>
/// <param name="Successor">What to use instead of what is retired.</param>
/// <param name="Errors">By field, what is wrong with it.</param>
internal sealed record ProblemDocument(
    string Type, string Title, int Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Successor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors);

/// <summary>Every answer that is a problem, with its schema, its headers and an example of each type it may have there.</summary>
internal static class ProblemDescription
{
    private const string RetryAfter = "Retry-After";
    private const string Altruist = "01a1ffb9-3e90-7cbd-8ea7-a9390a14f181";

    /// <param name="Where">Matches the paths of the calls that answer it; null for all that answer its status.</param>
    private sealed record Shown(Problem Problem, string? Where = null, string? Name = null)
    {
        public string Id => Name ?? $"{Problem.Status}-{Problem.Slug}";

        public bool IsOf(string status, string path) => status == $"{Problem.Status}" && (Where is null || Regex.IsMatch(path, Where, RegexOptions.NonBacktracking));
    }

    private static readonly Shown[] Examples =
    [
        new(Problems.BadField("limit", "must be a whole number from 1 to 200")),
        new(Problems.BadBody("The body is not valid JSON at line 1, byte 2."), "^/api/v1/(regions|chains|providers|altruists|portals|overrides|holds|relay-reports)"),
        new(new Problem(400, "credentials-refused", "The endpoint does not take these credentials", "Nothing was changed: it answers 401."), "/credentials$"),
        new(Problems.Unauthenticated("no-key", "Send a key as 'Authorization: Bearer am_…'.")),
        new(Problems.Unauthenticated("unknown-key", "This key is not known.")),
        new(Problems.Unauthenticated("revoked-key", "This key is revoked.")),
        new(Problems.Unauthenticated("expired-key", "This key has expired.")),
        new(Problems.Forbidden("This portal does not read the region 'us-east'."), "/selections|/relay-reports|/portals"),
        new(Problems.Forbidden("Only staff may do that."), "^/api/v1/(?:regions|chains|providers|altruists|overrides|holds|rounds|publishers|audit|transparency|decisions|protocols)", "403-forbidden-staff"),
        new(Problems.Unknown("chain", "nonsense"), "/selections/|/chains/|/decisions$|/relay-reports|/standing|/altruists$"),
        new(Problems.Unknown("region", "us-nowhere"), "/selections|/regions/|/decisions$|/standing|/altruists$"),
        new(Problems.Unknown("provider", "nobody"), "/providers/|/relay-reports|/altruists$"),
        new(Problems.Unknown("altruist", Altruist), "/altruists/|/relay-reports"),
        new(Problems.Unknown("portal", "nobody"), "/portals/|/relay-reports"),
        new(Problems.Unknown("key", "3f9a"), "/exposure$"),
        new(Problems.Unknown("drain", "7"), "/resume$"),
        new(Problems.Unknown("evidence", "0c1d"), "/evidence/"),
        new(Problems.Unknown("decision", "1a1ffb93a90-3"), "/decisions/"),
        new(Problems.Unknown("entry", "1795291691664"), "/transparency/entries/"),
        new(Problems.Unknown("override", "7"), "/overrides/"),
        new(Problems.Unknown("hold", "7"), "/holds/"),
        new(Problems.Unknown("catalogue", "erpc"), "/catalogue$"),
        new(Problems.Conflict("alias-taken", "The alias 'eth' already names the chain 0021."), "/chains/"),
        new(Problems.Conflict("chain-in-use", "3 living altruists serve the chain 0021: retire them or take the chain from them first."), "/chains/"),
        new(Problems.Conflict("url-taken", "An altruist of another provider already has this URL."), "/altruists(/\\{id\\})?$|/proof$"),
        new(Problems.Conflict("limit", "acme may have 20 altruists and has them: retire one, or ask staff for more."), "/altruists(/\\{id\\})?$"),
        new(Problems.Conflict("changed-meanwhile", "The altruist was changed while its endpoint was tested: try again."), "/proof$|/credentials$"),
        new(Problems.Conflict("too-many-windows", "10 windows of this altruist are planned already."), "/drain$"),
        new(Problems.Retired("chain", "0021", "0022"), "/selections/|/chains/", "410-retired-chain"),
        new(Problems.Retired("altruist", Altruist, null), "/altruists"),
        new(Problems.Retired("portal", "gateway", null), "/portals/", "410-retired-portal"),
        new(new Problem(410, "body-expired", "This body is no longer kept", "Bodies are kept for 30 days. Its header is kept for ever."), "/transparency/entries/"),
        new(new Problem(413, "too-large", "The body is too large", "A body may have 65536 bytes.")),
        new(new Problem(415, "unsupported-media-type", "The body must be JSON", "Send the body as application/json.")),
        new(Problems.TooFast("too-fast", "Slow down; Retry-After says when to try again.", 1)),
        new(Problems.TooFast("too-many-streams", "10 streams of this key are open, which is as many as it may have.", 10), "/stream$"),
        new(new Problem(429, "too-soon", "Not so often", "A test of this altruist is under way."), "/test$|/credentials$|/proof$"),
        new(Problems.Unavailable("no-altruist", "No altruist can be named for 0021 in us-east.", 30), "/selections/\\{"),
        new(Problems.Unavailable("starting", "Nothing was picked yet.", 1), "/selections|/catalogue$|/transparency/(head|key)$"),
        new(Problems.Unavailable("stopping", "The service stops.", 1), "/stream$"),
        new(Problems.Unavailable("too-many-streams", "20000 streams are open, which is as many as may be.", 10), "/stream$"),
        new(Problems.Unavailable("busy", "Too many reports wait to be written: send it again later.", 5), "/relay-reports$"),
        new(Problems.Unavailable("storage-unavailable", "The database cannot be used at the moment.", 5)),
    ];

    /// <summary>What any call may answer, whatever it says of itself.</summary>
    public static void AddCommon(OpenApiOperation operation)
    {
        operation.Responses ??= [];
        if (operation.RequestBody is not null)
        {
            operation.Responses.TryAdd("413", new OpenApiResponse { Description = "The body is too large" });
            operation.Responses.TryAdd("415", new OpenApiResponse { Description = "The body is not JSON" });
        }

        operation.Responses.TryAdd("503", new OpenApiResponse { Description = "Not at the moment; Retry-After says when to try again" });
    }

    public static void AddTo(OpenApiDocument document)
    {
        document.Components!.Headers ??= new Dictionary<string, IOpenApiHeader>();
        document.Components.Headers[RetryAfter] = new OpenApiHeader { Description = "After how many seconds to try again", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer } };
        document.Components.Examples ??= new Dictionary<string, IOpenApiExample>();
        foreach (var shown in Examples)
            document.Components.Examples[shown.Id] = new OpenApiExample { Summary = shown.Problem.Title, Value = JsonNode.Parse(shown.Problem.ToJson()) };
        foreach (var (path, item) in document.Paths)
        {
            foreach (var (status, response) in (item.Operations ?? []).SelectMany(call => call.Value.Responses ?? []))
            {
                if (status[0] is '4' or '5' && response is OpenApiResponse problem && problem.Content?.ContainsKey("application/json") is not true)
                    Describe(problem, status, path, document);
            }
        }
    }

    private static void Describe(OpenApiResponse problem, string status, string path, OpenApiDocument document)
    {
        problem.Content = new Dictionary<string, OpenApiMediaType>
        {
            [Problems.MediaType] = new OpenApiMediaType
            {
                Schema = new OpenApiSchemaReference(nameof(ProblemDocument), document),
                Examples = Examples.Where(shown => shown.IsOf(status, path)).ToDictionary(shown => shown.Id, shown => (IOpenApiExample)new OpenApiExampleReference(shown.Id, document)),
            },
        };
        if (status is "429" or "503")
            (problem.Headers ??= new Dictionary<string, IOpenApiHeader>())[RetryAfter] = new OpenApiHeaderReference(RetryAfter, document);
    }
}
