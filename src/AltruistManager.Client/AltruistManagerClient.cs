using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Client;

/// <summary>Whether what a client holds is up to date.</summary>
public enum ClientState
{
    /// <summary>There are no picks, and never were.</summary>
    Empty,

    /// <summary>A manager was heard lately.</summary>
    Fresh,

    /// <summary>No manager was heard for <see cref="AltruistManagerOptions.StaleAfter"/>: the last good picks stay in use.</summary>
    Stale,
}

/// <summary>
/// The picks of a region, always at hand: from a manager while one can be heard, from the last good ones in memory and on disk while none can. Asking it costs a look into memory and
/// never fails because a manager is away.
/// </summary>
public sealed partial class AltruistManagerClient : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    private readonly ILogger logger;
    private readonly HttpClient http;
    private readonly LastGoodFile file;
    private readonly SelectionFeed feed;
    private readonly CancellationTokenSource ending = new();
    private readonly ChainNames names;
    private volatile HeldSelections held = HeldSelections.Nothing;
    private volatile RouteTable routes = RouteTable.Empty;
    private volatile TaskCompletionSource change = NewChange();
    private Task listening = Task.CompletedTask;
    private Task reporting = Task.CompletedTask;
    private int begun;
    private int ended;

    /// <summary>Makes a client that does nothing before <see cref="StartAsync"/>.</summary>
    /// <param name="options">Not to be changed afterwards.</param>
    /// <param name="logger">Told what a person may want to know; never a URL of an altruist or a credential.</param>
    /// <param name="time">The clock; null means the system's.</param>
    /// <param name="judge">Has a say before picks are taken.</param>
    /// <param name="transport">Carries calls to managers; disposed with the client. Null makes one.</param>
    /// <exception cref="ArgumentException">Names every bad option.</exception>
    public AltruistManagerClient(
        AltruistManagerOptions options, ILogger<AltruistManagerClient>? logger = null, TimeProvider? time = null, ISelectionJudge? judge = null, HttpMessageHandler? transport = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.FindFaults() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        Options = options;
        Time = time ?? TimeProvider.System;
        this.logger = logger ?? NullLogger<AltruistManagerClient>.Instance;
        http = new HttpClient(transport ?? CreateTransport()) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 256 * 1024 * 1024 };
        ManagerConnection[] managers = [.. options.Managers.Select(address => new ManagerConnection(address, options, http, Time))];
        Metrics = new ClientMetrics(() => State, () => held.Current?.Generation);
        Reports = new RelayReports(options, managers, Metrics.Lost, Time, this.logger);
        file = new LastGoodFile(options.LastGoodFile, this.logger);
        names = new ChainNames(managers, Save, Time, ending.Token);
        feed = new SelectionFeed(options, managers, judge, Take, Time, this.logger);
    }

    /// <summary>Whether the picks are up to date; all of them are to be used whatever it is.</summary>
    public ClientState State => held.Current is null ? ClientState.Empty : feed.IsStale ? ClientState.Stale : ClientState.Fresh;

    /// <summary>When a manager was heard last; null since the start.</summary>
    public DateTimeOffset? HeardAt => feed.HeardAt;

    /// <summary>When the manager last looked at all picks, as of the last poll: they are as old as that at most. Null where that is not known.</summary>
    public DateTimeOffset? ConfirmedAt => feed.ConfirmedAt;

    /// <summary>All picks; null while there are none.</summary>
    public SelectionSet? Selections => held.Current;

    /// <summary>What managers are told of how altruists served.</summary>
    public RelayReports Reports { get; }

    internal AltruistManagerOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ClientMetrics Metrics { get; }

    /// <summary>The pick of a chain; null when none is known. A look into memory.</summary>
    /// <param name="chain">Its id, or another name that was found once.</param>
    public ChainSelection? Find(string chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return held.Current?.Find(chain) ?? (names.Find(chain) is { } id ? held.Current?.Find(id) : null);
    }

    /// <summary>
    /// The pick of a chain; null when no manager knows it. Only a name that was never met waits for a manager, for 2 s at most; of such names five a second are asked for, after a hundred at once.
    /// </summary>
    /// <param name="chain">Id or alias.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<ChainSelection?> FindAsync(string chain, CancellationToken cancellation = default) =>
        Find(chain) ?? (await names.ResolveAsync(chain, cancellation) is { } id ? held.Current?.Find(id) : null);

    /// <summary>Waits until other picks are held than these.</summary>
    /// <param name="known">What was held; null for nothing.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<SelectionSet> WaitForChangeAsync(SelectionSet? known, CancellationToken cancellation = default)
    {
        while (true)
        {
            var next = change.Task;
            if (held.Current is { } current && !ReferenceEquals(current, known))
                return current;
            await next.WaitAsync(cancellation);
        }
    }

    /// <summary>Takes the last good picks from disk and begins to listen. Without any it waits for the first ones, <see cref="AltruistManagerOptions.StartTimeout"/> at most; never fails because a manager is away.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref begun, 1) != 0)
            return;
        if (file.Read() is { } good && (Options.Region is null || good.Held.Current!.Region == Options.Region))
        {
            names.Begin(good.Names);
            feed.Begin(good.Held);
            Hold(good.Held);
            LogKept(good.Held.Current!);
        }

        listening = Task.Run(() => RunAsync(feed.RunAsync), CancellationToken.None);
        reporting = Task.Run(() => RunAsync(ReportAsync), CancellationToken.None);
        if (held.Current is not null)
            return;
        try
        {
            await feed.First.WaitAsync(Options.StartTimeout, Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogNothingYet(Options.StartTimeout);
        }
    }

    /// <summary>Ends listening and sends the last report, for 2 s at most. What is held can still be asked for.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref ended, 1) != 0)
            return;
        await ending.CancelAsync();
        await Task.WhenAll(listening, reporting, names.EndAsync()).WaitAsync(cancellationToken);
        if (begun == 0)
            return;
        using var farewell = new CancellationTokenSource(FarewellPatience, Time);
        using var following = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), farewell);
        try
        {
            Collect();
            await Reports.SendAsync(farewell.Token);
        }
        catch (OperationCanceledException)
        {
            // The manager is away: the report is lost with the process.
        }
    }

    /// <summary>Stops it if that was not done, and frees connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        http.Dispose();
        Metrics.Dispose();
        ending.Dispose();
    }

    internal Route? FindRoute(string chain) =>
        routes.Find(chain) ?? (names.Find(chain) is { } id ? routes.Find(id) : null);

    internal async ValueTask<Route?> FindRouteAsync(string chain, CancellationToken cancellation) =>
        await names.ResolveAsync(chain, cancellation) is { } id ? routes.Find(id) : null;

    private static SocketsHttpHandler CreateTransport() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(Func<CancellationToken, Task> run)
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                await run(ending.Token);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                return;
            }
            catch (Exception bug)
            {
                // Once per process: whatever it is, the portal goes on with what it has.
                LogBug(bug);
                await Task.Delay(Backoff.Longest, Time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Take(HeldSelections next)
    {
        Hold(next);
        Save();
    }

    private void Hold(HeldSelections next)
    {
        // Should they not come about, both stay as they were.
        var ready = routes.Next(next.Current!, Reports);
        var before = held.Current?.PassedOver ?? [];
        held = next;
        routes = ready;
        names.ForgetUnknown();
        var told = change;
        change = NewChange();
        told.SetResult();
        foreach (var altruist in next.Current!.PassedOver.Except(before))
            LogPassedOver(altruist.Label, altruist.Altruist, altruist.Chain, altruist.Why);
    }

    private void Save() => file.Save(() => new LastGood(held, names.All));

    private async Task ReportAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Options.ReportInterval, Time, cancellation);
            Collect();
            await Reports.SendAsync(cancellation);
        }
    }

    private void Collect()
    {
        if (held.Current is { } current)
            Reports.Collect(routes.Uses, name => Find(name)?.Chain, current.Region);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Begins with the last good picks: {Kept}")]
    private partial void LogKept(SelectionSet kept);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No manager has told any picks within {Timeout}; they are used as soon as there are some")]
    private partial void LogNothingYet(TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Label} ({Altruist}) is passed over for the chain {Chain}: {Why}")]
    private partial void LogPassedOver(string label, string altruist, string chain, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Something that must not happen; the picks in use stay")]
    private partial void LogBug(Exception exception);
}
