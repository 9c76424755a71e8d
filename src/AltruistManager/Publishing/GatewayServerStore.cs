using System.ComponentModel.DataAnnotations;
using AltruistManager.Altruists;
using Npgsql;

namespace AltruistManager.Publishing;

/// <summary>The table of a Pocket gateway server.</summary>
public sealed class GatewayServerOptions : PublisherOptions
{
    /// <summary>Of the gateway server's PostgreSQL; a role that may select and update <c>chain_configurations</c> is enough.</summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    internal override string Target
    {
        get
        {
            var place = new NpgsqlConnectionStringBuilder(ConnectionString);
            return $"{place.Host}/{place.Database}";
        }
    }

    internal override IPublisher Create(PublisherTools tools) => new GatewayServerStore(this, tools.Options);

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        foreach (var wrong in FindWrongChains())
            yield return wrong;
        if (ConnectionString.Length > 0 && !IsConnectionString())
            yield return (nameof(ConnectionString), "must be a connection string that names a Host");
    }

    private bool IsConnectionString()
    {
        try
        {
            return !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(ConnectionString).Host);
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or KeyNotFoundException)
        {
            return false;
        }
    }
}

/// <summary>
/// Writes the URL of the pick into the rows that a Pocket gateway server has for its chains. It reads its table by position every minute: rows and columns are
/// never added, and nothing else is touched.
/// </summary>
internal sealed class GatewayServerStore : IPublisher, IAsyncDisposable
{
    private readonly NpgsqlDataSource source;

    public GatewayServerStore(GatewayServerOptions options, PublishingOptions publishing)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(publishing.Timeout.TotalSeconds));
        source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Timeout = seconds,
            CommandTimeout = seconds,
            MaxPoolSize = 1,
            ApplicationName = "altruist-manager",
            IncludeErrorDetail = false,
        });
    }

    public PublisherReach Reach { get; } = new([AuthKind.None], []);

    public async Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        var slots = work.Slots.Where(slot => slot.Altruists.Count > 0).ToList();
        if (slots.Count == 0)
            return Publication.Confirmed;

        var found = new HashSet<string>();
        try
        {
            await using var command = source.CreateCommand(
                """
                update chain_configurations as configured
                set altruist_url = wanted.url,
                    updated_at   = now()
                from unnest(@chains::text[], @urls::text[]) as wanted (chain, url)
                where configured.chain_id = wanted.chain
                returning configured.chain_id
                """);
            command.Parameters.AddWithValue("chains", slots.Select(slot => slot.Target).ToArray());
            command.Parameters.AddWithValue("urls", slots.Select(slot => slot.Altruists[0].Url).ToArray());
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            while (await rows.ReadAsync(cancellation))
                found.Add(rows.GetString(0));
        }
        catch (PostgresException refused)
        {
            // Its own words may repeat what was written.
            throw new PublisherException(refused.SqlState switch
            {
                PostgresErrorCodes.UndefinedTable => "it has no table chain_configurations",
                PostgresErrorCodes.UndefinedColumn => "its table chain_configurations has other columns",
                PostgresErrorCodes.InsufficientPrivilege => "the role may not update chain_configurations",
                PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "it does not let the role in",
                _ => $"it refuses with SQLSTATE {refused.SqlState}",
            });
        }
        catch (Exception failed) when (failed is NpgsqlException or IOException or TimeoutException)
        {
            throw new PublisherException($"it cannot be reached ({(failed.InnerException ?? failed).GetType().Name})");
        }

        var missing = slots.Where(slot => !found.Contains(slot.Target)).ToList();
        return missing.Count == 0
            ? Publication.Confirmed
            : throw PublisherException.Of([.. missing.Select(slot => $"chain_configurations has no row with the chain_id '{slot.Target}'")]);
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
