using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Publishing;

/// <summary>What a target can hold. Who does not fit is left out of it, and the state says why.</summary>
/// <param name="Auth">The credentials it can carry.</param>
/// <param name="RpcTypes">The RPC types, besides an altruist's main URL, that it can name.</param>
/// <param name="IsOpen">Anyone can read it.</param>
/// <param name="WantsAll">It gets all who may serve, not the pick: it changes slowly.</param>
internal sealed record PublisherReach(IReadOnlyList<AuthKind> Auth, IReadOnlyList<string> RpcTypes, bool IsOpen = false, bool WantsAll = false)
{
    /// <summary>What is published there as portals get it, all of it.</summary>
    public static readonly PublisherReach Everything = new(Enum.GetValues<AuthKind>(), ["websocket", "rest", "cometbft"]);

    /// <summary>Why an altruist cannot be published there; null when it can.</summary>
    public string? WhyNot(PublishedAltruist altruist) =>
        !Auth.Contains(altruist.Auth.Kind) ? $"the target cannot carry {altruist.Auth} credentials"
        : IsOpen && !altruist.IsPublic ? "its visibility is not public, and anyone can read the target"
        : null;
}

/// <summary>One kind of target. Its methods are called one after the other.</summary>
internal interface IPublisher
{
    PublisherReach Reach { get; }

    /// <summary>True where each machine has a target of its own, such as a file.</summary>
    bool IsLocal => false;

    /// <summary>False where each process has a target of its own, so that it waits for no turn.</summary>
    bool TakesTurns => true;

    /// <summary>Brings the target to what is wanted, and returns only once it has confirmed that. Doing it again does no harm.</summary>
    /// <exception cref="PublisherException">The target did not take it, or not all of it.</exception>
    Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation);
}

/// <summary>What a target is to hold of one chain.</summary>
/// <param name="Target">What the target calls the chain.</param>
/// <param name="Altruists">Those it can carry, best first; where it wants all of them, in the order of their ids. Empty: it keeps what it has.</param>
/// <param name="Primaries">How many of <paramref name="Altruists"/>, from the first, are in use.</param>
internal sealed record WantedSlot(string Chain, string Target, IReadOnlyList<PublishedAltruist> Altruists, int Primaries);

/// <param name="Slots">Those that changed since the target confirmed; all of them where it wants all altruists.</param>
/// <param name="LeavesAtOnce">Whether who is not wanted any more must not be used any more; false where only picks are known, which change by themselves.</param>
/// <param name="Memory">What was remembered last.</param>
/// <param name="RememberAsync">Stores, before the target is touched, what must be known after a crash. Nothing secret.</param>
internal sealed record PublisherWork(
    PublishedRegion Region, IReadOnlyList<WantedSlot> Slots, bool LeavesAtOnce, string Memory, Func<string, CancellationToken, Task> RememberAsync)
{
    /// <summary>False for whom its owner took back from the public.</summary>
    public Func<string, bool> IsPublic { get; init; } = _ => true;
}

/// <param name="Memory">To be handed in again next time, also after a restart. Nothing secret.</param>
/// <param name="WaitsUntil">The target is left as it is until then, because it may not change so often; null when it has what was wanted.</param>
internal sealed record Publication(string Memory, DateTimeOffset? WaitsUntil = null)
{
    /// <summary>Chains of which the target keeps what it has, with the reason.</summary>
    public IReadOnlyList<KeptSlot> Kept { get; init; } = [];

    public static readonly Publication Confirmed = new("");
}

/// <summary>A chain of which the target keeps what it has.</summary>
public sealed record KeptSlot(string Chain, string Target, string Reason);

/// <summary>A target did not take what it was to have.</summary>
/// <param name="message">In words for staff; no URL's path, no credentials, nothing that the target said.</param>
internal sealed class PublisherException(string message) : Exception(message)
{
    private const int Told = 3;

    /// <summary>Of several things that went wrong the first few.</summary>
    public static PublisherException Of(IReadOnlyList<string> failures) =>
        new(string.Join("; ", failures.Take(Told)) + (failures.Count > Told ? $"; and {failures.Count - Told} more" : ""));
}

/// <summary>What publishers work with.</summary>
internal sealed record PublisherTools(PublishingOptions Options, PublisherHttp Http, TimeProvider Time);

/// <summary>Calls to targets, through the same guarded client as probes: no redirects, no proxy, only to addresses that are public or allowed.</summary>
internal sealed class PublisherHttp(GuardedHttp guarded, TimeProvider time)
{
    /// <summary>Sends and expects a success; what the target says is not read.</summary>
    /// <returns>The status where it is none of success.</returns>
    /// <exception cref="PublisherException">There was no answer.</exception>
    public async Task<int?> SendAsync(HttpRequestMessage request, TimeSpan timeout, CancellationToken cancellation)
    {
        using var alarm = new CancellationTokenSource(timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        var connection = new ProbeConnection(time, deadline.Token);
        request.Options.Set(ProbeConnection.Key, connection);
        try
        {
            using var response = await guarded.Own.SendAsync(request, deadline.Token);
            return response.IsSuccessStatusCode ? null : (int)response.StatusCode;
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            throw new PublisherException(connection.Failure switch
            {
                { Outcome: ProbeOutcome.AddressRefused } => "its name leads to an address that is not public: Probing:AllowedPrivateNetworks does not allow it",
                { } failure => failure.Detail,
                _ => "the connection broke",
            });
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new PublisherException($"it did not answer within {timeout.TotalSeconds:0.###} s");
        }
    }
}
