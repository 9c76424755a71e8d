using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Client.Tests;

/// <summary>A client with two managers, a clock of its own and a folder of its own.</summary>
internal sealed class Portal : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-client-").FullName;

    public FakeManagers Managers { get; } = new();

    public FakeManager First => Managers["first"];

    public FakeManager Second => Managers["second"];

    public ManualTime Time { get; } = new();

    public LinesLogger Log { get; } = new();

    public string File => Path.Combine(folder, "last-good");

    public AltruistManagerClient Client { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts the client, anew if there was one.</summary>
    public async Task StartAsync(Action<AltruistManagerOptions>? configure = null, ISelectionJudge? judge = null)
    {
        if (Client is not null)
            await Client.DisposeAsync();
        _ = (First, Second);
        var options = new AltruistManagerOptions { Key = "am_secret-key", Region = Told.Region, LastGoodFile = File };
        options.Managers.Add(new Uri("http://first/"));
        options.Managers.Add(new Uri("http://second"));
        configure?.Invoke(options);
        Client = new AltruistManagerClient(options, Log, Time, judge, Managers);
        var starting = Client.StartAsync(Cancellation);
        // By a clock that goes on the start would end without picks, were this machine too busy to answer.
        await UntilAsync("the client has started", () => starting.IsCompleted, step: First.AnswersAtOnce ? 0 : 0.1);
        await starting;
    }

    /// <summary>Moves the clock step by step until it is so.</summary>
    /// <param name="step">In seconds; shorter than what is waited for by whatever runs meanwhile. 0 for what needs no time by this clock.</param>
    /// <param name="pauseMs">Of real time before each step, for what runs to get its turn on a busy machine.</param>
    public async Task UntilAsync(string what, Func<bool> isSo, double step = 0.5, int pauseMs = 10)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                Assert.Fail($"It did not come about that {what}. Log:\n{string.Join('\n', Log.Lines)}");
            await Task.Delay(TimeSpan.FromMilliseconds(pauseMs), TimeProvider.System, Cancellation);
            if (!isSo())
                Time.Advance(TimeSpan.FromSeconds(step));
        }
    }

    public Task UntilHeldAsync(long generation) => UntilAsync($"generation {generation} is held", () => Client.Selections?.Generation == generation);

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Keeps every line.</summary>
internal sealed class LinesLogger : ILogger<AltruistManagerClient>
{
    private readonly ConcurrentQueue<string> lines = new();

    public IReadOnlyCollection<string> Lines => lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
}
