using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Scheduling;

namespace AltruistManager.Web.Running;

/// <summary>Has a job run out of turn because staff ask for it.</summary>
internal sealed class JobDesk(JobWaker waker, AuditStore audit, RefusalLog refusals)
{
    /// <returns>Null when it begins.</returns>
    public async Task<Refusal?> RunAsync(Actor actor, string name, CancellationToken cancellation)
    {
        var entry = new AuditEntry("job.run", "job", name);
        var refusal = actor.IsStaff ? RefusalOf(waker.Foresee(name), name) : new Refusal(RefusalKind.Forbidden, "staff-only", "Only staff may run a job.");
        if (refusal is not null)
        {
            refusals.Note(actor, entry with { Provider = actor.OnlyProvider, Detail = refusal.Detail });
            return refusal;
        }

        // First: nothing runs of which the trail cannot tell who asked for it.
        await audit.AppendAsync(actor, entry, cancellation);
        return RefusalOf(await waker.RunAsync(name, CancellationToken.None), name);
    }

    private static Refusal? RefusalOf(RunAsked asked, string name) => asked switch
    {
        RunAsked.Begins => null,
        RunAsked.Running => new Refusal(RefusalKind.Taken, "runs-already", "It runs already: wait until it is done."),
        RunAsked.Resting => new Refusal(RefusalKind.Taken, "resting", "Nothing runs on this instance now: only the last-good file is served until the database is back."),
        _ => new Refusal(RefusalKind.Unknown, "unknown-job", $"There is no job named '{name}'."),
    };
}
