using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>
/// Sends a JSON-RPC request to the altruist picked for its chain, with that altruist's credentials. Where it cannot be connected to, takes too long, answers 5xx or 429 or refuses its
/// credentials, the next one is asked, while there is a budget: what a request does to a node should bear being done twice. One that has just failed is let alone for some
/// seconds. The body of the answer is read whole before it is returned. An <c>Authorization</c> of the request itself goes to no altruist.
/// </summary>
public sealed class AltruistHandler : DelegatingHandler
{
    private static readonly Uri Placeholder = new("http://altruist/");
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ThrottledRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly AltruistManagerClient manager;
    private readonly TimeProvider time;
    private uint turns;

    /// <summary>Makes a handler; its inner one should be made by <see cref="CreateTransport"/>.</summary>
    /// <param name="manager">Whose picks are used.</param>
    public AltruistHandler(AltruistManagerClient manager)
    {
        ArgumentNullException.ThrowIfNull(manager);
        this.manager = manager;
        time = manager.Time;
    }

    /// <summary>Id or alias of the chain that a request is for.</summary>
    public static HttpRequestOptionsKey<string> Chain { get; } = new("AltruistManager.Chain");

    /// <summary>Why the request goes to an altruist, for the reports; need not be given.</summary>
    public static HttpRequestOptionsKey<string> FallbackReason { get; } = new("AltruistManager.FallbackReason");

    /// <summary>A request for a chain, to be sent by a client with this handler.</summary>
    /// <param name="chain">Id or alias.</param>
    /// <param name="content">JSON-RPC.</param>
    /// <param name="fallbackReason">Why it goes to an altruist, as in <see cref="RelayReports.CountFallback"/>.</param>
    public static HttpRequestMessage CreateRequest(string chain, HttpContent content, string? fallbackReason = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Placeholder) { Content = content };
        request.Options.Set(Chain, chain);
        if (fallbackReason is not null)
            request.Options.Set(FallbackReason, fallbackReason);
        return request;
    }

    /// <summary>
    /// Connections to altruists: no redirects (they would take the credentials elsewhere), no cookies, no proxy, no trace headers and no traces (whose URLs are secret), short enough a life to follow DNS.
    /// </summary>
    public static SocketsHttpHandler CreateTransport() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    /// <summary>The answer of the first altruist that gave one; when all failed, the last answer. 503 when nobody is known for the chain.</summary>
    /// <param name="request">Names its chain: <see cref="CreateRequest"/>.</param>
    /// <param name="cancellationToken">The caller's own end of patience; counts against no altruist.</param>
    /// <exception cref="HttpRequestException">No altruist gave any answer.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(Chain, out var chain))
            throw new InvalidOperationException("The request names no chain: make it with AltruistHandler.CreateRequest.");
        var route = manager.FindRoute(chain) ?? await manager.FindRouteAsync(chain, cancellationToken);
        if (route is null || route.Count == 0)
            return Nobody(request, chain);
        if (request.Options.TryGetValue(FallbackReason, out var reason))
            manager.Reports.CountFallback(route.Chain, reason);
        if (request.Content is { } content and not (ByteArrayContent or ReadOnlyMemoryContent))
            await content.LoadIntoBufferAsync(cancellationToken);

        var address = request.RequestUri;
        var authorization = request.Headers.Authorization;
        if (authorization is not null)
            request.Headers.Authorization = null;
        if (request.Headers.Host is not null)
            request.Headers.Host = null;
        try
        {
            return await SendAsync(route, request, cancellationToken);
        }
        finally
        {
            // The answer refers to the request, and both may be logged.
            request.RequestUri = address;
            if (authorization is not null)
                request.Headers.Authorization = authorization;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Route route, HttpRequestMessage request, CancellationToken cancellation)
    {
        var options = manager.Options;
        var budget = options.Budget ?? route.Timeout;
        var attempts = Math.Min(options.Attempts, route.Count);
        var turn = Interlocked.Increment(ref turns);
        var started = time.GetTimestamp();
        var now = started;
        var tried = 0UL;
        HttpResponseMessage? refused = null;
        Exception? failure = null;
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            var left = budget - time.GetElapsedTime(started, now);
            if (left <= TimeSpan.Zero || route.Next(ref tried, turn, now, Ticks(options.AttemptTimeout)) is not { } line)
                break;
            var (response, outcome, failed) = await AskAsync(line, request, attempt < attempts && options.AttemptTimeout < left ? options.AttemptTimeout : left, now, cancellation);
            if (response is not null && !IsForTheNext(response.StatusCode))
            {
                refused?.Dispose();
                return response;
            }

            now = time.GetTimestamp();
            line.Condition.Failed(outcome, now + Ticks(RestAfter(outcome, response)));
            failure = failed ?? failure;
            if (response is not null)
            {
                refused?.Dispose();
                refused = response;
            }
        }

        return refused ?? throw new HttpRequestException($"No altruist of the chain {route.Chain} answered within {budget}.", failure);
    }

    /// <returns>An answer, whatever its status, or why there is none.</returns>
    private async Task<(HttpResponseMessage? Response, RelayOutcome Outcome, Exception? Failure)> AskAsync(
        Line line, HttpRequestMessage request, TimeSpan patience, long started, CancellationToken cancellation)
    {
        HttpResponseMessage? response = null;
        Exception? failure = null;
        RelayOutcome outcome;
        using (var deadline = new CancellationTokenSource(patience, time))
        using (cancellation.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline))
        {
            line.Address(request);
            try
            {
                response = await base.SendAsync(request, deadline.Token);
                await response.Content.LoadIntoBufferAsync(manager.Options.MaxResponseBytes, deadline.Token);
                outcome = OutcomeOf(response);
            }
            catch (HttpRequestException tooLarge) when (tooLarge.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
            {
                // Another altruist would answer the same.
                response?.Dispose();
                throw;
            }
            catch (Exception failed) when (failed is HttpRequestException or IOException or OperationCanceledException)
            {
                response?.Dispose();
                response = null;
                cancellation.ThrowIfCancellationRequested();
                (outcome, failure) = failed is OperationCanceledException
                    ? (RelayOutcome.Timeout, new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"no answer within {patience}")))
                    : (RelayOutcome.Connect, failed);
            }
            finally
            {
                line.Forget(request);
            }
        }

        if (outcome is RelayOutcome.Answered or RelayOutcome.Rpc && response is not null && !IsForTheNext(response.StatusCode))
            line.Condition.Answered();
        var took = time.GetElapsedTime(started);
        line.Tally.Count(outcome, took);
        manager.Metrics.Relayed(line, outcome, took);
        return (response, outcome, failure);
    }

    private static bool IsForTheNext(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    private static RelayOutcome OutcomeOf(HttpResponseMessage response) => response.StatusCode switch
    {
        >= HttpStatusCode.InternalServerError => RelayOutcome.Http5xx,
        HttpStatusCode.TooManyRequests => RelayOutcome.Throttled,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RelayOutcome.Rpc,
        _ => RpcErrors.Find(response.Content),
    };

    private static TimeSpan RestAfter(RelayOutcome outcome, HttpResponseMessage? response)
    {
        if (outcome != RelayOutcome.Throttled)
            return Rest;
        var wait = response?.Headers.RetryAfter?.Delta ?? ThrottledRest;
        return wait < LongestRest ? wait : LongestRest;
    }

    private static HttpResponseMessage Nobody(HttpRequestMessage request, string chain)
    {
        using var problem = new MemoryStream();
        using (var json = new Utf8JsonWriter(problem))
        {
            json.WriteStartObject();
            json.WriteString("type", "urn:altruist-manager:problem:no-altruist");
            json.WriteString("title", "Not at the moment");
            json.WriteNumber("status", 503);
            json.WriteString("detail", $"No altruist is known for the chain {chain}.");
            json.WriteEndObject();
        }

        var content = new ByteArrayContent(problem.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/problem+json", Encoding.UTF8.WebName);
        return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { RequestMessage = request, Content = content };
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
