using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Probing;

/// <summary>Stands behind the seams where no later feature is wired: probes are stored and nobody asks for more.</summary>
internal sealed class Unwired : IProbeObserver, IHotAltruists, IProbeDemand
{
    public IReadOnlyCollection<AltruistId> Primaries => [];

    public IReadOnlyCollection<AltruistId> FirstStandbys => [];

    public IReadOnlyCollection<AltruistId> Retries => [];

    public Task ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation) => Task.CompletedTask;

    public IReadOnlyCollection<NetworkId> TakeSweepsWanted() => [];

    public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane) => new(Identity: true, IntegrityHeight: null, Syncing: true);
}
