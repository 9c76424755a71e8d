using AltruistManager.Storage;

namespace AltruistManager.Traffic;

/// <summary>The generation each portal has taken, as of the last minute.</summary>
public sealed class PortalPollStore(Database database)
{
    /// <param name="forgetBefore">Older ones are deleted.</param>
    internal Task WriteAsync(IReadOnlyList<PortalPoll> polls, DateTimeOffset forgetBefore, CancellationToken cancellation) =>
        polls.Count == 0 ? Task.CompletedTask : database.WriteAsync(async write =>
        {
            await write.ExecuteAsync(
                """
                insert into portal_polls (portal_id, region_id, chain, generation, at)
                values (@Portal, @Region, @Chain, @Generation, @At)
                on conflict (portal_id, region_id, chain) do update
                set generation = case when excluded.generation > portal_polls.generation then excluded.generation else portal_polls.generation end,
                    at         = case when excluded.at > portal_polls.at then excluded.at else portal_polls.at end
                """,
                polls.Select(poll => new { poll.Portal, poll.Region, poll.Chain, poll.Generation, At = poll.At.ToUnixTimeMilliseconds() }));
            await write.ExecuteAsync("delete from portal_polls where at < @Before", new { Before = forgetBefore.ToUnixTimeMilliseconds() });
        }, cancellation);

    internal async Task<IReadOnlyList<PortalPoll>> ListAsync(CancellationToken cancellation) =>
    [
        .. (await database.QueryAsync<Row>("select portal_id, region_id, chain, generation, at from portal_polls", null, cancellation))
            .Select(row => new PortalPoll(row.PortalId, row.RegionId, row.Chain, row.Generation, UnixTime.FromMs(row.At))),
    ];

    private sealed record Row
    {
        public required string PortalId { get; init; }
        public required string RegionId { get; init; }
        public required string Chain { get; init; }
        public required long Generation { get; init; }
        public required long At { get; init; }
    }
}
