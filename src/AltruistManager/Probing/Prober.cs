using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>Makes one probe of one altruist. Whatever happens is a result; only the end of the process is an exception.</summary>
internal sealed class Prober(GuardedHttp http, IOptions<ProbingOptions> options, TimeProvider time)
{
    /// <param name="path">The path of its first chain (<see cref="Chain.Path"/>).</param>
    /// <param name="timeout">For all questions together.</param>
    public async Task<ProbeResult> ProbeAsync(Altruist altruist, IChainProtocol protocol, string path, ProbeLane lane, ProbeQuestions questions, TimeSpan timeout, CancellationToken stopping)
    {
        var url = new Uri(AltruistUrl.WithPath(altruist.Url, path));
        if (url.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
            return Failed(altruist, lane, new ProbeFailure(ProbeOutcome.AddressRefused, "http is not allowed here, only https"), node: null);

        using var alarm = new CancellationTokenSource(timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, stopping);
        using var line = http.Open(altruist);
        var node = new NodeClient(line, url, time, deadline.Token);

        var head = await protocol.AskHeadAsync(node, stopping);
        if (!head.IsKnown)
            return line.Redactor.Clean(Failed(altruist, lane, head.Wrong is { } wrong ? new ProbeFailure(ProbeOutcome.InvalidAnswer, wrong) : node.Failure!, node));
        var result = new ProbeResult
        {
            Altruist = altruist.Id,
            Lane = lane,
            At = time.GetUtcNow(),
            Outcome = ProbeOutcome.Ok,
            Endpoint = altruist.Fingerprint,
            LatencyMs = node.LatencyMs,
            ConnectMs = node.ConnectMs,
            Height = head.Value.Height,
            HeadTime = head.Value.Time,
            HeadHash = head.Value.Hash,
        };

        // The head decides whether the probe was good. What fails from here on is told, but is no fall: a method may be missing.
        if (questions.Identity)
        {
            var identity = await protocol.AskIdentityAsync(node, stopping);
            result = identity.IsKnown ? result with { Identity = identity.Value } : result with { Detail = Join(result.Detail, "identity", identity.Wrong ?? node.Failure?.Detail) };
        }

        if (questions.IntegrityHeight is { } height)
        {
            var hash = await protocol.AskHashAsync(node, height, stopping);
            result = hash.IsKnown
                ? result with { IntegrityHeight = height, IntegrityHash = hash.Value }
                : result with { Detail = Join(result.Detail, $"block {height}", hash.Wrong ?? node.Failure?.Detail) };
        }

        if (questions.Syncing)
        {
            var syncing = await protocol.AskSyncingAsync(node, stopping);
            result = result with { Syncing = syncing.Value };
        }

        return line.Redactor.Clean(result with { Address = node.Address?.ToString(), Exchanges = node.Exchanges });
    }

    private ProbeResult Failed(Altruist altruist, ProbeLane lane, ProbeFailure failure, NodeClient? node) => new()
    {
        Altruist = altruist.Id,
        Lane = lane,
        At = time.GetUtcNow(),
        Outcome = failure.Outcome,
        Endpoint = altruist.Fingerprint,
        Detail = failure.Detail,
        RetryAfter = failure.RetryAfter,
        ConnectMs = node?.ConnectMs,
        Address = node?.Address?.ToString(),
        Exchanges = node?.Exchanges ?? [],
    };

    private static string Join(string? before, string question, string? what) => $"{(before is null ? "" : $"{before}; ")}{question}: {what}";
}
