using System.Security.Cryptography;
using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>What the owner of an altruist has to show on its host to prove control.</summary>
/// <param name="Token">Names the file.</param>
/// <param name="Answer">What the file or the DNS record holds. Nothing of it is in the request, so that a host which repeats what it is asked proves nothing.</param>
public sealed record ControlChallenge(string Token, string Answer, DateTimeOffset CreatedAt)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    public DateTimeOffset ExpiresAt => CreatedAt + Lifetime;
}

/// <summary>What a provider shows before its altruist is registered.</summary>
/// <param name="Places">Of the endpoint, as <see cref="AltruistRegistry.PlacesTextOf"/> tells them.</param>
/// <param name="By">Null until it was found there.</param>
internal sealed record ShownControl(string Places, ControlChallenge Challenge, ControlProof? By);

/// <summary>
/// Challenges in the database: one for each altruist, and before there is one, one for each provider and the places of an endpoint. What one provider shows counts for no other.
/// </summary>
public sealed class ControlStore(Database database, TimeProvider time)
{
    /// <summary>A provider may try this many endpoints before it registers one; the oldest challenge makes room.</summary>
    internal const int MostShown = 100;

    /// <summary>The challenge of an altruist; a new one where there is none or it is too old.</summary>
    public Task<ControlChallenge> StartAsync(Actor actor, Altruist altruist, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var now = UnixTime.FromMs(time.NowMs());
        var row = await write.SingleOrDefaultAsync<Row>("select token, answer, created_at from control_challenges where altruist_id = @Id", new { Id = altruist.Id.Value });
        if (row?.ToChallenge() is { } known && known.ExpiresAt > now)
            return known;

        var made = New(now);
        await write.ExecuteAsync(
            """
            insert into control_challenges (altruist_id, token, answer, created_at)
            values (@Id, @Token, @Answer, @CreatedAt)
            on conflict (altruist_id) do update set token = excluded.token, answer = excluded.answer, created_at = excluded.created_at
            """,
            new { Id = altruist.Id.Value, made.Token, made.Answer, CreatedAt = now.ToUnixTimeMilliseconds() });
        await AuditStore.AppendAsync(write, now, actor, new AuditEntry("altruist.challenge", "altruist", altruist.Id.Value) { Provider = altruist.Provider.Value });
        return made;
    }, cancellation);

    /// <summary>The same for an endpoint that is not registered yet.</summary>
    internal Task<ShownControl> StartNewAsync(Actor actor, ProviderId provider, string places, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // Of two at once the second sees what the first has made.
        await write.NextRevisionAsync();
        var now = UnixTime.FromMs(time.NowMs());
        await write.ExecuteAsync("delete from place_challenges where created_at <= @Over", new { Over = Over(now) });
        var row = await write.SingleOrDefaultAsync<PlaceRow>(
            "select places, token, answer, created_at, proven_by from place_challenges where provider_id = @Provider and places = @Places", new { Provider = provider.Value, Places = places });
        if (row is not null)
            return row.ToShown();

        await write.ExecuteAsync(
            """
            delete from place_challenges
            where provider_id = @Provider
              and places in (select p.places from place_challenges p where p.provider_id = @Provider order by p.created_at desc, p.places limit @Most offset @Kept)
            """,
            new { Provider = provider.Value, Most = MostShown, Kept = MostShown - 1 });
        var made = New(now);
        await write.ExecuteAsync(
            "insert into place_challenges (provider_id, places, token, answer, created_at) values (@Provider, @Places, @Token, @Answer, @CreatedAt)",
            new { Provider = provider.Value, Places = places, made.Token, made.Answer, CreatedAt = now.ToUnixTimeMilliseconds() });
        await AuditStore.AppendAsync(write, now, actor, new AuditEntry("altruist.challenge", "altruist", "") { Provider = provider.Value, Detail = $"before it is registered: {places}" });
        return new ShownControl(places, made, null);
    }, cancellation);

    /// <summary>Notes that it was found there.</summary>
    /// <param name="challenge">The one that was looked for.</param>
    /// <returns>False where that one is over by now.</returns>
    internal Task<bool> ProveNewAsync(Actor actor, ProviderId provider, string places, ControlChallenge challenge, ControlProof by, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var proven = await write.ExecuteAsync(
            "update place_challenges set proven_by = @By where provider_id = @Provider and places = @Places and token = @Token",
            new { Provider = provider.Value, Places = places, challenge.Token, By = AltruistStore.ControlText(by) });
        if (proven == 0)
            return false;
        await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("altruist.prove", "altruist", "") { Provider = provider.Value, Detail = $"before it is registered: {places}" });
        return true;
    }, cancellation);

    /// <summary>What a provider has proven and not yet registered.</summary>
    internal async Task<IReadOnlyList<ShownControl>> ProvenAsync(ProviderId provider, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<PlaceRow>(
            "select places, token, answer, created_at, proven_by from place_challenges where provider_id = @Provider and proven_by is not null and created_at > @Over",
            new { Provider = provider.Value, Over = Over(time.GetUtcNow()) }, cancellation);
        return rows.ConvertAll(row => row.ToShown());
    }

    /// <summary>An altruist takes it over, in whose transaction this is: it counts once. What was not found there yet is what this altruist has to show.</summary>
    internal static async Task SpendAsync(WriteTransaction write, Altruist added, string places, DateTimeOffset now)
    {
        var of = new { Id = added.Id.Value, Provider = added.Provider.Value, Places = places, Over = Over(now) };
        if (!added.Attested)
        {
            await write.ExecuteAsync(
                """
                insert into control_challenges (altruist_id, token, answer, created_at)
                select @Id, token, answer, created_at from place_challenges where provider_id = @Provider and places = @Places and created_at > @Over
                """,
                of);
        }

        await write.ExecuteAsync("delete from place_challenges where provider_id = @Provider and places = @Places", of);
    }

    private static long Over(DateTimeOffset now) => (now - ControlChallenge.Lifetime).ToUnixTimeMilliseconds();

    private static ControlChallenge New(DateTimeOffset now) => new(NewSecret(), $"altruist-manager={NewSecret()}", now);

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private sealed record Row
    {
        public required string Token { get; init; }
        public required string Answer { get; init; }
        public required long CreatedAt { get; init; }

        public ControlChallenge ToChallenge() => new(Token, Answer, UnixTime.FromMs(CreatedAt));
    }

    private sealed record PlaceRow
    {
        public required string Places { get; init; }
        public required string Token { get; init; }
        public required string Answer { get; init; }
        public required long CreatedAt { get; init; }
        public required string? ProvenBy { get; init; }

        public ShownControl ToShown() => new(Places, new ControlChallenge(Token, Answer, UnixTime.FromMs(CreatedAt)), ProvenBy is { } by ? AltruistStore.ControlOf(by) : null);
    }
}
