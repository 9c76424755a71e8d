using AltruistManager.Benchmarks;
using AltruistManager.Benchmarks.Api;

// One line per benchmark. Each prints one line of JSON with its figures last.
return args switch
{
    ["selection"] => await SelectionBench.RunAsync(CancellationToken.None),
    ["api"] => await ApiBench.RunAsync(CancellationToken.None),

    // What the api benchmark compares with, in processes of their own.
    ["server", "stack", var recorded, var database] => await StackServer.RunAsync(recorded, database),
    ["server", "bare", var recorded, _] => await BareServer.RunAsync(recorded),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bash eng/bench.sh selection | api");
    return 2;
}
