using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AltruistManager.Benchmarks.Api;

namespace AltruistManager.Benchmarks.Failover;

/// <param name="At">When a poll that had begun before first showed it.</param>
/// <param name="From">Altruist ids.</param>
internal sealed record PickChange(long At, string Chain, string Region, string From, string To, string Decision);

/// <summary>Sees the picks as a portal does: polls each region's bulk body with its tag ten times a second.</summary>
internal sealed class PickWatch(DrivenService service, IReadOnlyList<string> regions)
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Dictionary<(string Chain, string Region), (string Altruist, long Since)> picks = [];
    private readonly List<PickChange> changes = [];

    /// <summary>Slots with a fresh pick and a standby.</summary>
    public int Ready { get; private set; }

    /// <summary>The longest pause between two polls of a region, in seconds: no change was seen later than that.</summary>
    public double LongestPause { get; private set; }

    public IReadOnlyList<(string Chain, string Region, string Altruist, long Since)> Picks
    {
        get
        {
            lock (gate)
                return [.. picks.Select(pick => (pick.Key.Chain, pick.Key.Region, pick.Value.Altruist, pick.Value.Since))];
        }
    }

    public IReadOnlyList<PickChange> Changes
    {
        get
        {
            lock (gate)
                return [.. changes];
        }
    }

    /// <summary>Until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(regions.Select(region => WatchAsync(region, cancellation)));

    public void BeginToMeasure()
    {
        lock (gate)
            LongestPause = 0;
    }

    private async Task WatchAsync(string region, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        EntityTagHeaderValue? tag = null;
        var last = time.GetTimestamp();
        using var timer = new PeriodicTimer(Period, time);
        var ready = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, $"/api/v1/selections?region={region}"));
                if (tag is not null)
                    request.Headers.IfNoneMatch.Add(tag);
                using var response = await service.Portal.SendAsync(request, cancellation);
                var now = time.GetTimestamp();
                lock (gate)
                    LongestPause = Math.Max(LongestPause, time.GetElapsedTime(last, now).TotalSeconds);
                last = now;
                if (response.StatusCode == HttpStatusCode.NotModified)
                    continue;
                response.EnsureSuccessStatusCode();
                tag = response.Headers.ETag;
                using var body = JsonDocument.Parse(await response.Content.ReadAsStreamAsync(cancellation));
                lock (gate)
                {
                    Ready -= ready;
                    Ready += ready = Take(region, body.RootElement.GetProperty("selections"), now);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // All is measured.
        }
    }

    private int Take(string region, JsonElement slots, long now)
    {
        var ready = 0;
        foreach (var slot in slots.EnumerateArray().Where(slot => slot.GetProperty("state").GetString() != "none"))
        {
            if (slot.GetProperty("state").GetString() == "fresh" && slot.GetProperty("standbys").GetArrayLength() > 1)
                ready++;
            var key = (slot.GetProperty("chain").GetString()!, region);
            var altruist = slot.GetProperty("primary").GetProperty("altruist").GetString()!;
            if (picks.TryGetValue(key, out var known) && known.Altruist == altruist)
                continue;
            if (known.Altruist is { } before)
                changes.Add(new PickChange(now, key.Item1, region, before, altruist, slot.GetProperty("decision").GetString()!));
            picks[key] = (altruist, now);
        }

        return ready;
    }
}
