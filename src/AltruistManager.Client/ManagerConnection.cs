using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace AltruistManager.Client;

/// <summary>A manager did not tell what it was asked for. The message is for people and holds nothing secret.</summary>
internal sealed class ManagerException(string message, HttpStatusCode? status = null, TimeSpan? retryAfter = null) : Exception(message)
{
    public HttpStatusCode? Status => status;

    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>What a manager told at a poll.</summary>
/// <param name="Set">Null when nothing changed.</param>
/// <param name="MaxAge">When it wants to be asked again.</param>
/// <param name="ConfirmedAt">When it last looked at all picks.</param>
internal readonly record struct Told(SelectionSet? Set, string? ETag, TimeSpan? MaxAge, DateTimeOffset? ConfirmedAt);

/// <summary>One manager's calls. Everything that can go wrong on the way is a <see cref="ManagerException"/>.</summary>
internal sealed class ManagerConnection(Uri address, AltruistManagerOptions options, HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string calls = address.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/v1/";
    private readonly string query = options.Region is { } region ? $"?region={Uri.EscapeDataString(region)}" : "";

    public Uri Address => address;

    /// <summary>A moment of the monotonic clock: so long it need not be asked for a stream, because it has none.</summary>
    public long NoStreamUntil { get; set; }

    /// <summary>What the log was told of last; null while all is well.</summary>
    public string? Trouble { get; set; }

    public async Task<Told> AskAsync(string? etag, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Get, "selections" + query);
        if (etag is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        using var deadline = Deadline(cancellation);
        try
        {
            using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, deadline.Token);
            var maxAge = response.Headers.CacheControl?.MaxAge;
            DateTimeOffset? confirmed = response.Headers.TryGetValues("Altruist-Round-At", out var at)
                && DateTimeOffset.TryParse(at.First(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
            if (response.StatusCode == HttpStatusCode.NotModified && etag is not null)
                return new Told(null, etag, maxAge, confirmed);
            EnsureGood(response);
            return new Told(ReadSet(await response.Content.ReadAsByteArrayAsync(deadline.Token)), response.Headers.ETag?.ToString(), maxAge, confirmed);
        }
        catch (Exception failed) when (IsTheManagers(failed, cancellation))
        {
            throw Explain(failed);
        }
    }

    /// <param name="body">The bulk body, polled or streamed.</param>
    /// <exception cref="InvalidDataException">It is none, or of another region than was asked for.</exception>
    public SelectionSet ReadSet(ReadOnlyMemory<byte> body)
    {
        var set = SelectionReader.ReadSet(body);
        return options.Region is null || set.Region == options.Region
            ? set
            : throw new InvalidDataException($"it tells picks of the region {set.Region} instead of {options.Region}");
    }

    /// <summary>The id of a chain by any of its names; null when the manager knows none of that name.</summary>
    public async Task<string?> ResolveAsync(string name, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Get, $"selections/{Uri.EscapeDataString(name)}{query}");
        using var deadline = Deadline(cancellation);
        try
        {
            using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, deadline.Token);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
                return null;
            EnsureGood(response);
            return SelectionReader.ReadSelection(await response.Content.ReadAsByteArrayAsync(deadline.Token)).Chain;
        }
        catch (Exception failed) when (IsTheManagers(failed, cancellation))
        {
            throw Explain(failed);
        }
    }

    /// <summary>The answer with its headers read. A connection that is never answered ends with the deadline; one that falls silent later is the reader's to end.</summary>
    /// <param name="after">The generation that is known.</param>
    public async Task<HttpResponseMessage> OpenStreamAsync(long after, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Get, "selections/stream" + query);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.TryAddWithoutValidation("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
        try
        {
            // The first event or comment brings the headers.
            using var deadline = Deadline(cancellation, 3 * Patience);
            var response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            try
            {
                EnsureGood(response);
                return response.Content.Headers.ContentType?.MediaType == "text/event-stream"
                    ? response
                    : throw new ManagerException($"{address} has no stream", HttpStatusCode.NotFound);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
        catch (Exception failed) when (IsTheManagers(failed, cancellation))
        {
            throw Explain(failed);
        }
    }

    public async Task ReportAsync(ReadOnlyMemory<byte> report, CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Post, "relay-reports");
        request.Content = new ReadOnlyMemoryContent(report);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var deadline = Deadline(cancellation);
        try
        {
            using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, deadline.Token);
            EnsureGood(response);
        }
        catch (Exception failed) when (IsTheManagers(failed, cancellation))
        {
            throw Explain(failed);
        }
    }

    /// <summary>A broken connection, a silent one, bad content; not the end of the client.</summary>
    public static bool IsExpected(Exception failed, CancellationToken cancellation) =>
        failed is HttpRequestException or IOException or InvalidDataException || (failed is OperationCanceledException && !cancellation.IsCancellationRequested);

    public ManagerException Explain(Exception failed) => new(
        failed is OperationCanceledException ? $"{address} does not answer in time" : $"{address} cannot be used: {failed.Message.ReplaceLineEndings(" ")}");

    /// <summary>Whatever goes wrong while a manager is asked must not keep the next one from being asked.</summary>
    private static bool IsTheManagers(Exception failed, CancellationToken cancellation) =>
        failed is not ManagerException && !(failed is OperationCanceledException && cancellation.IsCancellationRequested);

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, calls + path);
        if (options.Key is { Length: > 0 } key)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellation) =>
        http.SendAsync(request, completion, cancellation);

    private ChainedDeadline Deadline(CancellationToken cancellation, TimeSpan? patience = null)
    {
        var deadline = new ChainedDeadline(patience ?? Patience, time);
        deadline.Follow(cancellation);
        return deadline;
    }

    private void EnsureGood(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
            return;
        var status = (int)response.StatusCode;
        throw new ManagerException(
            string.Create(CultureInfo.InvariantCulture, $"{address} answers {status}{Reason(response)}"), response.StatusCode, response.Headers.RetryAfter?.Delta);
    }

    private static string Reason(HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.Unauthorized => ": the key is unknown, revoked or expired",
        HttpStatusCode.Forbidden => ": the key may not read these picks",
        HttpStatusCode.NotFound => ": there is no such region, or no such call",
        _ => "",
    };

    /// <summary>Ends after a time by the given clock, or with another token.</summary>
    private sealed class ChainedDeadline(TimeSpan patience, TimeProvider time) : CancellationTokenSource(patience, time)
    {
        private CancellationTokenRegistration following;

        public void Follow(CancellationToken other) => following = other.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), this);

        protected override void Dispose(bool disposing)
        {
            following.Dispose();
            base.Dispose(disposing);
        }
    }
}
