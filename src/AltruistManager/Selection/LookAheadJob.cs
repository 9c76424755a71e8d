using Quartz;

namespace AltruistManager.Selection;

/// <summary>Some seconds before each round (<see cref="SelectionOptions.LookAhead"/>).</summary>
internal sealed class LookAheadJob(LookAhead ahead) : IJob
{
    public const string Name = "look-ahead";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await ahead.RunAsync(cancellationToken);
}
