using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>The REST API: one line a feature.</summary>
internal static class ApiEndpoints
{
    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1");
        api.MapHealth();
    }

    private static void MapHealth(this IEndpointRouteBuilder api) => api.MapGet("/", () => "").AllowPublic();
}
