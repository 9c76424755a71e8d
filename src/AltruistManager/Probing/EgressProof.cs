using System.Collections.Concurrent;
using System.Net;

namespace AltruistManager.Probing;

/// <summary>Which of our networks an altruist is reached through; each proves itself only.</summary>
public enum EgressSide
{
    /// <summary>The public Internet; also where a name that never resolved is thought to lead.</summary>
    Public,

    /// <summary>Loopback and other addresses that are not public.</summary>
    Private,
}

/// <summary>
/// When our own network and our resolver last proved to work (design 5.4): a completed TCP handshake, a refusal, an answer on an open
/// connection; a name that was found or said not to exist. Fed by every connection, so free of locks; by the monotonic clock.
/// </summary>
public sealed class EgressProof(TimeProvider time)
{
    private const long Never = long.MinValue;

    /// <summary>So many domains say enough.</summary>
    private const int Sample = 200;

    /// <summary>So many domains of others that are found say enough of a name that has long not been.</summary>
    private const int Few = 3;

    /// <summary>For how long a lookup says something.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Name> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string Domain, EgressSide Side), Name> domains = new();
    private long publicAt = Never;
    private long privateAt = Never;

    private sealed class Name
    {
        private long foundAt = Never;
        private long failedAt = Never;
        private long failingSince = Never;

        public volatile EgressSide Side;

        public long FoundAt => Volatile.Read(ref foundAt);

        public long FailedAt => Volatile.Read(ref failedAt);

        /// <summary>The first failure since it was last found; never while it is found.</summary>
        public long FailingSince => Volatile.Read(ref failingSince);

        public void Find(long now)
        {
            Volatile.Write(ref foundAt, now);
            Volatile.Write(ref failingSince, Never);
        }

        public void Fail(long now)
        {
            Volatile.Write(ref failedAt, now);
            Interlocked.CompareExchange(ref failingSince, now, Never);
        }
    }

    public static EgressSide SideOf(IPAddress address) => AddressGuard.IsPublic(address) ? EgressSide.Public : EgressSide.Private;

    /// <param name="host">A name or an address, as in a URL.</param>
    public EgressSide SideOf(string host)
    {
        if (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var literal))
            return SideOf(literal);
        return names.TryGetValue(host, out var name) ? name.Side : EgressSide.Public;
    }

    /// <summary>How long ago the network was last proven to work on that side; null for never since the start.</summary>
    public TimeSpan? Age(EgressSide side)
    {
        var at = side == EgressSide.Public ? Volatile.Read(ref publicAt) : Volatile.Read(ref privateAt);
        return at == Never ? null : time.GetElapsedTime(at);
    }

    /// <summary>
    /// True when, since the name was not found for the first time, more domains of others were found than were not, as far as they lead to
    /// the same side: then it is not our resolver. Domains count, not names, or a provider with most of the names could not be seen to have lost
    /// its name servers. After ten minutes a few domains are enough, however many are lost: no cache explains them any more.
    /// </summary>
    public bool OthersResolve(string host)
    {
        if (!names.TryGetValue(host, out var asked) || asked.FailingSince is Never)
            return false;
        var (own, ownSide) = (DomainOf(host), SideOf(host));
        var (found, failed) = (0, 0);
        foreach (var ((domain, side), state) in domains)
        {
            if (found + failed >= Sample)
                break;
            if (side != ownSide)
                continue;
            if (IsSince(state.FoundAt) && state.FoundAt >= state.FailedAt)
                found++;
            else if (IsSince(state.FailedAt) && domain != own)
                failed++;
        }

        return found > failed || found >= Few && time.GetElapsedTime(asked.FailingSince) >= Memory;

        bool IsSince(long at) => at >= asked.FailingSince && time.GetElapsedTime(at) <= Memory;
    }

    /// <summary>Other names that were found before, the newest first: whether they still are tells whose fault a silence is.</summary>
    public IReadOnlyList<string> FoundBefore(EgressSide side, int count) =>
        [.. names.Where(name => name.Value.Side == side && name.Value.FoundAt != Never).OrderByDescending(name => name.Value.FoundAt).Select(name => name.Key).Take(count)];

    /// <summary>
    /// The address took a connection or refused it. A firewall of our own that rejects looks like a refusal too; design 5.4 takes it for proof all the same,
    /// because it nearly always comes from the host, and one that is down must go.
    /// </summary>
    internal void Reached(IPAddress address) => Prove(SideOf(address));

    /// <summary>The host answered, perhaps on a connection that was open already.</summary>
    internal void Answered(string host) => Prove(SideOf(host));

    internal void Found(string host, IPAddress[] addresses)
    {
        var name = NameOf(host);
        name.Side = Array.TrueForAll(addresses, AddressGuard.IsPublic) ? EgressSide.Public : EgressSide.Private;
        Find(host, name);
    }

    /// <summary>The resolver said that there is no such name. What it can know by itself, without asking anybody, proves nothing.</summary>
    internal void SaidMissing(string host)
    {
        if (host.Contains('.', StringComparison.Ordinal))
            Find(host, NameOf(host));
    }

    internal void NotFound(string host)
    {
        NameOf(host).Fail(time.GetTimestamp());
        DomainOf(host, SideOf(host)).Fail(time.GetTimestamp());
    }

    private void Find(string host, Name name)
    {
        name.Find(time.GetTimestamp());
        DomainOf(host, name.Side).Find(time.GetTimestamp());
    }

    private Name NameOf(string host) => names.GetOrAdd(host, _ => new Name());

    private Name DomainOf(string host, EgressSide side) => domains.GetOrAdd((DomainOf(host), side), _ => new Name());

    /// <summary>The last two labels. Where those are everybody's, as in <c>co.uk</c>, all below count as one: too careful, never wrong.</summary>
    private static string DomainOf(string host)
    {
        var name = host.AsSpan().TrimEnd('.');
        var last = name.LastIndexOf('.');
        var next = last < 0 ? -1 : name[..last].LastIndexOf('.');
        return name[(next + 1)..].ToString().ToLowerInvariant();
    }

    private void Prove(EgressSide side)
    {
        if (side == EgressSide.Public)
            Volatile.Write(ref publicAt, time.GetTimestamp());
        else
            Volatile.Write(ref privateAt, time.GetTimestamp());
    }
}
