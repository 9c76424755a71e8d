using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Scheduling;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// The probe engine with its own scheduler and 100,000 altruists, each to be asked every five minutes; one in ten takes requests and never answers. It begins as after a
/// restart, with the verdicts and the results of checks of before, all of which are due, and runs at its real pace in a process of its own: its memory is nobody else's, and counts from the start. Whether probes are late is
/// measured in the second sweep of each network: the first sweeps of all are over within half an interval.
/// </summary>
internal static class ScaleRun
{
    private const double HotLatestSeconds = 1;
    private const double SteadyLatestShare = 0.1;
    private const double MostMegabytes = 400;

    /// <summary>Of each network: so many are in use and watched closely, and as many are first standbys.</summary>
    private const int HotPerNetwork = 2;

    private static readonly ProbedWorld World = new(Networks: 200, NodesPerNetwork: 500, SilentEvery: 10, Scheme: "http");
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>In a process of its own, whose last line is the figures.</summary>
    public static async Task<Dictionary<string, JsonElement>> StartAsync(CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(ScaleRun).Assembly.Location, "scale", $"{Interval.TotalSeconds}"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var last = "";
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (last.Length > 0)
                Console.WriteLine(last);
            last = line;
        }

        await process.WaitForExitAsync(cancellation);
        return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(last)!;
    }

    /// <param name="window">How much of the interval is measured.</param>
    public static async Task<int> RunAsync(TimeSpan window, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            using var nodes = await NodesProcess.StartAsync(World, cancellation);
            var figures = await MeasureAsync(nodes.Address.Port, Path.Combine(folder, "scale.db"), window, cancellation);
            Console.WriteLine(JsonSerializer.Serialize(figures));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Dictionary<string, object>> MeasureAsync(int port, string database, TimeSpan window, CancellationToken cancellation)
    {
        var probing = new ProbingOptions { AllowHttp = true, AllowedPrivateNetworks = ["127.0.0.0/8"], Interval = Interval };
        var roster = World.Roster(port, TimeProvider.System.GetUtcNow());
        var hot = new InUse();
        await using var engine = await Engine.PrepareAsync(roster, database, probing, services => services
            .AddSingleton<IHotAltruists>(hot)
            .AddSingleton<Witness>()
            .AddSingleton<IProbeObserver>(provider => provider.GetRequiredService<Witness>())
            .AddSingleton<IProbeDemand>(provider => provider.GetRequiredService<Witness>())
            .AddScheduling());
        await StoreHealthAsync(engine, roster, cancellation);

        var witness = engine.Get<Witness>();
        await engine.StartAsync(cancellation);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var most = MostResidentAsync(ended.Token);
        var firstTick = await witness.FirstTick.WaitAsync(cancellation);
        Console.WriteLine($"{World.Nodes} altruists of {World.Networks} networks, {World.Nodes / World.SilentEvery} of them silent, {hot.Primaries.Count} in use, {hot.FirstStandbys.Count} first standbys; the first sweeps");
        await Task.Delay(firstTick + (Interval / 2) - TimeProvider.System.GetUtcNow(), TimeProvider.System, cancellation);

        Console.WriteLine($"measuring {window.TotalSeconds} s{(window < Interval ? $": shortened from {Interval.TotalSeconds} s, so only that share of the networks is swept; nothing else is extrapolated" : "")}");
        witness.Keep();
        var cpu = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        await Task.Delay(window, TimeProvider.System, cancellation);
        var seen = witness.Take();
        var elapsed = Stopwatch.GetElapsedTime(began);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        await ended.CancelAsync();
        var dues = roster.LiveByNetwork.Keys.ToDictionary(network => network, network => firstTick + (Interval / 2) + (Sweeper.PlaceOf(network) * Interval));
        // Before its time comes only a sweep that was wanted out of turn.
        var steady = Sorted(seen.Where(probe => !probe.IsHot).Select(probe => (probe.StartedAt - dues[roster.Altruists[ProbedWorld.Id(probe.Node)].Network]).TotalSeconds).Where(late => late > -1));
        var hots = Sorted(seen.Where(probe => probe.IsHot).GroupBy(probe => probe.Node).SelectMany(Lateness));
        var silent = Enumerable.Range(0, World.Nodes).Count(World.IsSilent);
        var healthy = roster.Altruists.Keys.Count(id => engine.Board[id].State == VerdictState.Healthy);
        var megabytes = await most / 1048576.0;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{steady.Count} steady probes were late by {At(steady, 0.5):0.00} s (median), {At(steady, 0.99):0.00} s (99 %), {At(steady, 1):0.00} s at most (target ≤ {SteadyLatestShare * Interval.TotalSeconds} s)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{hots.Count} hot probes were late by {At(hots, 0.5):0.00} s (median), {At(hots, 0.99):0.00} s (99 %), {At(hots, 1):0.00} s at most (target ≤ {HotLatestSeconds} s)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{megabytes:0} MB resident at most (target < {MostMegabytes}), {cpu / elapsed * 100:0} % of one processor; {healthy} of {World.Nodes - silent} that answer are healthy"));
        return new Dictionary<string, object>
        {
            ["bench"] = "scale",
            ["altruists"] = World.Nodes,
            ["silent"] = silent,
            ["interval_seconds"] = Interval.TotalSeconds,
            ["measured_seconds"] = Math.Round(elapsed.TotalSeconds),
            ["steady_probes"] = steady.Count,
            ["steady_late_p50_s"] = Math.Round(At(steady, 0.5), 3),
            ["steady_late_p99_s"] = Math.Round(At(steady, 0.99), 3),
            ["steady_late_max_s"] = Math.Round(At(steady, 1), 3),
            ["target_steady_late_max_s"] = SteadyLatestShare * Interval.TotalSeconds,
            ["hot_probes"] = hots.Count,
            ["hot_late_p50_s"] = Math.Round(At(hots, 0.5), 3),
            ["hot_late_p99_s"] = Math.Round(At(hots, 0.99), 3),
            ["hot_late_max_s"] = Math.Round(At(hots, 1), 3),
            ["target_hot_late_max_s"] = HotLatestSeconds,
            ["resident_mb"] = Math.Round(megabytes),
            ["target_resident_mb"] = MostMegabytes,
            ["processors"] = Math.Round(cpu / elapsed, 3),
            ["healthy"] = healthy,
        };
    }

    /// <returns>Bytes, when it is told to end.</returns>
    private static async Task<long> MostResidentAsync(CancellationToken end)
    {
        long most = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        try
        {
            do
                most = Math.Max(most, Environment.WorkingSet);
            while (await timer.WaitForNextTickAsync(end));
        }
        catch (OperationCanceledException)
        {
            // It is enough.
        }

        return most;
    }

    /// <summary>By the clock of the altruist's own most punctual probe: turns count from start to start, so that delays do not add up.</summary>
    private static IEnumerable<double> Lateness(IEnumerable<Probe> probes)
    {
        var starts = probes.Select(probe => probe.StartedAt).Order().ToList();
        var period = new ProbingOptions().HotInterval.TotalSeconds * (InUse.IsStandby(probes.First().Node) ? CloseWatch.StandbyFactor : 1);
        var offsets = starts.ConvertAll(start => (start - starts[0]).TotalSeconds is var since ? since - (Math.Round(since / period) * period) : 0);
        return offsets.Select(offset => offset - offsets.Min());
    }

    /// <summary>As a run before this one left it: those that answer are healthy and were checked, the others down for a while.</summary>
    private static async Task StoreHealthAsync(Engine engine, Roster roster, CancellationToken cancellation)
    {
        var store = engine.Get<HealthStore>();
        var checks = engine.Get<CheckStore>();
        var check = engine.Get<CheckList>().Own.Single(check => check.Name == "consistency");
        var now = TimeProvider.System.GetUtcNow();
        var well = new Memory { Base = VerdictState.Healthy, Goods = 2, IdentityProven = true, HealthySince = now.AddHours(-2) };
        var down = well with { Base = VerdictState.Down, Goods = 0, Bads = 3, SameBads = 3, LastTrouble = Trouble.Failed, HealthySince = null, DownSince = now.AddHours(-2) };
        foreach (var some in Enumerable.Range(0, World.Nodes).Chunk(1_000))
        {
            var verdicts = some.Select(node =>
            {
                var memory = (World.IsSilent(node) ? down : well) with { ProvenAt = roster.Altruists[ProbedWorld.Id(node)].Fingerprint };
                return new StoredVerdict(ProbedWorld.Id(node), memory.Base, VerdictNames.Of(memory.Base), now.AddHours(-2), memory);
            });
            await store.WriteAsync(new ProbingOptions().Vantage, now, [.. verdicts], [], [], trace: null, cancellation);
            await checks.PutAsync([.. some.Where(node => !World.IsSilent(node)).Select(node => CheckedBefore(check, roster.Altruists[ProbedWorld.Id(node)], now.AddHours(-2)))], cancellation);
        }
    }

    private static CheckRecord CheckedBefore(IOwnCheck check, Altruist altruist, DateTimeOffset at) =>
        CheckRecord.After(before: null, altruist.Id, new CheckResult(check.Name, CheckState.Passed, ConsistencyCheck.Alike, 1, []), CheckRecord.PlaceOf(check, altruist, path: ""), at);

    private static List<double> Sorted(IEnumerable<double> values) => [.. values.Order()];

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)Math.Ceiling((sorted.Count - 1) * share)];

    /// <param name="Ticks">When it began, in UTC: there is one of each of hundreds of thousands, beside what is measured.</param>
    private readonly record struct Probe(long Ticks, int Node, bool IsHot)
    {
        public DateTimeOffset StartedAt => new(Ticks, TimeSpan.Zero);
    }

    private sealed class InUse : IHotAltruists
    {
        public IReadOnlyCollection<AltruistId> Primaries { get; } = Of(0);

        public IReadOnlyCollection<AltruistId> FirstStandbys { get; } = Of(HotPerNetwork);

        public static bool IsStandby(int node) => node % World.NodesPerNetwork >= HotPerNetwork;

        private static List<AltruistId> Of(int first) =>
            [.. Enumerable.Range(0, World.Networks).SelectMany(network => Enumerable.Range((network * World.NodesPerNetwork) + first, HotPerNetwork)).Select(ProbedWorld.Id)];
    }

    /// <summary>Sees when each probe began, and leaves the rest to who watches health.</summary>
    private sealed class Witness(HealthMonitor monitor, TimeProvider time) : IProbeObserver, IProbeDemand
    {
        private readonly TaskCompletionSource<DateTimeOffset> firstTick = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock gate = new();
        private List<Probe>? seen;

        public Task<DateTimeOffset> FirstTick => firstTick.Task;

        public IReadOnlyCollection<AltruistId> Retries => monitor.Retries;

        public void Keep()
        {
            lock (gate)
                seen = new List<Probe>(World.Nodes + (World.Nodes / 5));
        }

        public List<Probe> Take()
        {
            lock (gate)
                return [.. seen!];
        }

        public Task<IReadOnlyCollection<AltruistId>> ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
        {
            lock (gate)
                seen?.AddRange(results.Where(result => result.Lane is ProbeLane.Steady or ProbeLane.Hot).Select(result => new Probe(BeganAt(result).UtcTicks, ProbedWorld.NodeOf(result.Altruist), result.Lane == ProbeLane.Hot)));
            return monitor.ObserveAsync(network, results, cancellation);
        }

        public IReadOnlyCollection<NetworkId> TakeSweepsWanted()
        {
            firstTick.TrySetResult(time.GetUtcNow());
            return monitor.TakeSweepsWanted();
        }

        public bool TakeCanariesWanted() => monitor.TakeCanariesWanted();

        public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane) => monitor.QuestionsFor(altruist, lane);

        private static DateTimeOffset BeganAt(ProbeResult result) => result.Outcome == ProbeOutcome.Timeout
            ? result.At - (result.Lane == ProbeLane.Hot ? new ProbingOptions().HotTimeout : new ProbingOptions().Timeout)
            : result.At.AddMilliseconds(-(result.LatencyMs ?? 0) - (result.ConnectMs ?? 0));
    }
}
