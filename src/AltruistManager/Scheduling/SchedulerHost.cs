using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;

namespace AltruistManager.Scheduling;

/// <summary>
/// Starts the scheduler with all registered jobs when the host reaches it, and watches by the monotonic clock that schedules fire:
/// Quartz goes by the wall clock and falls silent for as long as that is set back.
/// </summary>
internal sealed partial class SchedulerHost(
    ISchedulerFactory factory, JobTable table, JobWaker waker, SchedulingGate gate, TimeProvider time, ILogger<SchedulerHost> logger) : BackgroundService
{
    private IScheduler? scheduler;

    public static TriggerKey ScheduleOf(string job) => new(job, "schedule");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (gate.Opened.IsCompleted)
            await ScheduleAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    private async Task ScheduleAsync(CancellationToken cancellationToken)
    {
        scheduler = await factory.GetScheduler(cancellationToken);
        foreach (var job in table.All)
        {
            var detail = JobBuilder.Create().OfType(job.Runner).WithIdentity(job.Name).StoreDurably(true).Build();
            await scheduler.AddJob(detail, cancellationToken: cancellationToken);
            if (job.Schedule.Period is not null)
            {
                var first = await scheduler.ScheduleJob(Repeat(job, FirstAt(job.Schedule)), cancellationToken: cancellationToken);
                job.Scheduled(first);
            }
        }

        await scheduler.Start(cancellationToken);
        await waker.StartAsync(scheduler, cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        waker.Stop();
        if (scheduler is not null)
            await scheduler.Shutdown(waitForJobsToComplete: true, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (scheduler is null)
        {
            await gate.Opened.WaitAsync(stoppingToken);
            await ScheduleAsync(stoppingToken);
        }

        var shortest = table.All.Min(job => job.Schedule.Period) ?? TimeSpan.FromMinutes(1);
        using var timer = new PeriodicTimer(TimeSpan.FromTicks(Math.Clamp(shortest.Ticks / 2, TimeSpan.TicksPerSecond / 4, TimeSpan.TicksPerSecond * 5)), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var job in table.All.Where(job => job.TakeSilence()))
                await ReviveAsync(job, stoppingToken);
        }
    }

    private async Task ReviveAsync(JobState job, CancellationToken cancellation)
    {
        try
        {
            LogSilent(job.Name);
            await scheduler!.RescheduleJob(ScheduleOf(job.Name), Repeat(job, job.Schedule.OnTheClock ? LastMultiple(job.Schedule) : time.GetUtcNow()), cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotRevived(exception, job.Name);
        }
    }

    private DateTimeOffset FirstAt(JobSchedule schedule) =>
        schedule.OnTheClock ? LastMultiple(schedule) + schedule.Period!.Value : time.GetUtcNow() + schedule.FirstAfter;

    private DateTimeOffset LastMultiple(JobSchedule schedule)
    {
        var now = time.GetUtcNow();
        return now - TimeSpan.FromTicks((now - DateTimeOffset.UnixEpoch - schedule.FirstAfter).Ticks % schedule.Period!.Value.Ticks);
    }

    private ITrigger Repeat(JobState job, DateTimeOffset startAt)
    {
        var period = job.Schedule.Period!.Value;
        return TriggerBuilder.Create(time)
            .WithIdentity(ScheduleOf(job.Name))
            .ForJob(new JobKey(job.Name))
            .StartAt(startAt)
            // Up to a period late is late; later than that it is left out, so that nothing piles up.
            .WithMisfireThreshold(period)
            .WithSimpleSchedule(schedule => schedule.WithInterval(period).RepeatForever().WithMisfireInstruction(SimpleTriggerMisfireInstruction.NextWithRemainingCount))
            .Build();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The schedule of job {Name} was silent for 1.5 intervals (was the clock set back?) and is started anew")]
    private partial void LogSilent(string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "The schedule of job {Name} could not be started anew")]
    private partial void LogNotRevived(Exception exception, string name);
}
