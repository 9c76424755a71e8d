using System.Collections.Concurrent;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

public enum RotationKind
{
    /// <summary>Tested, and in service.</summary>
    Published,

    /// <summary>Stored; tried on beside the old ones until that is decided.</summary>
    OnTrial,

    /// <summary>The endpoint does not take them, or is not what it should be: nothing was changed.</summary>
    Refused,

    /// <summary>The request itself was refused.</summary>
    NotAllowed,

    /// <summary>Another test of the same altruist was just now.</summary>
    TooSoon,
}

/// <param name="Altruist">As it is now; null unless something was done.</param>
public sealed record Rotation(RotationKind Kind, string Reason, Altruist? Altruist = null, Refusal? Refusal = null);

/// <summary>New credentials of an endpoint: tested beside the old ones first, then published (design 5.7).</summary>
public sealed class CredentialRotation
{
    private readonly AltruistRegistry registry;
    private readonly HealthMonitor health;
    private readonly ProbeStarter starter;
    private readonly ProbingOptions probing;
    private readonly RefusalLog refusals;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<AltruistId, long> tested = new();

    internal CredentialRotation(AltruistRegistry registry, HealthMonitor health, ProbeStarter starter, IOptions<ProbingOptions> probing, RefusalLog refusals, TimeProvider time)
    {
        this.registry = registry;
        this.health = health;
        this.starter = starter;
        this.probing = probing.Value;
        this.refusals = refusals;
        this.time = time;
    }

    /// <param name="errors">What was found wrong while reading the credentials.</param>
    public async Task<Rotation> RotateAsync(Actor actor, AltruistId id, AuthDraft auth, FieldErrors errors, CancellationToken cancellation)
    {
        var draft = new AltruistDraft { Auth = auth };
        var wanted = await registry.PreviewAsync(actor, id, draft, errors, cancellation);
        if (wanted.Refusal is { } refusal)
            return new Rotation(RotationKind.NotAllowed, refusal.Detail, Refusal: refusal);
        if (!MayTest(id))
            return new Rotation(RotationKind.TooSoon, "This altruist was tested just now.");

        var candidate = wanted.Value! with { Serving = null };
        if (await starter.TestAsync(candidate, cancellation) is not { } probe)
            return await TryOnAsync(actor, id, draft, errors, "it could not be tested now", cancellation);
        var head = health.JudgeBeside(candidate, probe);
        var (finding, reason) = Trial.Judge(probe, head, candidate.Network.Identity);
        switch (finding)
        {
            case TrialFinding.Refused or TrialFinding.WrongChain:
                refusals.Note(actor, new AuditEntry("altruist.credentials", "altruist", id.Value) { Provider = candidate.Provider.Value, Detail = $"not taken by the endpoint: {reason}" });
                return new Rotation(RotationKind.Refused, reason);
            case TrialFinding.Good when wanted.Value!.Serving is null:
                // Others may be on trial: saying those in service again ends that.
                return await TryOnAsync(actor, id, draft, errors, "answers well; these credentials are in service already", cancellation);
            case TrialFinding.Good when candidate.Attested:
                break;
            default:
                return await TryOnAsync(actor, id, draft, errors, finding == TrialFinding.Good ? "answers well, but control of the endpoint is not proven" : reason, cancellation);
        }

        Registered<Altruist> outcome = default;
        var moved = await health.MoveAsync(candidate, probe, head, goods: 1, async also =>
        {
            outcome = await registry.ChangeTestedAsync(actor, id, draft, candidate.Fingerprint, async write =>
            {
                await TrialStore.EndAsync(write, id);
                await also(write);
            }, CancellationToken.None);
            return outcome.Refusal is null;
        }, CancellationToken.None);
        return moved
            ? new Rotation(RotationKind.Published, "answers well", outcome.Value)
            : new Rotation(RotationKind.NotAllowed, outcome.Refusal!.Detail, Refusal: outcome.Refusal);
    }

    /// <summary>Stores the change; it is on trial, unless it leads back to what is in service.</summary>
    private async Task<Rotation> TryOnAsync(Actor actor, AltruistId id, AltruistDraft draft, FieldErrors errors, string reason, CancellationToken cancellation)
    {
        var outcome = await registry.ChangeAsync(actor, "credentials", id, draft, errors, cancellation);
        return outcome.Refusal is { } refusal
            ? new Rotation(RotationKind.NotAllowed, refusal.Detail, Refusal: refusal)
            : new Rotation(outcome.Value!.Serving is null ? RotationKind.Published : RotationKind.OnTrial, reason, outcome.Value);
    }

    /// <summary>A test is a request to somebody's host: not more often than a retry would be.</summary>
    private bool MayTest(AltruistId id)
    {
        var now = time.GetTimestamp();
        var mine = tested.AddOrUpdate(id, now, (_, before) => time.GetElapsedTime(before, now) < probing.RetryInterval ? before : now);
        return mine == now;
    }
}
