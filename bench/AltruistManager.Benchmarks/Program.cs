using AltruistManager.Benchmarks;
using AltruistManager.Benchmarks.Api;
using AltruistManager.Benchmarks.Client;
using AltruistManager.Benchmarks.Failover;
using AltruistManager.Benchmarks.Probing;
using AltruistManager.Benchmarks.Ui;

// One line per benchmark. Each prints one line of JSON with its figures last.
return args switch
{
    ["selection"] => await SelectionBench.RunAsync(CancellationToken.None),
    ["history"] => await HistoryBench.RunAsync(CancellationToken.None),
    ["log"] => await LogBench.RunAsync(CancellationToken.None),
    ["roster"] => await RosterBench.RunAsync(CancellationToken.None),
    ["api"] => await ApiBench.RunAsync(CancellationToken.None),
    ["api", "changes"] => await ChangeBench.ShowAsync(CancellationToken.None),
    ["api", "reports"] => await ReportBench.ShowAsync(CancellationToken.None),
    ["api", "streams"] => await ApiBench.RunStreamsAsync(CancellationToken.None),
    ["ingest"] => await IngestBench.RunAsync(CancellationToken.None),
    ["scale", var seconds] => await ScaleRun.RunAsync(TimeSpan.FromSeconds(int.Parse(seconds)), CancellationToken.None),
    ["probe"] => await ProbeBench.RunAsync(withScale: true, CancellationToken.None),
    ["probe", "compare"] => await ProbeBench.RunAsync(withScale: false, CancellationToken.None),
    ["client"] => await ClientBench.RunAsync(CancellationToken.None),
    ["failover"] => await FailoverBench.RunAsync(CancellationToken.None),
    ["ui"] => await UiBench.RunAsync(CancellationToken.None),

    // What the api benchmark compares with, in processes of their own.
    ["server", "stack", var recorded, var database] => await StackServer.RunAsync(recorded, database),
    ["server", "bare", var recorded, _] => await BareServer.RunAsync(recorded),

    // What the probe benchmark asks, in a process of its own.
    ["nodes", var networks, var nodesPerNetwork, var silentEvery, var scheme] => await NodesProcess.RunAsync(new ProbedWorld(int.Parse(networks), int.Parse(nodesPerNetwork), int.Parse(silentEvery), scheme)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bash eng/bench.sh selection | log | history | roster | api | probe | ingest | failover | client | ui");
    return 2;
}
