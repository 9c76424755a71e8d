namespace AltruistManager.Scheduling;

/// <summary>Holds the scheduler back until the state that jobs work on is loaded.</summary>
public sealed class SchedulingGate
{
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it is open, and stays so.</summary>
    public Task Opened => opened.Task;

    public void Open() => opened.TrySetResult();

    internal static SchedulingGate AlwaysOpen()
    {
        var gate = new SchedulingGate();
        gate.Open();
        return gate;
    }
}
