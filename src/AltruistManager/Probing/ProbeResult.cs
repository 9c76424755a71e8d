using System.Net;
using AltruistManager.Altruists;

namespace AltruistManager.Probing;

public enum ProbeLane : byte
{
    /// <summary>A sweep of a whole network.</summary>
    Steady,

    /// <summary>Current primaries and first standbys.</summary>
    Hot,

    /// <summary>New altruists, and those that just failed or recovered.</summary>
    Retry,

    /// <summary>A changed endpoint beside the one in service: moves no verdict (design 5.7).</summary>
    Trial,

    /// <summary>Somebody asked for it.</summary>
    Test,

    /// <summary>Checks at their own pace: says nothing of a head.</summary>
    Check,

    /// <summary>Those whom the next round would pick, in full.</summary>
    Ahead,

    /// <summary>Those whom a failover is about to pick.</summary>
    Failover,
}

/// <summary>What became of one probe. Stored by name.</summary>
public enum ProbeOutcome : byte
{
    /// <summary>A well-formed answer of a node.</summary>
    Ok,

    // Bad luck of the altruist, before a handshake.

    /// <summary>The name does not exist.</summary>
    NameNotFound,
    Unreachable,
    ConnectTimeout,

    // Bad luck of the altruist, with proof that our network works.
    ConnectRefused,
    TlsInvalid,
    Timeout,
    ConnectionLost,
    HttpError,
    Unauthorized,

    /// <summary>Its plan or credits are used up; apart from <see cref="Throttled"/>, because waiting does not help.</summary>
    QuotaExhausted,
    TooLarge,
    NotJson,

    /// <summary>JSON, but not the answer to our question: another id, no result, a result of the wrong shape.</summary>
    InvalidAnswer,
    RpcError,

    /// <summary>The name leads to an address that may not be probed.</summary>
    AddressRefused,

    Throttled,

    // Our own fault: counts neither good nor bad (design 5.4).

    /// <summary>The resolver did not answer.</summary>
    ResolverFailed,
    NoSockets,
}

/// <summary>One observation of one altruist from one vantage: a value, whatever happened.</summary>
public sealed record ProbeResult
{
    public required AltruistId Altruist { get; init; }

    public required ProbeLane Lane { get; init; }

    /// <summary>When the head's answer arrived, or the probe failed.</summary>
    public required DateTimeOffset At { get; init; }

    public required ProbeOutcome Outcome { get; init; }

    /// <summary>What happened in words a provider understands, without secrets; null when all went well.</summary>
    public string? Detail { get; init; }

    /// <summary>Time from the request for the head to its whole answer on an open connection; null unless it succeeded.</summary>
    public double? LatencyMs { get; init; }

    /// <summary>DNS, TCP and TLS; null where a pooled connection was used.</summary>
    public double? ConnectMs { get; init; }

    public long? Height { get; init; }

    /// <summary>The time the head block carries; null where the protocol has none.</summary>
    public DateTimeOffset? HeadTime { get; init; }

    public string? HeadHash { get; init; }

    /// <summary>What the node says of itself; advisory. Null when it said nothing we know.</summary>
    public bool? Syncing { get; init; }

    /// <summary>The identity the node proved in this probe; null when it was not asked.</summary>
    public string? Identity { get; init; }

    /// <summary>It was asked for its identity and answered, but with an error or with what is none. No answer at all is no miss.</summary>
    public bool IdentityMissed { get; init; }

    /// <summary>The height whose hash was asked for; null when it was not.</summary>
    public long? IntegrityHeight { get; init; }

    /// <summary>The hash there; null with <see cref="IntegrityHeight"/> set means that the node does not have that block.</summary>
    public string? IntegrityHash { get; init; }

    /// <summary>How long the node asks us to stay away.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary><see cref="Endpoint.Fingerprint"/> of where it was asked.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The address that was connected to or, where none could be, the one whose failure is told; null when none was tried, or a pooled connection whose address is not known.</summary>
    public string? Address { get; init; }

    /// <summary>The inside address that its name led to; for the log of staff only, so that nobody scans with our help.</summary>
    internal IPAddress? Refused { get; init; }

    /// <summary>Every call of the probe in its order: what was asked, what came back.</summary>
    public IReadOnlyList<Exchange> Exchanges { get; init; } = [];

    internal static ProbeResult Failed(AltruistId altruist, ProbeLane lane, DateTimeOffset at, ProbeFailure failure) => new()
    {
        Altruist = altruist,
        Lane = lane,
        At = at,
        Outcome = failure.Outcome,
        Detail = failure.Detail,
        RetryAfter = failure.RetryAfter,
        Refused = failure.Refused,
    };
}
