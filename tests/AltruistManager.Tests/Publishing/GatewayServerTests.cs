using AltruistManager.Publishing;
using AltruistManager.Tests.Storage;
using Npgsql;

namespace AltruistManager.Tests.Publishing;

/// <summary>Against a real PostgreSQL with the table that a Pocket gateway server makes, column for column.</summary>
public sealed class GatewayServerTests(PostgresCluster cluster)
{
    private const string Table =
        """
        create table base_model (created_at timestamp not null default now(), updated_at timestamp, deleted_at timestamp);
        create table chain_configurations (
            id                                   uuid    primary key not null default gen_random_uuid(),
            chain_id                             varchar not null unique,
            pocket_request_timeout_duration      varchar not null,
            altruist_url                         varchar not null,
            altruist_request_timeout_duration    varchar not null,
            top_bucket_p90latency_duration       varchar not null,
            height_check_block_tolerance         int     not null,
            data_integrity_check_lookback_height int     not null
        ) inherits (base_model);
        insert into chain_configurations (chain_id, pocket_request_timeout_duration, altruist_url, altruist_request_timeout_duration, top_bucket_p90latency_duration,
                                          height_check_block_tolerance, data_integrity_check_lookback_height)
        values ('0021', '15s', 'https://old-0021.example', '30s', '150ms', 100, 25), ('0040', '15s', 'https://old-0040.example', '30s', '150ms', 100, 25),
               ('0099', '15s', 'https://old-0099.example', '30s', '150ms', 100, 25);
        """;

    /// <summary>All but what may change, in the order of the columns.</summary>
    private const string Rest =
        """
        select string_agg(row_to_json(rest)::text, ' ' order by chain_id)
        from (select created_at, deleted_at, id, chain_id, pocket_request_timeout_duration, altruist_request_timeout_duration, top_bucket_p90latency_duration,
                     height_check_block_tolerance, data_integrity_check_lookback_height from chain_configurations) as rest
        """;

    private const string Columns =
        "select string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position) from information_schema.columns where table_name = 'chain_configurations' and table_schema = current_schema()";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_url_of_a_picks_row_and_the_time_of_its_change_are_written()
    {
        await using var scene = new PublishingScene();
        var (options, database) = await TableAsync(("0021", "0021"), ("0040", "0040"));
        var (rest, columns) = (await AskAsync(database, Rest), await AskAsync(database, Columns));
        var runner = scene.Pick("0021", PublishingScene.Json("a", "https://a.example:8545/v1/key?x=1"), PublishingScene.Json("b")).Pick("0040").Start(options);

        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal(
            "0021 https://a.example:8545/v1/key?x=1 true, 0040 https://old-0040.example false, 0099 https://old-0099.example false",
            await AskAsync(database, "select string_agg(chain_id || ' ' || altruist_url || ' ' || (updated_at is not null)::text, ', ' order by chain_id) from chain_configurations"));
        Assert.Equal((rest, columns), (await AskAsync(database, Rest), await AskAsync(database, Columns)));
        Assert.Equal(new KeptSlot("0040", "0040", "there is no pick: it keeps what it has"), Assert.Single(runner.Status.Kept));
        Assert.Equal(scene.Generation, runner.Status.State.Confirmed!.Value.Generation);
    }

    [Fact]
    public async Task A_chain_without_a_row_is_told_and_the_others_are_served()
    {
        await using var scene = new PublishingScene();
        var (options, database) = await TableAsync(("0021", "0021"), ("0005", "F00D"));
        var runner = scene.Pick("0021", PublishingScene.Json("a")).Pick("0005", PublishingScene.Json("b")).Start(options);

        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("chain_configurations has no row with the chain_id 'F00D'", runner.Status.State.Error);
        Assert.NotNull(runner.Status.State.BehindSince);
        Assert.Equal("3", await AskAsync(database, "select count(*)::text from chain_configurations"));
        Assert.Equal("https://a.example/rpc", await UrlAsync(database, "0021"));
    }

    [Fact]
    public async Task An_altruist_whose_credentials_no_column_holds_gives_its_place_to_the_next()
    {
        await using var scene = new PublishingScene();
        var (options, database) = await TableAsync(("0021", "0021"), ("0040", "0040"));
        var runner = scene.Pick("0021", PublishingScene.Json("a", auth: "bearer"), PublishingScene.Json("b", urls: ("websocket", "wss://b.example/ws")))
            .Pick("0040", PublishingScene.Json("c", auth: "query")).Start(options);

        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal(("https://b.example/rpc", "https://old-0040.example"), (await UrlAsync(database, "0021"), await UrlAsync(database, "0040")));
        Assert.Equal(
            [("0021", "a", null, "the target cannot carry bearer credentials"), ("0021", "b", "websocket", "the target cannot carry URLs for websocket"), ("0040", "c", null, "the target cannot carry query credentials")],
            runner.Status.LeftOut.Select(left => (left.Chain, left.Altruist, left.RpcType, left.Reason)));
        Assert.Equal("nobody of the pick can be carried: it keeps what it has", Assert.Single(runner.Status.Kept).Reason);
    }

    [Fact]
    public async Task What_a_database_refuses_with_is_told_without_its_words()
    {
        await using var scene = new PublishingScene();
        var (options, database) = await TableAsync(("0021", "0021"));
        await AskAsync(database, "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not %', new.altruist_url; end $$; create trigger no before update on chain_configurations for each row execute function refuse(); select ''");
        var runner = scene.Pick("0021", PublishingScene.Json("a", "https://a.example/cnry-path")).Start(options);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("it refuses with SQLSTATE P0001", runner.Status.State.Error);

        await AskAsync(database, "drop table chain_configurations; select ''");
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("it has no table chain_configurations", runner.Status.State.Error);
        Assert.DoesNotContain(scene.Logged, line => line.Contains("cnry", StringComparison.Ordinal));
    }

    private static async Task<string> AskAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static Task<string> UrlAsync(NpgsqlDataSource database, string chain) => AskAsync(database, $"select altruist_url from chain_configurations where chain_id = '{chain}'");

    private async Task<(GatewayServerOptions Options, NpgsqlDataSource Database)> TableAsync(params (string, string)[] chains)
    {
        var place = await cluster.CreateDatabaseAsync(Cancellation);
        var database = NpgsqlDataSource.Create(place);
        await AskAsync(database, Table + "select ''");
        return (PublishingScene.Options<GatewayServerOptions>("gateway-server", options => options.ConnectionString = place, chains), database);
    }
}
