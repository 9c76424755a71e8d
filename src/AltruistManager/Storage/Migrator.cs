using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Storage;

/// <summary>
/// Applies the embedded migrations in order, each once and in a transaction, and keeps their checksums. A migration that was applied
/// and is now different or unknown stops the start by name: the data was made by another program.
/// </summary>
public sealed partial class Migrator(Database database, TimeProvider time, ILogger<Migrator> logger)
{
    // Any number that nothing else in this database locks.
    private const long LockKey = 0x616c7472756973;

    internal sealed record Migration(string Name, string Sql)
    {
        public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));
    }

    /// <exception cref="StorageException">An applied migration is changed or unknown, or a new one comes before it.</exception>
    public Task MigrateAsync(CancellationToken cancellation) => MigrateAsync(Embedded(database.Dialect.Name), cancellation);

    internal async Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            // Two processes that create it at once would collide in PostgreSQL's catalogue.
            // Another process may be at a migration of minutes.
            await write.ExecutePatientlyAsync(database.Dialect.Pick("select 1", $"select pg_advisory_xact_lock({LockKey})"));
            await write.ExecuteAsync(
                """
                create table if not exists migrations (
                    name       text   not null primary key,
                    checksum   text   not null,
                    applied_at bigint not null
                )
                """);
        }, cancellation);

        while (await ApplyNextAsync(migrations, cancellation) is { } applied)
            LogApplied(applied);
    }

    /// <summary>The migrations of one dialect, in the order of their numbers.</summary>
    internal static IReadOnlyList<Migration> Embedded(string dialect)
    {
        var assembly = typeof(Migrator).Assembly;
        var folder = $".Storage.Migrations.{char.ToUpperInvariant(dialect[0])}{dialect[1..]}.";
        return
        [
            .. from resource in assembly.GetManifestResourceNames()
               let start = resource.IndexOf(folder, StringComparison.Ordinal)
               where start >= 0
               let name = resource[(start + folder.Length)..]
               orderby name // invariant culture: by code point
               select new Migration(name, Read(resource)),
        ];

        string Read(string resource)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            return reader.ReadToEnd();
        }
    }

    private Task<string?> ApplyNextAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation) =>
        database.WriteAsync(async write =>
        {
            // Read inside the write transaction: another process may be migrating as well.
            await write.ExecutePatientlyAsync(database.Dialect.Pick("select 1", "lock table migrations in exclusive mode"));
            var applied = (await write.QueryAsync<AppliedRow>("select name, checksum from migrations")).AsList();
            applied.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
            foreach (var row in applied)
            {
                var known = migrations.FirstOrDefault(migration => migration.Name == row.Name)
                    ?? throw new StorageException($"The database has the migration {row.Name}, which this version does not know: use the version that made it, or newer.") { IsForeign = true };
                if (known.Checksum != row.Checksum)
                    throw new StorageException($"The migration {row.Name} was changed after it was applied to this database.") { IsForeign = true };
            }

            var next = migrations.FirstOrDefault(migration => applied.TrueForAll(row => row.Name != migration.Name));
            if (next is null)
                return null;
            if (applied.Count > 0 && string.CompareOrdinal(next.Name, applied[^1].Name) < 0)
                throw new StorageException($"The migration {next.Name} comes before {applied[^1].Name}, which this database already has.") { IsForeign = true };

            await write.ExecutePatientlyAsync(next.Sql);
            await write.ExecuteAsync(
                "insert into migrations (name, checksum, applied_at) values (@Name, @Checksum, @AppliedAt)",
                new { next.Name, next.Checksum, AppliedAt = time.NowMs() });
            return next.Name;
        }, cancellation);

    [LoggerMessage(Level = LogLevel.Information, Message = "Migration {Name} applied")]
    private partial void LogApplied(string name);

    private sealed record AppliedRow
    {
        public required string Name { get; init; }
        public required string Checksum { get; init; }
    }
}
