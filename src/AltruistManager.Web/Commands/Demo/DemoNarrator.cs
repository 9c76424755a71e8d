namespace AltruistManager.Web.Commands.Demo;

/// <summary>Watches the picks as a portal does and tells what changed and why.</summary>
internal sealed class DemoNarrator(DemoClient client, TimeProvider clock, Action<string> say)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private const int LongestReason = 120;

    private readonly Dictionary<(string Chain, string Region), DemoSlot> slots = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            foreach (var region in DemoCast.Regions)
                foreach (var slot in await client.SelectionsAsync(region.Id, cancellation))
                    await CompareAsync(slot, cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private async Task CompareAsync(DemoSlot slot, CancellationToken cancellation)
    {
        var key = (slot.Chain, slot.Region);
        var known = slots.TryGetValue(key, out var before);
        slots[key] = slot;
        if (!known || (before!.Primary?.Altruist == slot.Primary?.Altruist && before.State == slot.State))
            return;
        var name = $"{slot.Chain}/{slot.Region}";
        if (before.Primary?.Altruist == slot.Primary?.Altruist)
        {
            say($"{name} is {slot.State} now (was {before.State})");
            return;
        }

        if (await client.LastDecisionAsync(slot.Chain, slot.Region, cancellation) is not { } decision)
            return;

        // Ordinary rotation is told of one slot only: all of them together would drown the rest.
        var rotated = decision.Trigger is "scheduled" or "manual";
        if (rotated && (slot.Chain, slot.Region) != (DemoCast.Chain, DemoCast.Region))
            return;
        var change = $"{before.Primary?.Label ?? "nobody"} → {slot.Primary?.Label ?? "nobody"}";
        var told = decision.Trigger == "failover" ? before.Primary : slot.Primary;
        var why = decision.Candidates.FirstOrDefault(candidate => candidate.Altruist == told?.Altruist)?.Reason ?? slot.State;
        say($"{name} {(rotated ? $"round {decision.Round}" : decision.Trigger)}: {change} ({Short(why)})");
    }

    private static string Short(string text) => text.Length <= LongestReason ? text : text[..LongestReason] + "…";
}
