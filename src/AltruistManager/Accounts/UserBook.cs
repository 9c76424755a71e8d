using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace AltruistManager.Accounts;

/// <summary>
/// All users in memory: who they are now and what they may do, so that no request and no event of a page asks the database for it. A session that memory does not
/// know makes it load what was written since it last looked.
/// </summary>
public sealed class UserBook : IDisposable
{
    private readonly ConcurrentDictionary<string, KnownUser> users = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim loading = new(1, 1);
    private readonly SharedLook look;
    private readonly UserStore store;
    private readonly IOptions<AccountsOptions> options;
    private readonly TimeProvider time;
    private long revision;

    public UserBook(UserStore store, IOptions<AccountsOptions> options, TimeProvider time)
    {
        this.store = store;
        this.options = options;
        this.time = time;
        look = new SharedLook(RefreshAsync, time);
    }

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

    /// <summary>Who a session stands for at this moment; null when it is over: it lasted too long, the user has signed out of it or everywhere since, or is disabled.</summary>
    /// <param name="address">Where it is used from.</param>
    public Actor? ActorOf(UserSession session, string? address) =>
        IsGood(session) && users.TryGetValue(session.User, out var user)
            ? new Actor
            {
                Kind = ActorKind.User,
                Id = user.Id,
                Name = user.Email,
                IsStaff = user.IsStaff && (session.HasSecondFactor || !options.Value.RequireSecondFactorForStaff),
                HasSecondFactor = session.HasSecondFactor,
                Providers = user.Providers,
                Portals = user.Portals,
                Address = address,
            }
            : null;

    /// <summary>Whether a session is still good; asks the database once where memory says no, for another process may have begun it just now.</summary>
    public async ValueTask<bool> IsGoodAsync(UserSession session, CancellationToken cancellation)
    {
        if (IsGood(session))
            return true;
        await look.AskAsync().WaitAsync(cancellation);
        return IsGood(session);
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

    private bool IsGood(UserSession session) =>
        users.TryGetValue(session.User, out var user) && !user.IsDisabled && user.SecurityStamp == session.Stamp && time.GetUtcNow() < session.EndsAt
            && !user.EndedSessions.Contains(session.Id);
}
