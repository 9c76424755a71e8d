using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace AltruistManager.Web.Api;

/// <summary>The document at <c>/openapi/v1.json</c>.</summary>
internal static class ApiDescription
{
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
            foreach (var path in document.Paths.Values)
                path.Operations?.Remove(HttpMethod.Head);
            return Task.CompletedTask;
        });
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

            return Task.CompletedTask;
        });
    });

    /// <summary>The problems this call may answer, besides those of its key.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            endpoint.ProducesProblem(status, Problems.MediaType);
        return endpoint;
    }

    /// <summary>Shows what the call answers when all is well.</summary>
    /// <param name="json">Of the body.</param>
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder endpoint, string json) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.Responses?.GetValueOrDefault("200")?.Content is { } content)
            {
                foreach (var shown in content.Values.OfType<OpenApiMediaType>())
                    shown.Example = JsonNode.Parse(json);
            }

            return Task.CompletedTask;
        });
}
