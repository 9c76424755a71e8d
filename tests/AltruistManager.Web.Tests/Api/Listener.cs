using System.Net;
using System.Text.Json;

namespace AltruistManager.Web.Tests.Api;

/// <summary>What stands between two empty lines of a stream.</summary>
/// <param name="Event">Null for what holds no event, as a comment.</param>
internal sealed record StreamBlock(string? Event, string? Data, string? Id, string? Retry, string? Comment)
{
    public JsonElement Json => JsonDocument.Parse(Data!).RootElement;
}

/// <summary>A portal that listens, line by line, so that comments and <c>retry</c> are seen too. Gives up after a while.</summary>
internal sealed class Listener : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly StreamReader reader;

    private Listener(HttpResponseMessage answer, Stream body)
    {
        Answer = answer;
        reader = new StreamReader(body);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public HttpResponseMessage Answer { get; }

    public static async Task<Listener> OpenAsync(HttpClient client, string region, string? after = null, string path = "/api/v1/selections/stream")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}?region={region}")
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        if (after is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation).WaitAsync(Patience, TimeProvider.System, Cancellation);
        Assert.True(answer.StatusCode is HttpStatusCode.OK, answer.StatusCode.ToString());
        return new Listener(answer, await answer.Content.ReadAsStreamAsync(Cancellation));
    }

    /// <summary>Null when the stream has ended.</summary>
    public async Task<StreamBlock?> ReadAsync()
    {
        var fields = new Dictionary<string, string>();
        while (await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience, TimeProvider.System, Cancellation) is { } line)
        {
            if (line.Length == 0)
                return new StreamBlock(fields.GetValueOrDefault("event"), fields.GetValueOrDefault("data"), fields.GetValueOrDefault("id"), fields.GetValueOrDefault("retry"), fields.GetValueOrDefault(""));
            var colon = line.IndexOf(':');
            fields.Add(line[..colon], line[(colon + 1)..].TrimStart(' '));
        }

        return null;
    }

    /// <summary>The next event; what holds none is passed over.</summary>
    public async Task<StreamBlock> NextAsync()
    {
        while (true)
        {
            var block = await ReadAsync() ?? throw new EndOfStreamException("The stream has ended.");
            if (block.Event is not null)
                return block;
        }
    }

    public void Dispose()
    {
        reader.Dispose();
        Answer.Dispose();
    }
}
