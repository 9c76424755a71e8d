using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing.Checks;

/// <summary>One thing that is found out about an altruist. One file per check, one line of registration (<see cref="CheckSetup"/>).</summary>
public interface ICheck
{
    /// <summary>As people read it: <c>head-age</c>.</summary>
    string Name { get; }

    CheckPace Pace { get; }

    /// <summary>Whether it should run for this altruist at all, such as <c>archive</c> only where that is claimed.</summary>
    bool Concerns(in CheckSubject subject);
}

/// <summary>A part of the sweeps, because its answer is compared with what others say at the same moment. It asks during a probe; judged is it beside the others.</summary>
internal interface ISweepCheck : ICheck
{
    /// <summary>Whether it asks something in this probe.</summary>
    bool IsDue(in ProbeQuestions questions) => questions.Sweep is { } nth && nth % (Pace.EverySweeps ?? 1) == 0;

    /// <summary>How many calls it makes where it is due; for the budget that the altruist's owner is shown.</summary>
    int CallsOf(in CheckSubject subject);

    /// <summary>Adds to what is observed. What a node does is never an exception.</summary>
    Task AskAsync(CheckRun run, CancellationToken cancellation);

    /// <summary>What became of it, in words.</summary>
    Judged Judge(SweepFacts facts);
}

/// <summary>Goes at its own pace, in a lane of its own, and is decided by itself.</summary>
internal interface IOwnCheck : ICheck
{
    /// <summary>How many calls one run makes, of a node that is well; for the budget that the altruist's owner is shown.</summary>
    int CallsOf(in CheckSubject subject);

    /// <summary>How long one run may take.</summary>
    TimeSpan Patience => TimeSpan.FromSeconds(15);

    /// <summary>Those it asks: what it found says nothing of others.</summary>
    /// <param name="path">Of the altruist's chains, behind its URL.</param>
    IEnumerable<string> UrlsOf(Altruist altruist, string path) => [AltruistUrl.WithPath(altruist.Url, path)];

    /// <summary>What is clear without asking, such as that nobody can prove the claim on its protocol: said once, until it is otherwise. Null where it has to be asked.</summary>
    (CheckState State, string Reason)? Foregone(in CheckSubject subject) => null;

    /// <summary>Whether it should look again soon rather than after its interval.</summary>
    bool IsPressing(CheckRecord newest) => newest.State is CheckState.Failed or CheckState.Unknown;

    /// <summary>Asks and decides. What a node does is never an exception.</summary>
    Task<CheckResult> RunAsync(OwnCheckRun run, CancellationToken cancellation);
}

/// <summary>Who is checked.</summary>
/// <param name="Altruist">With the endpoint that is to be asked.</param>
/// <param name="Chains">Those of its network.</param>
public readonly record struct CheckSubject(Altruist Altruist, IChainProtocol Protocol, IReadOnlyList<Chain> Chains)
{
    /// <summary>Of its first chain; probed and published behind its URL.</summary>
    public string Path
    {
        get
        {
            var first = Altruist.Chains.Count > 0 ? Altruist.Chains[0] : (ChainId?)null;
            return Chains.FirstOrDefault(chain => chain.Id == first)?.Path ?? "";
        }
    }
}

/// <summary>How often a check runs; one of the two is set.</summary>
/// <param name="EverySweeps">It is a part of every so many sweeps; 1 is each.</param>
/// <param name="Interval">It runs by itself, in a lane of its own.</param>
public readonly record struct CheckPace(int? EverySweeps, TimeSpan? Interval)
{
    public static CheckPace InSweeps(int every) => new(every, null);

    public static CheckPace Own(TimeSpan interval) => new(null, interval);
}

/// <summary>What became of a check. Stored and published in lower case.</summary>
public enum CheckState : byte
{
    /// <summary>Could not be decided this time; says nothing against the altruist.</summary>
    Unknown,
    Passed,

    /// <summary>Passed, but there is something to know, such as a certificate that expires soon.</summary>
    Warned,
    Failed,

    /// <summary>Not asked, because something that it needs had failed before.</summary>
    Skipped,
}

/// <summary>A state that travels with its reason.</summary>
/// <param name="Reason">In words that tell a provider what is so and, where it failed, what to do; without secrets and URLs.</param>
/// <param name="At">When that was seen; null when it never was.</param>
public readonly record struct Judged(CheckState State, string Reason, DateTimeOffset? At);

/// <summary>A result always travels with its reason and what it rests on.</summary>
/// <param name="Reason">See <see cref="Judged.Reason"/>.</param>
/// <param name="Exchanges">What was asked and what came back.</param>
public sealed record CheckResult(string Check, CheckState State, string Reason, double DurationMs, IReadOnlyList<Exchange> Exchanges);

/// <summary>The newest of a check, as it is published.</summary>
/// <param name="At">When that was seen; null when it never was.</param>
public sealed record CheckStatus(string Check, CheckState State, string Reason, DateTimeOffset? At);
