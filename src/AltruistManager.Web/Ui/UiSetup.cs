namespace AltruistManager.Web.Ui;

internal static class UiSetup
{
    public static IServiceCollection AddUi(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<SiteStyle>();
        return services;
    }

    /// <summary>The pages, what they load, and the page shown instead of a failed one. API calls keep their problem details.</summary>
    public static void MapUi(this WebApplication app)
    {
        app.UseWhen(IsPage, pages => pages.UseExceptionHandler("/error", createScopeForErrors: true));
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = file =>
            {
                file.Context.Response.Headers.XContentTypeOptions = "nosniff";
                file.Context.Response.Headers.CacheControl =
                    file.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "public, max-age=3600";
            },
        });
        app.UseAntiforgery();
        app.MapPost("/theme", (Delegate)Theme.ChooseAsync).DisableAntiforgery().ExcludeFromDescription();
        app.MapRazorComponents<App>();
    }

    private static bool IsPage(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/healthz", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/openapi", StringComparison.Ordinal);
}
