using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>
/// What a change of a verdict rests on, as canonical JSON (docs/evidence.md): keys in ascending order, no white space, whole numbers only.
/// No secret and no whole URL is part of it.
/// </summary>
/// <param name="Hash">SHA-256 of the body's UTF-8 bytes, in lower-case hex.</param>
public sealed record Evidence(string Hash, AltruistId Altruist, DateTimeOffset At, string Body)
{
    private const int Format = 1;

    private static readonly JsonWriterOptions Canonical = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="change">Its own evidence is not looked at.</param>
    /// <param name="probe">Null when people changed the verdict.</param>
    /// <param name="compared">Null when the probe brought no head.</param>
    internal static Evidence Of(VerdictChange change, Altruist altruist, string vantage, ProbeResult? probe, ComparedWith? compared)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Canonical))
        {
            json.WriteStartObject();
            json.WriteString("address", probe?.Address);
            json.WriteString("altruist", change.Altruist.Value);
            json.WriteNumber("at", change.At.ToUnixTimeMilliseconds());
            WriteCompared(json, compared);
            json.WriteString("detail", probe?.Detail);
            WriteExchanges(json, probe?.Exchanges ?? []);
            json.WriteNumber("format", Format);
            json.WriteString("from", VerdictNames.Of(change.From));
            json.WriteString("host", AltruistUrl.Redact(altruist.Url));
            json.WriteString("identity", probe?.Identity);
            json.WriteString("lane", probe?.Lane.ToString().ToLowerInvariant());
            json.WriteString("outcome", probe is null ? null : JsonNamingPolicy.KebabCaseLower.ConvertName(probe.Outcome.ToString()));
            if (probe is null)
                json.WriteNull("probedAt");
            else
                json.WriteNumber("probedAt", probe.At.ToUnixTimeMilliseconds());
            json.WriteString("reason", change.Reason);
            json.WriteString("to", VerdictNames.Of(change.To));
            json.WriteString("vantage", vantage);
            json.WriteEndObject();
        }

        return new Evidence(Convert.ToHexStringLower(SHA256.HashData(output.WrittenSpan)), change.Altruist, change.At, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static void WriteCompared(Utf8JsonWriter json, ComparedWith? compared)
    {
        if (compared is not { } with)
        {
            json.WriteNull("comparedWith");
            return;
        }

        json.WriteStartObject("comparedWith");
        json.WriteNumber("blockTimeMs", (long)(with.BlockTimeSeconds * 1000));
        if (with.Integrity is null)
            json.WriteNull("dataIntegrity");
        else
            json.WriteString("dataIntegrity", with.Integrity);
        WriteNumber(json, "head", with.Head);
        WriteNumber(json, "height", with.Height);
        WriteNumber(json, "lagBlocks", with.LagBlocks);
        json.WriteNumber("toleranceMs", (long)(with.ToleranceSeconds * 1000));
        json.WriteNumber("votingProviders", with.VotingProviders);
        json.WriteEndObject();
    }

    private static void WriteExchanges(Utf8JsonWriter json, IReadOnlyList<Exchange> exchanges)
    {
        json.WriteStartArray("exchanges");
        foreach (var exchange in exchanges)
        {
            json.WriteStartObject();
            json.WriteString("answered", exchange.Answered);
            json.WriteString("asked", exchange.Asked);
            WriteNumber(json, "connectUs", exchange.ConnectMs is { } connect ? (long)(connect * 1000) : null);
            json.WriteNumber("latencyUs", (long)(exchange.LatencyMs * 1000));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}

/// <summary>What a probe was judged by.</summary>
/// <param name="Head">The network's, as far as it is known.</param>
/// <param name="Height">The altruist's own.</param>
/// <param name="VotingProviders">How many providers' heads counted.</param>
/// <param name="Integrity">What comparing hashes said, in words; null when it said nothing.</param>
internal readonly record struct ComparedWith(long? Head, long? Height, long? LagBlocks, double ToleranceSeconds, double BlockTimeSeconds, int VotingProviders, string? Integrity)
{
    public static ComparedWith Of(ReferenceTrace trace, NetworkRules rules, ProbeResult probe, HeadAssessment? head, string? integrity)
    {
        var blockTime = trace.BlockTime(rules);
        return new ComparedWith(
            trace.Height, probe.Height, head?.LagBlocks, rules.ToleranceSeconds(blockTime), blockTime,
            trace.Votes.Where(vote => vote.Counts).Select(vote => vote.Provider).Distinct().Count(), integrity);
    }
}
