using AltruistManager.Web.Security;
using AltruistManager.Web.Ui.Pages.Account;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AltruistManager.Web.Ui;

internal static class UiSetup
{
    public static IServiceCollection AddUi(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<SiteFiles>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, PageAuthorization>();
        return services;
    }

    /// <summary>The pages, what they load, and what is shown instead of a page that failed or does not exist. The API keeps its problem details.</summary>
    public static void MapUi(this WebApplication app)
    {
        app.UseWhen(Sessions.IsPage, static pages => pages.UseExceptionHandler(new ExceptionHandlerOptions
        {
            CreateScopeForErrors = true,
            ExceptionHandler = static context => new RazorComponentResult<Failure> { StatusCode = StatusCodes.Status500InternalServerError }.ExecuteAsync(context),
        }));
        app.UseAntiforgery();
        app.Services.GetRequiredService<SiteFiles>().Map(app);
        app.MapPost("/theme", (Delegate)Theme.ChooseAsync).DisableAntiforgery().AllowAnonymous().ExcludeFromDescription();
        app.MapSignOut();
        // Pages name their policy themselves; what the framework maps beside them serves all of them.
        app.MapRazorComponents<App>().Add(static endpoint =>
        {
            if (!endpoint.Metadata.Any(static data => data is ComponentTypeMetadata))
                endpoint.Metadata.Add(new AllowAnonymousAttribute());
        });
    }

    /// <summary>The page for an address without one. Not a fallback endpoint: beside one, routing no longer tells wrong methods from wrong paths.</summary>
    public static void UseNotFoundPage(this WebApplication app) => app.Use(static (context, next) =>
        context.GetEndpoint() is null && context.IsPage() && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            ? new RazorComponentResult<NotFound> { StatusCode = StatusCodes.Status404NotFound }.ExecuteAsync(context)
            : next(context));
}
