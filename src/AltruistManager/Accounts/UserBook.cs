using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace AltruistManager.Accounts;

/// <summary>
/// All users in memory: who they are now and what they may do, so that no request and no event of a page asks the database for it. A session that memory does not
/// know makes it load what was written since it last looked; all who wait share one query and queries keep a distance.
/// </summary>
public sealed class UserBook(UserStore store, IOptions<AccountsOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>From the start of one look into the database to the start of the next, at least.</summary>
    private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, KnownUser> users = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim loading = new(1, 1);
    private readonly Lock gate = new();
    private Task? nextLook;
    private long revision;
    private long lastLookAt;
    private bool hasLooked;

    /// <summary>True once anybody can sign in.</summary>
    public bool Any => !users.IsEmpty;

    public KnownUser? Find(string id) => users.GetValueOrDefault(id);

    /// <summary>Who belongs to a provider and can sign in, by email address.</summary>
    public IReadOnlyList<(KnownUser User, MemberRole Role)> MembersOf(string provider) =>
    [
        .. users.Values.Where(user => !user.IsDisabled && user.Providers.ContainsKey(provider)).OrderBy(user => user.Email, StringComparer.OrdinalIgnoreCase)
            .Select(user => (user, user.Providers[provider])),
    ];

    /// <summary>Who looks after a portal and can sign in, by email address.</summary>
    public IReadOnlyList<KnownUser> OwnersOf(string portal) =>
        [.. users.Values.Where(user => !user.IsDisabled && user.Portals.Contains(portal)).OrderBy(user => user.Email, StringComparer.OrdinalIgnoreCase)];

    /// <summary>How many can sign in and belong to each provider, and how many of them may change its things.</summary>
    public IReadOnlyDictionary<string, (int Members, int Admins)> CountMembers()
    {
        var counts = new Dictionary<string, (int Members, int Admins)>(StringComparer.Ordinal);
        foreach (var (provider, role) in users.Values.Where(user => !user.IsDisabled).SelectMany(user => user.Providers))
        {
            var (members, admins) = counts.GetValueOrDefault(provider);
            counts[provider] = (members + 1, admins + (role is MemberRole.Admin ? 1 : 0));
        }

        return counts;
    }

    /// <summary>How many staff users can sign in.</summary>
    public int CountStaff() => users.Values.Count(user => user is { IsStaff: true, IsDisabled: false });

    /// <summary>Who a session stands for at this moment; null when it is over: the user is disabled, or has signed out everywhere since.</summary>
    /// <param name="stamp">As it was when the session began.</param>
    /// <param name="withSecondFactor">Whether the session began with more than a password.</param>
    /// <param name="address">Where it is used from.</param>
    public Actor? ActorOf(string id, string stamp, bool withSecondFactor, string? address) =>
        users.TryGetValue(id, out var user) && !user.IsDisabled && user.SecurityStamp == stamp
            ? new Actor
            {
                Kind = ActorKind.User,
                Id = user.Id,
                Name = user.Email,
                IsStaff = user.IsStaff && (withSecondFactor || !options.Value.RequireSecondFactorForStaff),
                HasSecondFactor = withSecondFactor,
                Providers = user.Providers,
                Portals = user.Portals,
                Address = address,
            }
            : null;

    /// <summary>Whether a session is still good; asks the database once where memory says no, for another process may have begun it just now.</summary>
    public async ValueTask<bool> IsGoodAsync(string id, string stamp, CancellationToken cancellation)
    {
        if (IsGood())
            return true;
        await LookAsync().WaitAsync(cancellation);
        return IsGood();

        bool IsGood() => users.TryGetValue(id, out var user) && !user.IsDisabled && user.SecurityStamp == stamp;
    }

    /// <summary>Loads the users written since the last time; everybody at first.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await loading.WaitAsync(cancellation);
        try
        {
            var (changed, newest) = await store.ChangedSinceAsync(revision, cancellation);
            foreach (var user in changed)
                users[user.Id] = user;
            revision = newest;
        }
        finally
        {
            loading.Release();
        }
    }

    public void Dispose() => loading.Dispose();

    /// <summary>The look into the database that starts next, shared by all who ask before it starts.</summary>
    private Task LookAsync()
    {
        lock (gate)
            return nextLook ??= LookOnceAsync();
    }

    private async Task LookOnceAsync()
    {
        // Not in the caller's lock.
        await Task.Yield();
        var wait = hasLooked ? Distance - time.GetElapsedTime(lastLookAt) : TimeSpan.Zero;
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, CancellationToken.None);
        lock (gate)
            nextLook = null;
        hasLooked = true;
        lastLookAt = time.GetTimestamp();
        await RefreshAsync(CancellationToken.None);
    }
}
