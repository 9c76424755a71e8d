using System.Collections.Concurrent;
using AltruistManager.Client;
using AltruistManager.Transparency;
using AltruistManager.Web.Commands.Follow;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>A manager whose log keeps whoever reads it busy: it costs what it may cost, and no more.</summary>
public sealed class HostileLogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wait_that_it_asks_for_is_kept_within_reason()
    {
        var asked = 0;
        await using var manager = await ServeAsync(context =>
        {
            if (Interlocked.Increment(ref asked) > 1)
                return context.Response.WriteAsync("""{ "origin": "one", "keys": [] }""", Cancellation);
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "86400";
            return Task.CompletedTask;
        });
        var time = new ImpatientTime();
        using var log = new LogAtUrl(new Uri(manager.Urls.Single()), time);
        await log.OpenAsync(Cancellation).WaitAsync(Patience, TimeProvider.System, Cancellation);
        Assert.Equal([TimeSpan.FromSeconds(30)], time.Waits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_that_lead_nowhere_are_not_followed(bool newestFirst)
    {
        var header = new LogHeader
        {
            Origin = "one", Generation = 100, Trigger = "manual", Round = 1, IsRound = false, ScheduledAt = 1, At = 1, BodyHash = "00", PreviousHash = "00", Hash = "00",
        };
        var item = System.Text.Json.JsonSerializer.Serialize(new { signed = header.ToText(), signature = (string?)null });
        await using var manager = await ServeAsync(context => context.Response.WriteAsync(
            (context.Request.Path.Value!.Split('/')[^1], context.Request.Query["limit"].ToString(), context.Request.Query["from"].ToString(), context.Request.Query["before"].ToString()) switch
            {
                ("key", _, _, _) => """{ "origin": "one", "keys": [] }""",
                ("head", _, _, _) => item,
                (_, "1", { Length: > 0 }, _) => $$"""{ "items": [{{item}}], "next": "100" }""",
                (_, "1", _, _) => """{ "items": [], "next": null }""",
                (_, _, var from, var before) => $$"""{ "items": [], "next": "{{from}}{{before}}" }""",
            },
            Cancellation));
        using var log = new LogAtUrl(new Uri(manager.Urls.Single()), TimeProvider.System);
        var reading = newestFirst ? log.NewestRoundAsync(100, Cancellation) : ReadAllAsync();
        var refused = await Assert.ThrowsAsync<LogSourceException>(() => reading.WaitAsync(Patience, TimeProvider.System, Cancellation));
        Assert.Contains("never end", refused.Message);

        async Task ReadAllAsync()
        {
            await foreach (var entry in log.ReadAsync(100, 100, Cancellation))
                Assert.Null(entry.Body);
        }
    }

    [Fact]
    public async Task Log_that_is_never_read_to_its_end_proves_nothing_and_keeps_nobody_waiting_for_ever()
    {
        await using var manager = await ServeAsync(context => context.Request.Path.Value!.EndsWith("/selections", StringComparison.Ordinal)
            ? context.Response.WriteAsync("""
                { "region": "r", "origin": "one", "generation": 5, "revoked": [], "selections": [ { "chain": "0021", "region": "r", "state": "none", "primaries": [], "standbys": [], "origin": "one", "generation": 5 } ] }
                """, Cancellation)
            : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        var folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
        try
        {
            var time = new ImpatientTime();
            var log = new Lines();
            var judge = new LogJudge(new ProvenPicks([], null, time), new ProvenHeadFile(Path.Combine(folder, "heads"), NullLogger<ProvenHeadFile>.Instance), time, log);
            await using var client = new AltruistManagerClient(
                new AltruistManagerOptions { Managers = { new Uri(manager.Urls.Single()) }, Region = "r", Stream = false, StartTimeout = Patience }, judge: judge);
            var starting = client.StartAsync(Cancellation);
            Assert.Contains("could not be read within 2 min", await log.FirstAsync().WaitAsync(Patience, TimeProvider.System, Cancellation));
            Assert.Null(client.Selections);
            await client.StopAsync(Cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(Cancellation);
        return app;
    }

    /// <summary>Remembers how long was waited for, and has that be over at once.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        private readonly ConcurrentQueue<TimeSpan> waits = new();

        public IReadOnlyCollection<TimeSpan> Waits => waits;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            waits.Enqueue(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }

    private sealed class Lines : ILogger<LogJudge>
    {
        private readonly TaskCompletionSource<string> first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> FirstAsync() => first.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => first.TrySetResult(formatter(state, exception));
    }
}
