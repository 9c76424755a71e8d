using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace AltruistManager.Simulator;

/// <summary>
/// One listening port that can be shut and opened again while the server runs. While it is shut the port stays bound but does not
/// listen: connections are refused, and nobody else can take the number.
/// </summary>
internal sealed class Door : IDisposable
{
    private readonly SocketConnectionContextFactory _contexts;
    private readonly ChannelWriter<ConnectionContext> _arrivals;
    private readonly ConcurrentDictionary<ConnectionContext, byte> _guests = new();
    private readonly Lock _moving = new();
    private Socket _socket;
    private bool _open;
    private bool _disposed;

    public Door(IPEndPoint endpoint, SocketConnectionContextFactory contexts, ChannelWriter<ConnectionContext> arrivals)
    {
        _contexts = contexts;
        _arrivals = arrivals;
        _socket = Bind(endpoint);
        Endpoint = (IPEndPoint)_socket.LocalEndPoint!;
        Listen();
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>Whose door it is; null for the one that many share.</summary>
    public SimulatedNode? Owner { get; set; }

    public void Open()
    {
        lock (_moving)
        {
            if (_open || _disposed)
                return;
            Listen();
        }
    }

    /// <summary>Refuses new connections and cuts those that are open.</summary>
    public void Close()
    {
        lock (_moving)
        {
            if (!_open || _disposed)
                return;
            _open = false;
            _socket.Dispose();
            _socket = Bind(Endpoint);
        }

        foreach (var guest in _guests.Keys)
            guest.Abort(new ConnectionAbortedException("The simulated node went down."));
    }

    public void Dispose()
    {
        lock (_moving)
        {
            _disposed = true;
            _open = false;
            _socket.Dispose();
        }
    }

    private static Socket Bind(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Listen()
    {
        _socket.Listen(1024);
        _open = true;
        _ = AcceptAsync(_socket);
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
            var connection = _contexts.Create(accepted);
            if (Owner is { } owner)
                connection.Features.Set(owner);
            _guests.TryAdd(connection, 0);
            connection.ConnectionClosed.UnsafeRegister(_ => _guests.TryRemove(connection, out var _), null);
            lock (_moving)
            {
                if (!_open)
                    connection.Abort(new ConnectionAbortedException("The simulated node is down."));
            }

            if (!_arrivals.TryWrite(connection))
                await connection.DisposeAsync();
        }
    }
}
