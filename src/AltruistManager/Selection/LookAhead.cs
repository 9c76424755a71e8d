using AltruistManager.Altruists;
using AltruistManager.Probing;
using Microsoft.Extensions.Options;

namespace AltruistManager.Selection;

/// <summary>Has those probed in full whom the next round would pick: most of them were last asked by a sweep, minutes ago (design 5.5).</summary>
internal sealed class LookAhead(SelectionRound round, IPickProbes probes, IOptions<SelectionOptions> options, TimeProvider time)
{
    /// <summary>Who takes the place of one that was found bad is asked as well; but a round comes, and not all can be asked before it.</summary>
    private const int Passes = 3;

    /// <summary>How long before a round it is.</summary>
    public static TimeSpan LeadOf(SelectionOptions options) => options.LookAhead < options.Interval / 2 ? options.LookAhead : options.Interval / 2;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var roundAt = time.GetUtcNow() + LeadOf(options.Value);
        var asked = new HashSet<AltruistId>();
        for (var pass = 0; pass < Passes; pass++)
        {
            var picks = (await round.ForeseeAsync(roundAt, cancellation)).Where(asked.Add).ToList();
            if (picks.Count == 0)
                return;
            await probes.AskInFullAsync(picks, cancellation);
        }
    }
}
