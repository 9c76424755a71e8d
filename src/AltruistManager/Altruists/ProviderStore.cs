using System.Data.Common;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Altruists;

/// <summary>Providers in the database.</summary>
internal static class ProviderStore
{
    /// <param name="now">When it was created, if it is new.</param>
    public static Task PutAsync(WriteTransaction write, Provider provider, DateTimeOffset now, long revision) => write.ExecuteAsync(
        """
        insert into providers (
            id, name, website, contact, payout_address, next_payout_address, next_payout_at, payout_changed_at, payout_changed_by, payout_changed_from, payout_changed_to,
            shares, max_altruists, created_at, revision)
        values (
            @Id, @Name, @Website, @Contact, @PayoutAddress, @NextPayoutAddress, @NextPayoutAt, @PayoutChangedAt, @PayoutChangedBy, @PayoutChangedFrom, @PayoutChangedTo,
            @Shares, @MaxAltruists, @CreatedAt, @Revision)
        on conflict (id) do update set
            name                = excluded.name,
            website             = excluded.website,
            contact             = excluded.contact,
            payout_address      = excluded.payout_address,
            next_payout_address = excluded.next_payout_address,
            next_payout_at      = excluded.next_payout_at,
            payout_changed_at   = excluded.payout_changed_at,
            payout_changed_by   = excluded.payout_changed_by,
            payout_changed_from = excluded.payout_changed_from,
            payout_changed_to   = excluded.payout_changed_to,
            shares              = excluded.shares,
            max_altruists       = excluded.max_altruists,
            revision            = excluded.revision
        """,
        new
        {
            Id = provider.Id.Value,
            provider.Name,
            provider.Website,
            provider.Contact,
            provider.PayoutAddress,
            provider.NextPayoutAddress,
            NextPayoutAt = provider.NextPayoutAt?.ToUnixTimeMilliseconds(),
            PayoutChangedAt = provider.PayoutChange?.At.ToUnixTimeMilliseconds(),
            PayoutChangedBy = provider.PayoutChange?.By,
            PayoutChangedFrom = provider.PayoutChange?.From,
            PayoutChangedTo = provider.PayoutChange?.To,
            provider.Shares,
            provider.MaxAltruists,
            CreatedAt = now.ToUnixTimeMilliseconds(),
            Revision = revision,
        });

    /// <summary>The providers written after <paramref name="revision"/>.</summary>
    public static async Task<List<Provider>> ChangedSinceAsync(DbConnection connection, DbTransaction? transaction, long revision, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, name, website, contact, payout_address, next_payout_address, next_payout_at, payout_changed_at, payout_changed_by, payout_changed_from, payout_changed_to,
                   shares, max_altruists
            from providers
            where revision > @Revision
            """,
            new { Revision = revision }, transaction, cancellationToken: cancellation));
        return
        [
            .. rows.Select(row => new Provider(new(row.Id), row.Name, row.Website, row.Contact, row.PayoutAddress, row.Shares)
            {
                MaxAltruists = row.MaxAltruists,
                NextPayoutAddress = row.NextPayoutAddress,
                NextPayoutAt = UnixTime.FromMs(row.NextPayoutAt),
                PayoutChange = row is { PayoutChangedAt: { } at, PayoutChangedBy: { } by } ? new PayoutChange(UnixTime.FromMs(at), by, row.PayoutChangedFrom, row.PayoutChangedTo) : null,
            }),
        ];
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string? Website { get; init; }
        public required string? Contact { get; init; }
        public required string? PayoutAddress { get; init; }
        public required string? NextPayoutAddress { get; init; }
        public required long? NextPayoutAt { get; init; }
        public required long? PayoutChangedAt { get; init; }
        public required string? PayoutChangedBy { get; init; }
        public required string? PayoutChangedFrom { get; init; }
        public required string? PayoutChangedTo { get; init; }
        public required int Shares { get; init; }
        public required int? MaxAltruists { get; init; }
    }
}
