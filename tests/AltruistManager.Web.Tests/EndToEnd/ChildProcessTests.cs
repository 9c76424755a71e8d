using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>That tests leave nothing running on the machine.</summary>
public sealed partial class ChildProcessTests
{
    [Fact]
    public async Task Program_whose_start_fails_is_not_left_behind()
    {
        var start = new ProcessStartInfo("sh") { ArgumentList = { "-c", "echo process $$; echo listens at nowhere; exec sleep 300" } };
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => ChildProcess.StartAsync(start, Listening()));
        var id = int.Parse(Id().Match(failed.Message).Groups[1].Value);
        Assert.False(Directory.Exists($"/proc/{id}"), $"{id} still runs");
    }

    /// <summary>No number, which fails when it is read.</summary>
    [GeneratedRegex("listens at (nowhere)")]
    private static partial Regex Listening();

    [GeneratedRegex("process ([0-9]+)")]
    private static partial Regex Id();
}
