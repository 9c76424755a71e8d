using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AltruistManager.Transparency;

/// <summary>The log of a service, by its public calls. Goes as fast as the service lets it.</summary>
internal sealed class LogAtUrl : ILogSource
{
    private const int PageSize = 200;
    private const long LargestAnswer = 512L * 1024 * 1024;
    private const int Patience = 10;

    /// <summary>However long it is told to wait.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;
    private readonly TimeProvider time;

    /// <param name="address">Of the service, without <c>/api</c>.</param>
    public LogAtUrl(Uri address, TimeProvider time)
    {
        this.time = time;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.Brotli | DecompressionMethods.GZip })
        {
            BaseAddress = new Uri(address.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/v1/transparency/"),
            Timeout = TimeSpan.FromSeconds(100),
            MaxResponseContentBufferSize = LargestAnswer,
        };
    }

    public string? Origin { get; private set; }

    public bool MayBeginLate => false;

    public IReadOnlyList<LogKey> Keys { get; private set; } = [];

    public async Task OpenAsync(CancellationToken cancellation)
    {
        var answer = await GetJsonAsync("key", cancellation);
        Origin = Text(answer, "origin");
        Keys =
        [
            .. answer.GetProperty("keys").EnumerateArray().Select(key => new LogKey
            {
                Origin = Origin,
                FromGeneration = key.GetProperty("from").GetInt64(),
                PublicKey = Text(key, "publicKey"),
            }),
        ];
    }

    public IAsyncEnumerable<StoredEntry> ReadAsync(long from, long to, CancellationToken cancellation) => ReadAsync(from, to, from, cancellation);

    /// <summary>Newest first, from this generation down: the header of the first one that is a round; null when there is none.</summary>
    public async Task<LogHeader?> NewestRoundAsync(long upTo, CancellationToken cancellation)
    {
        for (long? before = upTo + 1; before is { } end;)
        {
            var (headers, next) = await PageAsync(string.Create(CultureInfo.InvariantCulture, $"entries?before={end}&limit={PageSize}"), cancellation);
            if (headers.FirstOrDefault(header => header.IsRound) is { } round)
                return round;
            before = next is null || next < end ? next : throw Endless();
        }

        return null;
    }

    /// <inheritdoc cref="ILogSource.ReadAsync"/>
    /// <param name="bodiesFrom">Of entries before it only the header is read.</param>
    public async IAsyncEnumerable<StoredEntry> ReadAsync(long from, long to, long bodiesFrom, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var head = Header(await GetJsonAsync("head", cancellation)).Generation;
        to = Math.Min(to, head);
        await OpenAsync(cancellation);
        LogHeader? before = null;
        long? next = 0;
        if (from > 0)
        {
            if ((await PageAsync(from, 1, cancellation)).Headers is not [var first])
                yield break;
            before = await BeforeAsync(first, cancellation);
            next = first.Generation;
        }

        if (before is not null)
            yield return new StoredEntry(before, null, null, null);
        while (next is { } start && start <= to)
        {
            var page = await PageAsync(start, PageSize, cancellation);
            foreach (var header in page.Headers.TakeWhile(header => header.Generation <= to))
                yield return new StoredEntry(header, null, header.Generation < bodiesFrom ? null : await FindBodyAsync(header.Generation, cancellation), null);
            next = page.Next is null || page.Next > start ? page.Next : throw Endless();
        }
    }

    public async Task<bool> IsStillKeptAsync(long generation, CancellationToken cancellation) => await FindBodyAsync(generation, cancellation) is not null;

    public Task<LogDifference?> FindStrayAsync(long from, long to, CancellationToken cancellation) => Task.FromResult<LogDifference?>(null);

    public void Dispose() => http.Dispose();

    private Task<(IReadOnlyList<LogHeader> Headers, long? Next)> PageAsync(long from, int limit, CancellationToken cancellation) =>
        PageAsync(string.Create(CultureInfo.InvariantCulture, $"entries?from={from}&limit={limit}"), cancellation);

    private async Task<(IReadOnlyList<LogHeader> Headers, long? Next)> PageAsync(string path, CancellationToken cancellation)
    {
        var answer = await GetJsonAsync(path, cancellation);
        var next = answer.GetProperty("next");
        return ([.. answer.GetProperty("items").EnumerateArray().Select(Header)], next.ValueKind == JsonValueKind.Null ? null : long.Parse(next.GetString()!, CultureInfo.InvariantCulture));
    }

    private async Task<LogHeader?> BeforeAsync(LogHeader header, CancellationToken cancellation)
    {
        var answer = await GetJsonAsync(string.Create(CultureInfo.InvariantCulture, $"entries?before={header.Generation}&limit=1"), cancellation);
        return answer.GetProperty("items").EnumerateArray().Select(Header).FirstOrDefault();
    }

    private async Task<byte[]?> FindBodyAsync(long generation, CancellationToken cancellation)
    {
        using var answer = await SendAsync(string.Create(CultureInfo.InvariantCulture, $"entries/{generation}"), cancellation);
        return answer.StatusCode == HttpStatusCode.Gone ? null : await answer.Content.ReadAsByteArrayAsync(cancellation);
    }

    private async Task<JsonElement> GetJsonAsync(string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(path, cancellation);
        try
        {
            using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            return document.RootElement.Clone();
        }
        catch (JsonException malformed)
        {
            throw new LogSourceException($"{http.BaseAddress}{path} answers no JSON.", malformed);
        }
    }

    private LogSourceException Endless() => new($"{http.BaseAddress}entries gives pages that never end.");

    /// <summary>Waits as long as it is told to when it asks too fast, within reason.</summary>
    private async Task<HttpResponseMessage> SendAsync(string path, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            HttpResponseMessage answer;
            try
            {
                answer = await http.GetAsync(path, cancellation);
            }
            catch (Exception failed) when (failed is HttpRequestException || (failed is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                throw new LogSourceException($"{http.BaseAddress}{path} does not answer: {failed.Message.ReplaceLineEndings(" ")}", failed);
            }

            if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Gone)
                return answer;
            var status = (int)answer.StatusCode;
            var wait = answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1);
            answer.Dispose();
            if (status is not (429 or 503) || attempt == Patience)
                throw new LogSourceException($"{http.BaseAddress}{path} answers {status}.");
            await Task.Delay(wait < LongestWait ? wait : LongestWait, time, cancellation);
        }
    }

    private LogHeader Header(JsonElement item)
    {
        var signature = item.GetProperty("signature");
        return LogHeader.Parse(Text(item, "signed"), signature.ValueKind == JsonValueKind.Null ? null : signature.GetString())
            ?? throw new LogSourceException($"{http.BaseAddress} gives a header that is not in its form.");
    }

    private string Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.GetString() is { } text ? text : throw new LogSourceException($"{http.BaseAddress} gives no {name}.");
}
