using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace AltruistManager.Client.Tests;

/// <summary>Where picks come from, and that they stay whatever happens to managers.</summary>
public sealed class FeedTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Picks_are_there_when_the_start_ends_and_are_asked_for_with_key_region_and_tag()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a", "b"));
        await portal.StartAsync();

        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
        Assert.Equal(ClientState.Fresh, portal.Client.State);
        Assert.Equal(("/api/v1/selections?region=us-east", "Bearer am_secret-key", null), (portal.First.Asked.First().Path, portal.First.Asked.First().Key, portal.First.Asked.First().ETag));

        await portal.UntilAsync("it is asked again", () => portal.First.Polls > 1);
        Assert.StartsWith("\"fake-", portal.First.Asked.Last(call => call.Path.Contains('?')).ETag);
        Assert.Empty(portal.Second.Asked);
    }

    [Fact]
    public async Task New_picks_are_taken_and_older_ones_of_the_same_origin_never()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilHeldAsync(6);

        portal.First.Body = Told.Body(4, Told.Slot("0021", 4, "old"));
        portal.Second.IsDown = true;
        var polls = portal.First.Polls;
        await portal.UntilAsync("it told the old ones a few times", () => portal.First.Polls > polls + 3);
        Assert.Equal("b", portal.Client.Find("0021")!.Primary!.Id);
        Assert.Single(portal.Log.Lines, line => line.Contains("older", StringComparison.Ordinal));

        portal.First.Body = Told.Body(7, Told.Slot("0021", 7, "c"));
        await portal.UntilHeldAsync(7);
    }

    [Fact]
    public async Task Next_manager_is_asked_while_one_is_away_or_tells_old_picks_and_the_first_one_again_when_it_is_back()
    {
        await using var portal = new Portal();
        portal.First.IsDown = true;
        portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);

        portal.First.IsDown = false;
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilHeldAsync(6);

        portal.First.Body = Told.Body(4, Told.Slot("0021", 4, "old"));
        portal.Second.Body = Told.Body(7, Told.Slot("0021", 7, "c"));
        await portal.UntilHeldAsync(7);
    }

    [Fact]
    public async Task Another_origin_of_a_configured_manager_is_taken_whatever_its_generation()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5000, Told.Slot("0021", 5000, "a"));
        await portal.StartAsync();
        portal.First.Body = Told.Body("two", 3, [], Told.Slot("0021", 3, "b"));
        await portal.UntilHeldAsync(3);
        Assert.Equal(("two", "b"), (portal.Client.Selections!.Origin, portal.Client.Find("0021")!.Primary!.Id));

        // Back to the one before: what it told already is not undone.
        portal.First.Body = Told.Body(4999, Told.Slot("0021", 4999, "old"));
        portal.Second.IsDown = true;
        var polls = portal.First.Polls;
        await portal.UntilAsync("it told the old ones", () => portal.First.Polls > polls + 2);
        Assert.Equal("b", portal.Client.Find("0021")!.Primary!.Id);
    }

    [Fact]
    public async Task Managers_away_leave_the_picks_in_use_and_called_stale_until_one_is_back()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.UntilAsync("it says stale", () => portal.Client.State == ClientState.Stale);
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
        await portal.UntilAsync("the log says so", () => portal.Log.Lines.Any(line => line.StartsWith("Warning: No manager has told", StringComparison.Ordinal)));

        portal.First.IsDown = false;
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilHeldAsync(6);
        Assert.Equal(ClientState.Fresh, portal.Client.State);
        Assert.Contains(portal.Log.Lines, line => line.Contains("answers again", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Redirect)]
    [InlineData(HttpStatusCode.OK)]
    public async Task Whatever_a_manager_answers_the_portal_goes_on(HttpStatusCode status)
    {
        await using var portal = new Portal();
        portal.First.Body = portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        // An empty 200 is an answer of something else.
        portal.First.Status = portal.Second.Status = status;
        await portal.UntilAsync("both were asked", () => portal.First.Polls > 2 && portal.Second.Polls > 2);
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);

        portal.First.Status = null;
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilHeldAsync(6);
    }

    [Fact]
    public async Task Manager_that_says_nothing_keeps_nobody_waiting_for_longer_than_its_time()
    {
        await using var portal = new Portal();
        portal.First.IsSilent = true;
        portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync(options => options.StartTimeout = TimeSpan.FromSeconds(20));
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
    }

    [Fact]
    public async Task Start_without_manager_or_file_ends_and_picks_come_when_there_are_any()
    {
        await using var portal = new Portal();
        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.StartAsync();
        Assert.Equal((ClientState.Empty, null, null), (portal.Client.State, portal.Client.Find("0021"), await portal.Client.FindAsync("0021", Cancellation)));

        portal.Second.IsDown = false;
        portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.UntilHeldAsync(5);
    }

    [Fact]
    public async Task Start_without_manager_goes_on_from_the_file_and_still_knows_what_is_old()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.First.Aliases["eth"] = "0021";
        await portal.StartAsync();
        Assert.Equal("a", (await portal.Client.FindAsync("eth", Cancellation))!.Primary!.Id);

        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.StartAsync();
        Assert.Equal((ClientState.Stale, "a", "a"), (portal.Client.State, portal.Client.Find("0021")!.Primary!.Id, portal.Client.Find("eth")!.Primary!.Id));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(portal.File));

        portal.First.IsDown = false;
        portal.First.Body = Told.Body(4, Told.Slot("0021", 4, "old"));
        await portal.UntilAsync("the old ones were told", () => portal.Log.Lines.Any(line => line.Contains("older", StringComparison.Ordinal)));
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-1)]
    public async Task File_that_is_not_whole_is_left_out(int length)
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        await portal.Client.StopAsync(Cancellation);
        var bytes = await File.ReadAllBytesAsync(portal.File, Cancellation);
        if (length >= 0)
            bytes = bytes[..length];
        else
            bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(portal.File, bytes, Cancellation);

        portal.First.IsDown = portal.Second.IsDown = true;
        await portal.StartAsync();
        Assert.Equal(ClientState.Empty, portal.Client.State);
        Assert.Contains(portal.Log.Lines, line => line.Contains("cannot be read and is left out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Disk_that_takes_nothing_costs_nothing_but_a_line_in_the_log()
    {
        await using var portal = new Portal();
        // A folder stands where the file is written to.
        Directory.CreateDirectory(portal.File + ".new");
        await File.WriteAllTextAsync(Path.Combine(portal.File + ".new", "x"), "", Cancellation);
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilHeldAsync(6);
        Assert.Single(portal.Log.Lines, line => line.Contains("cannot be written", StringComparison.Ordinal));
        Assert.False(File.Exists(portal.File));

        Directory.Delete(portal.File + ".new", recursive: true);
        portal.First.Body = Told.Body(7, Told.Slot("0021", 7, "c"));
        await portal.UntilAsync("the file is written", () => File.Exists(portal.File));
        await portal.UntilAsync("it is told", () => portal.Log.Lines.Any(line => line.Contains("is written again", StringComparison.Ordinal)), step: 0);
    }

    [Fact]
    public async Task Alias_is_asked_for_once_and_an_unknown_name_not_again_and_again()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.First.Aliases["eth"] = "0021";
        await portal.StartAsync();

        Assert.Null(portal.Client.Find("eth"));
        var found = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => portal.Client.FindAsync("eth", Cancellation).AsTask()));
        Assert.All(found, selection => Assert.Equal("0021", selection!.Chain));
        Assert.NotNull(portal.Client.Find("eth"));
        for (var i = 0; i < 5; i++)
            Assert.Null(await portal.Client.FindAsync("nonsense", Cancellation));
        Assert.Single(portal.First.Asked, call => call.Path.StartsWith("/api/v1/selections/eth", StringComparison.Ordinal));
        Assert.Single(portal.First.Asked, call => call.Path.StartsWith("/api/v1/selections/nonsense", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(HttpStatusCode.Forbidden, true)]
    [InlineData(HttpStatusCode.OK, true)]
    [InlineData(HttpStatusCode.NotFound, false)]
    [InlineData(HttpStatusCode.Gone, false)]
    public async Task Next_manager_is_asked_for_an_alias_unless_the_first_says_that_there_is_none(HttpStatusCode status, bool isFound)
    {
        await using var portal = new Portal();
        portal.First.Body = portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.Second.Aliases["eth"] = "0021";
        await portal.StartAsync();
        portal.First.Status = status;
        Assert.Equal(isFound, await portal.Client.FindAsync("eth", Cancellation) is not null);
    }

    [Fact]
    public async Task Name_that_went_to_another_chain_is_followed_and_one_that_nobody_tells_of_stays()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"), Told.Slot("0022", 5, "b"));
        portal.Second.IsDown = true;
        portal.First.Aliases["eth"] = "0021";
        await portal.StartAsync(options => options.Stream = false);
        Assert.Equal("0021", (await portal.Client.FindAsync("eth", Cancellation))!.Chain);
        portal.First.Aliases["eth"] = "0022";
        Assert.Equal("0021", portal.Client.Find("eth")!.Chain);
        await portal.UntilAsync("it leads to the other chain", () => portal.Client.Find("eth")?.Chain == "0022", step: 60);

        portal.First.IsDown = true;
        var asked = portal.First.Asked.Count(IsForEth);
        await portal.UntilAsync("it is asked for again", () => portal.Client.Find("eth") is null || portal.First.Asked.Count(IsForEth) > asked, step: 60);
        Assert.Equal("0022", portal.Client.Find("eth")!.Chain);

        portal.First.IsDown = false;
        portal.First.Aliases.Remove("eth");
        await portal.UntilAsync("it is nobody's", () => portal.Client.Find("eth") is null, step: 60);

        static bool IsForEth((string Path, string? Key, string? ETag, string? LastEventId) call) => call.Path.StartsWith("/api/v1/selections/eth", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_from_disk_is_asked_for_again_at_its_first_use()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"), Told.Slot("0022", 5, "b"));
        portal.First.Aliases["eth"] = "0021";
        await portal.StartAsync();
        Assert.NotNull(await portal.Client.FindAsync("eth", Cancellation));
        portal.First.Aliases["eth"] = "0022";
        await portal.StartAsync();
        await portal.UntilAsync("it leads to the other chain", () => portal.Client.Find("eth")!.Chain == "0022", step: 0);
    }

    [Fact]
    public async Task Slow_manager_leaves_the_next_one_time_to_say_what_a_name_means()
    {
        await using var portal = new Portal();
        portal.First.Body = portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.Second.Aliases["eth"] = "0021";
        await portal.StartAsync();
        portal.First.IsSilent = true;
        var finding = portal.Client.FindAsync("eth", Cancellation).AsTask();
        await portal.UntilAsync("it is found", () => finding.IsCompleted, step: 0.1);
        Assert.Equal("0021", (await finding)?.Chain);
    }

    /// <summary>Whatever came later would be written to a file that may be gone by then.</summary>
    [Fact]
    public async Task Nothing_is_asked_for_any_more_once_it_has_ended()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.Second.IsDown = true;
        await portal.StartAsync();
        portal.First.IsSilent = true;
        var finding = portal.Client.FindAsync("eth", Cancellation).AsTask();
        await portal.UntilAsync("it is asked for", () => portal.First.Asked.Any(call => call.Path.StartsWith("/api/v1/selections/eth", StringComparison.Ordinal)), step: 0);
        Assert.False(finding.IsCompleted);
        await portal.Client.StopAsync(Cancellation);
        Assert.Null(await finding.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, Cancellation));
    }

    [Fact]
    public async Task Invented_names_do_not_use_up_the_portals_key()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.First.Aliases["eth"] = "0021";
        await portal.StartAsync();
        for (var i = 0; i < 500; i++)
            Assert.Null(await portal.Client.FindAsync($"invented-{i}", Cancellation));
        Assert.InRange(portal.First.Asked.Count(call => call.Path.Contains("invented", StringComparison.Ordinal)), 100, 110);

        // Time gives back what was used.
        portal.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await portal.Client.FindAsync("eth", Cancellation));
    }

    [Theory]
    [InlineData("am_secret\n")]
    [InlineData("am_secret key")]
    [InlineData("am_secret\u00e9")]
    public void Key_that_no_header_can_carry_is_a_fault_of_the_options_that_does_not_tell_it(string key)
    {
        var options = new AltruistManagerOptions { Managers = { new Uri("http://first") }, Key = key };
        var refused = Assert.Throws<ArgumentException>(() => new AltruistManagerClient(options));
        Assert.Contains("Key", refused.Message);
        Assert.DoesNotContain("secret", refused.ToString());
    }

    [Fact]
    public async Task Next_manager_is_asked_where_the_answer_of_one_cannot_be_unpacked()
    {
        await using var portal = new Portal();
        portal.First.IsGarbled = true;
        portal.Second.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.Second.Aliases["eth"] = "0021";
        await portal.StartAsync();
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
        Assert.NotNull(await portal.Client.FindAsync("eth", Cancellation));
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("must not happen", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"weight\":50", "\"weight\":2000000000")]
    [InlineData("\"urls\":{}", "\"urls\":{\"rest\":\"http://one\",\"rest\":\"http://other\"}")]
    public async Task Picks_that_no_request_could_use_are_refused_and_the_next_manager_is_asked(string right, string wrong)
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Slot(5, "a"));
        await portal.StartAsync();
        portal.First.Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Told.Body(6, Slot(6, "nonsense"))).Replace(right, wrong, StringComparison.Ordinal));
        portal.Second.IsDown = true;
        await portal.UntilAsync("it is refused", () => portal.Log.Lines.Any(line => line.Contains("not in the form of the API", StringComparison.Ordinal)));
        Assert.Equal(("a", 5), (portal.Client.Find("0021")!.Primary!.Id, portal.Client.Selections!.Generation));

        portal.Second.IsDown = false;
        portal.Second.Body = Told.Body(7, Slot(7, "b"));
        await portal.UntilHeldAsync(7);
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("must not happen", StringComparison.Ordinal));

        static JsonObject Slot(long generation, string primary) => Told.Slot(
            "0021", generation, [Told.Altruist(primary, 50, auth: new JsonObject { ["type"] = "bearer", ["token"] = "good" }), Told.Altruist("other", 50)], []);
    }

    [Fact]
    public async Task Altruist_that_no_request_could_be_sent_to_is_told_once_without_its_secret_and_costs_no_other()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Slot(5, "a"));
        await portal.StartAsync();
        Assert.Equal("b", portal.Client.Find("0021")!.Primary!.Id);
        portal.First.Body = Told.Body(6, Slot(6, "a"), Told.Slot("0022", 6, "c"));
        await portal.UntilHeldAsync(6);
        Assert.Equal("c", portal.Client.Find("0022")!.Primary!.Id);
        Assert.Equal("Warning: label-a (a) is passed over for the chain 0021: its credentials cannot be sent in a header ", Assert.Single(portal.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal)));

        // After a start too, and another one as soon as it comes.
        portal.First.Body = Told.Body(7, Slot(7, "z"));
        await portal.StartAsync();
        await portal.UntilHeldAsync(7);
        Assert.Equal(["(a)", "(a)", "(z)"], portal.Log.Lines.Where(line => line.Contains("passed over", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]));
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("s3cret", StringComparison.Ordinal));

        static JsonObject Slot(long generation, string primary) => Told.Slot(
            "0021", generation, [Told.Altruist(primary, 100, auth: new JsonObject { ["type"] = "bearer", ["token"] = "s3cret\r\n" })], [Told.Altruist("b")]);
    }

    [Fact]
    public async Task Picks_that_could_not_be_put_to_use_are_kept_and_put_to_use_again_and_later_ones_are_heard_of_at_once()
    {
        using var managers = new FakeManagers();
        using var http = new HttpClient(managers);
        var time = new ManualTime();
        var log = new LinesLogger();
        var options = new AltruistManagerOptions { Region = Told.Region, Managers = { new Uri("http://first/") } };
        var manager = managers["first"];
        manager.HasStream = true;
        manager.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        var told = new ConcurrentQueue<long>();
        var isBroken = true;
        var feed = new SelectionFeed(options, [new ManagerConnection(options.Managers[0], options, http, time)], judge: null, next =>
        {
            told.Enqueue(next.Current!.Generation);
            if (isBroken)
                throw new InvalidOperationException("not ready");
        }, time, log);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = feed.RunAsync(ending.Token);
        await UntilAsync(() => manager.Stream is not null);

        // No time passes, and no poll comes between.
        await manager.SendEventAsync("selection", Told.Slot("0021", 6, "b").ToJsonString(), 6);
        await UntilAsync(() => told.ToArray() is [5, 6]);
        isBroken = false;
        await manager.Stream!.CompleteAsync();
        await UntilAsync(() => told.ToArray() is [5, 6, 6], moving: TimeSpan.FromSeconds(1));
        Assert.StartsWith("Error", Assert.Single(log.Lines, line => line.Contains("not ready", StringComparison.Ordinal)));
        Assert.False(running.IsCompleted);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        async Task UntilAsync(Func<bool> isSo, TimeSpan moving = default)
        {
            var began = TimeProvider.System.GetTimestamp();
            while (!isSo())
            {
                Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(2), string.Join('\n', log.Lines));
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancellation);
                time.Advance(moving);
            }
        }
    }

    [Fact]
    public async Task Picks_from_disk_that_are_still_the_same_are_sent_once_only()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        await portal.Client.StopAsync(Cancellation);
        var polls = portal.First.Polls;
        await portal.StartAsync();
        await portal.UntilAsync("it was asked twice", () => portal.First.Polls > polls + 1);
        Assert.StartsWith("\"fake-", portal.First.Asked.Last(call => call.Path.Contains('?')).ETag);
    }

    [Fact]
    public async Task Judge_keeps_out_what_it_refuses_until_it_does_not()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        portal.Second.IsDown = true;
        var judge = new SternJudge();
        await portal.StartAsync(judge: judge);
        judge.Refused = 6;
        portal.First.Body = Told.Body(6, Told.Slot("0021", 6, "b"));
        await portal.UntilAsync("it was asked about", () => judge.Asked > 2);
        Assert.Equal("a", portal.Client.Find("0021")!.Primary!.Id);
        judge.Refused = 0;
        await portal.UntilHeldAsync(6);
    }

    [Fact]
    public async Task Log_tells_no_key_path_or_credential()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        portal.First.IsDown = true;
        portal.Second.Status = HttpStatusCode.Unauthorized;
        await portal.UntilAsync("it says stale", () => portal.Client.State == ClientState.Stale);
        await portal.StartAsync();
        Assert.NotEmpty(portal.Log.Lines);
        Assert.DoesNotContain(portal.Log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_options_are_all_named_at_once()
    {
        var options = new AltruistManagerOptions { Attempts = 0, AttemptTimeout = TimeSpan.Zero, ReportInterval = TimeSpan.FromHours(2) };
        options.Managers.Add(new Uri("ftp://user:secret@host/"));
        var refused = Assert.Throws<ArgumentException>(() => new AltruistManagerClient(options));
        Assert.Contains("Attempts", refused.Message);
        Assert.Contains("AttemptTimeout", refused.Message);
        Assert.Contains("Managers", refused.Message);
        Assert.Contains("ReportInterval", refused.Message);
        Assert.DoesNotContain("secret", refused.Message);
    }

    private sealed class SternJudge : ISelectionJudge
    {
        public long Refused { get; set; }

        public int Asked { get; private set; }

        public ValueTask<bool> MayBeTakenAsync(Uri manager, SelectionSet told, CancellationToken cancellation)
        {
            Asked++;
            return ValueTask.FromResult(told.Generation != Refused);
        }
    }
}
