using System.Collections.Concurrent;
using System.Net;

namespace AltruistManager.Probing;

/// <summary>
/// Looks names up on threads of its own: the system's resolver blocks its thread, and a few slow names must not take those that
/// serve everybody else.
/// </summary>
internal sealed class NameResolver(Func<string, IPAddress[]> lookUp) : IDisposable
{
    /// <summary>Names under way at once.</summary>
    private const int Places = 256;

    private readonly SemaphoreSlim places = new(Places, Places);
    private readonly ConcurrentDictionary<string, Lazy<Task<IPAddress[]>>> underWay = new();

    /// <exception cref="System.Net.Sockets.SocketException">The name has no address, or the resolver did not answer.</exception>
    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation) =>
        underWay.GetOrAdd(host, name => new Lazy<Task<IPAddress[]>>(() => LookUpAsync(name))).Value.WaitAsync(cancellation);

    public void Dispose() => places.Dispose();

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        await places.WaitAsync(CancellationToken.None);
        try
        {
            return await Task.Factory.StartNew(() => lookUp(host), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        }
        finally
        {
            places.Release();
            underWay.TryRemove(host, out _);
        }
    }
}
