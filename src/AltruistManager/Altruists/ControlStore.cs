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

/// <summary>Challenges in the database, one for each altruist.</summary>
public sealed class ControlStore(Database database, TimeProvider time)
{
    /// <summary>The challenge of an altruist; a new one where there is none or it is too old.</summary>
    public Task<ControlChallenge> StartAsync(Actor actor, Altruist altruist, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var now = UnixTime.FromMs(time.NowMs());
        var row = await write.SingleOrDefaultAsync<Row>("select token, answer, created_at from control_challenges where altruist_id = @Id", new { Id = altruist.Id.Value });
        if (row?.ToChallenge() is { } known && known.ExpiresAt > now)
            return known;

        var made = new ControlChallenge(NewSecret(), $"altruist-manager={NewSecret()}", now);
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

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private sealed record Row
    {
        public required string Token { get; init; }
        public required string Answer { get; init; }
        public required long CreatedAt { get; init; }

        public ControlChallenge ToChallenge() => new(Token, Answer, UnixTime.FromMs(CreatedAt));
    }
}
