using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AltruistManager.Benchmarks.Api;

/// <summary>A server in a process of its own, whose processor time can be read.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    // sysconf(_SC_CLK_TCK) on every Linux of today.
    private const double TicksPerSecond = 100;

    private readonly Process process;

    private ServerProcess(string name, Process process, Uri address)
    {
        Name = name;
        this.process = process;
        Address = address;
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <param name="address">Null when the server prints where it listens.</param>
    public static async Task<ServerProcess> StartAsync(string name, ProcessStartInfo start, Uri? address, CancellationToken cancellation)
    {
        start.RedirectStandardOutput = true;
        start.UseShellExecute = false;
        var started = Process.Start(start)!;
        while (address is null)
        {
            var line = await started.StandardOutput.ReadLineAsync(cancellation)
                ?? throw new InvalidOperationException($"{name} ended before it listened.");
            if (Listening().Match(line) is { Success: true } match)
                address = new Uri(match.Value);
        }

        // What it says from now on is of no interest, but must not fill the pipe.
        _ = started.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return new ServerProcess(name, started, address);
    }

    /// <summary>User and system time of the process and its children so far.</summary>
    public TimeSpan ProcessorTime() =>
        TimeSpan.FromSeconds(Family(process.Id).Sum(Ticks) / TicksPerSecond);

    /// <summary>Memory of the process that is in use now.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    public void Kill()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
            Kill();
        process.Dispose();
    }

    private static IEnumerable<int> Family(int id) =>
        [id, .. File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).SelectMany(Family)];

    private static double Ticks(int id)
    {
        // The second field is the name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"https?://127\.0\.0\.1:\d+")]
    private static partial Regex Listening();
}
