namespace AltruistManager.Benchmarks.Probing;

internal static class ScaleRun
{
    public static Task<Dictionary<string, object>> RunAsync(string folder, CancellationToken cancellation) => Task.FromResult(new Dictionary<string, object>());
}
