using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace AltruistManager.Simulator;

/// <summary>Answers one HTTP request as a node with this fault does.</summary>
internal sealed class Responder(TimeProvider clock, CancellationToken ending)
{
    private const int BombChunkBytes = 16 << 20;

    private static readonly byte[] Html =
        "<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"u8.ToArray();

    /// <summary>A whole gzip member of <see cref="BombChunkBytes"/> blanks, as JSON may begin with; members may follow one another.</summary>
    private static readonly Lazy<byte[]> BombMember = new(CompressBlanks);

    public async Task AnswerAsync(SimulatedNode node, HttpContext context)
    {
        node.CountRequest();
        var fault = node.Fault;
        using var stopping = fault is null ? null : CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
        try
        {
            var latency = node.NextLatency();
            if (latency > TimeSpan.Zero)
                await Task.Delay(latency, clock, stopping?.Token ?? context.RequestAborted);
            if (context.WebSockets.IsWebSocketRequest && fault is null or { AnswersSockets: true })
            {
                using var heads = new HeadSocket(node, clock);
                await heads.ServeAsync(context, ending);
                return;
            }

            if (fault is null)
            {
                await AnswerNormallyAsync(node, context);
                return;
            }

            await AnswerFaultilyAsync(node, fault, context, stopping!.Token);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The asker went away.
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception exception) when (exception is IOException or BadHttpRequestException)
        {
            // The asker went away in the middle of the request.
        }
    }

    private async Task AnswerFaultilyAsync(SimulatedNode node, Fault fault, HttpContext context, CancellationToken cancellation)
    {
        var response = context.Response;
        switch (fault.Answering)
        {
            case Answering.NotAtAll:
                context.Abort();
                break;
            case Answering.Silently:
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
                break;
            case Answering.WithStatus:
                response.StatusCode = fault.Code;
                if (fault.RetryAfter is { } wait)
                    response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("0");
                response.ContentType = "text/plain";
                await response.WriteAsync(fault.Text!, cancellation);
                break;
            case Answering.WithHtml:
                response.ContentType = "text/html";
                await response.Body.WriteAsync(Html, cancellation);
                break;
            case Answering.WithText:
                response.ContentType = "application/json";
                await response.WriteAsync(fault.Text!, cancellation);
                break;
            case Answering.Endlessly:
                await WriteEndlesslyAsync(response, cancellation);
                break;
            case Answering.Dripping:
                await DripAsync(node, context, cancellation);
                break;
            case Answering.WithBomb:
                await WriteBombAsync(response, fault.Text!, fault.Bytes, cancellation);
                break;
            case Answering.WithHugeBody:
                await WriteHugeBodyAsync(response, fault.Bytes, cancellation);
                break;
            case Answering.WithHugeHeaders:
                WriteHugeHeaders(response, fault.Bytes);
                await AnswerNormallyAsync(node, context);
                break;
            case Answering.WithRedirect:
                response.Redirect(fault.Text!);
                break;
            case Answering.CutShort:
                await CutShortAsync(node, context, cancellation);
                break;
            default:
                await AnswerNormallyAsync(node, context);
                break;
        }
    }

    private static async Task AnswerNormallyAsync(SimulatedNode node, HttpContext context)
    {
        var response = context.Response;
        if (RestAnswer.PlaceOf(node, context) is { } place)
        {
            await RestAnswer.WriteAsync(node, place, context);
            return;
        }

        if (!HttpMethods.IsPost(context.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var buffer = await AnswerOfAsync(node, context);
        response.ContentType = "application/json";
        response.ContentLength = buffer.WrittenCount;
        await response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    private static async Task<ArrayBufferWriter<byte>> AnswerOfAsync(SimulatedNode node, HttpContext context)
    {
        var request = await ReadAllAsync(context.Request.BodyReader, context.RequestAborted);
        var buffer = new ArrayBufferWriter<byte>(256);
        RpcAnswer.Write(node, request, buffer);
        context.Request.BodyReader.AdvanceTo(request.End);
        return buffer;
    }

    private static async Task<ReadOnlySequence<byte>> ReadAllAsync(PipeReader reader, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            if (read.IsCompleted)
                return read.Buffer;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async Task WriteEndlesslyAsync(HttpResponse response, CancellationToken cancellation)
    {
        response.ContentType = "application/json";
        await response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":"0x""", cancellation);
        var zeros = new byte[64 << 10];
        zeros.AsSpan().Fill((byte)'0');
        while (true)
            await response.Body.WriteAsync(zeros, cancellation);
    }

    private async Task DripAsync(SimulatedNode node, HttpContext context, CancellationToken cancellation)
    {
        var answer = await AnswerOfAsync(node, context);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.WrittenCount;
        for (var index = 0; index < answer.WrittenCount; index++)
        {
            await context.Response.Body.WriteAsync(answer.WrittenMemory.Slice(index, 1), cancellation);
            await context.Response.Body.FlushAsync(cancellation);
            await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellation);
        }
    }

    private static async Task CutShortAsync(SimulatedNode node, HttpContext context, CancellationToken cancellation)
    {
        var answer = await AnswerOfAsync(node, context);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.WrittenCount;
        // The server closes the connection of an answer that is shorter than announced; aborting would take back what was sent.
        await context.Response.Body.WriteAsync(answer.WrittenMemory[..(answer.WrittenCount / 2)], cancellation);
    }

    private static async Task WriteBombAsync(HttpResponse response, string encoding, long bytes, CancellationToken cancellation)
    {
        response.ContentType = "application/json";
        response.Headers.ContentEncoding = encoding;
        if (encoding == "br")
        {
            await using var packed = new BrotliStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            var blanks = Blanks();
            for (var left = bytes; left > 0; left -= blanks.Length)
                await packed.WriteAsync(blanks, cancellation);
            return;
        }

        for (var left = bytes; left > 0; left -= BombChunkBytes)
            await response.Body.WriteAsync(BombMember.Value, cancellation);
    }

    private static async Task WriteHugeBodyAsync(HttpResponse response, long bytes, CancellationToken cancellation)
    {
        response.ContentType = "application/json";
        response.ContentLength = bytes;
        var blanks = Blanks();
        for (var left = bytes; left > 0; left -= blanks.Length)
            await response.Body.WriteAsync(blanks.AsMemory(0, (int)Math.Min(left, blanks.Length)), cancellation);
    }

    private static void WriteHugeHeaders(HttpResponse response, long bytes)
    {
        const int length = 8000;
        var value = new string('x', length);
        for (var index = 0; index * (long)length < bytes; index++)
            response.Headers[$"X-Padding-{index}"] = value;
    }

    private static byte[] CompressBlanks()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            var blanks = Blanks();
            for (var written = 0; written < BombChunkBytes; written += blanks.Length)
                gzip.Write(blanks);
        }

        return compressed.ToArray();
    }

    private static byte[] Blanks()
    {
        var blanks = new byte[1 << 20];
        blanks.AsSpan().Fill((byte)' ');
        return blanks;
    }
}
