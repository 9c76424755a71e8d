using System.Text.Json;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>What one probe says of an endpoint on trial.</summary>
public enum TrialFinding
{
    Good,
    Bad,

    /// <summary>The endpoint does not let us in with these credentials.</summary>
    Refused,

    /// <summary>It serves another chain.</summary>
    WrongChain,

    /// <summary>Could not be found out this time.</summary>
    Undecided,
}

/// <summary>
/// How a changed endpoint does beside the one in service (design 5.7), pure. It moves no verdict; once it has shown which chain it serves and
/// <see cref="HealthOptions.Rise"/> good probes in a row, and control of it is proven, it takes the other's place.
/// </summary>
public sealed record Trial
{
    /// <summary>Tries at the pace of retries; after them it is tried as often as networks are swept.</summary>
    public const int OftenLimit = 20;

    /// <summary>Fingerprint of what is tried.</summary>
    public required string Endpoint { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>Good probes in a row, up to <c>Rise</c>.</summary>
    public int Good { get; init; }

    /// <summary>Up to <see cref="OftenLimit"/>.</summary>
    public int Tries { get; init; }

    /// <summary>Whether control of it was proven at the last try.</summary>
    public bool Attested { get; init; }

    public string Reason { get; init; } = "not tried yet";

    public static Trial Begin(string endpoint, DateTimeOffset now) => new() { Endpoint = endpoint, Since = now };

    /// <summary>One probe by itself.</summary>
    /// <param name="head">Against the rest of the network; null when the probe brought no head.</param>
    public static (TrialFinding Finding, string Reason) Judge(ProbeResult probe, HeadAssessment? head, string expectedIdentity) => probe switch
    {
        { Outcome: ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets } => (TrialFinding.Undecided, "could not be asked for a fault of the prober's own"),
        { Outcome: ProbeOutcome.Throttled } => (TrialFinding.Undecided, probe.Detail ?? "throttled"),
        { Outcome: ProbeOutcome.Unauthorized } => (TrialFinding.Refused, probe.Detail ?? "the endpoint does not let the prober in"),
        { Outcome: not ProbeOutcome.Ok } => (TrialFinding.Bad, probe.Detail ?? probe.Outcome.ToString()),
        { Identity: { } proved } when proved != expectedIdentity => (TrialFinding.WrongChain, Advice.Of(proved, expectedIdentity)),
        { Identity: null } => (TrialFinding.Bad, $"does not say which chain it serves{(probe.Detail is { } why ? $": {why}" : "")}"),
        _ => head switch
        {
            { Judgement: HeadJudgement.InSync } => (TrialFinding.Good, "answers well"),
            { Judgement: HeadJudgement.Undecided } => (TrialFinding.Undecided, "answers; whether it is in sync is not clear yet"),
            { Judgement: var judgement, Reason: { } reason } => (TrialFinding.Bad, Advice.Of(judgement, reason)),
            _ => (TrialFinding.Bad, "answers, but without a block"),
        },
    };

    /// <param name="attested">Control of the new endpoint is proven.</param>
    /// <returns>The trial after the probe, and whether it is passed.</returns>
    public (Trial After, bool Passed) Next(ProbeResult probe, HeadAssessment? head, string expectedIdentity, bool attested, HealthOptions options)
    {
        var (finding, reason) = Judge(probe, head, expectedIdentity);
        var good = finding switch
        {
            TrialFinding.Good => Math.Min(Good + 1, options.Rise),
            TrialFinding.Undecided => Good,
            _ => 0,
        };
        var enough = good >= options.Rise && finding == TrialFinding.Good;
        if (finding == TrialFinding.Good)
        {
            reason = enough && !attested
                ? "answers well, but control of the new endpoint is not proven: prove it or ask staff to attest it"
                : $"answers well: {good} of {options.Rise} good probes";
        }

        return (this with
        {
            Good = good,
            // Proof of control is a reason to look closely again.
            Tries = attested && !Attested ? 1 : Math.Min(Tries + 1, OftenLimit),
            Attested = attested,
            Reason = reason,
        }, enough && attested);
    }

    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>Null for what cannot be read: the trial begins anew.</summary>
    public static Trial? FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<Trial>(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
