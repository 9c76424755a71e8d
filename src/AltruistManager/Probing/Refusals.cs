using System.Net;

namespace AltruistManager.Probing;

/// <summary>Tells from a status or from a gateway's words that it is up but does not want to answer, and why.</summary>
internal static class Refusals
{
    private static readonly string[] UsedUp =
    [
        "quota", "out of credit", "credits exhausted", "no credits", "insufficient credit", "insufficient funds", "monthly", "payment required", "billing",
        "plan limit", "usage limit", "upgrade your",
    ];

    /// <summary>What is counted by the second or minute comes back by itself.</summary>
    private static readonly string[] Passing = ["per second", "per minute", "per-second", "per-minute", "/s ", "/sec", "/min", "qps", "rps"];

    private static readonly string[] TooFast = ["rate limit", "ratelimit", "rate-limit", "too many request", "throttl", "request limit", "capacity"];

    private static readonly string[] Behind = ["behind", "unhealthy"];

    private static readonly string[] ShutOut = ["unauthorized", "forbidden", "api key", "access denied"];

    /// <summary>Null for a status that is no refusal.</summary>
    public static ProbeOutcome? Of(HttpStatusCode status) => status switch
    {
        HttpStatusCode.TooManyRequests => ProbeOutcome.Throttled,
        HttpStatusCode.PaymentRequired => ProbeOutcome.QuotaExhausted,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ProbeOutcome.Unauthorized,
        _ => null,
    };

    /// <summary>Null for words that are no refusal.</summary>
    public static ProbeOutcome? OfWords(string? code, string? words)
    {
        var passing = Has(words, Passing);
        if (!passing && Has(words, UsedUp))
            return ProbeOutcome.QuotaExhausted;
        // Solana's own -32005 says that the node is behind.
        var limited = code is "429" || (code is "-32005" && !Has(words, Behind));
        if (limited || Has(words, TooFast) || (passing && Has(words, UsedUp)))
            return ProbeOutcome.Throttled;
        return Has(words, ShutOut) ? ProbeOutcome.Unauthorized : null;
    }

    /// <summary>What a refusal means, for the provider.</summary>
    public static (ProbeOutcome Outcome, string Meaning) Say(ProbeOutcome refusal) => (refusal, refusal switch
    {
        ProbeOutcome.Throttled => "too many requests",
        ProbeOutcome.QuotaExhausted => "the endpoint's quota is used up: top it up or raise it",
        _ => "the node does not let the prober in",
    });

    private static bool Has(string? words, string[] parts) => words is not null && Array.Exists(parts, part => words.Contains(part, StringComparison.OrdinalIgnoreCase));
}
