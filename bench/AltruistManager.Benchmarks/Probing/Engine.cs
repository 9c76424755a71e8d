using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Benchmarks.Probing;

/// <summary>The probe engine as the service has it, down to the database; the altruists come out of memory.</summary>
internal sealed class Engine : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly List<IHostedService> hosts = [];

    private Engine(ServiceProvider services) => this.services = services;

    public Sweeper Sweeper => services.GetRequiredService<Sweeper>();

    public HealthBoard Board => services.GetRequiredService<HealthBoard>();

    /// <param name="add">Comes last, so that it wins.</param>
    public static async Task<Engine> PrepareAsync(Roster roster, string database, ProbingOptions probing, Action<IServiceCollection>? add = null)
    {
        var rosters = new RosterCache();
        rosters.Replace(roster);
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddSingleton(TimeProvider.System);
        collection.AddSingleton(Options.Create(new StorageOptions { ConnectionString = $"Data Source={database}" }));
        collection.AddSingleton(Options.Create(probing)).AddSingleton(Options.Create(new HealthOptions()));
        collection.AddSingleton(rosters).AddSingleton<DrainStore>();
        collection.AddStorage().AddProbing().AddHealth();
        add?.Invoke(collection);

        var engine = new Engine(collection.BuildServiceProvider());
        await engine.services.GetRequiredService<Database>().PrepareAsync(create: true, CancellationToken.None);
        await engine.services.GetRequiredService<Migrator>().MigrateAsync(CancellationToken.None);
        return engine;
    }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Takes up the results of checks and the verdicts, and starts what starts by itself.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await services.GetRequiredService<CheckBook>().LoadAsync(services.GetRequiredService<RosterCache>().Current, cancellation);
        await services.GetRequiredService<HealthMonitor>().LoadAsync(cancellation);
        foreach (var host in services.GetServices<IHostedService>())
        {
            await host.StartAsync(cancellation);
            hosts.Add(host);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(hosts))
            await host.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
    }
}
