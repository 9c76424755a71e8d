using System.Threading.Channels;
using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;

namespace AltruistManager.Tests.Scheduling;

public sealed class SchedulingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Repeating_job_fires_ten_times_a_second()
    {
        await using var world = await World.StartAsync(new JobSchedule(TimeSpan.FromMilliseconds(100), TimeSpan.Zero));

        var first = await world.NextRunAsync();
        for (var run = 0; run < 10; run++)
            await world.NextRunAsync();

        // Ten periods, of which the first may have begun late; a busy machine may be later, but never early.
        Assert.InRange(World.Elapsed(first).TotalMilliseconds, 500, 60_000);
        var times = world.Times.Find("probe")!;
        Assert.NotNull(times.LastStartedAt);
        Assert.NotNull(times.NextAt);
        Assert.Null(world.Times.Find("nothing"));
    }

    [Fact]
    public async Task First_run_waits_for_its_offset()
    {
        await using var world = await World.StartAsync(new JobSchedule(TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(300)));

        var ran = await world.NextRunAsync();

        Assert.InRange((ran - world.StartedAt) / (double)TimeProvider.System.TimestampFrequency, 0.25, 120);
    }

    [Fact]
    public async Task Run_on_the_clock_falls_on_a_multiple_of_its_period_whenever_the_start_was()
    {
        var period = TimeSpan.FromSeconds(7);
        await using var world = await World.StartAsync(new JobSchedule(period, TimeSpan.Zero, OnTheClock: true));

        var next = world.Times.Find("probe")!.NextAt!.Value;
        Assert.Equal(0, (next - DateTimeOffset.UnixEpoch).Ticks % period.Ticks);
        await world.NextRunAsync();
        var after = world.Times.Find("probe")!.NextAt!.Value;
        Assert.True(after >= next && (after - next).Ticks % period.Ticks == 0, $"{next:O} and then {after:O}");
    }

    [Fact]
    public async Task Run_on_the_clock_may_have_its_place_between_two_multiples()
    {
        var (period, place) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2));
        await using var world = await World.StartAsync(new JobSchedule(period, place, OnTheClock: true));

        var next = world.Times.Find("probe")!.NextAt!.Value;
        Assert.Equal(place.Ticks, (next - DateTimeOffset.UnixEpoch).Ticks % period.Ticks);
        Assert.True(next - TimeProvider.System.GetUtcNow() <= period, "it left one out");
        await world.NextRunAsync();
    }

    [Fact]
    public async Task Job_is_woken_by_its_name()
    {
        await using var world = await World.StartAsync(JobSchedule.OnlyWhenWoken);

        await world.Waker.WakeAsync("probe", Cancellation);
        await world.NextRunAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Waker.WakeAsync("nothing", Cancellation));
    }

    [Fact]
    public async Task Run_that_is_asked_for_begins_unless_one_is_under_way_or_nothing_runs()
    {
        await using var world = World.Build(JobSchedule.OnlyWhenWoken);
        Assert.Equal(RunAsked.Resting, await world.Waker.RunAsync("probe", Cancellation));
        world.Script.Gate = new TaskCompletionSource();
        await world.StartAsync();
        Assert.Equal(RunAsked.Unknown, await world.Waker.RunAsync("nothing", Cancellation));

        Assert.Equal(RunAsked.Begins, await world.Waker.RunAsync("probe", Cancellation));
        await world.NextRunAsync();
        Assert.True(world.Times.Find("probe")!.IsRunning);
        Assert.Equal(RunAsked.Running, await world.Waker.RunAsync("probe", Cancellation));
        world.Script.Gate.SetResult();
        await world.EndOfRunAsync(1);
        Assert.Equal(RunAsked.Begins, await world.Waker.RunAsync("probe", Cancellation));
        await world.EndOfRunAsync(2);
        Assert.Equal(2, world.Script.Count);
    }

    [Fact]
    public async Task What_became_of_the_last_run_is_known_and_nothing_that_might_be_secret_of_why_it_failed()
    {
        await using var world = await World.StartAsync(JobSchedule.OnlyWhenWoken);
        world.Script.Failure = new InvalidOperationException("the password is hunter2");
        await world.Waker.RunAsync("probe", Cancellation);
        await world.EndOfRunAsync(1);
        var failed = world.Times.Find("probe")!;
        Assert.Equal(("it broke by a fault of ours (InvalidOperationException)", 1L, false), (failed.LastError, failed.Failures, failed.IsRunning));
        Assert.NotNull(failed.LastTook);
        Assert.NotNull(failed.FailingSince);

        await world.Waker.RunAsync("probe", Cancellation);
        await world.EndOfRunAsync(2);
        Assert.Equal(failed.FailingSince, world.Times.Find("probe")!.FailingSince);
        world.Script.Failure = null;
        await world.Waker.RunAsync("probe", Cancellation);
        await world.EndOfRunAsync(3);
        var done = world.Times.Find("probe")!;
        Assert.Equal((null, null, 3L, 2L), (done.LastError, done.FailingSince, done.Runs, done.Failures));
    }

    [Fact]
    public async Task Wake_before_the_start_runs_at_the_start()
    {
        await using var world = World.Build(JobSchedule.OnlyWhenWoken);
        await world.Waker.WakeAsync("probe", Cancellation);

        await world.StartAsync();

        await world.NextRunAsync();
    }

    [Fact]
    public async Task Wakes_during_a_run_make_it_run_once_more_and_never_at_the_same_time()
    {
        await using var world = World.Build(JobSchedule.OnlyWhenWoken);
        world.Script.Gate = new TaskCompletionSource();
        await world.StartAsync();
        await world.Waker.WakeAsync("probe", Cancellation);
        await world.NextRunAsync();

        for (var wake = 0; wake < 5; wake++)
            await world.Waker.WakeAsync("probe", Cancellation);
        Assert.False(world.Script.Runs.Reader.TryPeek(out _));
        world.Script.Gate.SetResult();

        await world.NextRunAsync();
        await world.Script.Idle(Cancellation);
        await world.Waker.WakeAsync("probe", Cancellation);
        await world.NextRunAsync();
        Assert.Equal(3, world.Script.Count);
        Assert.Equal(1, world.Script.MostAtOnce);
    }

    [Fact]
    public async Task Exception_is_logged_once_and_the_schedule_goes_on()
    {
        await using var world = World.Build(new JobSchedule(TimeSpan.FromMilliseconds(100), TimeSpan.Zero));
        world.Script.Failure = new InvalidOperationException("broken on purpose");
        await world.StartAsync();

        await world.NextRunAsync();
        await world.NextRunAsync();
        await world.NextRunAsync();
        world.Script.Failure = null;
        await world.NextRunAsync();
        await world.NextRunAsync();

        await world.EndOfRunAsync(world.Script.Failures + 1);
        Assert.InRange(world.Script.Failures, 2, int.MaxValue);
        Assert.Equal(world.Script.Failures, world.Log.Count(line => line.Contains("broken on purpose", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Schedule_goes_on_after_the_clock_was_set_back()
    {
        await using var world = await World.StartAsync(new JobSchedule(TimeSpan.FromMilliseconds(500), TimeSpan.Zero));
        await world.NextRunAsync();

        var jumped = TimeProvider.System.GetTimestamp();
        world.Time.Offset = TimeSpan.FromHours(-1);
        await world.RunsSinceAsync(jumped, 5);

        Assert.Contains(world.Log, line => line.Contains("was silent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Clock_set_forward_neither_repeats_nor_stops_a_schedule()
    {
        await using var world = await World.StartAsync(new JobSchedule(TimeSpan.FromMilliseconds(500), TimeSpan.Zero));
        await world.NextRunAsync();

        var jumped = TimeProvider.System.GetTimestamp();
        world.Time.Offset = TimeSpan.FromHours(1);
        await world.RunsSinceAsync(jumped, 6);

        Assert.True(World.Elapsed(jumped) > TimeSpan.FromSeconds(1), "missed runs were made up for");
    }

    [Fact]
    public async Task Stop_cancels_the_running_job_and_waits_for_it()
    {
        var world = World.Build(JobSchedule.OnlyWhenWoken);
        world.Script.Gate = new TaskCompletionSource();
        await world.StartAsync();
        await world.Waker.WakeAsync("probe", Cancellation);
        await world.NextRunAsync();

        await world.DisposeAsync();

        Assert.True(world.Script.WasCancelled);
    }

    /// <summary>What the job under test does.</summary>
    private sealed class Script
    {
        private int count;
        private int running;
        private int most;
        private int failures;

        public Channel<long> Runs { get; } = Channel.CreateUnbounded<long>();

        public TaskCompletionSource? Gate { get; set; }

        public Exception? Failure { get; set; }

        public bool WasCancelled { get; private set; }

        public int Count => count;

        public int MostAtOnce => most;

        public int Failures => Volatile.Read(ref failures);

        public async Task RunAsync(CancellationToken cancellation)
        {
            Interlocked.Increment(ref count);
            most = Math.Max(most, Interlocked.Increment(ref running));
            try
            {
                Runs.Writer.TryWrite(TimeProvider.System.GetTimestamp());
                if (Gate is { } gate)
                    await gate.Task.WaitAsync(cancellation);
                if (Failure is { } failure)
                {
                    Interlocked.Increment(ref failures);
                    throw failure;
                }
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }
            finally
            {
                Interlocked.Decrement(ref running);
            }
        }

        public async Task Idle(CancellationToken cancellation)
        {
            while (Volatile.Read(ref running) > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellation);
        }
    }

    private sealed class ScriptJob(Script script) : IJob
    {
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) => await script.RunAsync(cancellationToken);
    }

    /// <summary>The wall clock can be set; the monotonic one goes on.</summary>
    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly ServiceProvider provider;
        private readonly IHostedService host;

        private World(JobSchedule schedule)
        {
            var services = new ServiceCollection();
            services.AddLogging(logging => logging.AddProvider(new ListLogger(Log)));
            services.AddSingleton<TimeProvider>(Time);
            services.AddSingleton(Script);
            services.AddScheduling();
            services.AddJob<ScriptJob>("probe", _ => schedule);
            provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
            host = provider.GetServices<IHostedService>().Single(service => service is SchedulerHost);
        }

        public SettableClock Time { get; } = new();

        public Script Script { get; } = new();

        public System.Collections.Concurrent.ConcurrentQueue<string> Log { get; } = new();

        public JobWaker Waker => provider.GetRequiredService<JobWaker>();

        public JobTimes Times => provider.GetRequiredService<JobTimes>();

        public long StartedAt { get; private set; }

        public static World Build(JobSchedule schedule) => new(schedule);

        public static async Task<World> StartAsync(JobSchedule schedule)
        {
            var world = new World(schedule);
            await world.StartAsync();
            return world;
        }

        public Task StartAsync()
        {
            StartedAt = TimeProvider.System.GetTimestamp();
            return host.StartAsync(Cancellation);
        }

        public async Task<long> NextRunAsync() => await Script.Runs.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Cancellation);

        /// <summary>When so many have begun since then; of those before some may not have been looked at.</summary>
        public async Task RunsSinceAsync(long since, int count)
        {
            for (var runs = 0; runs < count;)
                if (await NextRunAsync() >= since)
                    runs++;
        }

        /// <summary>When so many runs have ended.</summary>
        public async Task EndOfRunAsync(int runs)
        {
            while (Times.Find("probe")!.Runs < runs)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancellation);
        }

        public static TimeSpan Elapsed(long since) => TimeProvider.System.GetElapsedTime(since);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync(CancellationToken.None);
            await provider.DisposeAsync();
        }
    }
}
