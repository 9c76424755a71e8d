using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Chains;
using AltruistManager.Storage;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Chains.Protocols;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Altruists;

/// <summary>A fresh database with two regions, three chains and two providers.</summary>
internal sealed class RegistryWorld : IRegistrationRules, IHealthHeritage
{
    public static readonly AltruistDraft Draft = new() { Provider = "acme", Chains = ["0021"], Url = "https://eth1.acme.example" };

    private readonly RosterCache cache;

    private RegistryWorld(Database database)
    {
        Database = database;
        var sealing = new Sealing(database);
        cache = new RosterCache(sealing.Rosters);
        Refusals = Actors.Refusals(database);
        Writer = new RegistryWriter(database, sealing.Rosters, cache, Refusals, TimeProvider.System);
        Regions = new RegionRegistry(Writer, this, TimeProvider.System);
        Chains = new ChainRegistry(Writer, new ChainCatalog(), ProtocolList.All, this, TimeProvider.System);
        Providers = new ProviderRegistry(Writer, TimeProvider.System);
        Control = new ControlStore(database, TimeProvider.System);
        Altruists = new AltruistRegistry(Writer, sealing.Altruists, Control, this, this, TimeProvider.System);
        AltruistImport = new AltruistImport(Altruists, Writer, this, TimeProvider.System);
        ChainImport = new ChainImport(Chains, new ChainCatalog(), Writer, TimeProvider.System);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public Database Database { get; }

    public RefusalLog Refusals { get; }

    public RegistryWriter Writer { get; }

    public RegionRegistry Regions { get; }

    public ChainRegistry Chains { get; }

    public ProviderRegistry Providers { get; }

    public ControlStore Control { get; }

    public AltruistRegistry Altruists { get; }

    public AltruistImport AltruistImport { get; }

    public ChainImport ChainImport { get; }

    public Roster Roster => cache.Current;

    public RosterCache Rosters => cache;

    public List<(AltruistId Retired, AltruistId Heir)> Inherited { get; } = [];

    public bool AllowHttp { get; set; }

    public static T Done<T>(Registered<T> outcome)
        where T : class
    {
        Assert.True(outcome.Refusal is null, $"{outcome.Refusal?.Code}: {outcome.Refusal?.Detail} {string.Join("; ", outcome.Refusal?.Errors?.ToDictionary().Select(error => $"{error.Key} {error.Value[0]}") ?? [])}");
        return outcome.Value!;
    }

    public async Task<IReadOnlyList<AuditRecord>> AuditAsync(AuditFilter filter)
    {
        await Refusals.FlushAsync(Cancellation);
        return await new AuditStore(Database, TimeProvider.System).ListAsync(filter, before: null, 100, Cancellation);
    }

    public static async Task<RegistryWorld> NewAsync(DatabaseFixture fixture)
    {
        var world = new RegistryWorld(await fixture.NewDatabaseAsync(Cancellation));
        foreach (var region in new[] { "us-east", "eu" })
            Done(await world.RegionAsync(region));
        foreach (var chain in new[] { "0021", "0022", "0009" })
            Done(await world.ChainAsync(chain));
        foreach (var provider in new[] { "acme", "other" })
            Done(await world.ProviderAsync(Actors.Staff, provider, new ProviderDraft(null, null, null, null)));
        return world;
    }

    public static async Task<RegistryWorld> JoinAsync(Database database)
    {
        var world = new RegistryWorld(database);
        await world.cache.RefreshAsync(Cancellation);
        return world;
    }

    public bool MayUse(IPAddress address, bool byStaff) => byStaff && IPAddress.IsLoopback(address);

    public IReadOnlyList<string> Policies { get; } = ["least-used", "random"];

    public RegionId DefaultRegion => new("global");

    public Task InheritAsync(WriteTransaction write, AltruistId retired, AltruistId heir)
    {
        Inherited.Add((retired, heir));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<AltruistId, string>> TakeUrlsAsync(WriteTransaction write) =>
        Task.FromResult<IReadOnlyDictionary<AltruistId, string>>(new Dictionary<AltruistId, string>());

    public Task<Registered<Region>> RegionAsync(string id, string? name = null, params string[] fallbacks) =>
        Regions.PutAsync(Actors.Staff, new(id), new RegionDraft(name, fallbacks), new FieldErrors(), Cancellation);

    public Task<Registered<Chain>> ChainAsync(string id, ChainDraft? draft = null) => Chains.PutAsync(Actors.Staff, new(id), draft ?? new ChainDraft(), new FieldErrors(), Cancellation);

    public Task<Registered<Provider>> ProviderAsync(Actor actor, string id, ProviderDraft draft) => Providers.PutAsync(actor, new(id), draft, new FieldErrors(), Cancellation);

    public Task<Registered<Altruist>> AddAsync(AltruistDraft? draft = null, Actor? actor = null) =>
        Altruists.AddAsync(actor ?? Actors.Staff, draft ?? Draft, new FieldErrors(), Cancellation);

    public Task<Registered<Altruist>> ChangeAsync(AltruistId id, AltruistDraft draft, Actor? actor = null) =>
        Altruists.ChangeAsync(actor ?? Actors.Staff, id, draft, new FieldErrors(), Cancellation);
}
