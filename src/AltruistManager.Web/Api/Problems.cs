using System.Text.Encodings.Web;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Api;

/// <summary>
/// Every answer that is not what was asked for (RFC 9457). <c>type</c> is stable: scripts may compare it; <c>detail</c> is for people and may change.
/// </summary>
internal static class Problems
{
    public const string MediaType = "application/problem+json";

    /// <summary>400: names every bad field.</summary>
    public static Problem BadFields(IReadOnlyDictionary<string, List<string>> errors) =>
        new(400, "bad-fields", "Some fields are not right", string.Join(" ", errors.SelectMany(field => field.Value.Select(error => $"{field.Key} {error}.")))) { Errors = errors };

    /// <inheritdoc cref="BadFields(IReadOnlyDictionary{string, List{string}})"/>
    public static Problem BadFields(FieldErrors errors) => BadFields(errors.ToDictionary().ToDictionary(field => field.Key, field => field.Value.ToList()));

    /// <summary>400 for one bad field or query parameter. <paramref name="error"/> goes on after the name: <c>must be …</c>.</summary>
    public static Problem BadField(string field, string error) => BadFields(new Dictionary<string, List<string>> { [field] = [error] });

    /// <summary>400: the body is not what could be read at all.</summary>
    public static Problem BadBody(string detail) => new(400, "bad-body", "The body cannot be read", detail);

    public static Problem OnlyWebSocket() => new(400, "no-websocket", "The connection is no WebSocket", "Interactive pages connect by WebSocket alone: whatever is between must let it through.");

    public static Problem Unauthenticated(string slug, string detail) => new(401, slug, "A valid key is needed", detail);

    public static Problem Forbidden(string detail) => new(403, "forbidden", "This key may not do that", detail);

    /// <summary>404. <paramref name="thing"/> is one word: the type is <c>unknown-{thing}</c>.</summary>
    public static Problem Unknown(string thing, string id) => new(404, $"unknown-{thing}", $"Unknown {thing}", $"There is no {thing} named '{id}'.");

    /// <summary>409: already there, or in the way of something else.</summary>
    public static Problem Conflict(string slug, string detail) => new(409, slug, "It is in the way of what is there", detail);

    /// <summary>410. <paramref name="successor"/> is what to use instead.</summary>
    public static Problem Retired(string thing, string id, string? successor) =>
        new(410, "retired", $"This {thing} is retired", successor is null ? $"The {thing} '{id}' is retired." : $"The {thing} '{id}' is retired; use '{successor}'.") { Successor = successor };

    /// <summary>429, to be tried again.</summary>
    public static Problem TooFast(string slug, string detail, int retryAfterSeconds) =>
        new(429, slug, "Too many requests", detail) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>503, to be tried again.</summary>
    public static Problem Unavailable(string slug, string detail, int retryAfterSeconds) =>
        new(503, slug, "Not at the moment", detail) { RetryAfterSeconds = retryAfterSeconds };
}

/// <param name="Slug">The last part of <c>type</c>.</param>
internal sealed record Problem(int Status, string Slug, string Title, string? Detail) : IResult
{
    public IReadOnlyDictionary<string, List<string>>? Errors { get; init; }

    public string? Successor { get; init; }

    public int? RetryAfterSeconds { get; init; }

    /// <summary>The audit trail was told of it.</summary>
    public bool IsNoted { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (Status == StatusCodes.Status403Forbidden && !IsNoted)
            Note(httpContext);
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = Problems.MediaType;
        response.Headers.CacheControl = "no-store";
        if (RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString();
        response.Headers.XContentTypeOptions = "nosniff";
        var body = ToJson();
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    /// <summary>What was called is known by its endpoint's name: paths hold what callers make up.</summary>
    private void Note(HttpContext context)
    {
        var caller = Caller.Of(context);
        var call = context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "unknown";
        // A mirror keeps no trail.
        context.RequestServices.GetService<RefusalLog>()?.Note(caller.Actor, new AuditEntry($"call.{call}", "call", call) { Provider = caller.Actor.OnlyProvider, Detail = Detail });
    }

    /// <summary>In the form of <see cref="ProblemDocument"/>.</summary>
    internal byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("type", $"urn:altruist-manager:problem:{Slug}");
            json.WriteString("title", Title);
            json.WriteNumber("status", Status);
            if (Detail is not null)
                json.WriteString("detail", Detail);
            if (Successor is not null)
                json.WriteString("successor", Successor);
            if (Errors is not null)
            {
                json.WriteStartObject("errors");
                foreach (var (field, errors) in Errors)
                {
                    json.WriteStartArray(field);
                    foreach (var error in errors)
                        json.WriteStringValue(error);
                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
