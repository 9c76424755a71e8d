using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>
/// Asks several times at the same moment over fresh connections: a load balancer behind the URL that mixes nodes of different heights
/// shows in their spread. That costs rank, never the place.
/// </summary>
internal sealed class ConsistencyCheck(GuardedHttp http, IOptions<ProbingOptions> options, TimeProvider time) : IOwnCheck
{
    /// <summary>So many answers without spread in a row are looked for soon after a spread.</summary>
    private const int ChecksToForget = 3;

    private const int Samples = 4;

    // Of nearly everybody: one text for all.
    internal static readonly string Alike = TellAlike(Samples);

    public string Name => "consistency";

    public CheckPace Pace => CheckPace.Own(TimeSpan.FromHours(1));

    public int CallsOf(in CheckSubject subject) => Samples * subject.Protocol.Facts.Calls.Head;

    /// <summary>The samples are asked side by side, each as a probe asks for the head.</summary>
    public TimeSpan Patience => options.Value.Timeout;

    public bool Concerns(in CheckSubject subject) => true;

    /// <summary>Whoever mixed heights is looked at until that has ended.</summary>
    public bool IsPressing(CheckRecord newest) => newest.State == CheckState.Unknown || (newest.WarnedAt is not null && newest.Passes < ChecksToForget);

    public async Task<CheckResult> RunAsync(OwnCheckRun run, CancellationToken cancellation)
    {
        var beganAt = time.GetTimestamp();
        using var line = http.OpenFresh(run.Subject.Altruist, TimeSpan.Zero);
        var nodes = Enumerable.Range(0, Samples).Select(_ => new NodeClient(line, run.Url, time, run.Deadline)).ToList();
        var heads = await Task.WhenAll(nodes.Select(async node => (Head: await run.Subject.Protocol.AskHeadAsync(node, cancellation), Node: node)));
        var elapsed = time.GetElapsedTime(beganAt);
        var heights = heads.Where(sample => sample.Head.IsKnown).Select(sample => sample.Head.Value.Height).ToList();
        if (heights.Count < 2)
            return Say(CheckState.Unknown, $"too few answers to compare: {heads.Select(sample => sample.Head.Wrong ?? sample.Node.Failure?.Detail).First(what => what is not null)}");

        var (lowest, spread) = (heights.Min(), heights.Max() - heights.Min());
        // The chain went on meanwhile.
        var tolerated = run.Network.ToleranceBlocks + (elapsed.TotalSeconds / run.Network.BlockTimeSeconds);
        return spread switch
        {
            0 => Say(CheckState.Passed, heights.Count == Samples ? Alike : TellAlike(heights.Count)),
            _ when spread <= tolerated => Say(CheckState.Passed, $"{heights.Count} answers of the same moment are {(spread == 1 ? "1 block" : $"{spread} blocks")} apart (the lowest {lowest}), which is tolerated"),
            _ => Say(CheckState.Warned, $"answers of the same moment are {spread} blocks apart (the lowest {lowest}): a load balancer behind the URL mixes nodes; take out those that are behind"),
        };

        CheckResult Say(CheckState state, string reason) => new(Name, state, reason, elapsed.TotalMilliseconds, [.. nodes.SelectMany(node => node.Exchanges)]);
    }

    private static string TellAlike(int answers) => $"{answers} answers of the same moment are at the same height";
}
