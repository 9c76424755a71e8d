using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks;

/// <summary>Loading 100,000 altruists from SQLite at a start, with their endpoints encrypted, beside the same rows without decrypting.</summary>
internal static class RosterBench
{
    private const int Count = 100_000;
    private const int Runs = 5;

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            var options = new StorageOptions { ConnectionString = $"Data Source={Path.Combine(folder, "bench.db")}" };
            await using var database = new Database(Options.Create(options), TimeProvider.System);
            await database.PrepareAsync(create: true, cancellation);
            await new Migrator(database, TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);
            var ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
            await ring.LoadAsync(cancellation);
            var altruists = new AltruistStore(new EndpointSeal(ring), ring, NullLogger<AltruistStore>.Instance);
            await FillAsync(database, altruists, cancellation);

            var loads = new List<double>();
            var reads = new List<double>();
            var processor = new List<double>();
            for (var run = 0; run < Runs; run++)
            {
                var busy = Environment.CpuUsage.TotalTime;
                var began = Stopwatch.GetTimestamp();
                var roster = await new RosterStore(database, altruists).LoadAsync(Roster.Empty, cancellation);
                loads.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                processor.Add((Environment.CpuUsage.TotalTime - busy).TotalMilliseconds);
                if (roster.Live.Count != Count || roster.Undecryptable.Count != 0)
                    throw new InvalidOperationException("The roster is not what was stored.");

                began = Stopwatch.GetTimestamp();
                await database.QueryAsync<string>("select endpoint from altruists", null, cancellation);
                reads.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            loads.Sort();
            reads.Sort();
            processor.Sort();
            Console.WriteLine($"{Count} altruists: loaded in {loads[Runs / 2]:0} ms with {processor[Runs / 2]:0} ms of processor time (medians of {Runs}); reading the encrypted texts alone {reads[Runs / 2]:0} ms");
            Console.WriteLine(JsonSerializer.Serialize(new { bench = "roster", altruists = Count, load_ms = Math.Round(loads[Runs / 2]), load_cpu_ms = Math.Round(processor[Runs / 2]), read_ms = Math.Round(reads[Runs / 2]) }));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task FillAsync(Database database, AltruistStore altruists, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var revision = await write.NextRevisionAsync();
        await ProviderStore.PutAsync(write, new Provider(new("acme"), "Acme", null, null, null), DateTimeOffset.UnixEpoch, revision);
        for (var number = 0; number < Count; number++)
        {
            await altruists.PutAsync(write, new Altruist
            {
                Id = new($"a{number:000000}"),
                Provider = new("acme"),
                Network = new($"evm:{number / 100}"),
                Chains = [new($"c{number / 100}")],
                Regions = [RegionId.Everywhere],
                Url = $"https://node-{number}.example/v3/0123456789abcdef0123456789abcdef",
                Auth = number % 2 == 0 ? EndpointAuth.None : new EndpointAuth(AuthKind.Bearer, "", $"token-{number}"),
                MayBePrivate = false,
                Label = $"node-{number}",
                Attested = true,
                CreatedAt = DateTimeOffset.UnixEpoch,
            }, revision);
        }
    }, cancellation);
}
