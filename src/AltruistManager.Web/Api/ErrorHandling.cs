using AltruistManager.Storage;

namespace AltruistManager.Web.Api;

/// <summary>Gives every answer outside the endpoints its problem detail: no such path, wrong method, and what nobody expected.</summary>
internal static partial class ErrorHandling
{
    /// <summary>Outermost: what an endpoint throws.</summary>
    public static void UseProblemsForExceptions(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            // Whatever depends on a key is nobody else's; calls that may be kept say so themselves.
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
        }

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer any more.
        }
        catch (Exception exception) when (!context.Response.HasStarted && ProblemOf(exception) is { } problem)
        {
            if (problem.Status >= 500)
                LogFailed(app.Logger, exception, context.Request.Method, context.Request.Path);
            context.Response.Clear();
            await problem.ExecuteAsync(context);
        }
    });

    /// <summary>After routing and before authorisation, so that a path that does not exist is not answered with 401.</summary>
    public static void UseProblemsForMissingEndpoints(this WebApplication app) => app.Use((context, next) => context.GetEndpoint() switch
    {
        null => new Problem(404, "unknown-path", "There is nothing here", $"Nothing is served at {context.Request.Path}.").ExecuteAsync(context),
        not RouteEndpoint and { RequestDelegate: { } answer } => ExplainAsync(context, answer),
        _ => next(context),
    });

    /// <summary>Routing's own answers: 405 with Allow, 415.</summary>
    private static async Task ExplainAsync(HttpContext context, RequestDelegate answer)
    {
        await answer(context);
        if (!context.Response.HasStarted)
        {
            await (context.Response.StatusCode is 405
                ? new Problem(405, "method-not-allowed", "Not with this method", $"{context.Request.Path} takes {context.Response.Headers.Allow}.")
                : new Problem(context.Response.StatusCode, "unsupported-media-type", "The body must be JSON", "Send the body as application/json."))
                .ExecuteAsync(context);
        }
    }

    /// <summary>While only the last-good file is served, nothing may be written or decided.</summary>
    public static void UseProblemsBeforeStart(this WebApplication app)
    {
        var initialisation = app.Services.GetRequiredService<Initialisation>();
        app.Use((context, next) => initialisation.IsDone || HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            ? next(context)
            : Problems.Unavailable("storage-unavailable", "The database cannot be used at the moment.", 5).ExecuteAsync(context));
    }

    /// <summary>
    /// <c>curl -d</c> calls every body a form unless told otherwise; bodies of the API are JSON. A key travels in a header, so no form of
    /// another site can use this.
    /// </summary>
    public static void UseJsonWhereCurlSaysForm(this WebApplication app) =>
        app.Use((context, next) =>
        {
            if (context.Request.ContentType == "application/x-www-form-urlencoded" && context.Request.Path.StartsWithSegments("/api"))
                context.Request.ContentType = "application/json";
            return next(context);
        });

    private static Problem ProblemOf(Exception exception) => exception switch
    {
        BadHttpRequestException bad => new Problem(bad.StatusCode, bad.StatusCode is 413 ? "too-large" : "bad-request", "The request cannot be read", bad.Message),
        _ when Database.IsFailure(exception) => Problems.Unavailable("storage-unavailable", "The database cannot be used at the moment.", 5),
        _ => new Problem(500, "internal-error", "A mistake of ours", "Something went wrong here; it is in the log."),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, PathString path);
}
