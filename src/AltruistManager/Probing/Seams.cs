using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Probing;

/// <summary>Told of every batch of results, after it is stored. Implemented by Health, called one batch at a time per network.</summary>
public interface IProbeObserver
{
    /// <param name="results">All of one network and lane.</param>
    /// <returns>Those whose verdict changed.</returns>
    Task<IReadOnlyCollection<AltruistId>> ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation);
}

/// <summary>Who is in use and must be watched closely. Implemented by Selection.</summary>
public interface IHotAltruists
{
    /// <summary>The primaries of all slots.</summary>
    IReadOnlyCollection<AltruistId> Primaries { get; }

    /// <summary>The first standbys of all slots that are not primaries elsewhere.</summary>
    IReadOnlyCollection<AltruistId> FirstStandbys { get; }
}

/// <summary>What Health wants to know next. Implemented by Health.</summary>
public interface IProbeDemand
{
    /// <summary>Undecided altruists: to be probed every <see cref="ProbingOptions.RetryInterval"/>.</summary>
    IReadOnlyCollection<AltruistId> Retries { get; }

    /// <summary>Networks where only a fresh sweep can tell who is behind; taken away by reading.</summary>
    IReadOnlyCollection<NetworkId> TakeSweepsWanted();

    /// <summary>True when it is to be found out now whether our own network works; taken away by reading.</summary>
    bool TakeCanariesWanted();

    /// <summary>Which extra questions a probe of this altruist asks now.</summary>
    ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane);
}

/// <param name="Identity">Prove the identity.</param>
/// <param name="IntegrityHeight">Tell the hash at this height; null asks for none.</param>
/// <param name="Syncing">Ask the node whether it syncs.</param>
/// <param name="Sweep">The how-manieth sweep of this altruist since the start it is; null outside of sweeps.</param>
public readonly record struct ProbeQuestions(bool Identity, long? IntegrityHeight, bool Syncing, int? Sweep = null);

/// <summary>Told when checks of their own pace were recorded. Implemented by Health.</summary>
public interface ICheckObserver
{
    Task CheckedAsync(AltruistId altruist, CancellationToken cancellation);

    /// <summary>Whether it answers at present. Who does not, or is out until a person resumes it, is not checked beside its probes: what it has proven stays as it was.</summary>
    bool Answers(AltruistId altruist);

    /// <summary>What is known of the network that is checked.</summary>
    Checks.NetworkPace PaceOf(NetworkId network);
}

/// <summary>Changed endpoints beside those in service. Implemented by Health.</summary>
public interface ITrials
{
    IReadOnlyCollection<TrialWish> Wishes { get; }

    /// <summary>Told of each probe of the trial lane, after it is stored.</summary>
    Task ObserveAsync(ProbeResult result, CancellationToken cancellation);
}

/// <param name="Often">At the pace of retries; else at that of sweeps.</param>
public readonly record struct TrialWish(AltruistId Altruist, bool Often);
