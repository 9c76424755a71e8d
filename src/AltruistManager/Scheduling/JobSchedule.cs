namespace AltruistManager.Scheduling;

/// <summary>When a job runs by itself; it may also be woken (<see cref="JobWaker"/>).</summary>
/// <param name="Period">Start to start; null for a job that only runs when it is woken.</param>
/// <param name="FirstAfter">From the start of the scheduler to the first run; on the clock, from the multiple to the run.</param>
/// <param name="OnTheClock">Runs fall <paramref name="FirstAfter"/> after multiples of the period since the epoch instead, so that restarts do not move them.</param>
public readonly record struct JobSchedule(TimeSpan? Period, TimeSpan FirstAfter, bool OnTheClock = false)
{
    public static readonly JobSchedule OnlyWhenWoken;
}
