using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Publishing;
using AltruistManager.Storage;
using AltruistManager.Tests.Selection;
using AltruistManager.Tests.Storage;

namespace AltruistManager.Tests.Publishing;

/// <summary>What holds for every target.</summary>
public sealed class PublisherRunnerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_newest_state_is_published_and_an_older_one_never_follows_not_even_after_a_restart()
    {
        await using var scene = new PublishingScene();
        var target = new ScriptedTarget();
        var options = Options();
        var runner = scene.Pick("0021").Start(options, target);
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Null(runner.Status.State.Confirmed);
        scene.Pick("0021", PublishingScene.Json("a")).Pick("0021", PublishingScene.Json("b"));
        Assert.True(await runner.TryAsync(Cancellation));
        scene.Pick("0040", PublishingScene.Json("c"));
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal(["3: 0021=b", "4: 0040=c"], target.Taken);

        // A mirror that was set back, and a new process.
        await using var older = new PublishingScene();
        await older.RememberAsync(options.Name, "", scene.TargetsOf(options.Name).Single(), new PublisherState { Confirmed = new PickStamp("origin-1", 3) }, Cancellation);
        runner = older.Pick("0021", PublishingScene.Json("old")).Start(options, target);
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal(2, target.Taken.Count);
        Assert.Equal(new PickStamp("origin-1", 3), runner.Status.State.Confirmed);

        // Another origin is told from the start.
        older.Origin = "origin-2";
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal("1: 0021=old", target.Taken[^1]);
    }

    [Fact]
    public async Task After_a_restart_nothing_is_published_that_was_confirmed_and_everything_to_another_target()
    {
        await using var scene = new PublishingScene();
        var target = new ScriptedTarget();
        scene.Pick("0021", PublishingScene.Json("a"), PublishingScene.Json("b", auth: "basic"));
        Assert.True(await scene.Start(Options(), target).TryAsync(Cancellation));
        var runner = scene.Start(Options(), target);
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Single(target.Taken);
        Assert.Equal(scene.Clock.GetUtcNow(), runner.Status.State.ConfirmedAt);
        Assert.Equal("b", Assert.Single(runner.Status.LeftOut).Altruist);

        var moved = Options();
        moved.Chains = new() { ["0021"] = "another-name" };
        Assert.True(await scene.Start(moved, target).TryAsync(Cancellation));
        Assert.Equal(2, target.Taken.Count);
    }

    [Fact]
    public async Task A_target_behind_for_too_long_is_an_alarm_that_ends_when_it_has_caught_up()
    {
        await using var scene = new PublishingScene();
        var target = new ScriptedTarget { Refuses = "it is away" };
        var began = scene.Clock.GetUtcNow();
        var runner = scene.Pick("0021", PublishingScene.Json("a")).Start(Options(), target);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal((began, "it is away", null), (runner.Status.State.BehindSince, runner.Status.State.Error, runner.Alarm));

        // Since when it is behind outlives the process.
        runner = scene.Start(Options(), target);
        scene.Clock.Advance(scene.Publishing.BehindAfter);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("the publisher target is behind since 2026-11-21 07:00:00 UTC: it is away", runner.Alarm);
        Assert.Single(scene.Logged, line => line.StartsWith("Error", StringComparison.Ordinal));

        target.Refuses = null;
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal((null, null, null), (runner.Status.State.BehindSince, runner.Status.State.Error, runner.Alarm));
        Assert.Equal(["1: 0021=a"], target.Taken);
    }

    [Fact]
    public async Task A_failing_target_is_tried_again_by_itself_and_holds_up_no_other()
    {
        await using var scene = new PublishingScene();
        scene.Publishing.RetryInitial = TimeSpan.FromMilliseconds(1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var failing = new ScriptedTarget { Refuses = "no", RefusesTimes = 3 };
        var hanging = new ScriptedTarget { Hangs = true };
        var good = new ScriptedTarget();
        scene.Pick("0021", PublishingScene.Json("a"));
        Task[] running = [.. new[] { failing, hanging, good }.Select((target, number) => scene.Start(Options($"target-{number}"), target).RunAsync(stop.Token))];
        await failing.WaitForAsync(1);
        await good.WaitForAsync(1);
        scene.Pick("0021", PublishingScene.Json("b"));
        await good.WaitForAsync(2);
        await failing.WaitForAsync(2);
        Assert.Equal(["1: 0021=a", "2: 0021=b"], good.Taken);
        Assert.Equal((5, 1, 0), (failing.Asked, hanging.Asked, hanging.Taken.Count));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(running));
    }

    [Fact]
    public async Task Of_several_processes_one_publishes_and_another_takes_over_when_it_is_gone()
    {
        await using var scene = new PublishingScene { IsShared = true };
        var target = new ScriptedTarget();
        var one = scene.Pick("0021", PublishingScene.Json("a")).Start(Options(), target, "one");
        var two = scene.Start(Options(), target, "two");
        Assert.True(await one.TryAsync(Cancellation));
        Assert.True(await two.TryAsync(Cancellation));
        Assert.Equal(["1: 0021=a"], target.Taken);
        // Who waits knows how far it is.
        Assert.Equal(new PickStamp("origin-1", 1), two.Status.State.Confirmed);

        scene.Pick("0021", PublishingScene.Json("b"));
        Assert.True(await two.TryAsync(Cancellation));
        Assert.Single(target.Taken);
        scene.Clock.Advance(PublisherRunner.Turn);
        Assert.True(await two.TryAsync(Cancellation));
        Assert.True(await one.TryAsync(Cancellation));
        Assert.Equal(["1: 0021=a", "2: 0021=b"], target.Taken);
        Assert.Equal(two.Status.State.Confirmed, one.Status.State.Confirmed);

        // Whoever takes over when there is nothing new has nothing to do.
        scene.Clock.Advance(PublisherRunner.Turn);
        Assert.True(await one.TryAsync(Cancellation));
        Assert.Equal(2, target.Taken.Count);
    }

    [Fact]
    public async Task A_process_that_stood_still_while_it_wrote_has_the_newer_state_written_again()
    {
        await using var scene = new PublishingScene { IsShared = true };
        var target = new ScriptedTarget();
        var slow = new SlowTarget(target);
        var one = scene.Pick("0021", PublishingScene.Json("old")).Start(Options(), slow, "one");
        var two = scene.Start(Options(), target, "two");
        var writing = one.TryAsync(Cancellation);
        await slow.Begun;

        scene.Pick("0021", PublishingScene.Json("new"));
        scene.Clock.Advance(PublisherRunner.Turn);
        Assert.True(await two.TryAsync(Cancellation));
        slow.Go();
        Assert.True(await writing);
        Assert.Equal(["2: 0021=new", "1: 0021=old"], target.Taken);
        Assert.Equal(new PickStamp("origin-1", 2), two.Status.State.Confirmed);

        scene.Clock.Advance(PublisherRunner.Turn / 2);
        Assert.True(await two.TryAsync(Cancellation));
        Assert.Equal("2: 0021=new", target.Taken[^1]);
        Assert.Equal(3, target.Taken.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_takes_over_writes_again_what_was_overwritten_out_of_turn_also_where_that_was_told_late(bool isAway)
    {
        await using var scene = new PublishingScene { IsShared = true };
        var target = new ScriptedTarget();
        var slow = new SlowTarget(target);
        var one = scene.Pick("0021", PublishingScene.Json("old")).Start(Options(), slow, "one");
        var two = scene.Start(Options(), target, "two");
        var writing = one.TryAsync(Cancellation);
        await slow.Begun;
        scene.Pick("0021", PublishingScene.Json("new"));
        scene.Clock.Advance(PublisherRunner.Turn);
        Assert.True(await two.TryAsync(Cancellation));
        scene.IsAway = isAway;
        slow.Go();
        Assert.Equal(!isAway, await writing);
        scene.IsAway = false;
        Assert.True(await one.TryAsync(Cancellation));

        // The one that would know of it by itself is gone.
        scene.Clock.Advance(PublisherRunner.Turn);
        Assert.True(await scene.Start(Options(), target, "three").TryAsync(Cancellation));
        Assert.Equal(["2: 0021=new", "1: 0021=old", "2: 0021=new"], target.Taken);
    }

    [Fact]
    public async Task A_file_in_which_somebody_put_a_newer_state_is_left_alone()
    {
        await using var scene = new PublishingScene();
        var folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
        try
        {
            var file = Path.Combine(folder, "selections.json");
            scene.Pick("0021", PublishingScene.Json("a"));
            var options = PublishingScene.Options<SelectionFileOptions>("file", file1 => file1.File = file);
            var newer = scene.Body.Replace("\"generation\":1", "\"generation\":9", StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, newer, Cancellation);
            Assert.True(await scene.Start(options).TryAsync(Cancellation));
            Assert.Equal(newer, await File.ReadAllTextAsync(file, Cancellation));

            // Of another origin, or what is no state at all, says nothing.
            foreach (var other in new[] { newer.Replace("origin-1", "origin-2", StringComparison.Ordinal), "nonsense" })
            {
                await File.WriteAllTextAsync(file, other, Cancellation);
                scene.Pick("0021", PublishingScene.Json("b"));
                Assert.True(await scene.Start(options).TryAsync(Cancellation));
                Assert.Equal(scene.Body, await File.ReadAllTextAsync(file, Cancellation));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_fault_of_ours_in_one_publication_is_told_as_such_and_tried_again()
    {
        await using var scene = new PublishingScene();
        var target = new ScriptedTarget { Breaks = true };
        var runner = scene.Pick("0021", PublishingScene.Json("a")).Start(Options(), target);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("it failed by a fault of ours: the log says how", runner.Status.State.Error);
        target.Breaks = false;
        Assert.True(await runner.TryAsync(Cancellation));
    }

    [Fact]
    public async Task A_file_is_always_a_whole_body_for_its_owner()
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
        try
        {
            var file = Path.Combine(folder, "selections.json");
            await using var scene = new PublishingScene();
            var runner = scene.Pick("0021", PublishingScene.Json("a", auth: "bearer")).Start(FileOptions(file));
            Assert.True(await runner.TryAsync(Cancellation));
            Assert.Equal(scene.Body, await File.ReadAllTextAsync(file, Cancellation));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

            // Where the new one cannot be made, the old one stays.
            var before = scene.Body;
            Directory.CreateDirectory($"{file}.new");
            scene.Pick("0021", PublishingScene.Json("b"));
            Assert.False(await runner.TryAsync(Cancellation));
            Assert.StartsWith("the file cannot be written: ", runner.Status.State.Error, StringComparison.Ordinal);
            Assert.Equal(before, await File.ReadAllTextAsync(file, Cancellation));
            Directory.Delete($"{file}.new");
            Assert.True(await runner.TryAsync(Cancellation));
            Assert.Equal(scene.Body, await File.ReadAllTextAsync(file, Cancellation));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_full_disk_leaves_the_file_as_it_was_and_no_rest_of_the_new_one()
    {
        using var disk = SmallDisk.Mount();
        var file = Path.Combine(disk.Folder, "selections.json");
        await using var scene = new PublishingScene();
        var runner = scene.Pick("0021", PublishingScene.Json("a")).Start(FileOptions(file));
        Assert.Equal(disk.IsWritable, await runner.TryAsync(Cancellation));
        var before = disk.IsWritable ? await File.ReadAllTextAsync(file, Cancellation) : null;

        scene.Pick("0021", [.. Enumerable.Range(0, 2000).Select(number => PublishingScene.Json($"altruist-{number}"))]);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.StartsWith("the file cannot be written: ", runner.Status.State.Error, StringComparison.Ordinal);
        Assert.Equal(before, disk.IsWritable ? await File.ReadAllTextAsync(file, Cancellation) : null);
        Assert.False(File.Exists($"{file}.new"));

        if (disk.IsWritable)
        {
            scene.Pick("0021", PublishingScene.Json("b"));
            Assert.True(await runner.TryAsync(Cancellation));
            Assert.Equal(scene.Body, await File.ReadAllTextAsync(file, Cancellation));
        }
    }

    [Fact]
    public async Task The_catalogue_holds_public_altruists_only_and_is_never_emptied_by_falls()
    {
        await using var scene = new PublishingScene();
        var options = PublishingScene.Options<ErpcCatalogueOptions>("erpc", _ => { }, ("0021", "1"), ("0022", "1"), ("0040", "56"));
        var catalogue = new ErpcCatalogue();
        var runner = scene
            .Eligible("0021", PublishingScene.Altruist("a", isPublic: true, urls: ("websocket", "wss://a.example")), PublishingScene.Altruist("private"), PublishingScene.Altruist("keyed", auth: "basic", isPublic: true))
            .Eligible("0022", PublishingScene.Altruist("a", isPublic: true), PublishingScene.Altruist("b", isPublic: true), PublishingScene.Altruist("c", isPublic: true))
            .Start(options, catalogue);
        Assert.Null(catalogue.Current);
        Assert.True(await runner.TryAsync(Cancellation));
        Assert.Equal("""{"1":{"endpoints":["https://a.example/rpc","https://b.example/rpc","https://c.example/rpc"]}}""", Told(catalogue));
        Assert.Equal(
            [("a", "the target cannot carry URLs for websocket"), ("private", "its visibility is not public, and anyone can read the target"), ("keyed", "the target cannot carry basic credentials")],
            runner.Status.LeftOut.Select(left => (left.Altruist, left.Reason)).OrderBy(left => left.Altruist == "a" ? 0 : left.Altruist == "private" ? 1 : 2));

        // All fall, one is revoked and one taken back, and the process starts anew.
        scene.Eligible("0021").Eligible("0022").Revoke("a").TakenBack.Add("c");
        var again = new ErpcCatalogue();
        Assert.True(await scene.Start(options, again).TryAsync(Cancellation));
        Assert.Equal("""{"1":{"endpoints":["https://b.example/rpc"]}}""", Told(again));
    }

    private static string Told(ErpcCatalogue catalogue) => System.Text.Encoding.UTF8.GetString(catalogue.Current!.Body.Span);

    private static SelectionFileOptions FileOptions(string file) => PublishingScene.Options<SelectionFileOptions>("file", options => options.File = file);

    private static PortalDatabaseV1Options Options(string name = "target") => PublishingScene.Options<PortalDatabaseV1Options>(
        "portal-database-v1",
        options =>
        {
            options.Name = name;
            options.Url = "https://portal.example";
            options.Key = "key";
        },
        ("0021", "0021"), ("0040", "0040"));

    /// <summary>A target that does what a test tells it to.</summary>
    private sealed class ScriptedTarget : IPublisher
    {
        private readonly Lock gate = new();
        private readonly List<(int Count, TaskCompletionSource Reached)> waiting = [];

        public PublisherReach Reach { get; } = new([EndpointAuth.None.Kind], []);

        public List<string> Taken { get; } = [];

        public int Asked { get; private set; }

        public string? Refuses { get; set; }

        public int RefusesTimes { get; init; } = int.MaxValue;

        public bool Hangs { get; init; }

        public bool Breaks { get; set; }

        public async Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
        {
            Asked++;
            if (Hangs)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            if (Breaks)
                throw new InvalidOperationException("a bug");
            if (Refuses is { } why && Asked <= RefusesTimes)
                throw new PublisherException(why);
            lock (gate)
            {
                Taken.Add($"{work.Region.Stamp.Generation}: {string.Join(' ', work.Slots.Select(slot => $"{slot.Chain}={string.Join('+', slot.Altruists)}"))}");
                foreach (var (_, reached) in waiting.Where(one => Taken.Count >= one.Count))
                    reached.TrySetResult();
            }

            return Publication.Confirmed;
        }

        public Task WaitForAsync(int count)
        {
            lock (gate)
            {
                if (Taken.Count >= count)
                    return Task.CompletedTask;
                var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting.Add((count, reached));
                return reached.Task.WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, Cancellation);
            }
        }
    }
}

/// <summary>A target that takes what it gets only when it is let.</summary>
internal sealed class SlowTarget(IPublisher target) : IPublisher
{
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Begun => begun.Task;

    public PublisherReach Reach => target.Reach;

    public void Go() => gone.SetResult();

    public async Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        begun.SetResult();
        await gone.Task;
        return await target.PublishAsync(work, cancellation);
    }
}

/// <summary>A file system of 64 KB; where none may be mounted, a folder that takes no file at all.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder, bool isWritable) => (Folder, IsWritable) = (folder, isWritable);

    public string Folder { get; }

    public bool IsWritable { get; }

    public static SmallDisk Mount()
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
        if (Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder))
            return new SmallDisk(folder, isWritable: true);
        Directory.Delete(folder);
        return new SmallDisk("/proc/self", isWritable: false);
    }

    public void Dispose()
    {
        if (!IsWritable)
            return;
        // Lazily: a process that is just being started may still hold what was open.
        Assert.True(Run("umount", "-l", Folder));
        Directory.Delete(Folder);
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}

/// <summary>What is kept of targets, on each database, and what the manager's own snapshot tells publishers.</summary>
public abstract class PublisherStoreContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task State_is_what_was_stored_and_nothing_is_known_of_another_target_of_the_name()
    {
        var store = new PublisherStore(await Fixture.NewDatabaseAsync(Cancellation));
        Assert.Equal(PublisherState.Unknown, await store.RecallAsync("n", "", "t", Cancellation));
        var at = UnixTime.FromMs(1_795_244_700_123);
        var state = new PublisherState { Confirmed = new PickStamp("o", 7), ConfirmedAt = at, BehindSince = at.AddSeconds(1), Error = "why", ErrorAt = at.AddSeconds(2), Memory = "m", Doubts = 3 };
        await store.RememberAsync("n", "", "t", PublisherState.Unknown, Cancellation);
        await store.RememberAsync("n", "", "t", state, Cancellation);
        await store.RememberAsync("n", "machine", "t", state with { Error = null }, Cancellation);
        Assert.Equal(state, await store.RecallAsync("n", "", "t", Cancellation));
        Assert.Equal(state with { Error = null }, await store.RecallAsync("n", "machine", "t", Cancellation));
        Assert.Equal(PublisherState.Unknown, await store.RecallAsync("n", "", "other", Cancellation));
    }

    [Fact]
    public async Task Turn_is_one_processs_until_it_is_over_and_doubts_are_told_to_whoever_has_it()
    {
        var store = new PublisherStore(await Fixture.NewDatabaseAsync(Cancellation));
        Assert.Equal(0, await store.ClaimAsync("n", "", "one", PublisherRunner.Turn, Cancellation));
        Assert.Null(await store.ClaimAsync("n", "", "two", PublisherRunner.Turn, Cancellation));
        Assert.Equal(0, await store.ClaimAsync("n", "machine", "two", PublisherRunner.Turn, Cancellation));
        await store.DoubtAsync("n", "", Cancellation);
        Assert.Equal(1, await store.ClaimAsync("n", "", "one", TimeSpan.Zero, Cancellation));
        Assert.Equal(1, await store.ClaimAsync("n", "", "two", PublisherRunner.Turn, Cancellation));
        Assert.Null(await store.ClaimAsync("n", "", "one", PublisherRunner.Turn, Cancellation));
    }

    [Fact]
    public async Task The_managers_own_picks_reach_publishers_with_who_else_may_serve_and_who_is_public()
    {
        await using var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east", "eu").Region("eu").Chain("0021").Chain("0040").Edit("0021", chain => chain with { Path = "/ext" });
        foreach (var id in new[] { "a", "b", "c", "d", "e" })
            scene.Altruist(id, $"provider-{id}");
        scene.Altruist("far", region: "eu").Altruist("second", tier: 2);
        scene.Edit("a", altruist => altruist with { Visibility = AltruistVisibility.Public });
        await scene.StartAsync();
        var source = new SnapshotSource(scene.Snapshots, scene.Round, scene.Roster);
        var told = source.ChangedAsync(Cancellation);
        await scene.RunAsync();
        await told;

        var region = PublishedRegion.Read(source.BodyOf("us-east")!.Value, new Dictionary<string, string> { ["0021"] = "eth", ["0040"] = "bsc" });
        Assert.Equal(PickStamp.Of(source.BodyOf("us-east")!.Value.Span), region.Stamp);
        Assert.Equal(scene.Snapshots.Current.GenerationOf("us-east"), region.Stamp.Generation);
        Assert.Equal(3, region.Slots["0021"].Picks.Count);
        Assert.Equal((1, scene.Primary()), (region.Slots["0021"].Primaries, region.Slots["0021"].Picks[0].Id));
        Assert.Empty(region.Slots["0040"].Picks);
        Assert.Null(source.BodyOf("nowhere"));

        var eligible = (await source.EligibleAsync("us-east", ["0021", "0040", "none"], Cancellation))!;
        Assert.Equal(["0021", "0040"], eligible.Keys.Order());
        Assert.Equal([("a", "https://a.example/rpc/ext", true), ("b", "https://b.example/rpc/ext", false)], eligible["0021"].Take(2).Select(altruist => (altruist.Id, altruist.Url, altruist.IsPublic)));
        Assert.Equal(["a", "b", "c", "d", "e"], eligible["0021"].Select(altruist => altruist.Id));
        Assert.Equal(region.Slots["0021"].Picks.Count(pick => pick.IsPublic), region.Slots["0021"].Picks.Count(pick => pick.Id == "a"));
        Assert.Equal([true, false, false], new[] { "a", "b", "nobody" }.Select(source.IsPublic));

        scene.Judge("c", VerdictState.Down);
        await scene.DrainAsync("d", lasting: null);
        await scene.SettleAsync();
        Assert.Equal(["a", "b", "e"], (await source.EligibleAsync("us-east", ["0021"], Cancellation))!["0021"].Select(altruist => altruist.Id));
    }
}

public sealed class PublisherStoreOnSqlite(SqliteFixture fixture) : PublisherStoreContract(fixture), IClassFixture<SqliteFixture>;

public sealed class PublisherStoreOnPostgres(PostgresFixture fixture) : PublisherStoreContract(fixture), IClassFixture<PostgresFixture>;
