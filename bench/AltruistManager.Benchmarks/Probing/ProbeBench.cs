using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Probing;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// What a probe costs beside a bare loop that asks the same nodes the same questions, in turns in one process. Measured twice: with a connection for each probe, as it is where a sweep comes every five minutes and a
/// connection lives for one, so that the guards have something to do; and over connections that stay open. Then the engine alone at its real pace (<see cref="ScaleRun"/>).
/// </summary>
internal static class ProbeBench
{
    private const int Concurrency = 64;
    private const int Turns = 7;

    /// <summary>As many sweeps as it takes until every question was asked as often as ever.</summary>
    private const int SweepsPerTurn = 12;

    private const double LeastSpeed = 0.85;
    private const double MostProcessorTime = 1.2;

    private static readonly ProbedWorld World = new(Networks: 20, NodesPerNetwork: 50, SilentEvery: 0);

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var figures = await CompareAsync(folder, cancellation);
            foreach (var (name, value) in await ScaleRun.StartAsync(cancellation))
                if (name != "bench")
                    figures[$"scale_{name}"] = value;
            Console.WriteLine(JsonSerializer.Serialize(figures));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Dictionary<string, object>> CompareAsync(string folder, CancellationToken cancellation)
    {
        using var nodes = await NodesProcess.StartAsync(World, cancellation);
        var probing = new ProbingOptions { AllowHttp = true, AllowedPrivateNetworks = ["127.0.0.0/8"], Concurrency = Concurrency, Interval = TimeSpan.FromMinutes(5) };
        await using var engine = await Engine.PrepareAsync(World.Roster(nodes.Address.Port, TimeProvider.System.GetUtcNow()), Path.Combine(folder, "probe.db"), probing);

        await SweepsAsync(engine, 2 * SweepsPerTurn, cancellation);
        var before = await NodesProcess.CallsAsync(nodes, cancellation);
        await SweepsAsync(engine, SweepsPerTurn, cancellation);
        var after = await NodesProcess.CallsAsync(nodes, cancellation);
        var calls = after.Where(pair => pair.Value > before[pair.Key]).ToDictionary(pair => pair.Key, pair => (pair.Value - before[pair.Key]) / (double)(SweepsPerTurn * World.Nodes));
        Console.WriteLine($"a probe asks {string.Join(", ", calls.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.###} times")))}");

        Console.WriteLine("the bare loop posts the same questions with the same headers and deadline, reads each answer to its end into memory, and looks into none");
        using var bare = new BareLoop(World, nodes.Address.Port, Concurrency, calls);
        using var control = new HttpClient();
        for (var sweep = 0; sweep < 2 * SweepsPerTurn; sweep++)
            await bare.SweepAsync(cancellation);

        var anew = await MeasureAsync("connected anew", () => NodesProcess.CloseConnectionsAsync(nodes, control, cancellation), engine, bare, cancellation);
        var open = await MeasureAsync("kept open", () => Task.CompletedTask, engine, bare, cancellation);

        var healthy = Enumerable.Range(0, World.Nodes).Count(node => engine.Board[ProbedWorld.Id(node)].State == Health.VerdictState.Healthy);
        if (healthy != World.Nodes)
            throw new InvalidOperationException($"Only {healthy} of {World.Nodes} altruists came out healthy.");
        var figures = new Dictionary<string, object>
        {
            ["bench"] = "probe",
            ["target_ratio_probes_per_second"] = LeastSpeed,
            ["target_ratio_cpu_per_probe"] = MostProcessorTime,
            ["calls_per_probe"] = Math.Round(calls.Values.Sum(), 2),
            ["concurrency"] = Concurrency,
        };
        Add(figures, "", anew);
        Add(figures, "_kept_open", open);
        return figures;
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

        var probes = SweepsPerTurn * World.Nodes;
        return new Turn(cpu.TotalMicroseconds / probes, probes / wall.TotalSeconds);
    }

    private static void Add(Dictionary<string, object> figures, string suffix, List<(Turn Engine, Turn Bare)> turns)
    {
        var speed = Median(turns.Select(turn => turn.Engine.PerSecond / turn.Bare.PerSecond));
        var cost = Median(turns.Select(turn => turn.Engine.Microseconds / turn.Bare.Microseconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"connections {(suffix.Length == 0 ? "opened anew each sweep" : "kept open")}: probes per second {speed:0.00} × bare (target ≥ {LeastSpeed}), processor time per probe {cost:0.00} × bare (target ≤ {MostProcessorTime})"));
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

    private readonly record struct Turn(double Microseconds, double PerSecond)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:0} probes/s at {Microseconds:0.0} µs");
    }
}
