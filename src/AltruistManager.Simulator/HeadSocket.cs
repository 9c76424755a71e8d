using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using AltruistManager.Simulator.Languages;
using Microsoft.AspNetCore.Http;

namespace AltruistManager.Simulator;

/// <summary>One WebSocket at a node: answers JSON-RPC, and sends every new head to whoever subscribed.</summary>
internal sealed class HeadSocket(SimulatedNode node, TimeProvider clock) : IDisposable
{
    private const string Subscription = "0x1";

    private readonly SemaphoreSlim sending = new(1, 1);

    public async Task ServeAsync(HttpContext context, CancellationToken ending)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
        var telling = Task.CompletedTask;
        try
        {
            while (await ReadAsync(socket, stopping.Token) is { } request)
            {
                if (IdOfSubscription(request) is { } id)
                {
                    await SendAsync(socket, $$"""{"jsonrpc":"2.0","id":{{id}},"result":"{{Subscription}}"}""", stopping.Token);
                    telling = TellHeadsAsync(socket, id, stopping.Token);
                    continue;
                }

                var answer = new ArrayBufferWriter<byte>();
                RpcAnswer.Write(node, new ReadOnlySequence<byte>(request), answer);
                await SendAsync(socket, answer.WrittenMemory, stopping.Token);
            }
        }
        catch (WebSocketException)
        {
            // The subscriber went away.
        }
        finally
        {
            await stopping.CancelAsync();
            await telling.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    public void Dispose() => sending.Dispose();

    private string? IdOfSubscription(byte[] request)
    {
        try
        {
            using var json = JsonDocument.Parse(request);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object && node.Chain.Language.Subscribes is { } method && root.TryGetProperty("method", out var name) && name.ValueEquals(method)
                && node.Fault?.Lacks(method) != true && root.TryGetProperty("id", out var id) ? id.GetRawText() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task TellHeadsAsync(WebSocket socket, string id, CancellationToken cancellation)
    {
        var told = new NodeView(node).Head;
        var pause = TimeSpan.FromTicks(Math.Clamp(node.Chain.BlockTime.Ticks / 4, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond));
        while (true)
        {
            await Task.Delay(pause, clock, cancellation);
            var head = new NodeView(node);
            if (head.Head <= told)
                continue;
            told = head.Head;
            await SendAsync(socket, node.Chain.Language.Notification(head, Subscription, id), cancellation);
        }
    }

    private Task SendAsync(WebSocket socket, string text, CancellationToken cancellation) => SendAsync(socket, Encoding.UTF8.GetBytes(text), cancellation);

    private async Task SendAsync(WebSocket socket, ReadOnlyMemory<byte> text, CancellationToken cancellation)
    {
        await sending.WaitAsync(cancellation);
        try
        {
            await socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        }
        finally
        {
            sending.Release();
        }
    }

    /// <returns>Null when the other side closed.</returns>
    private static async Task<byte[]?> ReadAsync(WebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        var filled = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled), cancellation);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
                return null;
            }

            filled += read.Count;
            if (read.EndOfMessage)
                return buffer[..filled];
            if (filled == buffer.Length)
                return null;
        }
    }
}
