using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace AltruistManager.Simulator;

/// <summary>
/// One listening port that can be shut and opened again while the server runs. While it is shut the port stays bound but does not
/// listen: connections are refused, and nobody else can take the number.
/// </summary>
internal sealed class Door : IDisposable
{
    /// <summary>Stands for every address of the loopback device.</summary>
    public static readonly IPAddress AllOfLoopback = IPAddress.Any;

    // socket.h of Linux: nobody beyond the device gets in, whatever the address.
    private const int SocketLevel = 1;
    private const int BindToDevice = 25;

    private readonly SocketConnectionContextFactory contexts;
    private readonly ChannelWriter<ConnectionContext> arrivals;
    private readonly ConcurrentDictionary<ConnectionContext, byte> guests = new();
    private readonly Lock moving = new();

    // Never listens. Between one socket and the next the number would be anybody's; elsewhere than on Linux two cannot have it.
    private readonly Socket? keeper;
    private Socket socket;
    private bool open;
    private bool disposed;

    public Door(IPEndPoint endpoint, SocketConnectionContextFactory contexts, ChannelWriter<ConnectionContext> arrivals)
    {
        this.contexts = contexts;
        this.arrivals = arrivals;
        socket = Bind(endpoint);
        Endpoint = (IPEndPoint)socket.LocalEndPoint!;
        keeper = OperatingSystem.IsLinux() ? Bind(Endpoint) : null;
        Listen();
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>Whose door it is; null for the one that many share.</summary>
    public SimulatedNode? Owner { get; set; }

    public void Open()
    {
        lock (moving)
        {
            if (open || disposed)
                return;
            Listen();
        }
    }

    /// <summary>Refuses new connections and cuts those that are open.</summary>
    public void Close()
    {
        lock (moving)
        {
            if (!open || disposed)
                return;
            open = false;
            socket.Dispose();
            socket = Bind(Endpoint);
        }

        foreach (var guest in guests.Keys)
            guest.Abort(new ConnectionAbortedException("The simulated node went down."));
    }

    /// <summary>Closes what rests and, after its answer, what does not; new connections are welcome.</summary>
    /// <returns>When those that were open are closed.</returns>
    public Task SeeOutAsync(CancellationToken cancellation) => Task.WhenAll(guests.Keys.Select(guest =>
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        guest.ConnectionClosed.UnsafeRegister(_ => closed.TrySetResult(), null);
        guest.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        return closed.Task.WaitAsync(cancellation);
    }));

    public void Dispose()
    {
        lock (moving)
        {
            disposed = true;
            open = false;
            socket.Dispose();
            keeper?.Dispose();
        }
    }

    private static Socket Bind(IPEndPoint endpoint)
    {
        var bound = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.Address.Equals(AllOfLoopback))
                bound.SetRawSocketOption(SocketLevel, BindToDevice, "lo\0"u8);
            bound.Bind(endpoint);
            return bound;
        }
        catch
        {
            bound.Dispose();
            throw;
        }
    }

    private void Listen()
    {
        socket.Listen(1024);
        open = true;
        _ = AcceptAsync(socket);
    }

    private async Task AcceptAsync(Socket listening)
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await listening.AcceptAsync(CancellationToken.None);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            accepted.NoDelay = true;
            var connection = contexts.Create(accepted);
            if (Owner is { } owner)
                connection.Features.Set(owner);
            guests.TryAdd(connection, 0);
            connection.ConnectionClosed.UnsafeRegister(_ => guests.TryRemove(connection, out var _), null);
            lock (moving)
            {
                if (!open)
                    connection.Abort(new ConnectionAbortedException("The simulated node is down."));
            }

            if (!arrivals.TryWrite(connection))
                await connection.DisposeAsync();
        }
    }
}
