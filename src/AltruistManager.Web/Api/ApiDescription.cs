using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.OpenApi;

namespace AltruistManager.Web.Api;

/// <summary>The document at <c>/openapi/v1.json</c>.</summary>
internal static class ApiDescription
{
    private static readonly Dictionary<string, string> Tags = new(StringComparer.Ordinal)
    {
        ["Selections"] = "What portals call: the altruist to use for a chain in a region.",
        ["Regions"] = "Where portals are, and who stands in for whom.",
        ["Chains"] = "What is served, by which rules, and how its network does.",
        ["Providers"] = "Who offers altruists.",
        ["Altruists"] = "The nodes: registering, testing, health, maintenance.",
        ["Portals"] = "Who serves users through the picks, and what portals report of them.",
        ["Publishers"] = "Where picks are written to beside this API.",
        ["Overrides"] = "What staff order: pins, exclusions, holds, rounds.",
        ["Audit"] = "Who changed what, and who was refused.",
        ["Public"] = "What anybody may see and verify: decisions and the signed log.",
        ["Health"] = "For orchestrators, load balancers and alarms.",
    };

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", static options =>
    {
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Altruist Manager",
                Version = "v1",
                Description = "Which altruist to use, per chain and region. Errors are problem details (RFC 9457) with a stable type.",
            };
            // Relative: right behind any proxy and under any name.
            document.Servers = [new OpenApiServer { Url = "/" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A key: am_…" };
            TellAnyOnce(document);
            TellNullOnce(document);
            foreach (var path in document.Paths.Values)
                path.Operations?.Remove(HttpMethod.Head);
            foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
                tag.Description = Tags.GetValueOrDefault(tag.Name!);
            foreach (var (_, operation) in document.Paths.Values.SelectMany(path => path.Operations ?? []))
                ApiExamples.Of(operation.OperationId!)?.AddTo(operation);
            ProblemDescription.AddTo(document);
            HeaderDescription.AddTo(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(TellOptional);
        options.AddOperationTransformer(static (operation, context, _) =>
        {
            var policy = context.Description.ActionDescriptor.EndpointMetadata.OfType<Microsoft.AspNetCore.Authorization.IAuthorizeData>().LastOrDefault()?.Policy;
            var needsKey = policy is not (null or Security.Policies.Public);
            operation.Security = needsKey ? [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", context.Document)] = [] }] : [];
            operation.Responses ??= [];
            if (needsKey)
            {
                operation.Responses.TryAdd("401", new OpenApiResponse { Description = "No or unknown key" });
                operation.Responses.TryAdd("403", new OpenApiResponse { Description = $"The scope is not {policy}" });
            }

            if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<DisableRateLimitingAttribute>().Any())
                operation.Responses.TryAdd("429", new OpenApiResponse { Description = "Too many requests; Retry-After says when to try again" });
            if (context.Description.RelativePath?.StartsWith(ApiEndpoints.Prefix[1..], StringComparison.Ordinal) is true)
                ProblemDescription.AddCommon(operation);
            return Task.CompletedTask;
        });
    });

    /// <summary>The page at <c>/docs</c>, on which every call can be tried with a key.</summary>
    public static void UseApiPage(this WebApplication app) => app.UseSwaggerUI(static ui =>
    {
        ui.RoutePrefix = "docs";
        ui.DocumentTitle = "Altruist Manager API";
        ui.SwaggerEndpoint("/openapi/v1.json", "v1");
    });

    /// <summary>Of a body whatever may be null may be left out; of an answer what is left out where it is null.</summary>
    private static Task TellOptional(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        if (context.JsonTypeInfo.Kind != JsonTypeInfoKind.Object)
            return Task.CompletedTask;
        var isBody = context.JsonTypeInfo.Type.Name.EndsWith("Body", StringComparison.Ordinal);
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            var mayBeNull = property.IsGetNullable && (Nullable.GetUnderlyingType(property.PropertyType) is not null || !property.PropertyType.IsValueType);
            var isLeftOut = property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: true) is [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.WhenWritingNull }];
            if (isLeftOut || (isBody && mayBeNull))
                schema.Required?.Remove(property.Name);
        }

        return Task.CompletedTask;
    }

    /// <summary>Any JSON may be null by itself; "null or any" is two schemas that null fits.</summary>
    private static void TellAnyOnce(OpenApiDocument document)
    {
        foreach (var schema in document.Components?.Schemas?.Values ?? [])
        {
            foreach (var (name, property) in schema.Properties?.ToList() ?? [])
            {
                if (property.OneOf?.FirstOrDefault(one => one is OpenApiSchemaReference { Reference.Id: nameof(JsonElement) }) is { } any)
                    schema.Properties![name] = any;
            }
        }
    }

    /// <summary>Where a word may be missing its place says "null or one of these": the words themselves are then without null, or null would fit both.</summary>
    private static void TellNullOnce(OpenApiDocument document)
    {
        foreach (var schema in document.Components?.Schemas?.Values.OfType<OpenApiSchema>() ?? [])
        {
            if (schema.Enum is { } words)
                schema.Enum = [.. words.Where(static word => word is not null && !JsonNullSentinel.IsJsonNullSentinel(word))];
        }
    }

    /// <summary>The problems this call may answer, besides those of its key.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            endpoint.Produces<ProblemDocument>(status, Problems.MediaType);
        return endpoint;
    }
}
