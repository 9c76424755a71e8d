using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>A program that runs until it is killed, at the latest with the tests, and tells on standard output where it listens.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly ConcurrentDictionary<ChildProcess, bool> Running = [];

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();

    // A test that fails while it sets up does not come to dispose of what it has.
    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (var child in Running.Keys)
            child.Dispose();
    };

    private ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    public int Port { get; private set; }

    /// <summary>Null once it has ended by itself.</summary>
    public int? Id => process.HasExited ? null : process.Id;

    public string Output => string.Join('\n', lines);

    /// <param name="listening">What it prints when it listens; its first group is the port.</param>
    public static async Task<ChildProcess> StartAsync(ProcessStartInfo start, Regex listening)
    {
        var child = new ChildProcess(start);
        child.process.Start();
        Running[child] = true;
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        try
        {
            var port = await Eventually.SeeAsync($"{start.FileName} {string.Join(' ', start.ArgumentList)} listens", () =>
            {
                if (child.process.HasExited)
                    throw new InvalidOperationException("it ended");
                return Task.FromResult(child.lines.Select(line => listening.Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value);
            });
            child.Port = int.Parse(port);
            return child;
        }
        catch (Exception failed)
        {
            child.Dispose();
            throw new InvalidOperationException($"{failed.Message}\n{child.Output}", failed);
        }
    }

    /// <summary>As the kernel kills: nothing is flushed, nothing is said.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!Running.TryRemove(this, out _))
            return;
        if (!process.HasExited)
            Kill();
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }
}
