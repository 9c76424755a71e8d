using System.Collections.Concurrent;
using System.Security.Claims;
using AltruistManager.Web.Api;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>
/// Before the connections of interactive pages: they are for pages of this very site, WebSockets alone, and there are not more of them than the service can hold, in all and of one
/// user. Who may open one at all says the policy of their endpoints.
/// </summary>
internal sealed class CircuitGate(IOptions<LimitsOptions> limits)
{
    private const string Segment = "_blazor";

    public static readonly PathString Path = "/" + Segment;

    private readonly ConcurrentDictionary<string, int> open = new(StringComparer.Ordinal);
    private int total;

    /// <summary>Open now.</summary>
    public int Open => Volatile.Read(ref total);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!IsOwn(context.Request, context.WebSockets.IsWebSocketRequest))
        {
            await Problems.Forbidden("Only pages of this site may connect here.").ExecuteAsync(context);
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            if (IsConnection(context.Request.Path))
                await Problems.OnlyWebSocket().ExecuteAsync(context);
            else
                await next(context);
            return;
        }

        var user = context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";
        var all = Interlocked.Increment(ref total);
        var own = open.AddOrUpdate(user, 1, static (_, count) => count + 1);
        try
        {
            if (Exceeds(all, limits.Value.Circuits) || Exceeds(own, limits.Value.CircuitsPerUser))
                await Problems.Unavailable("too-many-pages", "Too many interactive pages are open: close some, or try again later.", 30).ExecuteAsync(context);
            else
                await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref total);
            if (open.AddOrUpdate(user, 0, static (_, count) => count - 1) == 0)
                open.TryRemove(KeyValuePair.Create(user, 0));
        }
    }

    public static bool IsAt(RoutePattern pattern) => pattern.PathSegments is [{ Parts: [RoutePatternLiteralPart { Content: Segment }] }, ..];

    /// <summary>The connection itself, and not what is asked before and after it. Its other ways (server-sent events, polling) would be connections that nobody counts.</summary>
    private static bool IsConnection(PathString path) => path.StartsWithSegments(Path, StringComparison.OrdinalIgnoreCase, out var rest) && rest.Value is "" or "/";

    private static bool Exceeds(int count, int limit) => limit > 0 && count > limit;

    /// <summary>A browser says on whose behalf it connects, which no other site can forge; without it, a WebSocket comes from no browser.</summary>
    private static bool IsOwn(HttpRequest request, bool isWebSocket)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 0
            ? !isWebSocket
            : Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)
                && (!request.IsHttps || from.Scheme == Uri.UriSchemeHttps);
    }
}
