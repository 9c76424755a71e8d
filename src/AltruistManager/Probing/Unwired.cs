using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Probing;

/// <summary>Stands behind the seams where no later feature is wired: probes are stored and nobody asks for more.</summary>
internal sealed class Unwired : IProbeObserver, IHotAltruists, IProbeDemand, ITrials, ICheckObserver
{
    public IReadOnlyCollection<AltruistId> Primaries => [];

    public IReadOnlyCollection<AltruistId> FirstStandbys => [];

    public IReadOnlyCollection<AltruistId> Retries => [];

    public Task<IReadOnlyCollection<AltruistId>> ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyCollection<AltruistId>>([]);

    public IReadOnlyCollection<NetworkId> TakeSweepsWanted() => [];

    public bool TakeCanariesWanted() => false;

    public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane) => new(Identity: true, IntegrityHeight: null, Syncing: true);

    public Task CheckedAsync(AltruistId altruist, CancellationToken cancellation) => Task.CompletedTask;

    public bool Answers(AltruistId altruist) => true;

    public NetworkPace PaceOf(NetworkId network) => new(BlockTimeSeconds: 12, ToleranceBlocks: 3);

    public IReadOnlyCollection<TrialWish> Wishes => [];

    public Task ObserveAsync(ProbeResult result, CancellationToken cancellation) => Task.CompletedTask;
}
