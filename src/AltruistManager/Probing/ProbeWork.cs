using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Probing;

/// <summary>What ticks start and do not wait for; ended with the process.</summary>
internal sealed partial class ProbeWork : IDisposable
{
    private readonly ILogger<ProbeWork> logger;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Task, byte> underWay = new();
    private int isStopped;

    public ProbeWork(ILogger<ProbeWork> logger)
    {
        this.logger = logger;
        Stopping = stop.Token;
    }

    public CancellationToken Stopping { get; }

    /// <summary>Starts it; what it throws is logged. The task never fails.</summary>
    public Task Start(Func<Task> work)
    {
        if (stop.IsCancellationRequested)
            return Task.CompletedTask;
        var task = RunAsync(work);
        underWay.TryAdd(task, 0);
        _ = task.ContinueWith(done => underWay.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }

    public async Task StopAsync(CancellationToken cancellation)
    {
        // A host that is told to stop from two sides asks twice, the second time perhaps after the disposal.
        if (Interlocked.Exchange(ref isStopped, 1) == 0)
            await stop.CancelAsync();
        await Task.WhenAll(underWay.Keys).WaitAsync(cancellation);
    }

    public void Dispose() => stop.Dispose();

    private async Task RunAsync(Func<Task> work)
    {
        // A tick starts many probes; their beginnings are not its work.
        await Task.Yield();
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The process is stopping.
        }
        catch (Exception exception)
        {
            LogFailed(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Probing failed")]
    private partial void LogFailed(Exception exception);
}
