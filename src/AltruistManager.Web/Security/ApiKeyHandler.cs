using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Encodings.Web;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Traffic;
using AltruistManager.Web.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>Finds out who calls by the key in <c>Authorization: Bearer am_…</c>, and answers who may not.</summary>
internal sealed class ApiKeyHandler(
    ApiKeyRing ring, PortalBook portals, ApiKeyTickets tickets, RefusalLog refusals, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "key";

    private const string Bearer = "Bearer ";

    private static readonly Task<AuthenticateResult> NoResult = Task.FromResult(AuthenticateResult.NoResult());

    private KeyRefusal refusal;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization;
        if (header.Count == 0)
            return NoResult;
        var value = header.ToString();
        if (!value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return Refuse(KeyRefusal.Malformed);

        var check = ring.CheckAsync(value.AsSpan(Bearer.Length).Trim(), Context.RequestAborted);
        return check.IsCompletedSuccessfully ? Result(check.Result) : Wait(check);

        async Task<AuthenticateResult> Wait(ValueTask<KeyCheck> running) => await Result(await running);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (refusal is KeyRefusal.CannotTell)
            return Problems.Unavailable("storage-unavailable", "The key cannot be checked: the database does not answer.", 5).ExecuteAsync(Context);

        if (refusal is not KeyRefusal.None)
            Note();
        Response.Headers.WWWAuthenticate = refusal is KeyRefusal.None ? "Bearer" : "Bearer error=\"invalid_token\"";
        var problem = refusal switch
        {
            KeyRefusal.None => Problems.Unauthenticated("no-key", "Send a key as 'Authorization: Bearer am_…'."),
            KeyRefusal.Malformed => Problems.Unauthenticated("unknown-key", "What was sent as a key is none: send 'Authorization: Bearer am_…'."),
            KeyRefusal.Revoked => Problems.Unauthenticated("revoked-key", "This key is revoked."),
            KeyRefusal.Expired => Problems.Unauthenticated("expired-key", "This key has expired."),
            _ => Problems.Unauthenticated("unknown-key", "This key is not known."),
        };
        return problem.ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\"";
        return Problems.Forbidden("The scope of this key does not include this call.").ExecuteAsync(Context);
    }

    private Task<AuthenticateResult> Result(KeyCheck check) => check.Key switch
    {
        null => Refuse(check.Refusal),
        { PortalId: { } portal } when portals.Find(portal) is null => TakeUpAsync(check.Key),
        _ => tickets.Of(check.Key),
    };

    /// <summary>A failed sign-in. Only of a key that was ours the id is told: anything else that was sent may be somebody's secret.</summary>
    private void Note()
    {
        var id = "";
        if (refusal is KeyRefusal.Revoked or KeyRefusal.Expired && KeyText.TryParse(Request.Headers.Authorization.ToString().AsSpan(Bearer.Length).Trim(), out var ours, out _))
            id = ours.ToString();
        refusals.Note(Caller.Of(Context).Actor, new AuditEntry("key.sign-in", "key", id) { Detail = $"{refusal.ToString().ToLowerInvariant()} key" });
    }

    /// <summary>A portal that was made just now, by another process: what it may read must be known first.</summary>
    private async Task<AuthenticateResult> TakeUpAsync(ApiKey key)
    {
        try
        {
            await portals.RefreshAsync(Context.RequestAborted);
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            return await Refuse(KeyRefusal.CannotTell);
        }

        return await tickets.Of(key);
    }

    private Task<AuthenticateResult> Refuse(KeyRefusal why)
    {
        refusal = why;
        Context.Features.Set(new RefusedKey(why));
        return NoResult;
    }
}

/// <summary>On a request whose key was refused: a public endpoint says so too, instead of silently treating the caller as nobody.</summary>
internal sealed record RefusedKey(KeyRefusal Why);

/// <summary>One ticket for each key as long as the ring keeps it, so that a request makes none.</summary>
internal sealed class ApiKeyTickets
{
    private readonly ConditionalWeakTable<ApiKey, Task<AuthenticateResult>> results = [];

    public Task<AuthenticateResult> Of(ApiKey key) => results.GetValue(key, static key =>
        Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(Caller.Of(key))), ApiKeyHandler.SchemeName))));
}
