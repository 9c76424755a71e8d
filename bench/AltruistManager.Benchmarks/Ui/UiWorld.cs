using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks.Ui;

/// <summary>
/// A large world with a month behind it, written straight into the database of a service that is not started yet. Every slot has had a pick each six hours for 30 days, and
/// one each five minutes in the last hour; the slots of the chain that is looked at had one each five minutes throughout. Probes are kept for 48 hours: of the altruists of
/// that chain all are there, of the others one an hour.
/// </summary>
internal sealed class UiWorld
{
    public const string Admin = "admin@bench.example";
    public const string Gateway = "gateway@bench.example";
    public const string Staff = "staff@bench.example";
    public const string Portal = "gateway";
    public const string Password = "nine green herons";

    public const int Chains = 1000;
    public const int Regions = 20;
    public const int Days = 30;
    private const int AltruistsPerChain = 10;

    /// <summary>Of the provider that is looked at; the others share the rest.</summary>
    private const int OwnAltruists = 1000;

    private static readonly TimeSpan Round = TimeSpan.FromMinutes(5);

    private readonly Roster roster;
    private readonly DateTimeOffset now;

    private UiWorld(Roster roster, DateTimeOffset now)
    {
        (this.roster, this.now) = (roster, now);
        var first = roster.Live[0];
        (Provider, Altruist) = (first.Provider, first.Id);
        Slot = new SlotKey(first.Chains[0], first.Regions[0]);
    }

    /// <summary>With the most altruists.</summary>
    public ProviderId Provider { get; }

    /// <summary>With the whole history.</summary>
    public AltruistId Altruist { get; }

    /// <summary>One that it serves.</summary>
    public SlotKey Slot { get; }

    public int Altruists => roster.Live.Count;

    public static UiWorld Create(DateTimeOffset now)
    {
        var made = SelectionWorld.Roster(Chains, Regions, AltruistsPerChain, now.AddDays(-Days));
        var own = made.Live[0].Provider;
        var altruists = made.Live.Select((altruist, number) => number % (made.Live.Count / OwnAltruists) == 0 ? altruist with { Provider = own } : altruist);
        return new UiWorld(new Roster(1, made.Chains.Values, made.Regions.Values, made.Providers.Values, [.. altruists]), now);
    }

    public async Task WriteAsync(IServiceProvider services, CancellationToken cancellation)
    {
        var database = services.GetRequiredService<Database>();
        await database.PrepareAsync(create: true, cancellation);
        await services.GetRequiredService<Migrator>().MigrateAsync(cancellation);
        await services.GetRequiredService<KeyRing>().LoadAsync(cancellation);
        await WriteRosterAsync(database, services.GetRequiredService<AltruistStore>(), cancellation);
        await WriteVerdictsAsync(database, services.GetRequiredService<HealthStore>(), services.GetRequiredService<IOptions<ProbingOptions>>().Value.Vantage, cancellation);
        await WriteProbesAsync(services.GetRequiredService<ProbeStore>(), cancellation);
        await WriteSessionsAsync(database, cancellation);
        await WriteUsersAsync(services, cancellation);
    }

    private Task WriteRosterAsync(Database database, AltruistStore altruists, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var revision = await write.NextRevisionAsync();
        foreach (var region in roster.Regions.Values)
            await RegionStore.PutAsync(write, region, revision);
        foreach (var provider in roster.Providers.Values)
            await ProviderStore.PutAsync(write, provider, now.AddDays(-Days), revision);
        foreach (var chain in roster.Chains.Values)
            await ChainStore.PutAsync(write, chain, revision);
        foreach (var altruist in roster.Live)
            await altruists.PutAsync(write, altruist, revision);
    }, cancellation);

    private async Task WriteVerdictsAsync(Database database, HealthStore store, string vantage, CancellationToken cancellation)
    {
        var board = SelectionWorld.Board(roster, now.AddHours(-3));
        await store.WriteAsync(
            vantage, now,
            [.. roster.Live.Select(altruist => new StoredVerdict(altruist.Id, board[altruist.Id].State, board[altruist.Id].Reason, board[altruist.Id].Since, new Memory
            {
                Base = board[altruist.Id].State,
                Goods = 2,
                IdentityProven = true,
                ProvenAt = roster.PlaceOf(altruist),
                HealthySince = now.AddHours(-3),
            }))],
            [], [], trace: null, cancellation);
        // Two changes a day of each, and twenty of those that are looked at.
        await database.WriteAsync(write => write.ExecuteAsync(
            """
            with recursive steps (step) as (select 0 union all select step + 1 from steps where step < @Most)
            insert into verdict_changes (altruist_id, vantage, at, from_state, to_state, reason)
            select id, @Vantage, @From + step * @Length, case step % 2 when 0 then 'healthy' else 'down' end, case step % 2 when 0 then 'down' else 'healthy' end, 'no answer within 5 s, three times in a row'
            from   steps
            join   altruists on step % 10 = 0 or network = @Network
            """,
            new { Most = (Days * 20) - 1, Vantage = vantage, From = now.AddDays(-Days).ToUnixTimeMilliseconds(), Length = (long)TimeSpan.FromDays(1).TotalMilliseconds / 20, Network = roster.Altruists[Altruist].Network.Value }), cancellation);
    }

    /// <summary>In the order in which they would have been made.</summary>
    private async Task WriteProbesAsync(ProbeStore store, CancellationToken cancellation)
    {
        var network = roster.Altruists[Altruist].Network;
        var random = new Random(2);
        for (var at = now.AddHours(-48); at < now; at += Round)
        {
            var isHour = at.Minute < Round.TotalMinutes || at > now - Round;
            var rows = new List<ProbeRow>();
            foreach (var altruist in roster.Live.Where(altruist => isHour || altruist.Network == network))
            {
                rows.Add(ProbeRow.Of(new ProbeResult
                {
                    Altruist = altruist.Id,
                    Lane = ProbeLane.Steady,
                    At = at.AddMilliseconds(random.Next(1500)),
                    Outcome = ProbeOutcome.Ok,
                    LatencyMs = 20 + (200 * random.NextDouble()),
                    ConnectMs = 5 + (20 * random.NextDouble()),
                    Height = 20_000_000 + (long)((at - now.AddDays(-Days)).TotalSeconds / 12),
                    HeadTime = at.AddSeconds(-random.Next(12)),
                }));
            }

            await store.AddAsync(rows, cancellation);
        }
    }

    private Task WriteSessionsAsync(Database database, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        await write.ExecuteAsync("insert into slots (id, chain_id, region_id) select row_number() over (order by chains.id, regions.id), chains.id, regions.id from chains, regions");
        await write.ExecuteAsync("create temp table offers (slot_id integer not null, place integer not null, altruist_id text not null, primary key (slot_id, place)) without rowid");
        await write.ExecuteAsync(
            """
            insert into offers (slot_id, place, altruist_id)
            select slots.id, row_number() over (partition by slots.id order by altruists.id) - 1, altruists.id
            from   altruists, json_each(altruists.chains) as chain, json_each(altruists.regions) as region
            join   slots on slots.chain_id = chain.value and slots.region_id = region.value
            """);
        var dense = roster.Altruists[Altruist].Chains[0].Value;
        var hour = now.AddHours(-1);
        await AddSessionsAsync(write, $"chain_id <> '{dense}'", now.AddDays(-Days), hour, TimeSpan.FromHours(6));
        await AddSessionsAsync(write, $"chain_id <> '{dense}'", hour, now - Round, Round);
        await AddSessionsAsync(write, $"chain_id = '{dense}'", now.AddDays(-Days), now - Round, Round);
    }, cancellation);

    /// <summary>The next sessions of these slots, one after the other.</summary>
    private static async Task AddSessionsAsync(WriteTransaction write, string slots, DateTimeOffset from, DateTimeOffset to, TimeSpan length)
    {
        var first = await write.ScalarAsync<long>("select coalesce(max(id), 0) from sessions");
        var (start, step, count) = (from.ToUnixTimeMilliseconds(), (long)length.TotalMilliseconds, (int)((to - from) / length));
        var each = await write.ScalarAsync<long>($"select count(*) from slots where {slots}");
        await write.ExecuteAsync(
            $"""
            with recursive steps (step) as (select 0 union all select step + 1 from steps where step < @Count - 1),
            wanted (slot_id, last_ended, place, offered) as (
                select id, last_ended, row_number() over (order by id), (select count(*) from offers where slot_id = id) from slots where {slots}
            )
            insert into sessions (id, slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at, before_id)
            select @First + step * @Each + wanted.place, wanted.slot_id, altruist_id, 100, @Start + step * @Step, wanted.slot_id, @Start + step * @Step, @Start + (step + 1) * @Step,
                   case step when 0 then last_ended else @First + (step - 1) * @Each + wanted.place end
            from   steps
            cross join wanted
            join   offers on offers.slot_id = wanted.slot_id and offers.place = step % offered
            """,
            new { Count = count, First = first, Each = each, Start = start, Step = step });
        await write.ExecuteAsync(
            $"update slots set last_ended = @Last + (select count(*) from slots as other where {slots} and other.id <= slots.id) where {slots}",
            new { Last = first + ((count - 1) * each) });
    }

    private async Task WriteUsersAsync(IServiceProvider services, CancellationToken cancellation)
    {
        // Makes its portal.
        await services.GetRequiredService<ApiKeyStore>().CreateAsync(Actor.Operator, "gateway", KeyScope.Portal, null, Portal, null, cancellation);
        using var scope = services.CreateScope();
        foreach (var (email, grant) in new[] { (Admin, Grant.Of(Provider.Value, MemberRole.Admin)), (Gateway, Grant.Owning(Portal)), (Staff, Grant.Staff) })
        {
            var user = User.New(email, now);
            var made = await scope.ServiceProvider.GetRequiredService<Users>().CreateAsync(user, Password);
            if (!made.Succeeded)
                throw new InvalidOperationException(Users.Explain(made));
            await scope.ServiceProvider.GetRequiredService<UserRegistry>().GrantAsync(Actor.Operator, user.Id, grant, cancellation);
        }
    }
}
