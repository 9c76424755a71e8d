using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AltruistManager.Simulator.Chaos;

/// <summary>A line to a node that can be cut as a network is cut: nobody says anything any more, neither the connections that are there nor to new ones.</summary>
public sealed class CuttableLine : IAsyncDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint node;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<Socket> fillers = [];
    private readonly Task accepting;
    private volatile TaskCompletionSource whole = Whole();

    /// <param name="node">Where it leads.</param>
    /// <param name="address">One of loopback; the port is a free one.</param>
    public CuttableLine(Uri node, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(node);
        this.node = new IPEndPoint(IPAddress.Parse(node.Host), node.Port);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(1);
        Url = new UriBuilder(node) { Host = address.ToString(), Port = ((IPEndPoint)listener.LocalEndPoint!).Port }.Uri;
        accepting = AcceptAsync();
    }

    /// <summary>That of the node, through this line.</summary>
    public Uri Url { get; }

    public void Cut()
    {
        whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Fill();
    }

    public void Mend()
    {
        while (fillers.TryTake(out var filler))
            filler.Dispose();
        whole.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Mend();
        listener.Dispose();
        await accepting;
        stop.Dispose();
    }

    /// <summary>A full queue of connections that nobody accepts: the kernel drops further handshakes.</summary>
    private void Fill()
    {
        for (var filler = 0; filler < 8; filler++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            fillers.Add(socket);
            _ = socket.ConnectAsync(listener.LocalEndPoint!, stop.Token).AsTask().ContinueWith(done => done.Exception, TaskScheduler.Default);
        }
    }

    private static TaskCompletionSource Whole()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private async Task AcceptAsync()
    {
        var lines = new List<Task>();
        try
        {
            while (true)
            {
                await whole.Task.WaitAsync(stop.Token);
                var near = await listener.AcceptAsync(stop.Token);
                // One that was awaited when the line was cut makes room for another.
                if (!whole.Task.IsCompleted)
                    Fill();
                lines.Add(CarryAsync(near));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The line is taken down.
        }

        await Task.WhenAll(lines);
    }

    private async Task CarryAsync(Socket near)
    {
        try
        {
            using var here = new NetworkStream(near, ownsSocket: true);
            using var far = new TcpClient();
            await far.ConnectAsync(node, stop.Token);
            await Task.WhenAny(CopyAsync(here, far.GetStream()), CopyAsync(far.GetStream(), here));
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
        {
            // One side hung up.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, stop.Token) is > 0 and var count)
        {
            await whole.Task.WaitAsync(stop.Token);
            await to.WriteAsync(buffer.AsMemory(0, count), stop.Token);
        }
    }
}
