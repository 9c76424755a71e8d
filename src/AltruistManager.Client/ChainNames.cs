using System.Collections.Concurrent;

namespace AltruistManager.Client;

/// <summary>
/// Other names of chains, as managers tell them. One that was met is at hand, and asked for again in the background once that is long ago: it may have gone to another chain. How often
/// managers are asked for names that nobody met is bounded, because a portal may pass on whatever its users send, and it is the portal's key that runs out.
/// </summary>
/// <param name="learned">Called when a name has become known, has gone to another chain, or is nobody's any more.</param>
/// <param name="ending">Nobody is asked once it is cancelled.</param>
internal sealed class ChainNames(IReadOnlyList<ManagerConnection> managers, Action learned, TimeProvider time, CancellationToken ending)
{
    private const int MostNames = 10_000;
    private const int MostUnknown = 1_000;
    private const int MostLookups = 16;
    private const int LongestName = 128;

    /// <summary>So many names that nobody met may be asked for at once, and one more after each <see cref="OneMore"/>.</summary>
    private const double MostAtOnce = 100;
    private static readonly TimeSpan OneMore = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(30);

    /// <summary>Of all managers together.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Known> names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> unknown = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<string?>>> lookups = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private double mayAsk = MostAtOnce;
    private long countedAt;

    /// <summary>Each with the id of its chain.</summary>
    public IReadOnlyDictionary<string, string> All => names.ToDictionary(name => name.Key, name => name.Value.Chain);

    /// <summary>Takes what was known before, to be asked for again at its first use.</summary>
    public void Begin(IReadOnlyDictionary<string, string> kept)
    {
        foreach (var (name, chain) in kept)
            names[name] = new Known(chain, time.GetTimestamp());
    }

    /// <summary>The id of a chain by another of its names; null for a name that was not met. A look into memory.</summary>
    public string? Find(string name)
    {
        if (!names.TryGetValue(name, out var known))
            return null;
        if (time.GetTimestamp() >= known.AskAgainAt && lookups.Count < MostLookups && !ending.IsCancellationRequested)
            _ = AskAsync(name);
        return known.Chain;
    }

    /// <summary>The same, and asks managers for a name that was not met, for 2 s at most.</summary>
    public async ValueTask<string?> ResolveAsync(string name, CancellationToken cancellation)
    {
        if (Find(name) is { } known)
            return known;
        if (name.Length is 0 or > LongestName || (unknown.TryGetValue(name, out var until) && time.GetTimestamp() < until) || ending.IsCancellationRequested)
            return null;
        if (!lookups.TryGetValue(name, out var lookup) && (lookups.Count >= MostLookups || !MayAsk()))
            return null;
        return await (lookup?.Value ?? AskAsync(name)).WaitAsync(cancellation);
    }

    /// <summary>Returns when nothing that was asked for can become known any more.</summary>
    public async Task EndAsync() => await ((Task)Task.WhenAll(lookups.Values.Select(lookup => lookup.Value))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>There are other picks: what nobody knew may be among them.</summary>
    public void ForgetUnknown() => unknown.Clear();

    /// <summary>All who ask for one name share one look.</summary>
    private Task<string?> AskAsync(string name) => lookups.GetOrAdd(name, name => new Lazy<Task<string?>>(() => LookUpAsync(name))).Value;

    private bool MayAsk()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            mayAsk = Math.Min(MostAtOnce, mayAsk + time.GetElapsedTime(countedAt, now) / OneMore);
            countedAt = now;
            if (mayAsk < 1)
                return false;
            mayAsk--;
            return true;
        }
    }

    private async Task<string?> LookUpAsync(string name)
    {
        // Whoever wants it from memory does not wait until it is sent.
        await Task.Yield();
        try
        {
            foreach (var manager in managers)
            {
                // One that is slow leaves time for the next.
                using var deadline = new CancellationTokenSource(Patience / managers.Count, time);
                using var following = ending.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
                try
                {
                    var chain = await manager.ResolveAsync(name, deadline.Token);
                    Learn(name, chain);
                    return chain;
                }
                catch (Exception failed) when (failed is ManagerException or OperationCanceledException)
                {
                    // The next one may know.
                }
            }

            if (names.TryGetValue(name, out var known))
                names[name] = known with { AskAgainAt = After(UnknownFor) };
            else
                NoteUnknown(name);
            return known?.Chain;
        }
        finally
        {
            lookups.TryRemove(name, out _);
        }
    }

    private void Learn(string name, string? chain)
    {
        var before = names.GetValueOrDefault(name)?.Chain;
        if (chain is null)
        {
            names.TryRemove(name, out _);
            NoteUnknown(name);
        }
        else
        {
            if (names.Count >= MostNames)
                names.Clear();
            names[name] = new Known(chain, After(KnownFor));
        }

        if (chain != before)
            learned();
    }

    private void NoteUnknown(string name)
    {
        if (unknown.Count >= MostUnknown)
            unknown.Clear();
        unknown[name] = After(UnknownFor);
    }

    private long After(TimeSpan wait) => time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);

    /// <param name="AskAgainAt">A moment of the monotonic clock.</param>
    private sealed record Known(string Chain, long AskAgainAt);
}
