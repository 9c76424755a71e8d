using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Client;

/// <summary>
/// What managers are told of how altruists served: counts, no content. <see cref="AltruistHandler"/> gathers the altruists' part by itself; what the portal relays in all, and why it fell
/// back, it may add. A report that no manager takes is kept for an hour at most.
/// </summary>
public sealed partial class RelayReports
{
    /// <summary>Managers refuse a longer report, in bytes.</summary>
    public const int MostBytes = 512 * 1024;

    private const int MostRows = 500;
    private const int MostWaiting = 60;
    private const int MostChains = 2000;
    private const int MostReasons = 20;
    private const int LongestName = 64;

    /// <summary>Managers refuse a report that counts more of one thing.</summary>
    private const long MostRelays = 1_000_000_000;

    /// <summary>Managers refuse a longer period, and an empty one.</summary>
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(1);

    private readonly AltruistManagerOptions options;
    private readonly IReadOnlyList<ManagerConnection> managers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Action<int> lost;
    private readonly ConcurrentDictionary<(string Altruist, string Chain, string ServedAs), RelayTally> tallies = new();
    private readonly ConcurrentDictionary<string, ChainTally> chains = new(StringComparer.Ordinal);
    private readonly Queue<ReadOnlyMemory<byte>> waiting = new();
    private long since;
    private string? trouble;

    internal RelayReports(AltruistManagerOptions options, IReadOnlyList<ManagerConnection> managers, Action<int> lost, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.managers = managers;
        this.lost = lost;
        this.time = time;
        this.logger = logger;
        since = time.GetTimestamp();
    }

    /// <summary>Counts what the portal relayed for a chain by whatever way, so that the share of altruists can be told.</summary>
    /// <param name="chain">Id or alias; what names no chain of the picks is not reported.</param>
    /// <param name="relays">How many; less than one is none.</param>
    public void CountRelays(string chain, long relays = 1)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (relays > 0 && TallyOf(chain) is { } tally)
            Interlocked.Add(ref tally.Relays, Math.Min(relays, MostRelays));
    }

    /// <summary>Counts that a relay went to an altruist, and why; <see cref="AltruistRequest.FallbackReason"/> does so by itself.</summary>
    /// <param name="chain">Id or alias; what names no chain of the picks is not reported.</param>
    /// <param name="reason">A short word such as <c>session-rollover</c>; after 20 different ones the rest are <c>other</c>, as is one that is empty, longer than 64 characters or holds control characters.</param>
    public void CountFallback(string chain, string reason)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(reason);
        if (TallyOf(chain) is { } tally)
            tally.Count(reason, 1);
    }

    /// <summary>Passes on a report that somebody else made, as it is, with this portal's key.</summary>
    /// <param name="report">UTF-8 JSON in the form of the API, <see cref="MostBytes"/> at most.</param>
    /// <returns>False when it is too large.</returns>
    public bool Forward(ReadOnlyMemory<byte> report)
    {
        if (report.Length is 0 or > MostBytes)
            return false;
        Add(report);
        return true;
    }

    internal RelayTally TallyOf(string altruist, string chain, string servedAs) =>
        tallies.GetOrAdd((altruist, chain, servedAs), static key => new RelayTally(key.Altruist, key.Chain, key.ServedAs));

    /// <summary>Closes the period and makes its reports. One at a time.</summary>
    /// <param name="isUsed">Whether a tally may still be counted on; others are forgotten when they are empty.</param>
    /// <param name="idOf">The id of a chain that has a pick, by any of its names. A manager refuses the whole report for one chain that it does not know: others are left out.</param>
    internal void Collect(Predicate<RelayTally> isUsed, Func<string, string?> idOf, string region)
    {
        // The length is by the clock that nobody sets.
        var now = time.GetTimestamp();
        var period = time.GetElapsedTime(since, now);
        since = now;
        var until = time.GetUtcNow();
        var from = until - (period < ShortestPeriod ? ShortestPeriod : period > LongestPeriod ? LongestPeriod : period);

        var rows = new List<(RelayTally Tally, RelayTally.Taken Taken)>();
        foreach (var (key, tally) in tallies)
        {
            if (tally.Take() is { } taken)
            {
                if (idOf(tally.Chain) is not null)
                    rows.Add((tally, taken));
            }
            else if (!isUsed(tally))
                tallies.TryRemove(key, out _);
        }

        var perChain = new Dictionary<string, ChainTally>(StringComparer.Ordinal);
        foreach (var (chain, _) in chains)
        {
            // Whoever counts on one that was just taken out loses that count, not the portal's request.
            if (!chains.TryRemove(chain, out var tally) || idOf(chain) is not { } id)
                continue;
            if (perChain.TryGetValue(id, out var sum))
                sum.Add(tally);
            else
                perChain.Add(id, tally);
        }

        if (options.SendReports)
        {
            for (var start = 0; start < Math.Max(rows.Count, perChain.Count); start += MostRows)
                Add(Write(region, from, until, rows.Skip(start).Take(MostRows), perChain.Skip(start).Take(MostRows)));
        }
    }

    /// <summary>Tells managers what waits, oldest first, until one of them cannot be told. Never throws but for cancellation.</summary>
    internal async Task SendAsync(CancellationToken cancellation)
    {
        while (TryPeek(out var report))
        {
            if (!await SendAsync(report, cancellation))
                return;
            lock (waiting)
            {
                // Unless it was pushed out meanwhile.
                if (waiting.TryPeek(out var oldest) && oldest.Equals(report))
                    waiting.Dequeue();
            }
        }
    }

    /// <returns>Whether it need not be sent again.</returns>
    private async Task<bool> SendAsync(ReadOnlyMemory<byte> report, CancellationToken cancellation)
    {
        foreach (var manager in managers)
        {
            try
            {
                await manager.ReportAsync(report, cancellation);
                trouble = null;
                return true;
            }
            catch (ManagerException failed)
            {
                if (failed.Message != trouble)
                    LogFailed(failed.Message);
                trouble = failed.Message;
                // It would not be taken later either.
                if (failed.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity)
                {
                    lost(1);
                    return true;
                }
            }
        }

        return false;
    }

    private bool TryPeek(out ReadOnlyMemory<byte> report)
    {
        lock (waiting)
            return waiting.TryPeek(out report);
    }

    private void Add(ReadOnlyMemory<byte> report)
    {
        lock (waiting)
        {
            if (waiting.Count == MostWaiting)
            {
                waiting.Dequeue();
                lost(1);
            }

            waiting.Enqueue(report);
        }
    }

    private ChainTally? TallyOf(string chain) =>
        chains.TryGetValue(chain, out var tally) ? tally
        : chain.Length is 0 or > LongestName || chains.Count >= MostChains ? null
        : chains.GetOrAdd(chain, static _ => new ChainTally());

    private static byte[] Write(
        string region, DateTimeOffset from, DateTimeOffset until, IEnumerable<(RelayTally Tally, RelayTally.Taken Taken)> rows, IEnumerable<KeyValuePair<string, ChainTally>> perChain)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("id", Guid.CreateVersion7(until));
            json.WriteString("region", region);
            json.WriteString("from", Rfc3339(from));
            json.WriteString("to", Rfc3339(until));
            json.WriteStartArray("altruists");
            foreach (var (tally, taken) in rows)
                Write(json, tally, taken);
            json.WriteEndArray();
            json.WriteStartArray("chains");
            foreach (var (chain, tally) in perChain)
            {
                json.WriteStartObject();
                json.WriteString("chain", chain);
                json.WriteNumber("portalRelays", Math.Min(Interlocked.Read(ref tally.Relays), MostRelays));
                json.WriteStartObject("fallbackReasons");
                foreach (var (reason, count) in tally.Reasons)
                    json.WriteNumber(reason, count);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, RelayTally tally, RelayTally.Taken taken)
    {
        json.WriteStartObject();
        json.WriteString("altruist", tally.Altruist);
        json.WriteString("chain", tally.Chain);
        json.WriteString("servedAs", tally.ServedAs);
        json.WriteNumber("relays", taken.Relays);
        json.WriteStartObject("errors");
        for (var outcome = RelayOutcome.Connect; outcome <= RelayOutcome.Rpc; outcome++)
            json.WriteNumber(RelayTally.NameOf(outcome), taken.Errors[(int)outcome]);
        json.WriteEndObject();
        json.WriteStartObject("latencyBuckets");
        for (var bucket = 0; bucket < taken.Buckets.Length; bucket++)
            json.WriteNumber(RelayTally.Taken.BoundOf(bucket), taken.Buckets[bucket]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Rfc3339(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A report could not be sent: {Message}")]
    private partial void LogFailed(string message);

    private sealed class ChainTally
    {
        public long Relays;

        public ConcurrentDictionary<string, long> Reasons { get; } = new(StringComparer.Ordinal);

        public void Count(string reason, long relays)
        {
            if (reason.Length is 0 or > LongestName || reason.Any(char.IsControl) || (Reasons.Count >= MostReasons && !Reasons.ContainsKey(reason)))
                reason = "other";
            Reasons.AddOrUpdate(reason, static (_, more) => more, static (_, count, more) => count + more, relays);
        }

        public void Add(ChainTally other)
        {
            Interlocked.Add(ref Relays, Interlocked.Read(ref other.Relays));
            foreach (var (reason, relays) in other.Reasons)
                Count(reason, relays);
        }
    }
}
