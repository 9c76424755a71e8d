using System.Net;
using System.Net.Sockets;

namespace AltruistManager.Simulator.Chaos;

/// <summary>A port whose queue of new connections is full: whoever connects hears nothing, as behind a firewall that drops.</summary>
public sealed class BlackHole : IDisposable
{
    /// <summary>Within that time a connection on this machine is made, or never.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private readonly Socket socket;
    private readonly List<Socket> fillers = [];

    private BlackHole(IPAddress address)
    {
        socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen(0);
        Endpoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint Endpoint { get; }

    public static async Task<BlackHole> OpenAsync(IPAddress address, CancellationToken cancellation)
    {
        var hole = new BlackHole(address);
        while (await hole.FillAsync(cancellation))
        {
        }

        return hole;
    }

    public void Dispose()
    {
        foreach (var filler in fillers)
            filler.Dispose();
        socket.Dispose();
    }

    /// <returns>False when it is full.</returns>
    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        var filler = new Socket(Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        fillers.Add(filler);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await filler.ConnectAsync(Endpoint, patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
