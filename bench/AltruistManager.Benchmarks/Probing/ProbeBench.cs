using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Probing;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// What a probe costs beside a bare loop that asks the same nodes the same questions, in turns in one process. With a connection for each probe, as it is: a sweep comes every five minutes, and its last question
/// hangs up. Measured as the product asks where nothing is configured, over TLS; and without it, where what is beside HTTP shows most. Then the engine alone at its real pace (<see cref="ScaleRun"/>).
/// </summary>
internal static class ProbeBench
{
    private const int Concurrency = 64;
    private const int Turns = 7;

    /// <summary>As many sweeps as it takes until every question was asked as often as ever.</summary>
    private const int SweepsPerTurn = 12;

    private const double LeastSpeed = 0.85;
    private const double MostProcessorTime = 1.2;

    private static readonly ProbedWorld Secure = new(Networks: 20, NodesPerNetwork: 50, SilentEvery: 0, Uri.UriSchemeHttps);

    private static readonly ProbedWorld Plain = Secure with { Scheme = Uri.UriSchemeHttp };

    /// <param name="withScale">The run at the engine's real pace comes after; it takes ten minutes.</param>
    public static async Task<int> RunAsync(bool withScale, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var figures = new Dictionary<string, object>
            {
                ["bench"] = "probe",
                ["target_ratio_probes_per_second"] = LeastSpeed,
                ["target_ratio_cpu_per_probe"] = MostProcessorTime,
                ["concurrency"] = Concurrency,
            };
            await CompareAsync(folder, Secure, figures, cancellation);
            await CompareAsync(folder, Plain, figures, cancellation);
            if (withScale)
            {
                foreach (var (name, value) in await ScaleRun.StartAsync(cancellation))
                    if (name != "bench")
                        figures[$"scale_{name}"] = value;
            }

            Console.WriteLine(JsonSerializer.Serialize(figures));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CompareAsync(string folder, ProbedWorld world, Dictionary<string, object> figures, CancellationToken cancellation)
    {
        using var nodes = await NodesProcess.StartAsync(world, cancellation);
        var probing = new ProbingOptions { AllowHttp = true, AllowedPrivateNetworks = ["127.0.0.0/8"], Concurrency = Concurrency, Interval = TimeSpan.FromMinutes(5) };
        await using var engine = await Engine.PrepareAsync(world.Roster(nodes.Address.Port, TimeProvider.System.GetUtcNow()), Path.Combine(folder, $"{world.Scheme}.db"), probing);

        await SweepsAsync(engine, 2 * SweepsPerTurn, cancellation);
        var before = await NodesProcess.CallsAsync(nodes, cancellation);
        await SweepsAsync(engine, SweepsPerTurn, cancellation);
        var after = await NodesProcess.CallsAsync(nodes, cancellation);
        var calls = after.Where(pair => pair.Value > before[pair.Key]).ToDictionary(pair => pair.Key, pair => (pair.Value - before[pair.Key]) / (double)(SweepsPerTurn * world.Nodes));
        Console.WriteLine($"a probe asks {string.Join(", ", calls.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.###} times")))}");

        Console.WriteLine("the bare loop posts the same questions with the same headers and deadline, hangs up with the last one too, reads each answer to its end into memory, and looks into none");
        using var bare = new BareLoop(world, nodes.Address.Port, Concurrency, calls);
        using var control = new HttpClient();
        for (var sweep = 0; sweep < 2 * SweepsPerTurn; sweep++)
            await bare.SweepAsync(cancellation);

        figures["calls_per_probe"] = Math.Round(calls.Values.Sum(), 2);
        Add(figures, $"_{world.Scheme}", await MeasureAsync(world.Scheme, () => NodesProcess.CloseConnectionsAsync(nodes, control, cancellation), engine, bare, cancellation));

        var healthy = Enumerable.Range(0, world.Nodes).Count(node => engine.Board[ProbedWorld.Id(node)].State == Health.VerdictState.Healthy);
        if (healthy != world.Nodes)
            throw new InvalidOperationException($"Only {healthy} of {world.Nodes} altruists came out healthy.");
    }

    /// <param name="between">What is done before each sweep; not measured.</param>
    private static async Task<List<(Turn Engine, Turn Bare)>> MeasureAsync(string name, Func<Task> between, Engine engine, BareLoop bare, CancellationToken cancellation)
    {
        var turns = new List<(Turn Engine, Turn Bare)>();
        for (var turn = 0; turn < Turns; turn++)
        {
            turns.Add((
                await MeasureAsync(() => engine.Sweeper.SweepAllAsync(cancellation), between),
                await MeasureAsync(() => bare.SweepAsync(cancellation), between)));
            Console.WriteLine($"{name}, turn {turn + 1}: engine {turns[^1].Engine}, bare {turns[^1].Bare}");
        }

        return turns;
    }

    private static async Task<Turn> MeasureAsync(Func<Task> sweep, Func<Task> between)
    {
        // What one left behind is not cleaned up at the other's cost.
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = TimeSpan.Zero;
        var wall = TimeSpan.Zero;
        for (var count = 0; count < SweepsPerTurn; count++)
        {
            await between();
            var before = Environment.CpuUsage.TotalTime;
            var started = Stopwatch.GetTimestamp();
            await sweep();
            wall += Stopwatch.GetElapsedTime(started);
            cpu += Environment.CpuUsage.TotalTime - before;
        }

        var probes = SweepsPerTurn * Secure.Nodes;
        return new Turn(cpu.TotalMicroseconds / probes, probes / wall.TotalSeconds, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / probes);
    }

    private static void Add(Dictionary<string, object> figures, string suffix, List<(Turn Engine, Turn Bare)> turns)
    {
        var speed = Median(turns.Select(turn => turn.Engine.PerSecond / turn.Bare.PerSecond));
        var cost = Median(turns.Select(turn => turn.Engine.Microseconds / turn.Bare.Microseconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{suffix[1..]}: probes per second {speed:0.00} × bare (target ≥ {LeastSpeed}), processor time per probe {cost:0.00} × bare (target ≤ {MostProcessorTime})"));
        figures[$"ratio_probes_per_second{suffix}"] = Math.Round(speed, 3);
        figures[$"ratio_cpu_per_probe{suffix}"] = Math.Round(cost, 3);
        figures[$"probes_per_second{suffix}"] = Math.Round(Median(turns.Select(turn => turn.Engine.PerSecond)));
        figures[$"probes_per_second_bare{suffix}"] = Math.Round(Median(turns.Select(turn => turn.Bare.PerSecond)));
        figures[$"cpu_us_per_probe{suffix}"] = Math.Round(Median(turns.Select(turn => turn.Engine.Microseconds)), 1);
        figures[$"cpu_us_per_probe_bare{suffix}"] = Math.Round(Median(turns.Select(turn => turn.Bare.Microseconds)), 1);
    }

    private static async Task SweepsAsync(Engine engine, int count, CancellationToken cancellation)
    {
        for (var sweep = 0; sweep < count; sweep++)
            await engine.Sweeper.SweepAllAsync(cancellation);
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private readonly record struct Turn(double Microseconds, double PerSecond, long Bytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:0} probes/s at {Microseconds:0.0} µs and {Bytes} bytes allocated");
    }
}
