using AltruistManager.Web.Running;
using AltruistManager.Web.Security;
using AltruistManager.Web.Ui.Pages.Account;
using AltruistManager.Web.Ui.Pages.Admin;
using AltruistManager.Web.Ui.Pages.My;
using AltruistManager.Web.Ui.Pages.Setup;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using Radzen;

namespace AltruistManager.Web.Ui;

internal static class UiSetup
{
    /// <summary>A page whose connection was lost can be taken up again for so long; each one waiting holds its memory.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(3);

    private const int MostRetained = 100;

    public static IServiceCollection AddUi(this IServiceCollection services)
    {
        services.AddRazorComponents().RegisterPersistentService<ReaderZone>(RenderMode.InteractiveServer).AddInteractiveServerComponents(static circuits =>
        {
            circuits.DisconnectedCircuitMaxRetained = MostRetained;
            circuits.DisconnectedCircuitRetentionPeriod = Retention;
            circuits.MaxBufferedUnacknowledgedRenderBatches = 10;
        }).AddHubOptions(static hub =>
        {
            // A pasted list of altruists is the longest message there is.
            hub.MaximumReceiveMessageSize = 256 * 1024;
            hub.MaximumParallelInvocationsPerClient = 1;
            // A browser that is slow, or was asleep for a moment, need not begin anew.
            hub.HandshakeTimeout = TimeSpan.FromSeconds(30);
            hub.ClientTimeoutInterval = TimeSpan.FromSeconds(45);
        });
        services.AddScoped<ReaderZone>();
        services.AddRadzenComponents();
        services.AddSingleton<CircuitGate>();
        services.AddSingleton<TestLimits>();
        services.AddSingleton<JobDesk>();
        services.AddSingleton<SiteFiles>();
        services.AddFirstRun();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, PageAuthorization>();
        services.AddHsts(static hsts => hsts.MaxAge = TimeSpan.FromDays(365));
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
        app.UseWebSockets();
        app.UseWhen(
            static context => context.Request.Path.StartsWithSegments(CircuitGate.Path, StringComparison.OrdinalIgnoreCase),
            static circuits => circuits.Use(static (context, next) => context.RequestServices.GetRequiredService<CircuitGate>().InvokeAsync(context, next)));
        app.UseAntiforgery();
        app.Services.GetRequiredService<SiteFiles>().Map(app);
        app.MapPost("/theme", (Delegate)Theme.ChooseAsync).DisableAntiforgery().AllowAnonymous().ExcludeFromDescription();
        app.MapSignOut();
        app.MapAuditExport();
        app.MapImportFiles();
        app.MapExternalSignIn();
        // Pages name their policy themselves; a connection is for who is signed in; what else the framework maps serves all pages.
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(static circuits =>
        {
            // Says who may frame a page beside our own policy, which is stricter.
            circuits.ContentSecurityFrameAncestorsPolicy = null;
            // It takes more memory for each open page than all it shows.
            circuits.DisableWebSocketCompression = true;
        }).Add(static endpoint =>
        {
            if (endpoint is RouteEndpointBuilder route && CircuitGate.IsAt(route.RoutePattern))
                endpoint.Metadata.Add(new AuthorizeAttribute(Policies.User));
            else if (!endpoint.Metadata.Any(static data => data is ComponentTypeMetadata))
                endpoint.Metadata.Add(new AllowAnonymousAttribute());
            if (!endpoint.Metadata.Any(static data => data is ConsoleAttribute))
                OmitState(endpoint.Metadata);
        });
    }

    /// <summary>Whoever asks for the head of a page, as monitors do, is answered as for the page; the server leaves out the body. Pages are mapped for GET alone.</summary>
    public static void UseHeadOfPages(this WebApplication app) => app.Use(static (context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method) && context.IsPage())
            context.Request.Method = HttpMethods.Get;
        return next(context);
    });

    /// <summary>
    /// A page without an interactive part has no state to hand over to a connection, and yet the framework writes it, encrypted, wherever pages may be interactive at all. A page that
    /// may not says so by a kind of metadata that the framework keeps to itself; were it to lose it, the state would only be written again.
    /// </summary>
    private static void OmitState(IList<object> metadata)
    {
        if (metadata.FirstOrDefault(static data => data.GetType().Name is "ConfiguredRenderModesMetadata") is { } modes
            && modes.GetType().GetConstructor([typeof(IComponentRenderMode[])]) is { } constructor)
        {
            metadata[metadata.IndexOf(modes)] = constructor.Invoke([Array.Empty<IComponentRenderMode>()]);
        }
    }

    /// <summary>The page for an address without one. Not a fallback endpoint: beside one, routing no longer tells wrong methods from wrong paths.</summary>
    public static void UseNotFoundPage(this WebApplication app) => app.Use(static (context, next) =>
        context.GetEndpoint() is null && context.IsPage() && HttpMethods.IsGet(context.Request.Method)
            ? new RazorComponentResult<NotFound> { StatusCode = StatusCodes.Status404NotFound }.ExecuteAsync(context)
            : next(context));
}
