using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AltruistManager.Benchmarks.Api;

/// <summary>A portal that listens to the stream of a region over a bare connection: what it costs must not hide what the server costs.</summary>
internal sealed class ListeningPortal : IDisposable
{
    private readonly Socket socket;
    private readonly byte[] buffer = new byte[2048];

    /// <summary>How the line that is being read begins; ids are short.</summary>
    private readonly byte[] line = new byte[32];
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private int lineLength;
    private long generation;
    private long wanted;
    private TaskCompletionSource? reached;

    private ListeningPortal(Socket socket) => this.socket = socket;

    /// <summary>The newest that was read.</summary>
    public long Generation
    {
        get
        {
            lock (gate)
                return generation;
        }
    }

    /// <summary>When the newest generation was read.</summary>
    public long ToldAt { get; private set; }

    /// <summary>Returns once the snapshot was read.</summary>
    public static async Task<ListeningPortal> OpenAsync(Uri address, string key, CancellationToken cancellation)
    {
        var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await connection.ConnectAsync(IPAddress.Loopback, address.Port, cancellation);
        await connection.SendAsync(Encoding.ASCII.GetBytes($"GET /api/v1/selections/stream?region=region-1 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n"), cancellation);
        var portal = new ListeningPortal(connection);
        _ = portal.ReadAsync();
        await portal.begun.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, cancellation);
        return portal;
    }

    public Task HasAsync(long other)
    {
        lock (gate)
        {
            if (generation >= other)
                return Task.CompletedTask;
            wanted = other;
            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return reached.Task;
        }
    }

    public void Dispose() => socket.Dispose();

    private async Task ReadAsync()
    {
        try
        {
            while (await socket.ReceiveAsync(buffer) is > 0 and var count)
                Take(buffer.AsSpan(0, count));
            throw new EndOfStreamException("The service ended a stream.");
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or IOException)
        {
            begun.TrySetException(ended);
            reached?.TrySetException(ended);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            var kept = Math.Min(part.Length, line.Length - lineLength);
            part[..kept].CopyTo(line.AsSpan(lineLength));
            lineLength += kept;
            if (end < 0)
                return;
            var whole = line.AsSpan(0, lineLength);
            if (whole.StartsWith("id: "u8) && Utf8Parser.TryParse(whole[4..], out long id, out _))
                Told(id);
            lineLength = 0;
            bytes = bytes[(end + 1)..];
        }
    }

    private void Told(long id)
    {
        lock (gate)
        {
            generation = id;
            ToldAt = TimeProvider.System.GetTimestamp();
            begun.TrySetResult();
            if (id >= wanted)
                reached?.TrySetResult();
        }
    }
}
