using AltruistManager.Scheduling;
using AltruistManager.Selection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Publishing;

/// <summary>All configured publishers, each running by itself, from when there is something to publish until the process ends.</summary>
public sealed class PublisherHost : BackgroundService, IAsyncDisposable
{
    private readonly SchedulingGate gate;
    private readonly List<PublisherRunner> runners;

    internal PublisherHost(
        IReadOnlyList<PublisherOptions> publishers, IPickSource source, IPublisherMemory memory, PublisherHttp http, SchedulingGate gate, IOptions<PublishingOptions> publishing, TimeProvider time,
        ILoggerFactory loggers)
    {
        this.gate = gate;
        var tools = new PublisherTools(publishing.Value, http, time);
        var holder = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        runners = [.. publishers.Select(options => new PublisherRunner(options, options.Create(tools), source, memory, holder, publishing.Value, time, loggers.CreateLogger<PublisherRunner>()))];
    }

    /// <summary>By name.</summary>
    public IReadOnlyList<PublisherStatus> Statuses => [.. runners.Select(runner => runner.Status).OrderBy(status => status.Name, StringComparer.Ordinal)];

    /// <summary>Targets that are behind for too long, for <c>/healthz/fresh</c>.</summary>
    public IEnumerable<string> Alarms => runners.Select(runner => runner.Alarm).OfType<string>();

    /// <summary>Finds the catalogue of eRPC that a publisher keeps.</summary>
    /// <returns>False where no publisher of this name keeps one.</returns>
    /// <param name="catalogue">Null until it was put together for the first time.</param>
    public bool TryFindCatalogue(string publisher, out Answer? catalogue)
    {
        var found = runners.Find(runner => runner.Status.Name == publisher)?.Publisher as ErpcCatalogue;
        catalogue = found?.Current;
        return found is not null;
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        foreach (var publisher in runners.Select(runner => runner.Publisher).OfType<IAsyncDisposable>())
            await publisher.DisposeAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await gate.Opened.WaitAsync(stoppingToken);
        await Task.WhenAll(runners.Select(runner => runner.RunAsync(stoppingToken)));
    }
}
