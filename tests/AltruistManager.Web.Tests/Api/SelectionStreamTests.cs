using System.Net;
using System.Net.Sockets;
using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Api;

namespace AltruistManager.Web.Tests.Api;

public sealed class SelectionStreamTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Path = "/api/v1/selections/stream?region=us-east";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AppFixture App => picks.App;

    [Fact]
    public async Task Stream_begins_at_once_with_the_bulk_body()
    {
        using var listener = await Listener.OpenAsync(App.Portal, "us-east");
        Assert.Equal("text/event-stream", listener.Answer.Content.Headers.ContentType!.MediaType);
        Assert.True(listener.Answer.Headers.CacheControl!.NoStore);
        var first = (await listener.ReadAsync())!;
        Assert.Equal("snapshot", first.Event);
        Assert.Equal(await App.Portal.GetStringAsync("/api/v1/selections?region=us-east", Cancellation), first.Data);
        Assert.Equal(first.Json.GetProperty("generation").ToString(), first.Id);
        Assert.InRange(int.Parse(first.Retry!), 1_000, 10_000);
    }

    [Fact]
    public async Task Change_of_a_pick_is_told_to_all_who_listen_and_a_reconnect_goes_on_after_it()
    {
        using var one = await Listener.OpenAsync(App.Portal, "us-east");
        using var other = await Listener.OpenAsync(App.Staff, "us-east");
        var before = (await one.ReadAsync())!;
        await other.ReadAsync();

        var pinned = await PinAnotherAsync();
        var told = await one.NextAsync();
        Assert.Equal(("selection", pinned), (told.Event, told.Json.GetProperty("primary").GetProperty("altruist").GetString()));
        Assert.Equal(await App.Portal.GetStringAsync("/api/v1/selections/0021?region=us-east", Cancellation), told.Data);
        Assert.Equal(told.Json.GetProperty("generation").ToString(), told.Id);
        Assert.Equal(told, await other.NextAsync());

        using var back = await Listener.OpenAsync(App.Portal, "us-east", after: before.Id);
        Assert.Equal(told.Data, (await back.NextAsync()).Data);
        using var stranger = await Listener.OpenAsync(App.Portal, "us-east", after: "1");
        Assert.Equal("snapshot", (await stranger.NextAsync()).Event);
    }

    [Fact]
    public async Task Revoked_altruist_reaches_those_who_listen()
    {
        using var listener = await Listener.OpenAsync(App.Portal, "us-east");
        await listener.ReadAsync();
        var altruist = picks.Altruists["two"];
        var made = await (await App.Staff.PostAsJsonAsync(
            "/api/v1/overrides",
            new { kind = "exclude", altruist, reason = "leaked", revoke = true, expiresAt = TimeProvider.System.GetUtcNow().AddHours(1) },
            Cancellation)).ReadJsonAsync(Cancellation);
        var told = await listener.NextAsync();
        Assert.Equal("snapshot", told.Event);
        Assert.Contains(altruist, told.Json.GetProperty("revoked").EnumerateArray().Select(id => id.GetString()));
        Assert.True((await App.Staff.DeleteAsync($"/api/v1/overrides/{made.GetProperty("id").GetString()}", Cancellation)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task What_was_written_to_the_stream_of_a_portal_counts_as_taken()
    {
        using var client = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "listening"));
        using var listener = await Listener.OpenAsync(client, "us-east");
        var id = long.Parse((await listener.ReadAsync())!.Id!);
        await Wait.UntilAsync("the portal has the generation", () => Task.FromResult(
            App.Services.GetRequiredService<PortalPolls>().All.Any(poll => poll is { Portal: "listening", Region: "us-east", Chain: "" } && poll.Generation == id)));
    }

    [Theory]
    [InlineData("/api/v1/selections/stream/")]
    [InlineData("/API/V1/Selections/Stream")]
    [InlineData("/api/v1/selections/%73tream")]
    public async Task Stream_begins_however_its_path_is_written(string path)
    {
        using var listener = await Listener.OpenAsync(App.Portal, "us-east", path: path);
        Assert.Equal("snapshot", (await listener.NextAsync()).Event);
    }

    [Fact]
    public async Task Comment_says_that_the_connection_lives()
    {
        using var listener = await Listener.OpenAsync(App.Portal, "eu");
        await listener.ReadAsync();
        StreamBlock? block;
        do
            block = await listener.ReadAsync();
        while (block is { Event: not null });
        Assert.NotNull(block?.Comment);
    }

    [Fact]
    public async Task Stream_is_for_portals_and_names_its_region_as_the_bulk_call_does()
    {
        Assert.Equal("no-key", (await App.Anonymous.GetProblemAsync(Path, Cancellation)).Slug);
        Assert.Equal("forbidden", (await App.Provider("acme").GetProblemAsync(Path, Cancellation)).Slug);
        var unknown = await App.Portal.GetProblemAsync("/api/v1/selections/stream?region=nowhere", Cancellation);
        Assert.Equal((404, "unknown-region"), (unknown.Status, unknown.Slug));
        using var listener = await Listener.OpenAsync(App.Portal, "");
        Assert.Equal("global", (await listener.NextAsync()).Json.GetProperty("region").GetString());
    }

    [Fact]
    public async Task What_is_kept_of_a_choice_of_chains_goes_when_nobody_has_listened_for_long_and_is_made_anew_for_who_comes_back()
    {
        var streams = App.Services.GetRequiredService<SelectionStreams>();
        using var client = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "narrow"));
        var before = streams.Feeds;
        foreach (var chains in (string[][])[["0021"], ["0099"], ["0021", "0099"]])
        {
            await (await App.Staff.PutAsJsonAsync("/api/v1/portals/narrow", new { chains }, Cancellation)).ReadJsonAsync(Cancellation);
            using var listener = await Listener.OpenAsync(client, "us-east");
            Assert.Equal(chains, (await listener.NextAsync()).Json.GetProperty("selections").EnumerateArray().Select(slot => slot.GetProperty("chain").GetString()));
        }

        Assert.Equal(before + 3, streams.Feeds);
        await Wait.UntilAsync("nothing of them is kept", () =>
        {
            for (var beat = 0; beat < RegionFeed.MostUnheard; beat++)
                streams.Beat(0);
            return Task.FromResult(streams.Feeds == before);
        });
        using var back = await Listener.OpenAsync(client, "us-east");
        Assert.Equal("snapshot", (await back.NextAsync()).Event);
    }

    [Fact]
    public async Task Stream_ends_with_its_key()
    {
        var key = await App.CreateKeyAsync(KeyScope.Portal);
        using var client = App.Client(key);
        using var listener = await Listener.OpenAsync(client, "us-east");
        await listener.ReadAsync();
        var started = TimeProvider.System.GetTimestamp();
        await App.Services.GetRequiredService<ApiKeyStore>().RevokeAsync(Actor.Operator, key.Split('_')[1], Cancellation);
        while (await listener.ReadAsync() is not null)
        {
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Portal_that_does_not_read_is_dropped_and_holds_nobody_up()
    {
        var streams = App.Services.GetRequiredService<SelectionStreams>();
        var holder = App.Services.GetRequiredService<SnapshotHolder>();
        var real = holder.Current;
        await Wait.UntilAsync("nobody listens", () => Task.FromResult(streams.Count == 0));
        try
        {
            holder.Swap(Large(1));
            using var slow = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            await slow.ConnectAsync(IPAddress.Loopback, App.Address.Port, Cancellation);
            await slow.SendAsync(Encoding.ASCII.GetBytes($"GET {Path} HTTP/1.1\r\nHost: x\r\nAuthorization: {App.Portal.DefaultRequestHeaders.Authorization}\r\n\r\n"), Cancellation);
            await Wait.UntilAsync("the slow one listens", () => Task.FromResult(streams.Count == 1));
            using var listener = await Listener.OpenAsync(App.Portal, "us-east");
            Assert.Equal("1", (await listener.ReadAsync())!.Id);

            // Far more than the buffers of a connection hold.
            for (var generation = 2L; generation <= 100; generation++)
            {
                holder.Swap(Large(generation));
                Assert.Equal(generation.ToString(), (await listener.NextAsync()).Id);
            }

            await Wait.UntilAsync("the slow one is dropped", () => Task.FromResult(streams.Count == 1));
            holder.Swap(Large(101));
            Assert.Equal("101", (await listener.NextAsync()).Id);
        }
        finally
        {
            holder.Swap(real);
        }

        static Snapshot Large(long generation) => FabricatedSnapshots.Of("fabricated", [], 0, 200_000, ("a", generation));
    }

    [Fact]
    public async Task Streams_end_with_a_time_to_come_back_when_the_service_stops_and_do_not_delay_it()
    {
        // So long the end would wait for connections that stay.
        await using var app = await AppFixture.StartAsync(("shutdownTimeoutSeconds", "240"));
        var listeners = new List<Listener>();
        for (var i = 0; i < 20; i++)
        {
            listeners.Add(await Listener.OpenAsync(app.Portal, "global"));
            await listeners[^1].ReadAsync();
        }

        var started = TimeProvider.System.GetTimestamp();
        var stopped = TimeSpan.MaxValue;
        await app.RestartAsync(() => stopped = TimeProvider.System.GetElapsedTime(started));
        Assert.InRange(stopped, TimeSpan.Zero, TimeSpan.FromSeconds(120));
        var retries = new HashSet<string>();
        foreach (var listener in listeners)
        {
            StreamBlock? last = null;
            while (await listener.ReadAsync() is { } block)
                last = block;
            Assert.Contains("stops", last?.Comment);
            retries.Add(last!.Retry!);
            listener.Dispose();
        }

        Assert.All(retries, retry => Assert.InRange(int.Parse(retry), 1_000, 10_000));
        Assert.True(retries.Count > 10, "they come back at different times");
    }

    /// <summary>Pins an altruist that does not serve now.</summary>
    private async Task<string> PinAnotherAsync()
    {
        var serving = await picks.PickAsync();
        var altruist = picks.Altruists.First(known => known.Key != serving).Value;
        var made = await App.Staff.PostAsJsonAsync(
            "/api/v1/overrides",
            new { kind = "pin", chain = "0021", region = "us-east", altruist, reason = "test", expiresAt = TimeProvider.System.GetUtcNow().AddHours(1) },
            Cancellation);
        await made.ReadJsonAsync(Cancellation);
        return altruist;
    }
}
