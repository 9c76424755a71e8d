using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
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
            return new RazorComponentResult<Forbidden> { StatusCode = StatusCodes.Status403Forbidden }.ExecuteAsync(context);
        // A form that was sent too late cannot be sent again by going back to it.
        var back = HttpMethods.IsGet(context.Request.Method) ? $"{context.Request.Path}{context.Request.QueryString}" : context.Request.Path.Value;
        return context.ChallengeAsync(Sessions.SchemeName, new AuthenticationProperties { RedirectUri = back });
    }
}
