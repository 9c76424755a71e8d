using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AltruistManager.Benchmarks.Api;

/// <summary>Load by <c>wrk</c>: one thread, so that a core is left for the server.</summary>
internal static partial class Wrk
{
    /// <param name="Requests">All answered, each with a status below 400.</param>
    /// <param name="Seconds">How long it really took.</param>
    public readonly record struct Load(long Requests, double Seconds);

    public static Task<Load> RunAsync(Uri address, string authorization, int connections, TimeSpan duration, CancellationToken cancellation) =>
        RunAsync(address, [$"Authorization: {authorization}"], connections, duration, cancellation);

    /// <param name="headers">Each as <c>name: value</c>.</param>
    public static async Task<Load> RunAsync(Uri address, IReadOnlyList<string> headers, int connections, TimeSpan duration, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("wrk") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["-t1", $"-c{connections}", $"-d{duration.TotalSeconds}s", .. headers.SelectMany(header => (string[])["-H", header]), address.ToString()])
            start.ArgumentList.Add(argument);
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync(cancellation);
        await wrk.WaitForExitAsync(cancellation);
        var summary = Summary().Match(output);
        if (!summary.Success || output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
            throw new InvalidOperationException($"{address} did not answer every request well:\n{output}");
        var seconds = double.Parse(summary.Groups[2].Value, CultureInfo.InvariantCulture);
        return new Load(long.Parse(summary.Groups[1].Value), summary.Groups[3].Value == "m" ? seconds * 60 : seconds);
    }

    [GeneratedRegex(@"(\d+) requests in ([\d.]+)(s|m)")]
    private static partial Regex Summary();
}
