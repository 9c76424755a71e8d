using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>The REST API: one line a feature.</summary>
internal static class ApiEndpoints
{
    public const string Prefix = "/api/v1";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.AddSingleton<SelectionsApi>();
        services.AddSingleton<SelectionStreams>();
        services.AddSingleton<StreamRequests>();
        services.AddHostedService(static provider => provider.GetRequiredService<SelectionStreams>());
        services.AddSingleton<AltruistsApi.Answers>();
        services.AddSingleton<AfterWrite>();
        services.AddApiDescription();
        return services;
    }

    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup(Prefix);
        api.MapSelections();
        api.MapRegions();
        api.MapChains();
        api.MapProtocols();
        api.MapProviders();
        api.MapAltruists();
        api.MapStanding();
        api.MapAltruistProbes();
        api.MapProof();
        api.MapPortals();
        api.MapExposure();
        api.MapRelayReports();
        api.MapDecisions();
        api.MapDrains();
        api.MapTransparency();
        api.MapOverrides();
        api.MapHolds();
        api.MapRounds();
        api.MapPublishers();
        api.MapAudit();
        app.MapHealth();
        app.MapOpenApi().AllowPublic();
    }
}
