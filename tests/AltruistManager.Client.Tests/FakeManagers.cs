using System.Collections.Concurrent;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Client.Tests;

/// <summary>Managers as the client's calls meet them, by the host of their address.</summary>
internal sealed class FakeManagers : HttpMessageHandler
{
    private readonly Dictionary<string, FakeManager> managers = [];

    public FakeManager this[string host]
    {
        get
        {
            if (!managers.TryGetValue(host, out var manager))
                managers[host] = manager = new FakeManager();
            return manager;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await managers[request.RequestUri!.Host].AnswerAsync(request, cancellationToken);
        response.RequestMessage = request;
        return response;
    }
}

/// <summary>One manager: what it tells, and what it was asked.</summary>
internal sealed class FakeManager
{
    private readonly ConcurrentQueue<(string Path, string? Key, string? ETag, string? LastEventId)> asked = new();
    private readonly ConcurrentQueue<string> reports = new();
    private int streams;

    /// <summary>The bulk body.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>Names of chains, with their ids.</summary>
    public Dictionary<string, string> Aliases { get; } = [];

    public bool IsDown { get; set; }

    /// <summary>Accepts and says nothing.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Answers with Brotli that cannot be unpacked.</summary>
    public bool IsGarbled { get; set; }

    public bool HasStream { get; set; }

    /// <summary>The stream is told in Brotli.</summary>
    public bool IsStreamPacked { get; set; }

    public HttpStatusCode? Status { get; set; }

    /// <summary>Whoever asks for picks waits for nothing.</summary>
    public bool AnswersAtOnce => Body.Length > 0 && Status is null && !IsDown && !IsSilent && !IsGarbled;

    public HttpStatusCode ReportStatus { get; set; } = HttpStatusCode.Accepted;

    /// <summary>The stream that was opened last.</summary>
    public PipeWriter? Stream { get; private set; }

    public IReadOnlyCollection<(string Path, string? Key, string? ETag, string? LastEventId)> Asked => asked;

    public IReadOnlyCollection<string> Reports => reports;

    public int Polls => asked.Count(call => call.Path.StartsWith("/api/v1/selections?", StringComparison.Ordinal));

    /// <summary>Streams that were opened, or refused as there is none; counted when <see cref="Stream"/> is there.</summary>
    public int Streams => Volatile.Read(ref streams);

    public async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var path = request.RequestUri!.PathAndQuery;
        asked.Enqueue((path, request.Headers.Authorization?.ToString(), Header(request, "If-None-Match"), Header(request, "Last-Event-ID")));
        if (IsSilent)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        if (IsDown)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "connection refused");
        if (IsGarbled)
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new BrotliStream(new MemoryStream([.. Enumerable.Repeat((byte)0xFF, 100)]), CompressionMode.Decompress)) };
        if (Status is { } status)
            return new HttpResponseMessage(status);
        if (path == "/api/v1/relay-reports")
        {
            if (ReportStatus == HttpStatusCode.Accepted)
                reports.Enqueue(await request.Content!.ReadAsStringAsync(cancellation));
            return new HttpResponseMessage(ReportStatus);
        }

        if (path.StartsWith("/api/v1/selections/stream", StringComparison.Ordinal))
            return AnswerStream();
        if (path.StartsWith("/api/v1/selections/", StringComparison.Ordinal))
        {
            var name = Uri.UnescapeDataString(request.RequestUri.AbsolutePath["/api/v1/selections/".Length..]);
            return SelectionReader.ReadSet(Body).Find(Aliases.GetValueOrDefault(name, name)) is { } slot ? Json(slot.Body) : new HttpResponseMessage(HttpStatusCode.NotFound);
        }

        var etag = $"\"fake-{Convert.ToHexStringLower(SHA256.HashData(Body))}\"";
        if (Header(request, "If-None-Match") == etag)
            return new HttpResponseMessage(HttpStatusCode.NotModified);
        var response = Json(Body);
        response.Headers.TryAddWithoutValidation("ETag", etag);
        return response;
    }

    public Task SendAsync(string text) => Stream!.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    public Task SendEventAsync(string name, string json, long? id) =>
        SendAsync($"event: {name}\ndata: {json}\n{(id is { } generation ? $"id: {generation}\n" : "")}\n");

    private static string? Header(HttpRequestMessage request, string name) => request.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private static HttpResponseMessage Json(ReadOnlyMemory<byte> body)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new("application/json");
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    private HttpResponseMessage AnswerStream()
    {
        var pipe = HasStream ? new Pipe() : null;
        Stream = pipe?.Writer;
        Interlocked.Increment(ref streams);
        if (pipe is null)
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        var content = new StreamContent(IsStreamPacked ? new BrotliStream(pipe.Reader.AsStream(), CompressionMode.Decompress) : pipe.Reader.AsStream());
        content.Headers.ContentType = new("text/event-stream");
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }
}
