using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Json;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Security;

/// <summary>Signing in by the service of others that the configuration names, for users who connected themselves with it before.</summary>
internal static class ExternalSignIn
{
    public const string SchemeName = "external";

    /// <summary>Where who is signed in connects and disconnects it.</summary>
    private const string AccountPath = "/account/external";

    public static IServiceCollection AddExternalSignIn(this IServiceCollection services, AccountsOptions accounts)
    {
        if (accounts.ExternalName is null)
            return services;
        services.AddAuthentication().AddOAuth(SchemeName, accounts.ExternalName, oauth =>
        {
            oauth.SignInScheme = IdentityConstants.ExternalScheme;
            oauth.ClientId = accounts.ExternalClientId!;
            oauth.ClientSecret = accounts.ExternalClientSecret!;
            oauth.AuthorizationEndpoint = accounts.ExternalAuthorizationUrl!;
            oauth.TokenEndpoint = accounts.ExternalTokenUrl!;
            oauth.UserInformationEndpoint = accounts.ExternalUserUrl!;
            oauth.CallbackPath = "/sign-in/external/callback";
            oauth.AccessDeniedPath = "/sign-in";
            oauth.UsePkce = true;
            foreach (var scope in accounts.ExternalScope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                oauth.Scope.Add(scope);
            oauth.CorrelationCookie.SecurePolicy = CookieSecurePolicy.Always;
            oauth.CorrelationCookie.SameSite = SameSiteMode.Lax;
            oauth.ClaimActions.MapJsonKey(ClaimTypes.NameIdentifier, accounts.ExternalIdField);
            oauth.Events.OnCreatingTicket = static async ticket =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, ticket.Options.UserInformationEndpoint);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ticket.AccessToken);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                using var answer = await ticket.Backchannel.SendAsync(request, ticket.HttpContext.RequestAborted);
                answer.EnsureSuccessStatusCode();
                using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(ticket.HttpContext.RequestAborted), cancellationToken: ticket.HttpContext.RequestAborted);
                ticket.RunClaimActions(json.RootElement);
            };
            oauth.Events.OnRemoteFailure = static failure =>
            {
                failure.Response.Redirect("/sign-in?problem=external");
                failure.HandleResponse();
                return Task.CompletedTask;
            };
        });
        return services;
    }

    /// <summary>The way there, and what happens on return: a session, or a connection with who is signed in already.</summary>
    public static void MapExternalSignIn(this IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetRequiredService<Microsoft.Extensions.Options.IOptions<AccountsOptions>>().Value.ExternalName is null)
            return;
        app.MapPost("/sign-in/external", static async (HttpContext context, IAntiforgery antiforgery, SignIns signIns, Users users, UserBook book) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context))
                return Results.BadRequest();
            var back = LocalPath.Or(context.Request.Query[Sessions.BackParameter], "/");
            var actor = SignedIn.ActorOf(context.User, book);
            if (actor is not null)
            {
                // Who finds a browser signed in must not get a way in of their own.
                var form = await context.Request.ReadFormAsync(context.RequestAborted);
                if (await users.FindByIdAsync(actor.Id) is not { } user || !await signIns.IsThemselfAsync(user, form["Input.Password"]))
                    return Results.LocalRedirect($"{AccountPath}?problem=password");
            }

            return Results.Challenge(
                signIns.ConfigureExternalAuthenticationProperties(SchemeName, $"/sign-in/external/done?{Sessions.BackParameter}={Uri.EscapeDataString(back)}", actor?.Id), [SchemeName]);
        }).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/sign-in/external/done", static async (HttpContext context, SignIns signIns, Users users, UserBook book) =>
        {
            var actor = SignedIn.ActorOf(context.User, book);
            if (await signIns.GetExternalLoginInfoAsync(actor?.Id) is not { } login)
                return Results.LocalRedirect(actor is null ? "/sign-in?problem=external" : $"{AccountPath}?problem=connect");
            var back = LocalPath.Or(context.Request.Query[Sessions.BackParameter], "/");
            if (actor is null)
            {
                return await signIns.WithExternalAsync(login) switch
                {
                    SignInOutcome.Done => Results.LocalRedirect(back),
                    SignInOutcome.NeedsCode => Results.LocalRedirect($"/sign-in/code?{Sessions.BackParameter}={Uri.EscapeDataString(back)}"),
                    _ => Results.LocalRedirect("/sign-in?problem=stranger"),
                };
            }

            await context.SignOutAsync(IdentityConstants.ExternalScheme);
            if (await users.FindByIdAsync(actor.Id) is not { } user)
                return Results.LocalRedirect("/sign-in");
            if (!await signIns.ConnectAsync(user, login))
                return Results.LocalRedirect($"{AccountPath}?problem=connect");
            return Results.LocalRedirect(AccountPath);
        }).AllowAnonymous().ExcludeFromDescription();
    }
}
