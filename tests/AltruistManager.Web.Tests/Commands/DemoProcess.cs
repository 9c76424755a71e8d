using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>The demo as a newcomer starts it, in a process of its own.</summary>
internal sealed partial class DemoProcess : IAsyncDisposable
{
    private readonly DirectoryInfo temporary = Directory.CreateTempSubdirectory("altruist-manager-test-");
    private readonly Process process;
    private readonly List<string> output = [];
    private readonly TaskCompletionSource programme = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });

    public DemoProcess(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = temporary.FullName,
            Environment = { ["TMPDIR"] = temporary.FullName },
        };
        string[] line = ["exec", Path.Combine(AppContext.BaseDirectory, "altruist-manager.dll"), "demo", .. arguments];
        foreach (var argument in line)
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, read) => Read(read.Data);
        process.ErrorDataReceived += (_, read) => Read(read.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Everything printed so far, for a test that fails.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return string.Join('\n', output);
        }
    }

    /// <summary>What is in its temporary folder and in its working directory.</summary>
    public string[] Files => Directory.GetFileSystemEntries(temporary.FullName);

    /// <summary>Waits until it has printed its addresses and keys.</summary>
    public async Task PresentedAsync(TimeSpan patience) => await programme.Task.WaitAsync(patience, TestContext.Current.CancellationToken);

    /// <summary>A value of the printed programme.</summary>
    public string Printed(string name) => Regex.Match(Output, $@"^\s+{name}\s+(\S+)", RegexOptions.Multiline, TimeSpan.FromSeconds(1)) is { Success: true } match
        ? match.Groups[1].Value
        : throw new InvalidOperationException($"{name} was not printed:\n{Output}");

    public async Task<JsonElement> GetAsync(string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Printed("API")}/{path}");
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path} answered {(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    /// <param name="signal">Its name, as <c>TERM</c>.</param>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString()]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <returns>The exit code.</returns>
    public async Task<int> EndedAsync(TimeSpan patience)
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(patience, TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        process.Dispose();
        temporary.Delete(recursive: true);
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            programme.TrySetException(new InvalidOperationException($"The demo ended early:\n{Output}"));
            return;
        }

        lock (output)
            output.Add(line);
        if (LastOfProgramme().IsMatch(line))
            programme.TrySetResult();
    }

    [GeneratedRegex("^try: curl -X POST", RegexOptions.None, 1000)]
    private static partial Regex LastOfProgramme();
}
