using System.Data.Common;
using System.Text.Json;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Chains;

/// <summary>Chains and their aliases in the database.</summary>
internal static class ChainStore
{
    /// <summary>Makes the chain or replaces it, aliases included.</summary>
    public static async Task PutAsync(WriteTransaction write, Chain chain, long revision)
    {
        await write.ExecuteAsync(
            """
            insert into chains (
                id, name, network, requires, block_time_seconds, lag_tolerance_blocks, max_head_age_seconds, integrity_offset_blocks,
                path, probe, policy, primaries, request_timeout_ms, min_eligible, max_altruists, enabled, successor, retired_at, revision)
            values (
                @Id, @Name, @Network, @Requires, @BlockTimeSeconds, @LagToleranceBlocks, @MaxHeadAgeSeconds, @IntegrityOffsetBlocks,
                @Path, @Probe, @Policy, @Primaries, @RequestTimeoutMs, @MinEligible, @MaxAltruists, @Enabled, @Successor, @RetiredAt, @Revision)
            on conflict (id) do update set
                name                    = excluded.name,
                network                 = excluded.network,
                requires                = excluded.requires,
                block_time_seconds      = excluded.block_time_seconds,
                lag_tolerance_blocks    = excluded.lag_tolerance_blocks,
                max_head_age_seconds    = excluded.max_head_age_seconds,
                integrity_offset_blocks = excluded.integrity_offset_blocks,
                path                    = excluded.path,
                probe                   = excluded.probe,
                policy                  = excluded.policy,
                primaries               = excluded.primaries,
                request_timeout_ms      = excluded.request_timeout_ms,
                min_eligible            = excluded.min_eligible,
                max_altruists           = excluded.max_altruists,
                enabled                 = excluded.enabled,
                successor               = excluded.successor,
                retired_at              = excluded.retired_at,
                revision                = excluded.revision
            """,
            new
            {
                Id = chain.Id.Value,
                chain.Name,
                Network = chain.Network.Value,
                Requires = JsonSerializer.Serialize(chain.Requires),
                chain.BlockTimeSeconds,
                chain.LagToleranceBlocks,
                chain.MaxHeadAgeSeconds,
                chain.IntegrityOffsetBlocks,
                chain.Path,
                chain.Probe,
                chain.Policy,
                chain.Primaries,
                chain.RequestTimeoutMs,
                chain.MinEligible,
                chain.MaxAltruists,
                chain.Enabled,
                Successor = chain.Successor?.Value,
                RetiredAt = chain.RetiredAt?.ToUnixTimeMilliseconds(),
                Revision = revision,
            });
        await write.ExecuteAsync("delete from chain_aliases where chain_id = @Id", new { Id = chain.Id.Value });
        await write.ExecuteAsync(
            "insert into chain_aliases (alias, chain_id) values (@Alias, @Id) on conflict (alias) do update set chain_id = excluded.chain_id", chain.Aliases.Select(alias => new { Alias = alias, Id = chain.Id.Value }));
    }

    /// <summary>The chains written after <paramref name="revision"/>.</summary>
    public static async Task<List<Chain>> ChangedSinceAsync(DbConnection connection, DbTransaction? transaction, long revision, CancellationToken cancellation)
    {
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, name, network, requires, block_time_seconds, lag_tolerance_blocks, max_head_age_seconds, integrity_offset_blocks,
                   path, probe, policy, primaries, request_timeout_ms, min_eligible, max_altruists, enabled, successor, retired_at
            from chains
            where revision > @Revision
            """,
            new { Revision = revision }, transaction, cancellationToken: cancellation))).AsList();
        if (rows.Count == 0)
            return [];

        var aliases = (await connection.QueryAsync<AliasRow>(new CommandDefinition(
            """
            select alias, chain_id
            from chain_aliases
            where chain_id in (select id from chains where revision > @Revision)
            """,
            new { Revision = revision }, transaction, cancellationToken: cancellation))).ToLookup(row => row.ChainId, row => row.Alias);
        return rows.ConvertAll(row => row.ToChain([.. aliases[row.Id].Order(StringComparer.Ordinal)]));
    }

    private sealed record AliasRow
    {
        public required string Alias { get; init; }
        public required string ChainId { get; init; }
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string Network { get; init; }
        public required string Requires { get; init; }
        public required double BlockTimeSeconds { get; init; }
        public required int LagToleranceBlocks { get; init; }
        public required double? MaxHeadAgeSeconds { get; init; }
        public required int? IntegrityOffsetBlocks { get; init; }
        public required string Path { get; init; }
        public required string? Probe { get; init; }
        public required string? Policy { get; init; }
        public required int? Primaries { get; init; }
        public required int RequestTimeoutMs { get; init; }
        public required int? MinEligible { get; init; }
        public required int? MaxAltruists { get; init; }
        public required bool Enabled { get; init; }
        public required string? Successor { get; init; }
        public required long? RetiredAt { get; init; }

        public Chain ToChain(IReadOnlyList<string> aliases) => new()
        {
            Id = new(Id),
            Name = Name,
            Network = new(Network),
            Requires = JsonSerializer.Deserialize<string[]>(Requires)!,
            BlockTimeSeconds = BlockTimeSeconds,
            LagToleranceBlocks = LagToleranceBlocks,
            MaxHeadAgeSeconds = MaxHeadAgeSeconds,
            IntegrityOffsetBlocks = IntegrityOffsetBlocks,
            Aliases = aliases,
            Path = Path,
            Probe = Probe,
            Policy = Policy,
            Primaries = Primaries,
            RequestTimeoutMs = RequestTimeoutMs,
            MinEligible = MinEligible,
            MaxAltruists = MaxAltruists,
            Enabled = Enabled,
            Successor = Successor is null ? null : new ChainId(Successor),
            RetiredAt = UnixTime.FromMs(RetiredAt),
        };
    }
}
