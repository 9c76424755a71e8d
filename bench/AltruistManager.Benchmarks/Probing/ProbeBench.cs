using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Probing;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>
/// What a probe costs beside a bare loop that asks the same nodes the same questions, in turns in one process; and whether 100,000
/// altruists are asked in time.
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

    public static async Task<int> RunAsync(bool withScale, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var figures = await CompareAsync(folder, cancellation);
            if (withScale)
            {
                foreach (var (name, value) in await ScaleRun.RunAsync(folder, cancellation))
                    figures.Add(name, value);
            }

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
        Console.WriteLine($"a probe asks {string.Join(", ", calls.Select(pair => $"{pair.Key} {pair.Value:0.###}"))}");

        using var bare = new BareLoop(World, nodes.Address.Port, Concurrency, calls);
        for (var sweep = 0; sweep < 2 * SweepsPerTurn; sweep++)
            await bare.SweepAsync(cancellation);

        var engineTurns = new List<Turn>();
        var bareTurns = new List<Turn>();
        for (var turn = 0; turn < Turns; turn++)
        {
            engineTurns.Add(await MeasureAsync(() => engine.Sweeper.SweepAllAsync(cancellation)));
            bareTurns.Add(await MeasureAsync(() => bare.SweepAsync(cancellation)));
            Console.WriteLine($"turn {turn + 1}: engine {engineTurns[^1]}, bare {bareTurns[^1]}");
        }

        var healthy = Enumerable.Range(0, World.Nodes).Count(node => engine.Board[ProbedWorld.Id(node)].State == Health.VerdictState.Healthy);
        if (healthy != World.Nodes)
            throw new InvalidOperationException($"Only {healthy} of {World.Nodes} altruists came out healthy.");
        var speed = Median(engineTurns.Zip(bareTurns, (own, other) => own.PerSecond / other.PerSecond));
        var cost = Median(engineTurns.Zip(bareTurns, (own, other) => own.Microseconds / other.Microseconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"probes per second {speed:0.00} × bare (target ≥ {LeastSpeed}), processor time per probe {cost:0.00} × bare (target ≤ {MostProcessorTime})"));
        return new Dictionary<string, object>
        {
            ["bench"] = "probe",
            ["ratio_probes_per_second"] = Math.Round(speed, 3),
            ["target_ratio_probes_per_second"] = LeastSpeed,
            ["ratio_cpu_per_probe"] = Math.Round(cost, 3),
            ["target_ratio_cpu_per_probe"] = MostProcessorTime,
            ["probes_per_second"] = Math.Round(Median(engineTurns.Select(turn => turn.PerSecond))),
            ["probes_per_second_bare"] = Math.Round(Median(bareTurns.Select(turn => turn.PerSecond))),
            ["cpu_us_per_probe"] = Math.Round(Median(engineTurns.Select(turn => turn.Microseconds)), 1),
            ["cpu_us_per_probe_bare"] = Math.Round(Median(bareTurns.Select(turn => turn.Microseconds)), 1),
            ["calls_per_probe"] = Math.Round(calls.Values.Sum(), 2),
            ["concurrency"] = Concurrency,
        };
    }

    private static async Task SweepsAsync(Engine engine, int count, CancellationToken cancellation)
    {
        for (var sweep = 0; sweep < count; sweep++)
            await engine.Sweeper.SweepAllAsync(cancellation);
    }

    private static async Task<Turn> MeasureAsync(Func<Task> sweep)
    {
        // What one left behind is not cleaned up at the other's cost.
        GC.Collect();
        var cpu = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.GetTimestamp();
        for (var count = 0; count < SweepsPerTurn; count++)
            await sweep();
        var probes = SweepsPerTurn * World.Nodes;
        return new Turn((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / probes, probes / Stopwatch.GetElapsedTime(started).TotalSeconds);
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
