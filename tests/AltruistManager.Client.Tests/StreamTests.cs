using System.Net;

namespace AltruistManager.Client.Tests;

/// <summary>Picks as they are streamed.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task Change_is_taken_from_the_stream_without_a_poll()
    {
        await using var portal = await ListeningAsync();
        var polls = portal.First.Polls;
        await portal.First.SendEventAsync("selection", Told.Slot("0021", 6, "b").ToJsonString(), 6);
        await portal.UntilHeldAsync(6);
        Assert.Equal("b", portal.Client.Find("0021")!.Primary!.Id);
        Assert.Equal("a", portal.Client.Find("0022")!.Primary!.Id);
        Assert.Equal(polls, portal.First.Polls);
        Assert.Equal("5", portal.First.Asked.Last(call => call.LastEventId is not null).LastEventId);
    }

    [Fact]
    public async Task Picks_of_one_generation_are_taken_together()
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendEventAsync("selection", Told.Slot("0021", 6, "b").ToJsonString(), null);
        await portal.First.SendEventAsync("selection", Told.Slot("0022", 6, "b").ToJsonString(), 6);
        await portal.UntilHeldAsync(6);
        Assert.Equal(("b", "b"), (portal.Client.Find("0021")!.Primary!.Id, portal.Client.Find("0022")!.Primary!.Id));
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("one at 6", StringComparison.Ordinal) && !line.Contains("tells", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Half_a_generation_is_forgotten_when_the_stream_breaks()
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendEventAsync("selection", Told.Slot("0021", 6, "b").ToJsonString(), null);
        await portal.First.Stream!.CompleteAsync();
        await portal.UntilAsync("the stream is opened again", () => portal.First.Streams == 2);
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
        Assert.Equal("5", portal.First.Asked.Last(call => call.LastEventId is not null).LastEventId);

        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"), Told.Slot("0022", 6, "b"));
        await portal.First.Stream!.CompleteAsync();
        await portal.UntilHeldAsync(6);
    }

    [Fact]
    public async Task Snapshot_replaces_everything_and_drops_the_revoked()
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendEventAsync("snapshot", System.Text.Encoding.UTF8.GetString(Told.Body("one", 7, ["a"], Told.Slot("0021", 5, "a", "b"))), 7);
        await portal.UntilHeldAsync(7);
        Assert.Equal(("b", null), (portal.Client.Find("0021")!.Primary!.Id, portal.Client.Find("0022")));
    }

    [Theory]
    [InlineData("event: selection\ndata: nonsense\nid: 6\n\n")]
    [InlineData("event: snapshot\ndata: {}\nid: 6\n\n")]
    [InlineData("event: snapshot\ndata: {\"region\":\"mars\",\"origin\":\"one\",\"generation\":6,\"selections\":[],\"revoked\":[]}\nid: 6\n\n")]
    public async Task Nonsense_ends_the_stream_and_changes_nothing(string text)
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendAsync(text);
        await portal.UntilAsync("the stream is opened again", () => portal.First.Streams == 2);
        Assert.Equal((5, "a"), (portal.Client.Selections!.Generation, portal.Client.Find("0021")!.Primary!.Id));
    }

    [Fact]
    public async Task Stream_that_cannot_be_unpacked_is_a_broken_connection()
    {
        await using var portal = new Portal();
        portal.First.HasStream = portal.First.IsStreamPacked = true;
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        await portal.UntilAsync("the stream is open", () => portal.First.Streams == 1);
        await portal.First.Stream!.WriteAsync(Enumerable.Repeat((byte)0xFF, 100).ToArray(), TestContext.Current.CancellationToken);
        await portal.UntilAsync("the stream is opened again", () => portal.First.Streams == 2);
        Assert.Contains(portal.Log.Lines, line => line.Contains("cannot be unpacked", StringComparison.Ordinal));
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("must not happen", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Old_picks_and_those_of_another_origin_are_not_taken_from_an_open_stream()
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendEventAsync("selection", Told.Slot("0021", 3, "old").ToJsonString(), 3);
        await portal.First.SendEventAsync("selection", Told.Slot("0022", 6, [Told.Altruist("x", 100)], [], origin: "two").ToJsonString(), 6);
        await portal.UntilAsync("the stream is opened again", () => portal.First.Streams == 2);
        Assert.Equal(("a", "a"), (portal.Client.Find("0021")!.Primary!.Id, portal.Client.Find("0022")!.Primary!.Id));
    }

    [Fact]
    public async Task Comments_keep_picks_fresh_and_silence_ends_the_stream()
    {
        await using var portal = await ListeningAsync();
        for (var i = 0; i < 20; i++)
        {
            portal.Time.Advance(TimeSpan.FromSeconds(15));
            var before = portal.Client.HeardAt;
            await portal.First.SendAsync(": beat\n\n");
            await portal.UntilAsync("the beat is heard", () => portal.Client.HeardAt > before, step: 0);
        }

        Assert.Equal((ClientState.Fresh, 1), (portal.Client.State, portal.First.Streams));
        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.UntilAsync("it says stale", () => portal.Client.State == ClientState.Stale);
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
    }

    [Fact]
    public async Task Manager_without_a_stream_is_polled_and_asked_for_one_again_later()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        await portal.UntilAsync("it was polled a few times", () => portal.First.Polls > 5);
        Assert.Equal(1, portal.First.Streams);
        portal.First.HasStream = true;
        await portal.UntilAsync("it is asked again", () => portal.First.Streams == 2, step: 5);
    }

    [Fact]
    public async Task Stream_that_is_refused_for_now_leaves_polling()
    {
        await using var portal = await ListeningAsync();
        await portal.First.SendAsync("retry: 2000\n: going\n\n");
        portal.First.Status = HttpStatusCode.ServiceUnavailable;
        portal.Second.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.First.Stream!.CompleteAsync();
        await portal.UntilHeldAsync(6);
    }

    [Fact]
    public async Task Portal_comes_back_to_its_first_manager()
    {
        await using var portal = new Portal();
        portal.First.IsDown = true;
        portal.Second.HasStream = true;
        portal.Second.Body = portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        await portal.UntilAsync("it listens to the second", () => portal.Second.Streams == 1);
        portal.First.IsDown = false;
        portal.First.HasStream = true;
        while (portal.First.Streams == 0)
        {
            portal.Time.Advance(TimeSpan.FromSeconds(10));
            var before = portal.Client.HeardAt;
            await portal.Second.SendAsync(": beat\n\n");
            await portal.UntilAsync("the beat is heard, or the first one listened to", () => portal.Client.HeardAt > before || portal.First.Streams > 0, step: 0);
            Assert.True(portal.Time.GetUtcNow() < new DateTimeOffset(2026, 11, 21, 7, 11, 0, TimeSpan.Zero), "it stays with the second one");
        }

        Assert.Equal(1, portal.Second.Streams);
    }

    private static async Task<Portal> ListeningAsync()
    {
        var portal = new Portal();
        portal.First.HasStream = true;
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"), Told.Slot("0022", 4, "a"));
        portal.Second.Body = portal.First.Body;
        await portal.StartAsync();
        await portal.UntilAsync("the stream is open", () => portal.First.Streams == 1);
        return portal;
    }
}
