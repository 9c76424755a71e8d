using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AltruistManager.Web.Ui;

/// <summary>Who may not see a page is asked to sign in, or told so by a page; calls of the API keep their problem details.</summary>
internal sealed class PageAuthorization : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler others = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded || !context.IsPage())
            return others.HandleAsync(next, context, policy, authorizeResult);
        if (authorizeResult.Forbidden)
        {
            Note(context);
            return new RazorComponentResult<Forbidden> { StatusCode = StatusCodes.Status403Forbidden }.ExecuteAsync(context);
        }

        // A form that was sent too late cannot be sent again by going back to it.
        var back = HttpMethods.IsGet(context.Request.Method) ? $"{context.Request.Path}{context.Request.QueryString}" : context.Request.Path.Value;
        return context.ChallengeAsync(Sessions.SchemeName, new AuthenticationProperties { RedirectUri = back });
    }

    /// <summary>Which page it was is known by its kind, and what is none by its route: paths hold what somebody made up.</summary>
    private static void Note(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var page = endpoint?.Metadata.GetMetadata<ComponentTypeMetadata>()?.Type.Name ?? (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "unknown";
        var book = context.RequestServices.GetRequiredService<UserBook>();
        var actor = SignedIn.ActorOf(context.User, book) ?? Actor.Nobody(RateLimits.AddressOf(context));
        var why = actor is { Kind: ActorKind.User, IsStaff: false } && book.Find(actor.Id) is { IsStaff: true } ? "Staff may see it only with a second factor." : "Only staff may see it.";
        context.RequestServices.GetRequiredService<RefusalLog>().Note(actor, new AuditEntry("page.open", "page", page) { Provider = actor.OnlyProvider, Detail = why });
    }
}
