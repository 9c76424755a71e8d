using System.CommandLine;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Simulator;
using AltruistManager.Web.Commands;

namespace AltruistManager.Benchmarks.Api;

/// <summary>How soon a portal that listens is told what another process has written into the database, as the command <c>pin</c> does: from the end of its commit to the event.</summary>
internal static class ChangeBench
{
    private const int Changes = 60;
    private const string Chain = "chain-3";
    private const string Region = "region-1";

    /// <summary>Between two changes, so that one does not follow on the other; drawn evenly, so that they meet the service at every moment of its period.</summary>
    private static readonly (TimeSpan Least, TimeSpan Most) Pause = (TimeSpan.FromMilliseconds(700), TimeSpan.FromMilliseconds(1_000));

    /// <param name="Median">In milliseconds, after some quiet.</param>
    /// <param name="InARowMedian">The same where each change follows as soon as the one before was told.</param>
    public readonly record struct Figures(double Median, double Worst, double InARowMedian, double InARowWorst)
    {
        private const double MostMilliseconds = 100;

        public bool AreReached => Worst <= MostMilliseconds && InARowWorst <= MostMilliseconds;
    }

    public static async Task<Figures> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            using var service = new MeasuredService(folder);
            await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);
            using var server = await service.SetUpAsync(world, cancellation);
            using var portal = await ListeningPortal.OpenAsync(server.Address, service.PortalKey, cancellation);
            await using var database = CommandDatabase.Of(new RootCommand { TreatUnmatchedTokensAsErrors = false }.Parse(["--Storage:ConnectionString", $"Data Source={service.Database}"]));
            var roster = await database.OpenAsync(cancellation);
            AltruistId[] altruists = [.. roster.Live.Where(altruist => altruist.Chains.Contains(new(Chain))).Select(altruist => altruist.Id).Order()];

            var random = new Random(1);
            var quiet = new List<double>();
            var inARow = new List<double>();
            // Not counted: what runs for the first time.
            await ChangeAsync(altruists[^1]);
            for (var change = 0; change < Changes; change++)
            {
                await Task.Delay(Pause.Least + random.NextDouble() * (Pause.Most - Pause.Least), TimeProvider.System, cancellation);
                quiet.Add(await ChangeAsync(altruists[change % altruists.Length]));
            }

            for (var change = 0; change < Changes; change++)
                inARow.Add(await ChangeAsync(altruists[change % altruists.Length]));
            var figures = new Figures(Round(SelectionBench.Median(quiet)), Round(quiet.Max()), Round(SelectionBench.Median(inARow)), Round(inARow.Max()));
            Console.WriteLine($"{Changes} changes by another process: told {figures.Median} ms after their commit, at worst {figures.Worst} ms; in a row {figures.InARowMedian} ms, at worst {figures.InARowWorst} ms");
            return figures;

            async Task<double> ChangeAsync(AltruistId altruist)
            {
                var errors = new FieldErrors();
                var draft = new OverrideDraft
                {
                    Kind = OverrideKind.Pin,
                    Chain = Chain,
                    Region = Region,
                    Altruist = altruist.Value,
                    Reason = "measured",
                    ExpiresAt = CommandDatabase.Now.AddHours(1),
                    Force = true,
                };
                var rule = database.Orders.Check(CommandDatabase.Operator, draft, errors).Value!;
                var next = portal.Generation + 1;
                await database.Orders.AddAsync(CommandDatabase.Operator, rule, cancellation);
                var committed = TimeProvider.System.GetTimestamp();
                while (true)
                {
                    await portal.HasAsync(next).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, cancellation);
                    var (told, toldAt) = (portal.Generation, portal.ToldAt);
                    // A round may have told something else.
                    if (JsonDocument.Parse((await service.RecordAsync(cancellation)).Body).RootElement.GetProperty("primary").GetProperty("altruist").ValueEquals(altruist.Value))
                        return TimeProvider.System.GetElapsedTime(committed, toldAt).TotalMilliseconds;
                    next = told + 1;
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static async Task<int> ShowAsync(CancellationToken cancellation)
    {
        var figures = await RunAsync(cancellation);
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["bench"] = "api changes",
            ["other_process_change_ms"] = figures.Median,
            ["other_process_change_worst_ms"] = figures.Worst,
            ["other_process_changes_in_a_row_ms"] = figures.InARowMedian,
            ["other_process_changes_in_a_row_worst_ms"] = figures.InARowWorst,
            ["reached"] = figures.AreReached,
        }));
        return figures.AreReached ? 0 : 1;
    }

    private static double Round(double milliseconds) => Math.Round(milliseconds, 1);
}
