using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Tests.Probing;

/// <summary>A server on loopback that says byte for byte what a test tells it to.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<Exchange, Task> answer;
    private readonly Func<Stream, Task<Stream>>? secure;
    private readonly Task accepting;
    private int connections;
    private int requests;

    /// <param name="answer">Called for each request.</param>
    /// <param name="secure">Wraps each new connection.</param>
    public TestNode(Func<Exchange, Task> answer, Func<Stream, Task<Stream>>? secure = null)
    {
        this.answer = answer;
        this.secure = secure;
        listener.Start(512);
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    public int Connections => Volatile.Read(ref connections);

    public int Requests => Volatile.Read(ref requests);

    /// <summary>A well-behaved EVM node; its height can be changed.</summary>
    public static TestNode Evm(Func<long> height, string chainId = "0x1") => new(exchange => exchange.ReplyAsync(exchange.Method switch
    {
        "eth_chainId" => $"\"{chainId}\"",
        "eth_syncing" => "false",
        _ => Block(exchange.Params[0].GetString() is ['0', 'x', .. var hex] ? long.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : height()),
    }));

    public static TestNode Http(string raw) => new(exchange => exchange.SendAsync(raw));

    /// <summary>Answers every question with this JSON in place of <c>$id</c>.</summary>
    public static TestNode Json(string json, string headers = "", string status = "200 OK") => new(exchange =>
        exchange.SendAsync($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Connection: close\r\n\r\n{json.Replace("$id", exchange.Id, StringComparison.Ordinal)}", close: true));

    public static string Block(long height, int transactions = 0) =>
        $$"""
        {"number":"0x{{height:x}}","hash":"{{HashOf(height)}}","logsBloom":"0x{{new string('0', 512)}}","timestamp":"0x{{1_700_000_000 + (12 * height):x}}",
         "transactions":[{{string.Join(',', Enumerable.Range(0, transactions).Select(number => $"\"{HashOf(number)}\""))}}],"uncles":[],"withdrawals":[{"index":"0x1","number":"0x99"}]}
        """;

    public static string HashOf(long height) => $"0x{height:x64}";

    /// <summary>When so many requests have arrived.</summary>
    public Task UntilAskedAsync(int times = 1) => Wait.UntilAsync($"the node is asked {times} times", () => Requests >= times);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        listener.Stop();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                Interlocked.Increment(ref connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        try
        {
            Stream stream = client.GetStream();
            if (secure is not null)
                stream = await secure(stream);
            while (await ReadRequestAsync(stream) is { } body)
            {
                Interlocked.Increment(ref requests);
                var exchange = new Exchange(stream, body, stop.Token);
                await answer(exchange);
                await stream.FlushAsync(stop.Token);
                if (exchange.IsClosed)
                    return;
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // The prober hung up, or the test is over.
        }
    }

    private async Task<string?> ReadRequestAsync(Stream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        while (true)
        {
            var read = await stream.ReadAsync(buffer, stop.Token);
            if (read == 0)
                return null;
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            var request = text.ToString();
            var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                continue;
            var length = request.Contains("Content-Length: ", StringComparison.Ordinal) ? int.Parse(request.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture) : 0;
            if (request.Length - end - 4 >= length)
                return request;
        }
    }

    internal sealed class Exchange(Stream stream, string request, CancellationToken cancellation)
    {
        private readonly string body = request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];

        public string Request => request;

        /// <summary>Verb and path.</summary>
        public string Line => request[..request.IndexOf(" HTTP/1.1", StringComparison.Ordinal)];

        /// <summary>Of the body, as JSON; what is no JSON-RPC has none of the following.</summary>
        public JsonElement Question => field.ValueKind == JsonValueKind.Undefined ? field = JsonDocument.Parse(body.Length == 0 ? "{}" : body).RootElement : field;

        public string Method => Question.TryGetProperty("method", out var method) ? method.GetString()! : "";

        public JsonElement Params => Question.GetProperty("params");

        public string Id => Question.TryGetProperty("id", out var id) ? id.GetRawText() : "";

        public bool IsClosed { get; private set; }

        public CancellationToken Cancellation => cancellation;

        public Task ReplyAsync(string result) => BodyAsync($$"""{"jsonrpc":"2.0","id":{{Id}},"result":{{result}}}""");

        public Task BodyAsync(string body, string headers = "") =>
            SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}");

        public Task SendAsync(string raw, bool close = false) => SendAsync(Encoding.UTF8.GetBytes(raw), close);

        public async Task SendAsync(byte[] raw, bool close = false)
        {
            IsClosed = close;
            await stream.WriteAsync(raw, cancellation);
        }
    }
}
