using AltruistManager.Scheduling;
using Quartz;

namespace AltruistManager.Selection;

/// <summary>A round, every <see cref="SelectionOptions.Interval"/>; woken by somebody, one out of turn.</summary>
internal sealed class SelectionJob(SelectionRound round, TimeProvider time) : IJob
{
    public const string Name = "selection";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await round.RunAsync(
            context.Trigger.Key.Equals(SchedulerHost.ScheduleOf(Name)) ? Trigger.Scheduled : Trigger.Manual, context.ScheduledFireTimeUtc ?? time.GetUtcNow(), cancellationToken);
}

/// <summary>What time alone changes: overrides and holds that expire, cool-downs that end, maintenance that begins or ends.</summary>
internal sealed class SettleJob(SelectionRound round) : IJob
{
    public const string Name = "settle";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await round.SettleAsync(Trigger.Recovery, cancellationToken);
}
