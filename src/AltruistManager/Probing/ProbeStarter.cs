using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>Knows which altruists may be probed and starts their probes in a lane.</summary>
internal sealed partial class ProbeStarter(RosterCache rosters, ProtocolCatalog protocols, Prober prober, EgressProof egress, IProbeDemand demand, ProbeWork work, BrokenProbes broken, IOptions<ProbingOptions> options, ILogger<ProbeStarter> logger)
{
    private readonly ConcurrentDictionary<AltruistId, byte> refused = new();

    /// <summary>Live, enabled, with an endpoint that is known, and of a protocol that is spoken here.</summary>
    public bool MayProbe(Altruist altruist) => altruist is { Enabled: true, RetiredAt: null, Undecryptable: null } && ProtocolOf(altruist) is not null;

    /// <summary>The altruist, when it may be probed now.</summary>
    public Altruist? Find(AltruistId id) => rosters.Current.Altruists.TryGetValue(id, out var altruist) && MayProbe(altruist) ? altruist : null;

    /// <summary>What checks must know of an altruist; null when its protocol is not spoken here.</summary>
    public CheckSubject? SubjectOf(Altruist altruist) =>
        ProtocolOf(altruist) is { } protocol ? new CheckSubject(altruist, protocol, rosters.Current.ChainsByNetwork.GetValueOrDefault(altruist.Network, [])) : null;

    private IChainProtocol? ProtocolOf(Altruist altruist) => protocols.Find(altruist.Network, rosters.Current.ChainsByNetwork.GetValueOrDefault(altruist.Network, []));

    /// <returns>Null when a probe of this altruist and lane is still under way, and after a bug of ours.</returns>
    public Task<ProbeResult?> StartAsync(Altruist altruist, Lane lane, ProbeLane name)
    {
        var asked = AskedOf(altruist, name);
        return lane.RunAsync(asked, () => ProbeAsync(asked, name), work.Stopping);
    }

    /// <summary>Probes what somebody proposes, at once and in no lane; moves no verdict.</summary>
    /// <param name="proposed">As it would be in service.</param>
    /// <returns>Null where it may not be probed, and after a bug of ours.</returns>
    public Task<ProbeResult?> TestAsync(Altruist proposed, CancellationToken cancellation) =>
        MayProbe(proposed) ? ProbeAsync(proposed, ProbeLane.Test).WaitAsync(cancellation) : Task.FromResult<ProbeResult?>(null);

    /// <summary>All of them, when the last has ended. Left out is whose probe of this lane is still under way, and what a bug of ours broke.</summary>
    public async Task<List<ProbeResult>> AskAllAsync(IReadOnlyCollection<Altruist> altruists, Lane lane, ProbeLane name)
    {
        var results = new List<ProbeResult>(altruists.Count);
        var left = altruists.Count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(altruists, lane, name, result =>
        {
            lock (results)
            {
                if (result is not null)
                    results.Add(result);
                if (--left == 0)
                    all.SetResult();
            }
        });
        if (altruists.Count > 0)
            await all.Task;
        work.Stopping.ThrowIfCancellationRequested();
        return results;
    }

    /// <summary>The same as they come, so that nobody waits for the slowest: those that ended while the batch before was dealt with.</summary>
    public async IAsyncEnumerable<List<ProbeResult>> AskEachAsync(IReadOnlyCollection<Altruist> altruists, Lane lane, ProbeLane name)
    {
        var ended = Channel.CreateUnbounded<ProbeResult?>(new UnboundedChannelOptions { SingleReader = true });
        Run(altruists, lane, name, result => ended.Writer.TryWrite(result));
        for (var left = altruists.Count; left > 0;)
        {
            await ended.Reader.WaitToReadAsync(work.Stopping);
            var batch = new List<ProbeResult>();
            while (ended.Reader.TryRead(out var result))
            {
                left--;
                if (result is not null)
                    batch.Add(result);
            }

            work.Stopping.ThrowIfCancellationRequested();
            if (batch.Count > 0)
                yield return batch;
        }
    }

    private void Run(IReadOnlyCollection<Altruist> altruists, Lane lane, ProbeLane name, Action<ProbeResult?> done)
    {
        Task<ProbeResult?> Probe(Altruist altruist) => ProbeAsync(altruist, name);
        Func<Altruist, Task<ProbeResult?>> probe = Probe;
        foreach (var altruist in altruists)
            lane.Run(AskedOf(altruist, name), probe, done, work.Stopping);
    }

    private static Altruist AskedOf(Altruist altruist, ProbeLane lane) => lane == ProbeLane.Trial ? altruist with { Serving = null } : altruist.InService;

    private async Task<ProbeResult?> ProbeAsync(Altruist altruist, ProbeLane lane)
    {
        ProbeOutcome? outcome = null;
        var began = ProbeMetrics.Began(lane);
        try
        {
            var questions = lane switch
            {
                // A hot probe is one cheap question; who answers it where its identity is not proven, as after a promotion by another instance, is asked who it is.
                ProbeLane.Hot or ProbeLane.Failover => new ProbeQuestions(demand.QuestionsFor(altruist, lane).Identity, IntegrityHeight: null, Syncing: false),
                ProbeLane.Trial or ProbeLane.Test => new ProbeQuestions(Identity: true, IntegrityHeight: null, Syncing: true),
                _ => demand.QuestionsFor(altruist, lane),
            };
            var timeout = lane switch
            {
                ProbeLane.Steady or ProbeLane.Trial or ProbeLane.Test or ProbeLane.Ahead => options.Value.Timeout,
                ProbeLane.Failover when options.Value.HotTimeout > PickProbes.Timeout => PickProbes.Timeout,
                _ => options.Value.HotTimeout,
            };
            var result = await prober.ProbeAsync(altruist, ProtocolOf(altruist)!, rosters.Current.PathOf(altruist), lane, questions, timeout, work.Stopping);
            Watch(altruist, result);
            outcome = result.Outcome;
            if (result.Outcome.IsAnswer())
                egress.Answered(altruist.Host);
            return result;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !work.Stopping.IsCancellationRequested)
        {
            broken.Note(altruist.Id, "probe", exception);
            ProbeMetrics.Broke(lane, altruist.Network);
            return null;
        }
        finally
        {
            ProbeMetrics.Ended(began, lane, altruist.Network, outcome);
        }
    }

    /// <summary>A name that begins to lead inside may be an attack: told once, until it leads outside again.</summary>
    private void Watch(Altruist altruist, ProbeResult result)
    {
        if (result.Refused is { } inside)
        {
            if (refused.TryAdd(altruist.Id, 0))
                LogRefused(altruist.Id, altruist.Label, altruist.Provider, inside);
        }
        else if (result.Outcome == ProbeOutcome.Ok)
        {
            refused.TryRemove(altruist.Id, out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Security: altruist {Altruist} ({Label}) of {Provider} leads to {Address}, which may not be probed; nothing was sent there")]
    private partial void LogRefused(AltruistId altruist, string label, ProviderId provider, IPAddress address);
}
