using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>
/// Subscribes to new heads over the altruist's WebSocket and waits for one, which must be of the height that its URL tells. Portals are
/// told that URL only while this is proven.
/// </summary>
internal sealed class WebsocketCheck(GuardedHttp http, IOptions<ProbingOptions> options, TimeProvider time) : IOwnCheck
{
    public const string Capability = "websocket";

    /// <summary>Of one notification.</summary>
    private const int MaxBytes = NodeQuestion.Scalar;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>The least that is waited for a head.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);

    public string Name => Capability;

    public CheckPace Pace => CheckPace.Own(TimeSpan.FromHours(1));

    public int CallsOf(in CheckSubject subject) => 1 + subject.Protocol.Facts.Calls.Head;

    public TimeSpan Patience => Longest + TimeSpan.FromSeconds(15);

    public bool Concerns(in CheckSubject subject) => subject.Altruist.Capabilities.Contains(Capability) || subject.Altruist.Urls.ContainsKey(Capability);

    public IEnumerable<string> UrlsOf(Altruist altruist, string path)
    {
        var main = AltruistUrl.WithPath(altruist.Url, path);
        return altruist.Urls.GetValueOrDefault(Capability) is { } url ? [url, main] : [main];
    }

    public (CheckState State, string Reason)? Foregone(in CheckSubject subject) => subject switch
    {
        _ when !subject.Altruist.Urls.ContainsKey(Capability) => (CheckState.Failed, "claims websocket, but has no URL for it: set urls.websocket or take the claim back"),
        { Protocol: { Facts.Subscription: null, Name: var protocol } } => (CheckState.Unknown, $"a WebSocket cannot be proven on {protocol}, so it is not told to portals"),
        _ => null,
    };

    public async Task<CheckResult> RunAsync(OwnCheckRun run, CancellationToken cancellation)
    {
        var beganAt = time.GetTimestamp();
        var exchanges = new List<Exchange>();
        var (state, reason) = await TryAsync(run, exchanges, cancellation);
        return new CheckResult(Name, state, reason, time.GetElapsedTime(beganAt).TotalMilliseconds, [.. exchanges, .. run.Node.Exchanges]);
    }

    private async Task<(CheckState State, string Reason)> TryAsync(OwnCheckRun run, List<Exchange> exchanges, CancellationToken cancellation)
    {
        if (Foregone(run.Subject) is { } clear)
            return clear;

        var url = run.Subject.Altruist.Urls[Capability];
        var subscription = run.Subject.Protocol.Facts.Subscription!;
        if (new Uri(url).Scheme == Uri.UriSchemeWs && !options.Value.AllowHttp)
            return (CheckState.Failed, "ws is not allowed here, only wss: portals are not told this WebSocket");

        // A slow chain makes a block only now and then.
        var patience = TimeSpan.FromSeconds(Math.Clamp(10 * run.Network.BlockTimeSeconds, Shortest.TotalSeconds, Longest.TotalSeconds));
        using var alarm = new CancellationTokenSource(patience, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        var connection = new ProbeConnection(time, deadline.Token);
        var excerpts = new Excerpts(run.Line.Redactor);
        using var line = http.OpenFresh(run.Subject.Altruist, TimeSpan.Zero);
        using var handler = new SocketHandler(line.Http, connection);
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        var askedAt = time.GetTimestamp();
        var asked = $"subscribe over the WebSocket: {subscription.Method} {subscription.Parameters}";
        var phase = "connect";
        try
        {
            await socket.ConnectAsync(new Uri(url), invoker, deadline.Token);
            phase = "subscribe";
            var question = $$"""{"jsonrpc":"2.0","id":1,"method":"{{subscription.Method}}","params":{{subscription.Parameters}}}""";
            await socket.SendAsync(Encoding.UTF8.GetBytes(question), WebSocketMessageType.Text, endOfMessage: true, deadline.Token);

            while (true)
            {
                var message = await ReadAsync(socket, deadline.Token);
                if (message is null)
                    return Told(CheckState.Failed, "the node closed the WebSocket, or sent more than 64 KB at once", "closed");
                using var json = message;
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind is not JsonValueKind.Null)
                    return Told(CheckState.Failed, $"the node refuses to tell new heads over the WebSocket: {excerpts.Of(error.GetRawText())}", excerpts.Of(error.GetRawText()));
                if (HeightIn(json.RootElement, subscription.Height) is { } height)
                    return await CompareAsync(height);
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("result", out _))
                    phase = "head";
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return phase switch
            {
                "connect" => Told(OfConnecting(connection, socket), connection.Failure?.Detail ?? "the WebSocket did not open in time", "nothing in time"),
                "subscribe" => Told(CheckState.Failed, "subscribing to new heads over the WebSocket was not answered in time", "nothing in time"),
                _ => Told(CheckState.Unknown, $"subscribed, but no new head came within {patience.TotalSeconds:0} s", "subscribed, no head in time"),
            };
        }
        catch (Exception exception) when (exception is WebSocketException or HttpRequestException or IOException or JsonException)
        {
            cancellation.ThrowIfCancellationRequested();
            var words = exception is JsonException
                ? "what came over the WebSocket is no JSON"
                : connection.Failure?.Detail ?? (phase == "connect" ? $"the WebSocket did not open{Status(socket)}" : "the WebSocket broke off");
            return Told(phase == "connect" ? OfConnecting(connection, socket) : CheckState.Failed, words, words);
        }

        (CheckState, string) Told(CheckState state, string reason, string answered)
        {
            exchanges.Add(new Exchange(asked, answered, time.GetElapsedTime(askedAt).TotalMilliseconds, connection.ConnectMs));
            return (state, state == CheckState.Failed ? $"{reason}: portals are not told this WebSocket until it works" : reason);
        }

        async Task<(CheckState, string)> CompareAsync(long height)
        {
            var told = Told(CheckState.Passed, $"told block {height}", $"{subscription.Height}: {height}");
            var head = await run.Subject.Protocol.AskHeadAsync(run.Node, cancellation);
            if (!head.IsKnown)
                return (CheckState.Unknown, $"the WebSocket told block {height}, but its own URL could not be asked to compare: {head.Wrong ?? run.Node.Failure?.Detail}");
            var apart = Math.Abs(head.Value.Height - height);
            return apart > run.Network.ToleranceBlocks
                ? (CheckState.Failed, $"the WebSocket told block {height} while its own URL has {head.Value.Height}: portals are not told this WebSocket until both show the same chain")
                : (told.Item1, $"subscribed and was told block {height}, as its own URL has it");
        }
    }

    /// <summary>What the prober's own resolver or sockets did, or that there were too many requests, says nothing of the node.</summary>
    private static CheckState OfConnecting(ProbeConnection connection, ClientWebSocket socket) =>
        connection.Failure?.Outcome is ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets || (connection.Failure is null && connection.Phase == ConnectPhase.Resolving)
        || socket.HttpStatusCode == HttpStatusCode.TooManyRequests
            ? CheckState.Unknown
            : CheckState.Failed;

    private static string Status(ClientWebSocket socket) => (int)socket.HttpStatusCode is > 0 and var status ? $": HTTP {status}" : "";

    private static async Task<JsonDocument?> ReadAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[MaxBytes];
        var filled = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(filled), cancellation);
            filled += part.Count;
            if (part.MessageType == WebSocketMessageType.Close || (!part.EndOfMessage && filled == buffer.Length))
                return null;
            if (part.EndOfMessage)
                return JsonDocument.Parse(buffer.AsMemory(0, filled), new JsonDocumentOptions { MaxDepth = 32 });
        }
    }

    /// <summary>Heights are numbers, decimal text or hexadecimal text.</summary>
    private static long? HeightIn(JsonElement message, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty(name, out message))
                return null;
        }

        return message.ValueKind switch
        {
            JsonValueKind.Number when message.TryGetInt64(out var number) => number,
            JsonValueKind.String when message.GetString() is ['0', 'x', .. var hex] => long.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null,
            JsonValueKind.String => long.TryParse(message.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            _ => null,
        };
    }

    /// <summary>Whoever opens a WebSocket makes the request itself; here it gets what a guarded request must carry.</summary>
    private sealed class SocketHandler(HttpMessageInvoker guarded, ProbeConnection connection) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Options.Set(ProbeConnection.Key, connection);
            return guarded.SendAsync(request, cancellationToken);
        }
    }
}
