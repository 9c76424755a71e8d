using System.IO.Pipelines;
using System.Net.ServerSentEvents;
using System.Text;
using AltruistManager.Selection;
using AltruistManager.Web.Api;

namespace AltruistManager.Web.Tests.Api;

/// <summary>What the streams of a region are told, read as any client of server-sent events reads it.</summary>
public sealed class RegionFeedTests
{
    private const string Old = "origin-1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_begins_with_the_snapshot_and_goes_on_with_the_slots_that_changed()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1), ("b", 1)));
        await using var reader = Reader.Join(feed);
        var first = FabricatedSnapshots.Of(Old, ("a", 1), ("b", 1)).FindAll(FabricatedSnapshots.Region)!;
        Assert.Equal(("snapshot", "1", Encoding.UTF8.GetString(first.Body.Span)), await reader.NextAsync());

        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1), ("b", 2)));
        Assert.Equal("selection b 2 id 2", await reader.BriefAsync());
    }

    [Fact]
    public async Task Only_the_last_event_of_a_generation_carries_its_id()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1), ("b", 1), ("c", 1), ("d", 1)));
        await using var reader = Reader.Join(feed);
        await reader.NextAsync();

        // Two generations that came so quickly one after the other that they are told at once.
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 3), ("b", 2), ("c", 3), ("d", 2)));
        Assert.Equal(
            ["selection b 2", "selection d 2 id 2", "selection a 3", "selection c 3 id 3"],
            [await reader.BriefAsync(), await reader.BriefAsync(), await reader.BriefAsync(), await reader.BriefAsync()]);
    }

    [Fact]
    public async Task Round_that_changes_nothing_of_the_region_tells_nothing()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        await using var reader = Reader.Join(feed);
        await reader.NextAsync();
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 2)));
        Assert.Equal("selection a 2 id 2", await reader.BriefAsync());
    }

    [Fact]
    public async Task Whoever_comes_back_is_told_what_changed_since()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1), ("b", 1), ("c", 1)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 2), ("b", 1), ("c", 1)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 3), ("b", 1), ("c", 1)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 3), ("b", 4), ("c", 1)));

        await using (var reader = Reader.Join(feed, after: 2))
            Assert.Equal(["selection a 3 id 3", "selection b 4 id 4"], [await reader.BriefAsync(), await reader.BriefAsync()]);

        await using (var upToDate = Reader.Join(feed, after: 4))
        {
            feed.Show(FabricatedSnapshots.Of(Old, ("a", 3), ("b", 4), ("c", 5)));
            Assert.Equal("selection c 5 id 5", await upToDate.BriefAsync());
        }
    }

    [Theory]
    [InlineData(0, "never told here")]
    [InlineData(9, "of the future, or of another instance that is ahead")]
    public async Task Whoever_comes_back_with_what_is_not_known_gets_the_snapshot(long after, string why)
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 2)));
        await using var reader = Reader.Join(feed, after);
        Assert.True((await reader.NextAsync()).Event == "snapshot", why);
    }

    [Fact]
    public async Task Another_database_is_told_as_a_whole_and_what_was_before_is_not_resumed()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 5), ("b", 7)));
        await using var reader = Reader.Join(feed);
        await reader.NextAsync();
        feed.Show(FabricatedSnapshots.Of("origin-2", ("a", 6), ("b", 6)));
        Assert.Equal("snapshot", (await reader.NextAsync()).Event);

        await using var back = Reader.Join(feed, after: 5);
        Assert.Equal("snapshot", (await back.NextAsync()).Event);
    }

    [Fact]
    public async Task Revocation_and_a_slot_that_went_are_told_as_a_whole_also_to_whoever_comes_back()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1), ("b", 1)));
        await using var reader = Reader.Join(feed);
        await reader.NextAsync();
        feed.Show(FabricatedSnapshots.Of(Old, ["bad-one"], 2, 0, ("a", 2), ("b", 1)));
        var (name, id, body) = await reader.NextAsync();
        Assert.Equal(("snapshot", "2"), (name, id));
        Assert.Contains("\"revoked\":[\"bad-one\"]", body);

        await using var back = Reader.Join(feed, after: 1);
        Assert.Contains("bad-one", (await back.NextAsync()).Body);
    }

    [Fact]
    public async Task Feed_of_chosen_chains_is_given_up_once_nobody_has_listened_for_long_and_not_before()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region, new ChainChoice(["a"]));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        await using (Reader.Join(feed))
            Assert.All(Enumerable.Range(0, RegionFeed.MostUnheard + 1), _ => Assert.True(feed.Beat(0)));
        // Whoever comes back within the time is told what changed since.
        Assert.All(Enumerable.Range(1, RegionFeed.MostUnheard - 1), _ => Assert.True(feed.Beat(0)));
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 2)));
        await using (var back = Reader.Join(feed, after: 1))
            Assert.Equal("selection a 2 id 2", await back.BriefAsync());

        Assert.All(Enumerable.Range(1, RegionFeed.MostUnheard - 1), _ => Assert.True(feed.Beat(0)));
        Assert.False(feed.Beat(0));
        using var late = new PortalStream("key", portal: null, static () => { }, TimeProvider.System);
        Assert.False(feed.Join(late, FabricatedSnapshots.Of(Old, ("a", 2)), after: null));

        var whole = new RegionFeed(FabricatedSnapshots.Region);
        whole.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        Assert.All(Enumerable.Range(0, 2 * RegionFeed.MostUnheard), _ => Assert.True(whole.Beat(0)));
    }

    [Fact]
    public async Task Each_stream_is_told_once_in_a_period_that_it_lives()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        var snapshot = FabricatedSnapshots.Of(Old, ("a", 1));
        for (var number = 0; number < 10; number++)
        {
            var pipe = new Pipe();
            using var stream = new PortalStream("key", portal: null, static () => { }, TimeProvider.System);
            Assert.True(feed.Join(stream, snapshot, after: null));
            var sending = stream.SendAsync(pipe.Writer, static _ => { }, Cancellation);
            for (var part = 0; part < RegionFeed.BeatParts; part++)
                feed.Beat(part);
            // What follows comes after all that was told before.
            feed.Show(snapshot = FabricatedSnapshots.Of(Old, ("a", number + 2)));
            var text = "";
            while (!text.Contains("event: selection", StringComparison.Ordinal))
            {
                var read = await pipe.Reader.ReadAsync(Cancellation);
                text += Encoding.UTF8.GetString(read.Buffer);
                pipe.Reader.AdvanceTo(read.Buffer.End);
            }

            Assert.Equal(2, text.Split(":\n\n").Length);
            feed.Leave(stream);
            stream.End("over");
            await sending;
        }
    }

    [Fact]
    public async Task Slow_reader_is_sent_away_while_the_others_are_told_everything()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        await using var reader = Reader.Join(feed);
        await reader.NextAsync();
        await using var slow = Reader.Join(feed, bufferBytes: 16);

        for (var generation = 2; generation <= 2 + PortalStream.MostBehind; generation++)
        {
            feed.Show(FabricatedSnapshots.Of(Old, ("a", generation)));
            Assert.Equal($"selection a {generation} id {generation}", await reader.BriefAsync());
        }

        await slow.WasCut.WaitAsync(TimeSpan.FromSeconds(90), TimeProvider.System, Cancellation);
        Assert.False(reader.WasCut.IsCompleted);
    }

    [Fact]
    public async Task Slow_reader_that_reads_again_is_told_to_come_back()
    {
        var feed = new RegionFeed(FabricatedSnapshots.Region);
        feed.Show(FabricatedSnapshots.Of(Old, ("a", 1)));
        await using var slow = Reader.Join(feed, bufferBytes: 16);
        for (var generation = 2; generation <= 3 + PortalStream.MostBehind; generation++)
            feed.Show(FabricatedSnapshots.Of(Old, ("a", generation)));

        var text = await slow.RestAsync();
        Assert.Contains(": too slow", text);
        Assert.Matches(@"retry: \d{4,5}\n\n$", text);
        // It comes back with what it was sent last, and nothing is missing.
        Assert.Single(text.Split('\n'), line => line.StartsWith("id: ", StringComparison.Ordinal));
    }

    /// <summary>A connection whose buffer holds so many bytes.</summary>
    private sealed class Reader : IAsyncDisposable
    {
        private readonly RegionFeed feed;
        private readonly PortalStream stream;
        private readonly Pipe pipe;
        private readonly Task sending;
        private readonly CancellationTokenSource gone = new();
        private readonly TaskCompletionSource cut = new();
        private IAsyncEnumerator<SseItem<string>>? events;

        private Reader(RegionFeed feed, long? after, int bufferBytes)
        {
            this.feed = feed;
            pipe = new Pipe(new PipeOptions(pauseWriterThreshold: bufferBytes, resumeWriterThreshold: bufferBytes / 2));
            stream = new PortalStream("key", portal: null, cut.SetResult, TimeProvider.System);
            feed.Join(stream, Snapshot.Empty, after);
            sending = SendAsync();
        }

        public Task WasCut => cut.Task;

        public static Reader Join(RegionFeed feed, long? after = null, int bufferBytes = 1 << 20) => new(feed, after, bufferBytes);

        public async Task<(string Event, string? Id, string Body)> NextAsync()
        {
            events ??= SseParser.Create(pipe.Reader.AsStream()).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(90), TimeProvider.System, Cancellation));
            return (events.Current.EventType, events.Current.EventId, events.Current.Data);
        }

        public async Task<string> BriefAsync()
        {
            var (name, id, body) = await NextAsync();
            var slot = System.Text.Json.JsonDocument.Parse(body).RootElement;
            return $"{name} {slot.GetProperty("chain")} {slot.GetProperty("generation")}{(id is null ? "" : $" id {id}")}";
        }

        public async Task<string> RestAsync()
        {
            using var text = new StreamReader(pipe.Reader.AsStream());
            return await text.ReadToEndAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(90), TimeProvider.System, Cancellation);
        }

        public async ValueTask DisposeAsync()
        {
            feed.Leave(stream);
            await gone.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stream.Dispose();
            gone.Dispose();
        }

        private async Task SendAsync()
        {
            await stream.SendAsync(pipe.Writer, static _ => { }, gone.Token);
            await pipe.Writer.CompleteAsync();
        }
    }
}
