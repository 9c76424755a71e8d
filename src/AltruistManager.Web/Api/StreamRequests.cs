using AltruistManager.Traffic;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace AltruistManager.Web.Api;

/// <param name="Portal">Whose key it is; null for staff.</param>
/// <param name="After">The generation that the portal says it has.</param>
internal sealed record StreamRequest(string Region, Caller Caller, Portal? Portal, long? After);

/// <summary>
/// Answers requests for streams when they are back from routing, authentication, limiter and authorisation. A stream lives for days: begun in there, each would keep the state of
/// every step and the services of its request as long: 2.8 KB.
/// </summary>
internal sealed class StreamRequests(SelectionStreams streams, PortalPolls polls)
{
    public async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Features.Get<StreamRequest>() is not { } request)
            return;
        if (context.Features.Get<IServiceProvidersFeature>() is IAsyncDisposable services)
            await services.DisposeAsync();

        var (stream, refusal) = streams.Open(request.Region, request.Caller.KeyId!, request.Portal, request.After, context.Abort);
        if (stream is null)
        {
            await refusal!.ExecuteAsync(context);
            return;
        }

        Forget(context);
        try
        {
            context.Response.ContentType = "text/event-stream";
            // Proxies of the nginx family hold answers back unless told not to.
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await stream.SendAsync(context.Response.BodyWriter, Sent, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The portal has gone.
        }
        finally
        {
            streams.Close(request.Region, stream);
        }

        // Written is told, as an answered poll is.
        void Sent(long generation)
        {
            if (request.Caller.PortalId is { } portal)
                polls.Note(portal, request.Region, chain: "", generation);
        }
    }

    /// <summary>What was read of the request and what the steps left beside it: nobody asks for it again, and ten thousand streams would keep 11 MB of it.</summary>
    private static void Forget(HttpContext context)
    {
        var left = context.Features;
        left.Set<StreamRequest>(null);
        left.Set<IQueryFeature>(null);
        left.Set<IItemsFeature>(null);
        left.Set<IServiceProvidersFeature>(null);
        left.Set<IHttpAuthenticationFeature>(null);
        left.Set<IAuthenticateResultFeature>(null);
        left.Set<IAuthenticationFeature>(null);
        left.Set<IHttpWebSocketFeature>(null);
        // The server keeps cleared headers for the next request of the connection.
        context.Request.Headers.Authorization = default;
    }
}

internal static class StreamRequestsSetup
{
    public const string Path = "/selections/stream";

    /// <summary>Before everything that waits for what comes after it.</summary>
    public static void UseStreams(this WebApplication app) => app.UseWhen(
        static context => context.Request.Path.StartsWithSegments(ApiEndpoints.Prefix + Path, StringComparison.OrdinalIgnoreCase),
        static requests => requests.Use(requests.ApplicationServices.GetRequiredService<StreamRequests>().AnswerAsync));
}
