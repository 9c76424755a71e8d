using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AltruistManager.Transparency;

/// <summary>
/// A log as a file: one JSON object a line, first the keys, then the entries, oldest first (docs/log-format.md). Whole texts are strings, so that every byte stays
/// as it was hashed.
/// </summary>
internal sealed partial class LogFile(string path) : ILogSource
{
    private const string Title = "altruist-manager log 1";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private StreamReader? reader;

    public string? Origin => null;

    public bool MayBeginLate => true;

    public IReadOnlyList<LogKey> Keys { get; private set; } = [];

    public async Task OpenAsync(CancellationToken cancellation)
    {
        try
        {
            reader = new StreamReader(path, Strict);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new LogSourceException($"{path} cannot be read: {unreadable.Message.ReplaceLineEndings(" ")}", unreadable);
        }

        var first = Parse<FirstLine>(await ReadLineAsync(cancellation), 1);
        if (first.Format != Title)
            throw new LogSourceException($"{path} is no log: its first line does not say {Title}.");
        Keys = [.. first.Keys.Select(key => new LogKey { Origin = key.Origin, FromGeneration = key.From, PublicKey = key.PublicKey })];
    }

    public async IAsyncEnumerable<StoredEntry> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        StoredEntry? before = null;
        for (var number = 2; await ReadLineAsync(cancellation) is { } text; number++)
        {
            var line = Parse<EntryLine>(text, number);
            var header = LogHeader.Parse(line.Header, line.Signature) ?? throw new LogSourceException($"{path}, line {number}: the header is not in its form.");
            var entry = new StoredEntry(header, null, line.Body is null ? null : Strict.GetBytes(line.Body), null);
            if (header.Generation < from)
            {
                before = entry;
                continue;
            }

            if (header.Generation > to)
                yield break;
            if (before is not null)
                yield return before;
            before = null;
            yield return entry;
        }
    }

    public Task<bool> IsStillKeptAsync(long generation, CancellationToken cancellation) => Task.FromResult(true);

    public Task<LogDifference?> FindStrayAsync(long from, long to, CancellationToken cancellation) => Task.FromResult<LogDifference?>(null);

    public void Dispose() => reader?.Dispose();

    private async Task<string?> ReadLineAsync(CancellationToken cancellation)
    {
        try
        {
            return await reader!.ReadLineAsync(cancellation);
        }
        catch (Exception unreadable) when (unreadable is IOException or DecoderFallbackException)
        {
            throw new LogSourceException($"{path} cannot be read: {unreadable.Message.ReplaceLineEndings(" ")}", unreadable);
        }
    }

    private T Parse<T>(string? text, int number)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text ?? "", typeof(T), LineJson.Default) as T ?? throw new JsonException("null");
        }
        catch (JsonException malformed)
        {
            throw new LogSourceException($"{path}, line {number}: {malformed.Message.ReplaceLineEndings(" ")}", malformed);
        }
    }

    /// <summary>Writes what is read while it is verified.</summary>
    internal sealed class Writer(Stream stream) : IDisposable
    {
        public void WriteKeys(IEnumerable<LogKey> keys) =>
            WriteLine(new FirstLine(Title, [.. keys.Select(key => new KeyLine(key.Origin, key.FromGeneration, key.PublicKey))]));

        public void Write(StoredEntry entry)
        {
            var body = entry.Body ?? (entry.Compressed is { } compressed ? EntryLog.Decompress(compressed) : null);
            WriteLine(new EntryLine(entry.Header.ToText(), entry.Header.Signature, body is null ? null : Strict.GetString(body)));
        }

        public void Dispose() => stream.Dispose();

        private void WriteLine<T>(T line)
        {
            JsonSerializer.Serialize(stream, line, typeof(T), LineJson.Default);
            stream.WriteByte((byte)'\n');
        }
    }

    internal sealed record FirstLine(string Format, IReadOnlyList<KeyLine> Keys);

    internal sealed record KeyLine(string Origin, long From, string PublicKey);

    internal sealed record EntryLine(string Header, string? Signature, string? Body);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
    [JsonSerializable(typeof(FirstLine))]
    [JsonSerializable(typeof(EntryLine))]
    private sealed partial class LineJson : JsonSerializerContext;
}
