using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>
/// Sends a JSON-RPC request to the altruist picked for its chain, with that altruist's credentials. Where it cannot be connected to, takes too long, answers 5xx or 429, too much or what
/// cannot be unpacked, or refuses its credentials, the next one is asked, while there is a budget: what a request does to a node should bear being done twice. One that has just failed is let alone for some
/// seconds. The body of the answer is read whole before it is returned. An <c>Authorization</c> of the request itself goes to no altruist.
/// </summary>
public sealed class AltruistHandler : DelegatingHandler
{
    /// <summary>Host of the addresses that stand for altruists: <c>http://altruist/0021</c> is the chain 0021, for libraries that make their own requests.</summary>
    public const string Host = "altruist";

    private const int MostDeadlines = 256;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ThrottledRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly AltruistManagerClient manager;
    private readonly TimeProvider time;
    private readonly long attemptTicks;
    private readonly ConcurrentQueue<CancellationTokenSource> deadlines = new();
    private uint turns;

    /// <summary>Makes a handler; its inner one should be made by <see cref="CreateTransport"/>.</summary>
    /// <param name="manager">Whose picks are used.</param>
    public AltruistHandler(AltruistManagerClient manager)
    {
        ArgumentNullException.ThrowIfNull(manager);
        this.manager = manager;
        time = manager.Time;
        attemptTicks = Ticks(manager.Options.AttemptTimeout);
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
    /// <param name="request">An <see cref="AltruistRequest"/>, or one to <c>http://altruist/{chain}</c>.</param>
    /// <param name="cancellationToken">The caller's own end of patience; counts against no altruist.</param>
    /// <exception cref="HttpRequestException">No altruist gave any answer.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var chain = (request as AltruistRequest)?.Chain ?? ChainOf(request.RequestUri);
        var route = manager.FindRoute(chain) ?? await manager.FindRouteAsync(chain, cancellationToken);
        if (route is null || route.Count == 0)
            return Nobody(request, chain);
        if (request is AltruistRequest { FallbackReason: { } reason })
            manager.Reports.CountFallback(route.Chain, reason);
        if (request.Content is { } content and not (ByteArrayContent or ReadOnlyMemoryContent))
            await content.LoadIntoBufferAsync(cancellationToken);
        var own = OwnHeaders.TakeOff(request);

        var options = manager.Options;
        var budget = options.Budget ?? route.Timeout;
        var attempts = Math.Min(options.Attempts, route.Count);
        var turn = Interlocked.Increment(ref turns);
        var began = time.GetTimestamp();
        var tried = 0UL;
        HttpResponseMessage? refused = null;
        Exception? failure = null;
        for (var (attempt, started) = (1, began); attempt <= attempts; attempt++)
        {
            var left = budget - time.GetElapsedTime(began, started);
            if (left <= TimeSpan.Zero || route.Next(ref tried, turn, started, attemptTicks) is not { } line)
                break;
            HttpResponseMessage? response = null;
            RelayOutcome outcome;
            var deadline = Rent(attempt < attempts && options.AttemptTimeout < left ? options.AttemptTimeout : left);
            var following = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
            var displaced = default(HeaderStringValues);
            try
            {
                displaced = line.Address(request);
                response = await base.SendAsync(request, deadline.Token);
                await response.Content.LoadIntoBufferAsync(options.MaxResponseBytes, deadline.Token);
                outcome = OutcomeOf(response);
            }
            catch (Exception failed) when (failed is HttpRequestException or IOException or OperationCanceledException || (response is not null && IsMalformed(failed)))
            {
                response?.Dispose();
                response = null;
                cancellationToken.ThrowIfCancellationRequested();
                (outcome, failure) = failed switch
                {
                    OperationCanceledException => (RelayOutcome.Timeout, new TimeoutException($"An altruist of the chain {route.Chain} did not answer in time.")),
                    HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => (RelayOutcome.Rpc, failed),
                    _ => (RelayOutcome.Connect, failed),
                };
            }
            finally
            {
                // The answer refers to the request, and both may be logged.
                line.Forget(request, displaced);
                own.PutOn(request);
                following.Dispose();
                Return(deadline);
            }

            var ended = time.GetTimestamp();
            var took = time.GetElapsedTime(started, ended);
            line.Tally.Count(outcome, took);
            manager.Metrics.Relayed(line, outcome, took);
            if (response is not null && !IsForTheNext(response.StatusCode))
            {
                refused?.Dispose();
                line.Condition.Answered();
                return response;
            }

            line.Condition.Failed(outcome, ended + Ticks(RestAfter(outcome, response)));
            if (response is not null)
            {
                refused?.Dispose();
                refused = response;
            }

            started = ended;
            own = OwnHeaders.TakeOff(request);
        }

        own.PutOn(request);
        return refused ?? throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"No altruist of the chain {route.Chain} answered within {budget}."), failure);
    }

    private static string ChainOf(Uri? address) =>
        address is { IsAbsoluteUri: true, Host: Host, AbsolutePath.Length: > 1 }
            ? Uri.UnescapeDataString(address.AbsolutePath.AsSpan(1).Trim('/'))
            : throw new InvalidOperationException($"The request names no chain: send an {nameof(AltruistRequest)}, or one to http://{Host}/0021.");

    /// <summary>A source that cancels after this time, used again where it was not needed.</summary>
    private CancellationTokenSource Rent(TimeSpan patience)
    {
        if (!deadlines.TryDequeue(out var deadline))
            return new CancellationTokenSource(patience, time);
        deadline.CancelAfter(patience);
        return deadline;
    }

    private void Return(CancellationTokenSource deadline)
    {
        if (deadlines.Count < MostDeadlines && deadline.TryReset())
            deadlines.Enqueue(deadline);
        else
            deadline.Dispose();
    }

    /// <summary>A compressed body that cannot be unpacked: gzip and deflate throw the one, Brotli the other.</summary>
    private static bool IsMalformed(Exception failed) => failed is InvalidDataException or InvalidOperationException;

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
