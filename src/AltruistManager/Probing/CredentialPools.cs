using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>
/// One handler with connections of its own for each endpoint that has credentials, so that none of them ever travels over a connection that somebody else
/// uses. What nobody uses for a while, such as the credentials of before a change, is dropped.
/// </summary>
internal sealed class CredentialPools : IDisposable
{
    /// <summary>Connections live for 60 s; after that a handler holds nothing worth keeping.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(2);

    /// <summary>The same where they rest for 4 s at most.</summary>
    private static readonly TimeSpan RestWhereSeldom = TimeSpan.FromSeconds(10);

    private readonly Func<bool, bool, HttpMessageHandler> create;
    private readonly TimeProvider time;
    private readonly ITimer cleaning;
    private readonly Lock gate = new();
    private readonly Dictionary<(string Fingerprint, string Places, bool MayBePrivate, bool IsSeldom), Pool> pools = [];

    /// <param name="create">Makes the handler beneath; told whether it may reach private networks, and whether it is used seldom.</param>
    public CredentialPools(Func<bool, bool, HttpMessageHandler> create, TimeProvider time)
    {
        this.create = create;
        this.time = time;
        cleaning = time.CreateTimer(_ => DropResting(), null, RestWhereSeldom, RestWhereSeldom);
    }

    /// <summary>How many there are now.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return pools.Count;
        }
    }

    public EndpointLine Open(Altruist altruist, bool isSeldom)
    {
        var key = (altruist.Fingerprint, CredentialHandler.PlacesOf(altruist), altruist.MayBePrivate, isSeldom);
        Pool? pool;
        lock (gate)
        {
            if (!pools.TryGetValue(key, out pool))
                pools.Add(key, pool = new Pool(new HttpMessageInvoker(new CredentialHandler(altruist, create(altruist.MayBePrivate, isSeldom)))));
            pool.Users++;
        }

        return new EndpointLine(pool.Http, altruist, () =>
        {
            lock (gate)
            {
                pool.Users--;
                pool.UsedAt = time.GetTimestamp();
            }
        });
    }

    public void Dispose()
    {
        cleaning.Dispose();
        lock (gate)
        {
            foreach (var pool in pools.Values)
                pool.Http.Dispose();
            pools.Clear();
        }
    }

    internal void DropResting()
    {
        List<Pool> resting = [];
        lock (gate)
        {
            foreach (var (key, pool) in pools)
            {
                if (pool.Users > 0 || time.GetElapsedTime(pool.UsedAt) < (key.IsSeldom ? RestWhereSeldom : Rest))
                    continue;
                pools.Remove(key);
                resting.Add(pool);
            }
        }

        foreach (var pool in resting)
            pool.Http.Dispose();
    }

    private sealed class Pool(HttpMessageInvoker http)
    {
        public HttpMessageInvoker Http => http;

        public int Users { get; set; }

        public long UsedAt { get; set; }
    }
}
