using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Transparency;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>The promise to a newcomer: rotation, a failover and its explanation within a minute, and nothing left behind.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class DemoTests
{
    private const string Told = "failover:";

    /// <summary>A minute is what it takes; a busy machine takes its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Demo_shows_rotation_and_an_explained_failover_within_a_minute_and_leaves_nothing_behind()
    {
        var begin = Stopwatch.GetTimestamp();
        await using var demo = new DemoProcess("--urls", "http://127.0.0.1:0");
        await demo.PresentedAsync(Patience);
        Assert.Contains(demo.Printed("folder"), demo.Files);

        var selection = await demo.GetAsync("selections/eth?region=us-east", demo.Printed("portal key"));
        Assert.Equal("0021", selection.GetProperty("chain").GetString());
        Assert.StartsWith("http://127.0.0.", selection.GetProperty("primary").GetProperty("url").GetString(), StringComparison.Ordinal);

        var rotated = false;
        string? explanation = null;
        // The narrator looks at the picks now and then, and tells of a change a moment after it was decided.
        while (Stopwatch.GetElapsedTime(begin) < Patience && !(rotated && explanation is not null && demo.Output.Contains(Told, StringComparison.Ordinal)))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            var newestFirst = (await demo.GetAsync("decisions?chain=0021&region=us-east&limit=50")).GetProperty("items").EnumerateArray().ToArray();
            for (var index = 0; index + 1 < newestFirst.Length; index++)
            {
                var (decision, before) = (newestFirst[index], newestFirst[index + 1]);
                if (PickOf(decision) == PickOf(before))
                    continue;
                if (decision.GetProperty("trigger").GetString() == "scheduled")
                    rotated = true;
                // On a busy machine some are found too slow before one goes down.
                if (decision.GetProperty("trigger").GetString() == "failover" && Candidate(decision, PickOf(before)).GetProperty("reason").GetString() is { } reason
                    && reason.Contains("refused", StringComparison.OrdinalIgnoreCase))
                    explanation = reason;
            }
        }

        Assert.True(rotated, $"No rotation within a minute:\n{demo.Output}");
        Assert.False(string.IsNullOrEmpty(explanation), $"No explained failover within a minute:\n{demo.Output}");
        Assert.Contains(Told, demo.Output, StringComparison.Ordinal);

        using var verification = LogVerification.OfUrl(new Uri(new Uri(demo.Printed("API")), "/"), TimeProvider.System);
        var report = await verification.RunAsync(0, long.MaxValue, null, TestContext.Current.CancellationToken);
        Assert.Null(report.Difference);
        Assert.True(report.Replayed > 5, $"{report}");

        await demo.SignalAsync("TERM");
        Assert.True(await demo.EndedAsync(Patience) == 0, demo.Output);
        Assert.Empty(demo.Files);
    }

    [Fact]
    public async Task Demo_ends_cleanly_on_interrupt()
    {
        await using var demo = new DemoProcess("--urls", "http://127.0.0.1:0");
        await demo.PresentedAsync(Patience);
        await demo.SignalAsync("INT");
        Assert.True(await demo.EndedAsync(Patience) == 0, demo.Output);
        Assert.Empty(demo.Files);
    }

    [Fact]
    public async Task Demo_ends_by_itself_when_its_time_is_over()
    {
        await using var demo = new DemoProcess("--urls", "http://127.0.0.1:0", "--minutes", "0.1");
        Assert.True(await demo.EndedAsync(Patience) == 0, demo.Output);
        Assert.Empty(demo.Files);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8080", "loopback only")]
    [InlineData("http://*:8080", "no http address")]
    [InlineData("http://example.com:8080", "loopback only")]
    [InlineData("http://127.0.0.1:0;http://[::]:0", "loopback only")]
    [InlineData("https://127.0.0.1:0", "no http address")]
    public async Task Demo_refuses_to_listen_for_others(string urls, string words)
    {
        await using var demo = new DemoProcess("--urls", urls);
        Assert.Equal(2, await demo.EndedAsync(Patience));
        Assert.Contains(words, demo.Output, StringComparison.Ordinal);
    }

    private static string? PickOf(JsonElement decision) =>
        decision.GetProperty("result") is { ValueKind: JsonValueKind.Object } result ? result.GetProperty("altruist").GetString() : null;

    private static JsonElement Candidate(JsonElement decision, string? altruist) =>
        decision.GetProperty("candidates").EnumerateArray().First(candidate => candidate.GetProperty("altruist").GetString() == altruist);
}
