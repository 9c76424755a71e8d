using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing;

/// <summary>
/// Asks one node during one probe, over JSON-RPC or REST. All its questions share one deadline; after a failed one <see cref="Failure"/>
/// says why. What a node did is never an exception.
/// </summary>
/// <param name="url">With the chain's path.</param>
/// <param name="deadline">Ends the probe; linked to the token of each question, which ends the process and says nothing about the node.</param>
internal sealed class NodeClient(EndpointLine line, Uri url, TimeProvider time, CancellationToken deadline) : INodeClient
{
    private const int BufferSize = 16 * 1024;

    /// <summary>The longest single value; a block's bloom filter has 514 bytes.</summary>
    private const int MaxValue = NodeQuestion.Scalar;

    private const int MaxEncodings = 2;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly Excerpts excerpts = new(line.Redactor);
    private readonly List<Exchange> exchanges = new(4);

    // Hard to guess for a cache or a proxy that answers with what somebody else was told.
    private long lastId = (time.GetTimestamp() >> 6) & 0x3fff_ffff;

    /// <summary>What is asked from now on is the last for a while: the connection is not to rest after the answer.</summary>
    public bool IsParting { get; set; }

    /// <summary>Why the last question was not answered; null when it was.</summary>
    public ProbeFailure? Failure { get; private set; }

    public NodeError? Error { get; private set; }

    /// <summary>Of the last question: from the request on an open connection to the whole answer, or to the failure.</summary>
    public double LatencyMs { get; private set; }

    /// <summary>DNS, TCP and TLS of the last question; null where a pooled connection was used.</summary>
    public double? ConnectMs { get; private set; }

    /// <summary>When the first question was answered, or failed; a time stamp of the clock.</summary>
    public long FirstAnsweredAt { get; private set; }

    /// <summary>Every call so far, in its order.</summary>
    public IReadOnlyList<Exchange> Exchanges => exchanges;

    /// <summary>Where the newest connection that these questions opened or tried to open leads; null where all went over pooled ones.</summary>
    public IPAddress? Address { get; private set; }

    public async Task<NodeAnswer?> AskAsync(NodeQuestion question, CancellationToken cancellation)
    {
        Failure = null;
        Error = null;
        NodeAnswer? answer = null;
        var connection = new ProbeConnection(time, deadline);
        var wantedAt = time.GetTimestamp();
        try
        {
            try
            {
                answer = await AskAsync(question, connection);
            }
            catch (HttpRequestException closed) when (connection.Phase == ConnectPhase.Reused && IsUnanswered(closed) && !deadline.IsCancellationRequested)
            {
                // That we use a connection again which the node closed just then is no fault of the node. No answer is asked for twice: there was none.
                connection = new ProbeConnection(time, deadline);
                wantedAt = time.GetTimestamp();
                answer = await AskAsync(question, connection);
            }
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

        LatencyMs = time.GetElapsedTime(connection.OpenSince(wantedAt)).TotalMilliseconds;
        ConnectMs = connection.ConnectMs;
        Address = connection.Address ?? Address;
        if (exchanges.Count == 0)
            FirstAnsweredAt = time.GetTimestamp();
        exchanges.Add(answer is null
            ? new Exchange(question, Failure?.Detail ?? "", LatencyMs, ConnectMs)
            : new Exchange(question, answer, excerpts, LatencyMs, ConnectMs));
        return answer;
    }

    private async Task<NodeAnswer?> AskAsync(NodeQuestion question, ProbeConnection connection)
    {
        var id = question.Method is null ? null : (++lastId).ToString(CultureInfo.InvariantCulture);
        using var request = RequestOf(question, id);
        request.Options.Set(ProbeConnection.Key, connection);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br");
        request.Headers.TryAddWithoutValidation("User-Agent", "altruist-manager");
        if (IsParting)
            request.Headers.ConnectionClose = true;

        using var response = await line.Http.SendAsync(request, deadline);
        connection.Answered();
        var status = (int)response.StatusCode;
        if (status is >= 300 and < 400)
            return Fail(ProbeOutcome.HttpError, $"HTTP {status}: redirects are not followed");

        var isSuccess = response.IsSuccessStatusCode;
        var answer = new NodeAnswerReader(id, question.Shape);
        if (Refusals.Of(response.StatusCode) is { } refused)
        {
            await TryReadAsync(response, answer);
            // The node's own words may say more than the number: a gateway that is out of credits or busy answers 403 as well.
            var (outcome, meaning) = Refusals.Say(Refusals.OfWords(answer.Code, answer.Words) switch
            {
                ProbeOutcome.QuotaExhausted => ProbeOutcome.QuotaExhausted,
                ProbeOutcome.Throttled when refused != ProbeOutcome.QuotaExhausted => ProbeOutcome.Throttled,
                _ => refused,
            });
            return Fail(outcome, $"{meaning}, HTTP {status}{(answer.Words is null ? "" : $": {Describe(answer)}")}", outcome == ProbeOutcome.Throttled ? RetryAfter(response) : null);
        }

        var body = await ReadAsync(response, answer, isSuccess ? question.MaxBytes : Math.Min(question.MaxBytes, NodeQuestion.Scalar), isRpc: id is not null);

        // Some gateways wrap a refusal in any status; its own words say more than the number.
        var wrong = answer.HasError || !isSuccess || (answer.Result is null && answer.Words is not null);
        if (wrong && Refusals.OfWords(answer.Code, answer.Words) is { } wrapped)
        {
            var (outcome, meaning) = Refusals.Say(wrapped);
            return Fail(outcome, $"{meaning}: {Describe(answer)}", outcome == ProbeOutcome.Throttled ? RetryAfter(response) : null);
        }

        if (!isSuccess)
        {
            // A node may answer with an error and a status that says so too.
            if (id is null && status < 500 && answer.Words is { } words)
                Error = new NodeError(status.ToString(CultureInfo.InvariantCulture), excerpts.Of(words));
            else if (id is not null && answer.HasError && answer.IsOurs)
                Error = new NodeError(answer.ErrorCode, excerpts.Of(answer.Words ?? ""));
            return Fail(ProbeOutcome.HttpError, $"HTTP {status}{(answer.Words is null ? "" : $": {Describe(answer)}")}");
        }

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
        // A REST answer may have a field of that name beside what was asked for.
        if (answer.HasError && (id is not null || !answer.HasFields))
            return FailByError(question, answer);
        return answer.Result ?? Fail(ProbeOutcome.InvalidAnswer, "an answer with neither result nor error");
    }

    private HttpRequestMessage RequestOf(NodeQuestion question, string? id)
    {
        if (question.Method is not null)
            return Post(url, $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{question.Method}}","params":{{question.Body}}}""");
        var at = PlaceOf(question.Path!);
        return question.Body is null ? new HttpRequestMessage(HttpMethod.Get, at) : Post(at, question.Body);

        static HttpRequestMessage Post(Uri at, string body)
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            content.Headers.ContentType = Json;
            return new HttpRequestMessage(HttpMethod.Post, at) { Content = content };
        }
    }

    /// <summary>A path behind the URL's own; a query of its own joins that of the URL.</summary>
    private Uri PlaceOf(string path)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        if (query < 0)
            return new Uri(AltruistUrl.WithPath(url.OriginalString, path));
        var whole = AltruistUrl.WithPath(url.OriginalString, path[..query]);
        return new Uri($"{whole}{(whole.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{path[(query + 1)..]}");
    }

    private NodeAnswer? FailByError(NodeQuestion question, NodeAnswerReader answer)
    {
        if (answer.ErrorCode is null && answer.Result is null && answer.ErrorMessage is null)
            return Fail(ProbeOutcome.InvalidAnswer, "an error without code and message");
        Error = new NodeError(answer.ErrorCode, excerpts.Of(answer.Words ?? ""));
        return Fail(ProbeOutcome.RpcError, $"{question.Name}: {Describe(answer)}");
    }

    /// <summary>Reads the words that go with a refusal; without them the status says enough.</summary>
    private async Task TryReadAsync(HttpResponseMessage response, NodeAnswerReader answer)
    {
        try
        {
            await ReadAsync(response, answer, NodeQuestion.Scalar, isRpc: true);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException or OperationCanceledException)
        {
            // A refusal stays one, however it ends.
        }
    }

    /// <returns>What is wrong with the body; null when it is one JSON value.</returns>
    private async Task<ProbeFailure?> ReadAsync(HttpResponseMessage response, NodeAnswerReader answer, int maxBytes, bool isRpc)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var stream = Decompressed(await response.Content.ReadAsStreamAsync(deadline), response.Content.Headers);
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

                var read = await ReadAsync(stream, buffer.AsMemory(filled, Math.Min(buffer.Length - filled, maxBytes - total + 1)));
                total += read;
                filled += read;
                if (total > maxBytes)
                    return new ProbeFailure(ProbeOutcome.TooLarge, $"the answer is larger than {maxBytes / 1024} KB");
                if (total == read && NotJson(buffer.AsSpan(0, read), isRpc) is { } stranger)
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

    private async ValueTask<int> ReadAsync(Stream stream, Memory<byte> into)
    {
        try
        {
            return await stream.ReadAsync(into, deadline);
        }
        catch (InvalidOperationException broken)
        {
            // So says Brotli of what gzip calls invalid data.
            throw new InvalidDataException("The compressed body is broken.", broken);
        }
    }

    /// <summary>
    /// Decompressed by ourselves: a handler for it would cost every answer a layer, and few are compressed. An encoding that nobody knows is
    /// left, and found to be no JSON.
    /// </summary>
    /// <exception cref="InvalidDataException">Packed more than twice, which only costs memory.</exception>
    private static Stream Decompressed(Stream body, HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var values))
            return body;
        var encodings = values.SelectMany(value => value.Split(',')).ToList();
        if (encodings.Count > MaxEncodings)
            throw new InvalidDataException();
        // The last one named was applied last.
        encodings.Reverse();
        foreach (var encoding in encodings)
        {
            body = encoding.Trim().ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
                "br" => new BrotliStream(body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(body, CompressionMode.Decompress),
                _ => body,
            };
        }

        return body;
    }

    /// <summary>What a body is that does not begin like JSON; null for one that does, or is still blank. Only over REST may it be a mere scalar.</summary>
    private ProbeFailure? NotJson(ReadOnlySpan<byte> start, bool isRpc)
    {
        var content = start.TrimStart(" \t\r\n"u8);
        if (content.IsEmpty || content[0] is (byte)'{' or (byte)'[' || (!isRpc && content[0] is (byte)'"' or (byte)'-' or (>= (byte)'0' and <= (byte)'9')))
            return null;
        var what = content[0] == (byte)'<' ? "an HTML page" : "no JSON";
        return new ProbeFailure(ProbeOutcome.NotJson, $"the answer is {what}: {excerpts.Of(content)}");
    }

    private NodeAnswer? Fail(ProbeOutcome outcome, string detail, TimeSpan? retryAfter = null)
    {
        Failure = new ProbeFailure(outcome, detail, retryAfter);
        return null;
    }

    private string Describe(NodeAnswerReader answer) => $"error {excerpts.Of($"{answer.Code} {answer.Words}")}";

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

    /// <summary>The connection was closed or reset before an answer began; a body that breaks off is another exception.</summary>
    private static bool IsUnanswered(HttpRequestException exception) =>
        exception.HttpRequestError == HttpRequestError.ResponseEnded
        || exception.InnerException is IOException { InnerException: System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionReset or System.Net.Sockets.SocketError.ConnectionAborted or System.Net.Sockets.SocketError.Shutdown } };

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
