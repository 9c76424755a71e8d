using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing;

/// <summary>
/// Asks one node over JSON-RPC during one probe. All its questions share one deadline; after a failed one <see cref="Failure"/>
/// says why. What a node did is never an exception.
/// </summary>
/// <param name="deadline">Ends the probe; linked to the token of each question, which ends the process and says nothing about the node.</param>
internal sealed class JsonRpcNode(HttpMessageInvoker http, Uri url, TimeProvider time, CancellationToken deadline) : INodeClient
{
    private const int BufferSize = 16 * 1024;

    /// <summary>The longest single value; a block's bloom filter has 514 bytes.</summary>
    private const int MaxValue = NodeQuestion.Scalar;

    private const int ExcerptLength = 120;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    // Hard to guess for a cache or a proxy that answers with what somebody else was told.
    private long lastId = (time.GetTimestamp() >> 6) & 0x3fff_ffff;

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public ProbeFailure? Failure { get; private set; }

    /// <summary>Of the last question: from the request on an open connection to the whole answer.</summary>
    public double LatencyMs { get; private set; }

    /// <summary>DNS, TCP and TLS of the last question; null where a pooled connection was used.</summary>
    public double? ConnectMs { get; private set; }

    public async Task<NodeAnswer?> AskAsync(NodeQuestion question, CancellationToken cancellation)
    {
        Failure = null;
        ConnectMs = null;
        var connection = new ProbeConnection(time, deadline);
        var wantedAt = time.GetTimestamp();
        try
        {
            var answer = await AskAsync(question, connection);
            LatencyMs = time.GetElapsedTime(connection.OpenSince(wantedAt)).TotalMilliseconds;
            return answer;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Failure = OutOfTime(connection.Phase);
        }
        catch (InvalidDataException)
        {
            Failure = new ProbeFailure(ProbeOutcome.NotJson, "the compressed body is broken");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            var error = exception is HttpRequestException request ? request.HttpRequestError : (exception as HttpIOException)?.HttpRequestError;
            // The deadline may end the connection before it ends the request, which then sees only a broken connection.
            Failure = connection.Failure ?? (deadline.IsCancellationRequested ? OutOfTime(connection.Phase) : Classify(error, exception.InnerException));
        }
        finally
        {
            ConnectMs = connection.ConnectMs;
        }

        return null;
    }

    private async Task<NodeAnswer?> AskAsync(NodeQuestion question, ProbeConnection connection)
    {
        var id = (++lastId).ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Options.Set(ProbeConnection.Key, connection);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("altruist-manager", null));
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{question.Method}}","params":{{question.Body}}}"""));
        request.Content.Headers.ContentType = Json;

        using var response = await http.SendAsync(request, deadline);
        var status = (int)response.StatusCode;
        if (status is >= 300 and < 400)
            return Fail(ProbeOutcome.HttpError, $"HTTP {status}: redirects are not followed");

        var isSuccess = response.IsSuccessStatusCode;
        var answer = new RpcAnswer(id, question.Fields);
        if (IsRefusal(response.StatusCode))
        {
            await TryReadAsync(response, answer);
            var words = $"HTTP {status}{(answer.HasError ? $": {Describe(answer)}" : "")}";
            return response.StatusCode == HttpStatusCode.TooManyRequests || IsThrottling(answer.ErrorCode, answer.ErrorMessage)
                ? Fail(ProbeOutcome.Throttled, $"too many requests, {words}", RetryAfter(response))
                : Fail(ProbeOutcome.Unauthorized, $"the node does not let the prober in, {words}");
        }

        var body = await ReadAsync(response, answer, isSuccess ? question.MaxBytes : Math.Min(question.MaxBytes, NodeQuestion.Scalar));

        // Some gateways wrap a refusal in any status; its own words say more than the number.
        if (answer.HasError && IsThrottling(answer.ErrorCode, answer.ErrorMessage))
            return Fail(ProbeOutcome.Throttled, Describe(answer), RetryAfter(response));
        if (answer.HasError && IsRefusal(answer.ErrorMessage))
            return Fail(ProbeOutcome.Unauthorized, Describe(answer));
        if (!isSuccess)
            return Fail(ProbeOutcome.HttpError, $"HTTP {status}{(answer.HasError ? $": {Describe(answer)}" : "")}");

        if (body is not null)
        {
            Failure = body;
            return null;
        }

        if (answer.IsBatch)
            return Fail(ProbeOutcome.InvalidAnswer, "a batch came back for a single question");
        if (!answer.IsOurs)
            return Fail(ProbeOutcome.InvalidAnswer, answer.Id is null or "null"
                ? $"the answer has no id, so it is not the node's{(answer.HasError ? $": {Describe(answer)}" : "")}"
                : "the answer is to somebody else's question (another id)");
        if (answer.HasError)
            return answer.ErrorCode is null && answer.Result is null && answer.ErrorMessage is null
                ? Fail(ProbeOutcome.InvalidAnswer, "an error without code and message")
                : Fail(ProbeOutcome.RpcError, $"{question.Method}: {Describe(answer)}");
        return answer.Result ?? Fail(ProbeOutcome.InvalidAnswer, "an answer with neither result nor error");
    }

    /// <summary>Reads the words that go with a refusal; without them the status says enough.</summary>
    private async Task TryReadAsync(HttpResponseMessage response, RpcAnswer answer)
    {
        try
        {
            await ReadAsync(response, answer, NodeQuestion.Scalar);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException or OperationCanceledException)
        {
            // A refusal stays one, however it ends.
        }
    }

    /// <returns>What is wrong with the body; null when it is one JSON value.</returns>
    private async Task<ProbeFailure?> ReadAsync(HttpResponseMessage response, RpcAnswer answer, int maxBytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(deadline);
            var filled = 0;
            var total = 0;
            while (true)
            {
                if (filled == buffer.Length)
                {
                    if (filled >= MaxValue)
                        return new ProbeFailure(ProbeOutcome.TooLarge, $"the answer holds a single value of more than {MaxValue / 1024} KB");
                    var larger = ArrayPool<byte>.Shared.Rent(filled * 2);
                    buffer.AsSpan(0, filled).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await stream.ReadAsync(buffer.AsMemory(filled, Math.Min(buffer.Length - filled, maxBytes - total + 1)), deadline);
                total += read;
                filled += read;
                if (total > maxBytes)
                    return new ProbeFailure(ProbeOutcome.TooLarge, $"the answer is larger than {maxBytes / 1024} KB");
                if (total == read && NotJson(buffer.AsSpan(0, read)) is { } stranger)
                    return stranger;

                try
                {
                    var done = answer.Read(buffer.AsSpan(0, filled), isLast: read == 0);
                    filled -= done;
                    buffer.AsSpan(done, filled).CopyTo(buffer);
                }
                catch (JsonException)
                {
                    return answer.IsTooDeep
                        ? new ProbeFailure(ProbeOutcome.InvalidAnswer, "the answer is nested too deep")
                        : new ProbeFailure(ProbeOutcome.NotJson, total == 0 ? "the answer is empty" : "the answer is broken JSON");
                }

                if (read == 0)
                    return null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What a body is that does not begin like JSON-RPC; null for one that does, or is still blank.</summary>
    private ProbeFailure? NotJson(ReadOnlySpan<byte> start)
    {
        var content = start.TrimStart(" \t\r\n"u8);
        if (content.IsEmpty || content[0] is (byte)'{' or (byte)'[')
            return null;
        var what = content[0] == (byte)'<' ? "an HTML page" : "no JSON";
        return new ProbeFailure(ProbeOutcome.NotJson, $"the answer is {what}: {Excerpt(Encoding.UTF8.GetString(content[..Math.Min(content.Length, 4 * ExcerptLength)]))}");
    }

    private NodeAnswer? Fail(ProbeOutcome outcome, string detail, TimeSpan? retryAfter = null)
    {
        Failure = new ProbeFailure(outcome, detail, retryAfter);
        return null;
    }

    private string Describe(RpcAnswer answer) => $"error {Excerpt($"{answer.ErrorCode} {answer.ErrorMessage}")}";

    /// <summary>A short printable piece of what a stranger sent, without the secret parts of the URL that gateways like to repeat.</summary>
    private string Excerpt(string text)
    {
        foreach (var secret in url.PathAndQuery.Split('/', '?', '&', '=').Where(part => part.Length >= 6))
            text = text.Replace(secret, "…", StringComparison.OrdinalIgnoreCase);

        var printable = new StringBuilder();
        foreach (var character in text.Trim())
        {
            if (printable.Length == ExcerptLength)
            {
                printable.Append('…');
                break;
            }

            var blank = char.IsControl(character) || char.IsWhiteSpace(character) || character == '\uFFFD' || char.IsSurrogate(character);
            if (!blank)
                printable.Append(character);
            else if (printable.Length > 0 && printable[^1] != ' ')
                printable.Append(' ');
        }

        return printable.ToString().TrimEnd();
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } seconds } => seconds,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait is { } known ? TimeSpan.FromTicks(Math.Clamp(known.Ticks, 0, TimeSpan.TicksPerDay)) : null;
    }

    private static bool IsThrottling(string? code, string? message) =>
        code is "429" or "-32005" || message is not null && (Has(message, "rate limit") || Has(message, "ratelimit") || Has(message, "rate-limit")
            || Has(message, "too many request") || Has(message, "throttl") || Has(message, "request limit") || Has(message, "quota") || Has(message, "capacity"));

    private static bool IsRefusal(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized or HttpStatusCode.PaymentRequired or HttpStatusCode.Forbidden;

    private static bool IsRefusal(string? message) =>
        message is not null && (Has(message, "unauthorized") || Has(message, "forbidden") || Has(message, "api key") || Has(message, "access denied"));

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static ProbeFailure OutOfTime(ConnectPhase phase) => phase switch
    {
        ConnectPhase.Resolving => new ProbeFailure(ProbeOutcome.ResolverFailed, "the prober's resolver did not answer in time"),
        ConnectPhase.Connecting => new ProbeFailure(ProbeOutcome.ConnectTimeout, "the connection was not made in time"),
        ConnectPhase.Securing => new ProbeFailure(ProbeOutcome.Timeout, "the TLS handshake did not end in time"),
        _ => new ProbeFailure(ProbeOutcome.Timeout, "no whole answer came in time"),
    };

    private static ProbeFailure Classify(HttpRequestError? error, Exception? inner) => error switch
    {
        HttpRequestError.ConfigurationLimitExceeded => new ProbeFailure(ProbeOutcome.TooLarge, "the headers of the answer are larger than 64 KB"),
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => new ProbeFailure(ProbeOutcome.HttpError, "the answer is not valid HTTP"),
        HttpRequestError.ResponseEnded => new ProbeFailure(ProbeOutcome.ConnectionLost, "the connection was closed before the answer was whole"),
        _ when inner is System.Net.Sockets.SocketException socket => GuardedHttp.Classify(socket.SocketErrorCode) is { Outcome: not ProbeOutcome.Unreachable } known
            ? known
            : new ProbeFailure(ProbeOutcome.ConnectionLost, $"the connection was lost ({socket.SocketErrorCode})"),
        _ when inner?.InnerException is System.Net.Sockets.SocketException => Classify(error, inner.InnerException),
        _ => new ProbeFailure(ProbeOutcome.ConnectionLost, "the connection was lost"),
    };
}
