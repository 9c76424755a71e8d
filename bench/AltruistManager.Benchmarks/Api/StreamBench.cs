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
    public readonly record struct Figures(double ResidentMegabytes, double ConnectedMilliseconds, double FirstMilliseconds, double AllMilliseconds, double WorstMilliseconds)
    {
        private const double MostMegabytes = 300;
        private const double MostMilliseconds = 1_000;

        public bool AreReached => ResidentMegabytes <= MostMegabytes && WorstMilliseconds <= MostMilliseconds;
    }

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
}
