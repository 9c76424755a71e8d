using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Simulator;

/// <summary>
/// Lets one server listen on ports that come and go. Kestrel itself can only take endpoints from a configuration that reloads,
/// and does not cut what is open; so it is given one listener that hands on what arrives at any door.
/// </summary>
internal sealed class Doors : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> arrivals = Channel.CreateUnbounded<ConnectionContext>();
    private readonly SocketConnectionContextFactory contexts;
    private readonly List<Door> doors = [];

    public Doors(ILoggerFactory loggers) =>
        contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<Doors>());

    public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.None, 0);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        EndPoint = Add((IPEndPoint)endpoint).Endpoint;
        return ValueTask.FromResult<IConnectionListener>(this);
    }

    public Door Add(IPEndPoint endpoint)
    {
        var door = new Door(endpoint, contexts, arrivals.Writer);
        lock (doors)
        {
            doors.Add(door);
        }

        return door;
    }

    public Task SeeOutAsync(CancellationToken cancellation)
    {
        lock (doors)
        {
            return Task.WhenAll([.. doors.Select(door => door.SeeOutAsync(cancellation))]);
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await arrivals.Reader.WaitToReadAsync(cancellationToken) && arrivals.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        lock (doors)
        {
            foreach (var door in doors)
                door.Dispose();
        }

        arrivals.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        contexts.Dispose();
        return ValueTask.CompletedTask;
    }
}
