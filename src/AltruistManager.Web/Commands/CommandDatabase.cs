using System.CommandLine;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Commands;

/// <summary>The database of a command that works beside the service or without it; a running one notices what is written within a second.</summary>
internal sealed class CommandDatabase : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly string vantage;

    private CommandDatabase(ServiceProvider services, string vantage)
    {
        this.services = services;
        this.vantage = vantage;
    }

    /// <summary>Who runs commands, named as the machine knows them.</summary>
    public static Actor Operator => Actor.Operator with { Name = $"command line ({Environment.UserName})" };

    public Database Database => services.GetRequiredService<Database>();

    public OverrideStore Overrides => services.GetRequiredService<OverrideStore>();

    public HoldStore Holds => services.GetRequiredService<HoldStore>();

    public OrderRegistry Orders => services.GetRequiredService<OrderRegistry>();

    public ApiKeyStore Keys => services.GetRequiredService<ApiKeyStore>();

    public KeyUses KeyUses => services.GetRequiredService<KeyUses>();

    public DrainStore Drains => services.GetRequiredService<DrainStore>();

    public AltruistImport AltruistImport => services.GetRequiredService<AltruistImport>();

    public ChainImport ChainImport => services.GetRequiredService<ChainImport>();

    public Users Users => services.GetRequiredService<Users>();

    public UserStore UserStore => services.GetRequiredService<UserStore>();

    public UserRegistry UserRegistry => services.GetRequiredService<UserRegistry>();

    public KeyRing Ring => services.GetRequiredService<KeyRing>();

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <param name="parsed">What it does not know itself is configuration.</param>
    public static CommandDatabase Of(ParseResult parsed)
    {
        var configuration = ServiceBuilder.Create([.. parsed.UnmatchedTokens]).Configuration;
        var storage = Settings.ReadStorage(configuration);
        var added = new ServiceCollection().AddLogging().AddSingleton(Options.Create(storage)).AddSingleton(TimeProvider.System).AddStorage().AddAccounts().AddAltruists();
        added.AddChainProtocols().AddSingleton<IHealthHeritage, HealthStore>();
        // Looked into by those commands alone that register something.
        added.AddSingleton<IRegistrationRules>(_ =>
        {
            var (probing, selection) = Settings.ReadRegistering(configuration);
            return new RegistrationRules(Options.Create(probing), Options.Create(selection));
        });
        added.AddSingleton<OverrideStore>().AddSingleton<HoldStore>().AddSingleton<OrderRegistry>();
        return new CommandDatabase(added.BuildServiceProvider(), configuration["Probing:Vantage"] ?? new ProbingOptions().Vantage);
    }

    /// <summary>For writing: the schema is brought up to this version. A database that does not exist is refused.</summary>
    public Task<Roster> OpenAsync(CancellationToken cancellation) => OpenAsync(create: false, cancellation);

    /// <param name="create">Whether a database that does not exist may be made.</param>
    public async Task<Roster> OpenAsync(bool create, CancellationToken cancellation)
    {
        await MigrateAsync(create, cancellation);
        return await ReadRosterAsync(cancellation);
    }

    /// <summary>For writing what needs no roster.</summary>
    /// <param name="create">Makes a database that does not exist.</param>
    public async Task MigrateAsync(bool create, CancellationToken cancellation)
    {
        await Database.PrepareAsync(create, cancellation);
        await services.GetRequiredService<Migrator>().MigrateAsync(cancellation);
    }

    public async Task<Roster> ReadRosterAsync(CancellationToken cancellation)
    {
        var cache = services.GetRequiredService<RosterCache>();
        await cache.RefreshAsync(cancellation);
        return cache.Current;
    }

    /// <summary>By the verdicts that are stored; null for one that is eligible, or of whom nothing is known.</summary>
    public async Task<string?> WhyNotEligibleAsync(AltruistId altruist, CancellationToken cancellation) =>
        (await new HealthStore(Database).LoadAsync(vantage, [altruist], cancellation)) is [{ State: not (VerdictState.Healthy or VerdictState.Failing) } verdict]
            ? $"{VerdictNames.Of(verdict.State)}: {verdict.Reason}"
            : null;

    /// <summary>What was refused is written before the process ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await services.GetRequiredService<RefusalLog>().FlushAsync(CancellationToken.None);
        await services.DisposeAsync();
    }
}
