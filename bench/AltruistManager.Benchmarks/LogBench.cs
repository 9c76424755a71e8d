using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks;

/// <summary>What an entry of the public log costs: bytes in the file of SQLite while its body is kept, those of its header, and the time to verify and to forget it.</summary>
internal static class LogBench
{
    private const int Rounds = 12;
    private const int AltruistsPerChain = 100;

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var worlds = new List<object>();
        foreach (var (chains, regions) in new[] { (40, 10), (1_000, 20) })
        {
            var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
            try
            {
                worlds.Add(await MeasureAsync(folder, chains, regions, cancellation));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        Console.WriteLine(JsonSerializer.Serialize(new { bench = "log", worlds }));
        return 0;
    }

    private static async Task<object> MeasureAsync(string folder, int chains, int regions, CancellationToken cancellation)
    {
        var clock = new MovedClock();
        var roster = SelectionWorld.Roster(chains, regions, AltruistsPerChain, clock.GetUtcNow());
        await using var rounds = await SelectionRounds.StartAsync(Path.Combine(folder, "bench.db"), roster, SelectionWorld.Board(roster, clock.GetUtcNow()), clock, cancellation);
        var database = rounds.Database;
        var before = await BytesAsync(database, cancellation);
        for (var i = 0; i < Rounds; i++)
        {
            clock.Advance(SelectionRounds.Options.Interval);
            await rounds.RunAsync(cancellation);
        }

        var after = await BytesAsync(database, cancellation);
        using var verification = LogVerification.OfDatabase(database);
        var started = Stopwatch.GetTimestamp();
        var report = await verification.RunAsync(0, long.MaxValue, null, cancellation);
        var verifyMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds / report.Replayed;
        if (report.Difference is { } difference)
            throw new InvalidOperationException(difference.ToString());

        clock.Advance(TimeSpan.FromDays(31));
        using var signer = new LogSigner(database, new KeyRing(database, NullLogger<KeyRing>.Instance), clock, NullLogger<LogSigner>.Instance);
        var log = new PublicLog(database, signer, Options.Create(new TransparencyOptions()), clock);
        started = Stopwatch.GetTimestamp();
        var forgotten = await log.ExpireAsync(cancellation);
        var expireMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds / forgotten;
        var kept = (after - before) / Rounds;
        var headers = await log.HeadersAsync(0, int.MaxValue, cancellation);
        var forEver = (long)headers.Average(header => header.ToText().Length + header.Signature!.Length);
        Console.WriteLine($"{chains * regions} slots: {kept} bytes an entry while it is whole, {forEver} of them header; verified in {verifyMs:0.0} ms, forgotten in {expireMs:0.0} ms");
        return new { slots = chains * regions, whole_bytes = kept, header_bytes = forEver, verify_ms = Math.Round(verifyMs, 1), forget_ms = Math.Round(expireMs, 1) };
    }

    /// <summary>Pages of the tables of the log and of their indexes.</summary>
    private static async Task<long> BytesAsync(Database database, CancellationToken cancellation) =>
        (await database.QueryAsync<long>(
            "select coalesce(sum(pgsize), 0) from dbstat where name like 'log\\_%' escape '\\' or name like 'sqlite\\_autoindex\\_log\\_%' escape '\\'", null, cancellation))[0];
}
