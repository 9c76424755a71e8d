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
    private const int MostRows = 500;
    private const int MostWaiting = 60;
    private const int MostChains = 2000;
    private const int MostReasons = 20;
    private const int LongestName = 64;
    private const int LargestForwarded = 256 * 1024;

    private readonly AltruistManagerOptions options;
    private readonly IReadOnlyList<ManagerConnection> managers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Action<int> lost;
    private readonly ConcurrentDictionary<(string Altruist, string Chain, string ServedAs), RelayTally> tallies = new();
    private readonly ConcurrentDictionary<string, ChainTally> chains = new(StringComparer.Ordinal);
    private readonly Queue<ReadOnlyMemory<byte>> waiting = new();
    private DateTimeOffset since;
    private string? trouble;

    internal RelayReports(AltruistManagerOptions options, IReadOnlyList<ManagerConnection> managers, Action<int> lost, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.managers = managers;
        this.lost = lost;
        this.time = time;
        this.logger = logger;
        since = time.GetUtcNow();
    }

    /// <summary>Counts what the portal relayed for a chain by whatever way, so that the share of altruists can be told.</summary>
    /// <param name="chain">Id of the chain.</param>
    /// <param name="relays">How many.</param>
    public void CountRelays(string chain, long relays = 1)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (TallyOf(chain) is { } tally)
            Interlocked.Add(ref tally.Relays, relays);
    }

    /// <summary>Counts that a relay went to an altruist, and why; <see cref="AltruistRequest.FallbackReason"/> does so by itself.</summary>
    /// <param name="chain">Id of the chain.</param>
    /// <param name="reason">A short word such as <c>session-rollover</c>; after 20 different ones the rest are <c>other</c>.</param>
    public void CountFallback(string chain, string reason)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(reason);
        if (TallyOf(chain) is not { } tally)
            return;
        if (reason.Length is 0 or > LongestName || (tally.Reasons.Count >= MostReasons && !tally.Reasons.ContainsKey(reason)))
            reason = "other";
        tally.Reasons.AddOrUpdate(reason, 1, static (_, count) => count + 1);
    }

    /// <summary>Passes on a report that somebody else made, as it is, with this portal's key.</summary>
    /// <param name="report">UTF-8 JSON in the form of the API, 256 KB at most.</param>
    /// <returns>False when it is too large.</returns>
    public bool Forward(ReadOnlyMemory<byte> report)
    {
        if (report.Length is 0 or > LargestForwarded)
            return false;
        Add(report);
        return true;
    }

    internal RelayTally TallyOf(string altruist, string chain, string servedAs) =>
        tallies.GetOrAdd((altruist, chain, servedAs), static key => new RelayTally(key.Altruist, key.Chain, key.ServedAs));

    /// <summary>Closes the period and makes its reports. One at a time.</summary>
    /// <param name="isUsed">Whether a tally may still be counted on; others are forgotten when they are empty.</param>
    internal void Collect(Predicate<RelayTally> isUsed, string region)
    {
        var until = time.GetUtcNow();
        var rows = new List<(RelayTally Tally, RelayTally.Taken Taken)>();
        foreach (var (key, tally) in tallies)
        {
            if (tally.Take() is { } taken)
                rows.Add((tally, taken));
            else if (!isUsed(tally))
                tallies.TryRemove(key, out _);
        }

        var perChain = new List<(string Chain, long Relays, List<KeyValuePair<string, long>> Reasons)>();
        foreach (var (chain, _) in chains)
        {
            // Whoever counts on one that was just taken out loses that count, not the portal's request.
            if (chains.TryRemove(chain, out var tally))
                perChain.Add((chain, Interlocked.Read(ref tally.Relays), [.. tally.Reasons]));
        }

        if (options.SendReports)
        {
            for (var start = 0; start < Math.Max(rows.Count, perChain.Count); start += MostRows)
                Add(Write(region, until, rows.Skip(start).Take(MostRows), perChain.Skip(start).Take(MostRows)));
        }

        since = until;
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

    private byte[] Write(
        string region, DateTimeOffset until, IEnumerable<(RelayTally Tally, RelayTally.Taken Taken)> rows, IEnumerable<(string Chain, long Relays, List<KeyValuePair<string, long>> Reasons)> perChain)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("id", Guid.CreateVersion7(until));
            json.WriteString("region", region);
            json.WriteString("from", Rfc3339(since));
            json.WriteString("to", Rfc3339(until));
            json.WriteStartArray("altruists");
            foreach (var (tally, taken) in rows)
                Write(json, tally, taken);
            json.WriteEndArray();
            json.WriteStartArray("chains");
            foreach (var (chain, relays, reasons) in perChain)
            {
                json.WriteStartObject();
                json.WriteString("chain", chain);
                json.WriteNumber("portalRelays", relays);
                json.WriteStartObject("fallbackReasons");
                foreach (var (reason, count) in reasons)
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
    }
}
