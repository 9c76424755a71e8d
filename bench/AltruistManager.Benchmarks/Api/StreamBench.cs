using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AltruistManager.Benchmarks.Api;

/// <summary>Ten thousand portals that listen and hear nothing for a while: what they hold of the server's memory, and how soon a change reaches each.</summary>
internal static class StreamBench
{
    public const int Streams = 10_000;
    private const int ConnectedAtOnce = 100;
    private const int Changes = 20;

    /// <summary>Two comments have gone to each by then.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(32);

    /// <param name="FirstMilliseconds">From before the order to change until the first portal was told, with what the service decides and stores in between; median.</param>
    /// <param name="AllMilliseconds">The same until the last portal was told; median.</param>
    public readonly record struct Figures(double ResidentMegabytes, double ConnectedMilliseconds, double FirstMilliseconds, double AllMilliseconds, double WorstMilliseconds);

    public static async Task<Figures> RunAsync(MeasuredService service, CancellationToken cancellation)
    {
        using var server = await service.StartAsync(cancellation);
        var before = server.ResidentBytes();
        var portals = new List<ListeningPortal>(Streams);
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            while (portals.Count < Streams)
            {
                portals.AddRange(await Task.WhenAll(Enumerable.Range(0, ConnectedAtOnce).Select(_ => ListeningPortal.OpenAsync(server.Address, service.PortalKey, cancellation))));
            }

            var connected = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
            await Task.Delay(Idle, TimeProvider.System, cancellation);
            var resident = server.ResidentBytes() / 1e6;

            var first = new List<double>();
            var all = new List<double>();
            for (var change = 0; change < Changes; change++)
            {
                var ordered = TimeProvider.System.GetTimestamp();
                var generation = await service.ChangeAsync(change, cancellation);
                await Task.WhenAll(portals.Select(portal => portal.HasAsync(generation))).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, cancellation);
                first.Add(portals.Min(portal => TimeProvider.System.GetElapsedTime(ordered, portal.ToldAt).TotalMilliseconds));
                all.Add(portals.Max(portal => TimeProvider.System.GetElapsedTime(ordered, portal.ToldAt).TotalMilliseconds));
            }

            var figures = new Figures(Math.Round(resident), Math.Round(connected), Math.Round(SelectionBench.Median(first), 1), Math.Round(SelectionBench.Median(all), 1), Math.Round(all.Max(), 1));
            Console.WriteLine($"{Streams} streams: {figures.ResidentMegabytes} MB resident ({before / 1e6:0} MB before), connected within {connected:0} ms; a change reached the first after {figures.FirstMilliseconds} ms, all after {figures.AllMilliseconds} ms, at worst {figures.WorstMilliseconds} ms");
            return figures;
        }
        finally
        {
            portals.ForEach(portal => portal.Dispose());
        }
    }

    /// <summary>A bare connection: what it costs must not hide what the server costs.</summary>
    private sealed class ListeningPortal : IDisposable
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
}
