using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AltruistManager.Client;
using AltruistManager.Publishing;
using AltruistManager.Web.Api;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>The selection calls of a manager, answered from the picks that the mirror holds, and how far its publishers are, to processes of this machine only.</summary>
internal sealed class MirrorApi(AltruistManagerClient client, PublisherHost publishers, string region, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private const string ContentType = "application/json; charset=utf-8";
    private const int MaxAge = 5;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);

    /// <summary>Who does not read the last words within that time is cut off.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public void Map(WebApplication app)
    {
        app.MapMethods("/api/v1/selections", Reading, AllAsync);
        app.MapGet("/api/v1/selections/stream", StreamAsync);
        app.MapMethods("/api/v1/selections/{chain}", Reading, OneAsync);
        app.MapPost("/api/v1/relay-reports", ReportAsync);
        app.MapGet("/api/v1/publishers", () => TypedResults.Ok(new Page<PublisherDocument>([.. publishers.Statuses.Select(PublisherDocument.Of)], null)));
        app.MapGet("/api/v1/publishers/{name}/catalogue", (string name, HttpContext context) => PublishersApi.CatalogueAsync(name, context, publishers));
        app.MapGet("/healthz/live", () => TypedResults.Ok());
        app.MapGet("/healthz/ready", () => Health(client.Selections is not null));
        app.MapGet("/healthz/fresh", () => Health(client.State == ClientState.Fresh && !publishers.Alarms.Any()));
    }

    private static IResult Health(bool isGood) => isGood ? TypedResults.Ok() : TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);

    private Task AllAsync(HttpContext context) =>
        Find(context, out var held) is { } problem ? problem.ExecuteAsync(context) : SendAsync(context, held!.Body, held.ETag, held.Generation);

    private async Task OneAsync(string chain, HttpContext context)
    {
        if (Find(context, out _) is { } problem)
            await problem.ExecuteAsync(context);
        else if (await client.FindAsync(chain, context.RequestAborted) is not { } selection)
            await Problems.Unknown("chain", chain).ExecuteAsync(context);
        else if (selection.Primary is null)
            await Problems.Unavailable("no-altruist", $"No altruist can be named for {chain} in {region}.", MaxAge).ExecuteAsync(context);
        else
            await SendAsync(context, selection.Body, TagOf(selection.Body.Span), selection.Generation);
    }

    private async Task ReportAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        var part = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(part, context.RequestAborted)) > 0 && body.Length <= RelayReports.MostBytes)
            body.Write(part, 0, read);
        if (IsReport(body.GetBuffer().AsMemory(0, (int)body.Length)) is { } wrong)
            await Problems.BadBody(wrong).ExecuteAsync(context);
        else if (!client.Reports.Forward(body.ToArray()))
            await new Problem(StatusCodes.Status413PayloadTooLarge, "too-large", "The report is too large", $"A report has {RelayReports.MostBytes} bytes at most.").ExecuteAsync(context);
        else
            context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    /// <returns>Null for what may be passed on; the manager looks into it.</returns>
    private static string? IsReport(ReadOnlyMemory<byte> body)
    {
        if (body.Length > RelayReports.MostBytes)
            return null;
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
                ? null
                : "A report is an object with an id.";
        }
        catch (JsonException)
        {
            return "This is no JSON.";
        }
    }

    /// <summary>Why there is nothing to tell.</summary>
    private Problem? Find(HttpContext context, out SelectionSet? held)
    {
        held = client.Selections;
        if (context.Request.Query["region"] is [{ Length: > 0 } asked, ..] && asked != region)
            return Problems.Unknown("region", asked);
        return held is null ? Problems.Unavailable("starting", "No manager has told any proven picks yet.", MaxAge) : null;
    }

    private async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> body, string tag, long generation)
    {
        var response = context.Response;
        response.Headers["Altruist-Generation"] = generation.ToString(CultureInfo.InvariantCulture);
        if (client.ConfirmedAt is { } confirmed)
            response.Headers["Altruist-Round-At"] = ApiJson.Rfc3339(confirmed);
        response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"private, max-age={MaxAge}, stale-if-error=2592000");
        response.Headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch.Any(value => value is not null && (value.Contains(tag, StringComparison.Ordinal) || value.AsSpan().Trim() is "*")))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>As managers make it.</summary>
    private static string TagOf(ReadOnlySpan<byte> body) => $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"";

    private async Task StreamAsync(HttpContext context)
    {
        if (Find(context, out _) is { } problem)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        // Who comes back is told all: picks of the same generation may be of more chains than before, and this machine is near.
        SelectionSet? sent = null;
        try
        {
            await WriteAsync(StreamEvents.Retry(PortalStream.Jitter()));
            await WriteAsync(StreamEvents.Beat(0).Bytes);
            while (true)
            {
                var change = client.WaitForChangeAsync(sent, ending.Token);
                while (await Task.WhenAny(change, Task.Delay(Beat, time, ending.Token)) != change)
                    await WriteAsync(StreamEvents.Beat(0).Bytes);
                // Whoever reads slowly gets what changed in all meanwhile.
                var next = await change;
                await WriteAsync(Frame(sent, next));
                sent = next;
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The portal has gone, or the mirror goes: it comes back with what it had.
            if (context.RequestAborted.IsCancellationRequested)
                return;
            using var patience = new CancellationTokenSource(Patience, time);
            await using var cutting = patience.Token.UnsafeRegister(static connection => ((HttpContext)connection!).Abort(), context);
            await context.Response.Body.WriteAsync(StreamEvents.Farewell("the mirror stops: reconnect", PortalStream.Jitter(), forget: false), context.RequestAborted);
        }

        // Whole events at a time: the end comes between two of them.
        Task WriteAsync(ReadOnlyMemory<byte> events) => context.Response.Body.WriteAsync(events, ending.Token).AsTask();
    }

    private static ReadOnlyMemory<byte> Frame(SelectionSet? before, SelectionSet next)
    {
        var output = new ArrayBufferWriter<byte>();
        var changed = ChangedSince(before, next);
        if (changed is null)
            StreamEvents.Write(output, "snapshot"u8, OnOneLine(next.Body), next.Generation);
        for (var i = 0; i < changed?.Count; i++)
            StreamEvents.Write(output, "selection"u8, OnOneLine(changed[i].Body), i == changed.Count - 1 ? next.Generation : null);
        return output.WrittenMemory;
    }

    /// <returns>Null where slots alone do not tell what changed.</returns>
    private static List<ChainSelection>? ChangedSince(SelectionSet? before, SelectionSet next)
    {
        if (before is null || before.Origin != next.Origin || !before.Revoked.SequenceEqual(next.Revoked) || before.Selections.Any(slot => next.Find(slot.Chain) is null))
            return null;
        List<ChainSelection> changed = [.. next.Selections.Where(slot => before.Find(slot.Chain) is not { } known || !known.Body.Span.SequenceEqual(slot.Body.Span))];
        return changed.Count == 0 ? null : changed;
    }

    /// <summary>Line feeds stand between tokens only, and would end the field.</summary>
    private static byte[] OnOneLine(ReadOnlyMemory<byte> json)
    {
        var line = json.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }
}
