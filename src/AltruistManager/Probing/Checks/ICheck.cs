using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;

namespace AltruistManager.Probing.Checks;

/// <summary>
/// One thing that is found out about an altruist. One file per check, one line of registration. A check either belongs to the sweeps,
/// because its answer is compared with what others say at the same moment (<see cref="CheckPace.EverySweeps"/>), or goes at its own pace
/// and is decided by itself.
/// </summary>
public interface ICheck
{
    /// <summary>As people read it: <c>head-age</c>.</summary>
    string Name { get; }

    CheckPace Pace { get; }

    /// <summary>Whether it should run for this altruist at all, such as <c>archive</c> only where that is claimed.</summary>
    bool Concerns(CheckSubject subject);

    /// <summary>Asks and, where nobody else is needed for it, decides. What a node does is never an exception.</summary>
    Task<CheckResult> RunAsync(CheckRun run, CancellationToken cancellation);
}

/// <summary>Who is checked.</summary>
/// <param name="Altruist">With the endpoint that is to be asked.</param>
/// <param name="Chains">Those it serves.</param>
public sealed record CheckSubject(Altruist Altruist, IChainProtocol Protocol, IReadOnlyList<Chain> Chains);

/// <summary>How often a check runs; one of the two is set.</summary>
/// <param name="EverySweeps">It is a part of every so many sweeps; 1 is each.</param>
/// <param name="Interval">It runs by itself, in a lane of its own.</param>
public readonly record struct CheckPace(int? EverySweeps, TimeSpan? Interval)
{
    public static CheckPace InSweeps(int every) => new(every, null);

    public static CheckPace Own(TimeSpan interval) => new(null, interval);
}

/// <summary>What became of a check. Stored and published in lower case.</summary>
public enum CheckState
{
    /// <summary>Could not be decided this time; says nothing against the altruist.</summary>
    Unknown,
    Passed,

    /// <summary>Passed, but there is something to know, such as a certificate that expires soon.</summary>
    Warned,
    Failed,

    /// <summary>Asked; whether the answer is good shows only beside those of the others.</summary>
    Asked,
}

/// <summary>A result always travels with its reason and what it rests on.</summary>
/// <param name="Reason">In words that tell a provider what is so and, where it failed, what to do.</param>
public sealed record CheckResult(string Check, CheckState State, string Reason, double DurationMs, IReadOnlyList<Exchange> Exchanges);
