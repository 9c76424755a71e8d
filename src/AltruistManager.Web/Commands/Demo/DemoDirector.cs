using AltruistManager.Simulator;

namespace AltruistManager.Web.Commands.Demo;

/// <summary>Makes nodes fail and recover by a script that repeats until the demo ends.</summary>
internal sealed class DemoDirector(DemoStage stage, DemoClient client, TimeProvider clock, Action<string> say)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(120);

    /// <summary>What is wrong all the time.</summary>
    private static readonly (string Label, Fault Fault, string Words)[] Standing =
    [
        ("emberline-poly-1", Faults.Forked(1), "is on a fork of its own"),
        ("borealis-base-1", Faults.WrongChain(84532), "serves another chain than it says"),
        ("emberline-op-1", Faults.WrongChain(11155420), "serves another chain than it says, and nobody else offers that one"),
    ];

    /// <summary>Who fails when. A slot stands for whoever is picked there at that moment.</summary>
    private static readonly Act[] Script =
    [
        new(12, "0021/us-east", Faults.Down, 25, "goes down"),
        new(25, "0066/eu-central", Faults.Lagging(400), 30, "falls 400 blocks behind"),
        new(34, "0009/us-east", Faults.RateLimited(TimeSpan.FromSeconds(10)), 20, "is rate-limited"),
        new(46, "0079/us-east", Faults.Slow(TimeSpan.FromSeconds(5)), 20, "takes 5 s to answer"),
        new(56, "0021/eu-central", Faults.Html, 20, "answers with a web page"),
        new(66, "0009/us-west", Faults.Frozen, 40, "freezes"),
        new(78, "0066/us-east", Faults.Silent, 20, "accepts and never answers"),
        new(90, "driftwood-gnosis-1", Faults.Down, 20, "goes down, and its slot has nobody else"),
        new(100, "0021/us-east", Faults.Down, 18, "goes down"),
    ];

    /// <summary>Before anybody is registered.</summary>
    public void Begin()
    {
        foreach (var (label, fault, _) in Standing)
            stage.Node(label).Fault = fault;
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var (label, _, words) in Standing)
            say($"{label} {words}");
        while (true)
        {
            await Task.WhenAll([.. Script.Select(act => PlayAsync(act, cancellation)), Task.Delay(Length, clock, cancellation)]);
        }
    }

    private async Task PlayAsync(Act act, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromSeconds(act.AtSeconds), clock, cancellation);
        await Task.Delay(UntilEarlyInRound(), clock, cancellation);
        if (await LabelOfAsync(act.Who, cancellation) is not { } label)
            return;
        var node = stage.Node(label);
        if (node.Fault is not null)
            return;
        node.Fault = act.Fault;
        say($"{label} {act.Words}{(label == act.Who ? "" : $" (the pick of {act.Who})")}");
        await Task.Delay(TimeSpan.FromSeconds(act.ForSeconds), clock, cancellation);
        node.Heal();
        say($"{label} is well again");
    }

    /// <summary>A pick that falls just before a round is replaced by that round, and nobody sees a failover.</summary>
    private TimeSpan UntilEarlyInRound()
    {
        // Rounds fall on multiples of their interval.
        var sinceRound = TimeSpan.FromTicks(clock.GetUtcNow().Ticks % DemoSettings.RoundInterval.Ticks);
        var early = TimeSpan.FromSeconds(1);
        if (sinceRound < early)
            return early - sinceRound;
        return sinceRound < DemoSettings.RoundInterval / 3 ? TimeSpan.Zero : DemoSettings.RoundInterval - sinceRound + early;
    }

    private async Task<string?> LabelOfAsync(string who, CancellationToken cancellation) => who.Split('/') is [var chain, var region]
        ? (await client.SelectionsAsync(region, cancellation)).FirstOrDefault(slot => slot.Chain == chain)?.Primary?.Label
        : who;

    private sealed record Act(int AtSeconds, string Who, Fault Fault, int ForSeconds, string Words);
}
