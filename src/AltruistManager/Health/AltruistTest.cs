using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

/// <summary>What a test found, check by check.</summary>
/// <param name="OnTrial">True when a changed endpoint was tested beside the one in service.</param>
/// <param name="Host">With a short tail of the URL.</param>
/// <param name="Address">That was connected to or, where none could be, the one whose failure is told; null when none was.</param>
/// <param name="Passed">It is well: what its health depends on is good, whatever its claims are worth.</param>
/// <param name="Ended">What the test put an end to, in words; null for nothing.</param>
public sealed record AltruistTestReport(
    bool OnTrial, string Host, string Vantage, DateTimeOffset At, double DurationMs, string? Address, bool Passed, string Reason, string? Ended, IReadOnlyList<CheckResult> Checks);

/// <summary>
/// Tests an altruist with every check that concerns it, now and in a lane of its own. It moves no verdict; but a pass ends a suspension, after which it
/// must rise as any other, and a cool-down (design 5.3).
/// </summary>
public sealed class AltruistTest
{
    private const int MostAtOnce = 16;

    private readonly HealthMonitor health;
    private readonly HealthBoard board;
    private readonly ProbeStarter starter;
    private readonly CheckList checks;
    private readonly CheckRunner runner;
    private readonly CheckWatch watch;
    private readonly ProbeDelivery delivery;
    private readonly ProbingOptions probing;
    private readonly AltruistRegistry registry;
    private readonly AuditStore audit;
    private readonly RefusalLog refusals;
    private readonly TimeProvider time;
    private readonly Lane lane;

    internal AltruistTest(
        HealthMonitor health, HealthBoard board, ProbeStarter starter, CheckList checks, CheckRunner runner, CheckWatch watch, ProbeDelivery delivery, IOptions<ProbingOptions> probing, AltruistRegistry registry, AuditStore audit, RefusalLog refusals, TimeProvider time)
    {
        this.health = health;
        this.board = board;
        this.starter = starter;
        this.checks = checks;
        this.runner = runner;
        this.watch = watch;
        this.delivery = delivery;
        this.probing = probing.Value;
        this.registry = registry;
        this.audit = audit;
        this.refusals = refusals;
        this.time = time;
        lane = new Lane(MostAtOnce, this.probing.PerHost) { Name = ProbeLane.Test };
    }

    /// <summary>For its owner and staff; refused while a test of it is still under way.</summary>
    public async Task<Registered<AltruistTestReport>> RunAsync(Actor actor, Altruist altruist, CancellationToken cancellation)
    {
        if (Refusal.UnlessMayChange(actor, altruist.Provider, "this altruist") is { } refusal)
        {
            refusals.Note(actor, new AuditEntry("altruist.test", "altruist", altruist.Id.Value) { Provider = actor.OnlyProvider, Detail = refusal.Detail });
            return refusal;
        }

        if (altruist.RetiredAt is not null)
            return new Refusal(RefusalKind.Retired, "retired", $"The altruist {altruist.Id} is retired.");

        // The newest that was said is what its owner wants to know about.
        var tested = altruist with { Serving = null };
        if (await lane.DoAsync<AltruistTestReport>(tested, async () => await RunAsync(tested, altruist.Serving is not null, cancellation), cancellation) is not { } report)
            return new Refusal(RefusalKind.Taken, "too-soon", "A test of this altruist is under way.");
        await audit.AppendAsync(actor, new AuditEntry("altruist.test", "altruist", altruist.Id.Value)
        {
            Provider = altruist.Provider.Value,
            Detail = $"{(report.Passed ? "passed" : "failed")}: {report.Reason}{(report.Ended is { } ended ? $"; {ended}" : "")}",
        }, CancellationToken.None);
        return Registered<AltruistTestReport>.Done(report, created: false);
    }

    /// <summary>Tests what somebody is about to register, by the same checks; nothing of it is kept but that it was tested.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public async Task<Registered<AltruistTestReport>> TryAsync(Actor actor, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var proposed = await registry.ProposeAsync(actor, draft, errors, cancellation);
        if (proposed.Value is not { } altruist)
            return proposed.Refusal!;
        if (await lane.DoAsync<AltruistTestReport>(altruist, async () => await RunAsync(altruist, onTrial: false, cancellation, isProposed: true), cancellation) is not { } report)
            return new Refusal(RefusalKind.Taken, "too-soon", "A test of this endpoint is under way.");
        await audit.AppendAsync(actor, new AuditEntry("altruist.try", "altruist", "")
        {
            Provider = altruist.Provider.Value,
            Detail = $"{report.Host} {(report.Passed ? "passed" : "failed")}: {report.Reason}",
        }, CancellationToken.None);
        return Registered<AltruistTestReport>.Done(report, created: false);
    }

    /// <param name="isProposed">It is not registered: there is nothing to keep the result with.</param>
    private async Task<AltruistTestReport> RunAsync(Altruist altruist, bool onTrial, CancellationToken cancellation, bool isProposed = false)
    {
        var beganAt = time.GetTimestamp();
        var at = time.GetUtcNow();
        if (altruist.Undecryptable is not null || starter.SubjectOf(altruist) is not { } subject)
            return Report(null, false, $"cannot be tested: {(altruist.Undecryptable is { } lost ? lost.ToString() : $"{altruist.Network.Protocol} is not probed here")}", null, []);

        var agreed = health.AgreedHash(altruist.Network);
        var (probe, asked) = await runner.ProbeAsync(subject, checks, new ProbeQuestions(Identity: true, agreed?.Height, Syncing: true), probing.Timeout, cancellation);
        var (finding, words) = agreed is { } others ? others.Judge(probe) : (IntegrityFinding.NotJudged, null);
        var facts = SweepFindings.After(null, probe, health.JudgeBeside(altruist, probe), finding, words).Facts(altruist.Network.Identity);
        var own = checks.Own.Where(check => check.Concerns(subject)).ToList();
        var results = await Task.WhenAll(own.Select(check => probe.Outcome == ProbeOutcome.Ok || check is CertificateCheck
            ? runner.RunAsync(check, subject, cancellation)
            : Task.FromResult(new CheckResult(check.Name, CheckState.Skipped, "not asked: the node gave no head", 0, []))));

        var report = new List<CheckResult>();
        foreach (var check in checks.OfSweeps.Where(check => check.Concerns(subject)))
        {
            var judged = check.Judge(facts);
            var exchanges = asked.GetValueOrDefault(check.Name, []);
            report.Add(new CheckResult(check.Name, judged.State, judged.Reason, exchanges.Sum(call => call.LatencyMs + (call.ConnectMs ?? 0)), exchanges));
        }

        var failed = report.Find(check => check.State == CheckState.Failed) ?? report.Find(check => check.Check is "height" or "identity" && check.State is not (CheckState.Passed or CheckState.Warned));
        report.AddRange(results);
        if (isProposed)
            return Report(probe.Address, failed is null, failed is null ? "answers well" : $"{failed.Check}: {failed.Reason}", null, report);

        // Kept for its owner and for the budget; it is no observation.
        await delivery.StoreAsync([ProbeRow.Of(probe with { Lane = ProbeLane.Test }) with { Calls = report.Sum(check => check.Exchanges.Count) }], cancellation);
        if (!onTrial && altruist is { Enabled: true, RetiredAt: null })
        {
            await watch.RecordAsync(
                altruist, [.. own.Zip(results).Where(pair => pair.Second.State != CheckState.Skipped).Select(pair => (pair.Second, CheckRecord.PlaceOf(pair.First, altruist, subject.Path)))], ProbeLane.Test, cancellation);
        }

        var ended = failed is null && !onTrial && altruist.Enabled ? await EndAsync(altruist.Id, cancellation) : null;
        return Report(probe.Address, failed is null, failed is null ? "answers well" : $"{failed.Check}: {failed.Reason}", ended, report);

        AltruistTestReport Report(string? address, bool passed, string reason, string? over, IReadOnlyList<CheckResult> found) => new(
            onTrial, AltruistUrl.Redact(altruist.Url), probing.Vantage, at, time.GetElapsedTime(beganAt).TotalMilliseconds, address, passed, reason, over, found);
    }

    /// <returns>What the pass put an end to, in words; null for nothing.</returns>
    private async Task<string?> EndAsync(AltruistId altruist, CancellationToken cancellation)
    {
        var verdict = board[altruist];
        await health.TestPassedAsync(altruist, cancellation);
        return verdict switch
        {
            { State: VerdictState.Suspended } => "the suspension has ended; it is probed until it is healthy",
            { CooldownUntil: { } until } when until > time.GetUtcNow() && board[altruist].CooldownUntil is null => "the cool-down has ended",
            _ => null,
        };
    }
}
