using Microsoft.Extensions.Primitives;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The recorded answer from Kestrel and nothing else: no routing, no identity, no limit, no log.</summary>
internal static class BareServer
{
    public static async Task<int> RunAsync(string file)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        var answer = new Replay(RecordedAnswer.Load(file));
        app.Run(answer.WriteAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.Single());
        await app.WaitForShutdownAsync();
        return 0;
    }
}

/// <summary>Writes a recorded answer as cheaply as a handler can.</summary>
internal sealed class Replay(RecordedAnswer recorded)
{
    private readonly KeyValuePair<string, StringValues>[] headers = [.. recorded.Headers.Select(header => KeyValuePair.Create(header.Key, new StringValues(header.Value)))];

    public Task WriteAsync(HttpContext context)
    {
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        context.Response.ContentLength = recorded.Body.Length;
        return context.Response.BodyWriter.WriteAsync(recorded.Body, context.RequestAborted).AsTask();
    }
}
