using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>What a provider can do about what is wrong.</summary>
internal static class Advice
{
    /// <summary>For one with another history than most.</summary>
    public const string Resync = "resync the node from a trusted source";

    /// <summary>What happened and what to do about it.</summary>
    public static string Of(ProbeResult probe) => What(probe.Outcome) is { } advice ? $"{probe.Detail ?? Name(probe.Outcome)}: {advice}" : probe.Detail ?? Name(probe.Outcome);

    /// <summary>What is wrong with a head and what to do about it.</summary>
    public static string Of(HeadJudgement judgement, string reason) => judgement switch
    {
        HeadJudgement.Lagging => $"{reason}; let the node catch up, or resync it",
        HeadJudgement.Stale => $"{reason}; restart or resync the node, or take out the cache before it",
        HeadJudgement.Ahead => $"{reason}; correct the node's clock, or resync it on the right chain",
        _ => reason,
    };

    /// <summary>For one that serves another chain than it should.</summary>
    public static string Of(string proved, string expected) => $"serves another chain: proves {proved}, not {expected}; point the URL at a node of {expected}";

    /// <summary>For probes that tell nothing more.</summary>
    public static string Name(ProbeOutcome outcome) => outcome switch
    {
        ProbeOutcome.NameNotFound => "the host name does not exist",
        ProbeOutcome.Unreachable => "the host cannot be reached",
        ProbeOutcome.ConnectTimeout => "no connection in time",
        ProbeOutcome.ConnectRefused => "connection refused",
        ProbeOutcome.TlsInvalid => "the certificate is not valid",
        ProbeOutcome.Timeout => "no answer in time",
        ProbeOutcome.ConnectionLost => "the connection broke off",
        ProbeOutcome.HttpError => "answered with an HTTP error",
        ProbeOutcome.Unauthorized => "refuses us",
        ProbeOutcome.QuotaExhausted => "the endpoint's quota is used up",
        ProbeOutcome.TooLarge => "the answer is too large",
        ProbeOutcome.NotJson => "the answer is not JSON",
        ProbeOutcome.InvalidAnswer => "the answer is not one of a node",
        ProbeOutcome.RpcError => "the node answered with an error",
        ProbeOutcome.AddressRefused => "the name leads to an address that may not be probed",
        _ => "failed",
    };

    private static string? What(ProbeOutcome outcome) => outcome switch
    {
        ProbeOutcome.NameNotFound => "correct the host name or its DNS record",
        ProbeOutcome.Unreachable or ProbeOutcome.ConnectTimeout => "check that the host is up and that its firewall lets everybody in",
        ProbeOutcome.ConnectRefused => "nothing listens there, start the node or correct the port",
        ProbeOutcome.TlsInvalid => "install a certificate that is valid for this host",
        ProbeOutcome.Timeout => "the node or what stands before it is too slow",
        ProbeOutcome.ConnectionLost => "look into the log of what stands before the node",
        ProbeOutcome.HttpError => "check the path of the URL and what stands before the node",
        ProbeOutcome.Unauthorized => "let the prober and the portals in or correct the credentials",
        ProbeOutcome.QuotaExhausted => "top it up or raise it",
        ProbeOutcome.TooLarge or ProbeOutcome.NotJson or ProbeOutcome.InvalidAnswer => "something else than a node answers at this URL",
        ProbeOutcome.RpcError => "it does not serve what every probe asks",
        _ => null,
    };
}
