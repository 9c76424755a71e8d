using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>The mirror as a portal in any language meets it: the real process, following the real service.</summary>
[Collection(EndToEndCollection.Name)]
public sealed partial class FollowTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mirror_tells_what_the_manager_tells_to_the_byte_and_goes_on_without_it_even_from_a_cold_start()
    {
        await using var scene = await PortalScene.StartAsync();
        using var manager = Http(scene.Service.Address, scene.Service.PortalKey);
        await using (var mirror = await Mirror.StartAsync(scene))
        {
            await Eventually.BeTrueAsync("both tell the same", async () => await SameAsync(manager, mirror.Http, "selections?region=us-east"));
            await Eventually.BeTrueAsync("of one chain too, by an alias", async () => await SameAsync(manager, mirror.Http, "selections/eth?region=us-east"));

            // A new pick comes by the stream, and is proven before it is told.
            using var stream = await mirror.Http.GetAsync("api/v1/selections/stream", HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
            using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancellation));
            Assert.Matches("^retry: [0-9]{4,5}$", await lines.ReadLineAsync(Cancellation));
            var first = await EventAsync(lines);
            Assert.Equal("snapshot", first.Name);
            var second = await EventAsync(lines);
            Assert.Equal("selection", second.Name);
            Assert.True(second.Generation > first.Generation);
            await Eventually.BeTrueAsync("the proof is told of", () => Task.FromResult(Proof().IsMatch(mirror.Output)));

            var (_, tag) = await GetAsync(mirror.Http, "selections");
            using var again = new HttpRequestMessage(HttpMethod.Get, "api/v1/selections");
            again.Headers.TryAddWithoutValidation("If-None-Match", tag);
            scene.Service.Kill();
            using (var unchanged = await mirror.Http.SendAsync(again, Cancellation))
                Assert.Contains(unchanged.StatusCode, new[] { HttpStatusCode.NotModified, HttpStatusCode.OK });
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(mirror.Http, "api/v1/selections/0021"));

            // Who listens is told to come back, each after a time of its own.
            await mirror.StopAsync();
            Assert.Matches(@"(^|\n): the mirror stops: reconnect\nretry: [0-9]{4,5}\n\n$", await lines.ReadToEndAsync(Cancellation));
        }

        await using var cold = await Mirror.StartAsync(scene);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(cold.Http, "api/v1/selections/eth?region=us-east"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(cold.Http, "healthz/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(cold.Http, "healthz/fresh"));

        await scene.Service.StartAgainAsync();
        await Eventually.BeTrueAsync("it follows again", async () =>
            await StatusAsync(cold.Http, "healthz/fresh") == HttpStatusCode.OK && await SameAsync(manager, cold.Http, "selections?region=us-east"));
        Assert.DoesNotContain(scene.Service.PortalKey, cold.Output);
    }

    /// <summary>The example of <c>docs/portal.md</c> as it stands there, but for the port, and as patient as a busy machine needs.</summary>
    [Fact]
    public async Task Portal_in_Go_that_asks_the_mirror_gets_its_answer_also_when_the_manager_is_away()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var mirror = await Mirror.StartAsync(scene);
        await Eventually.BeTrueAsync("the mirror has picks", async () => await StatusAsync(mirror.Http, "api/v1/selections/0021") == HttpStatusCode.OK);
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "portal.md"), Cancellation);
        var program = document.Split("```go\n")[1].Split("```")[0].Replace("http://127.0.0.1:8089/", mirror.Http.BaseAddress!.ToString(), StringComparison.Ordinal)
            .Replace("3 * time.Second", "60 * time.Second", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(scene.Folder, "portal.go"), program, Cancellation);
        await RunAsync("go", "build", "-o", "portal", "portal.go");
        Assert.Matches(@"""result"":\s*""0x[0-9a-f]+"".* <nil>", await RunAsync(Path.Combine(scene.Folder, "portal")));
        scene.Service.Kill();
        Assert.Matches(@"""result"":\s*""0x[0-9a-f]+"".* <nil>", await RunAsync(Path.Combine(scene.Folder, "portal")));

        async Task<string> RunAsync(string command, params string[] arguments)
        {
            var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = scene.Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            start.Environment["GOCACHE"] = Path.Combine(scene.Folder, "go-cache");
            start.Environment["GO111MODULE"] = "off";
            using var process = Process.Start(start)!;
            var (told, wrong) = (process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
            await process.WaitForExitAsync(Cancellation);
            Assert.True(process.ExitCode == 0, await wrong);
            return await told;
        }
    }

    [Fact]
    public async Task Pick_that_the_log_does_not_prove_is_never_told()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var liar = await Liar.StartAsync(scene.Service.Address);
        await using var mirror = await Mirror.StartAsync(scene, liar.Address);
        await Eventually.BeTrueAsync("honest picks are told", async () => await StatusAsync(mirror.Http, "api/v1/selections/0021") == HttpStatusCode.OK);

        var ids = JsonNode.Parse(await scene.Service.GetTextAsync("/api/v1/altruists"))!["items"]!.AsArray().Select(altruist => altruist!["id"]!.GetValue<string>()).ToList();
        liar.Replace = (ids, "019a0000-0000-7000-8000-000000000001");
        await Eventually.BeTrueAsync("the lie is refused", () => Task.FromResult(mirror.Output.Contains("is not proven by its log", StringComparison.Ordinal)));
        Assert.DoesNotContain(liar.Replace.Value.By, (await GetAsync(mirror.Http, "selections")).Body);

        liar.Replace = null;
        var held = JsonNode.Parse((await GetAsync(mirror.Http, "selections")).Body)!["generation"]!.GetValue<long>();
        await Eventually.BeTrueAsync("true picks are taken again", async () => JsonNode.Parse((await GetAsync(mirror.Http, "selections")).Body)!["generation"]!.GetValue<long>() > held);
    }

    [Fact]
    public async Task Report_is_passed_on_as_it_is_and_only_processes_of_this_machine_are_served()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var liar = await Liar.StartAsync(scene.Service.Address);
        await using var mirror = await Mirror.StartAsync(scene, liar.Address);
        const string Report = """{ "id": "r-1", "region": "us-east", "from": "2026-11-21T07:05:00Z", "to": "2026-11-21T07:06:00Z", "altruists": [], "chains": [] }""";
        using (var taken = await mirror.Http.PostAsync("api/v1/relay-reports", new StringContent(Report, null, "application/json"), Cancellation))
            Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        await Eventually.BeTrueAsync("the manager has it", () => Task.FromResult(liar.Reports.Contains(Report)));
        Assert.Equal($"Bearer {scene.Service.PortalKey}", liar.ReportKey);

        using (var nonsense = await mirror.Http.PostAsync("api/v1/relay-reports", new StringContent("nonsense"), Cancellation))
            Assert.Equal(400, (await nonsense.ReadProblemAsync(Cancellation)).Status);
        // As large as the manager takes it, to the byte.
        foreach (var (length, status) in new[] { (512 * 1024, HttpStatusCode.Accepted), (512 * 1024 + 1, HttpStatusCode.RequestEntityTooLarge) })
        {
            using var large = await mirror.Http.PostAsync("api/v1/relay-reports", new StringContent(Report.PadRight(length), null, "application/json"), Cancellation);
            Assert.Equal(status, large.StatusCode);
        }

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "api/v1/selections");
        foreign.Headers.Host = "evil.example";
        using (var refused = await mirror.Http.SendAsync(foreign, Cancellation))
            Assert.Equal(403, (await refused.ReadProblemAsync(Cancellation)).Status);
        // A busy mirror may listen before it has any.
        await Eventually.BeTrueAsync("there are picks", async () => await StatusAsync(mirror.Http, "api/v1/selections/0021") == HttpStatusCode.OK);
        Assert.Equal("unknown-region", (await mirror.Http.GetProblemAsync("api/v1/selections?region=mars", Cancellation)).Slug);
        Assert.Equal("unknown-chain", (await mirror.Http.GetProblemAsync("api/v1/selections/mars", Cancellation)).Slug);
    }

    [Fact]
    public async Task Mirror_publishes_to_targets_of_its_own_and_knows_after_a_restart_what_they_have()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var hook = await Hook.StartAsync();
        var file = Path.Combine(scene.Folder, "selections.json");
        (string, string)[] settings =
        [
            ("Probing__AllowHttp", "true"), ("Probing__AllowedPrivateNetworks__0", "127.0.0.0/8"),
            ("Publishers__0__Name", "file"), ("Publishers__0__Kind", "file"), ("Publishers__0__Region", PortalScene.Region), ("Publishers__0__File", file),
            ("Publishers__1__Name", "hook"), ("Publishers__1__Kind", "webhook"), ("Publishers__1__Region", PortalScene.Region), ("Publishers__1__Url", hook.Address), ("Publishers__1__Secret", Hook.Secret),
        ];
        long told;
        await using (var mirror = await Mirror.StartAsync(scene, settings: settings))
        {
            await Eventually.BeTrueAsync("the file has what the mirror tells", async () => File.Exists(file) && await File.ReadAllTextAsync(file, Cancellation) == (await GetAsync(mirror.Http, "selections")).Body);
            var first = await GenerationAsync(mirror);
            await Eventually.BeTrueAsync("new picks come to both targets", async () => (await ConfirmedAsync(mirror)) is [{ } inFile, { } byHook] && Math.Min(inFile, byHook) > first);
            scene.Service.Kill();
            await Eventually.BeTrueAsync("both have the last ones", async () => (await ConfirmedAsync(mirror)).All(confirmed => confirmed is not null) && (await ConfirmedAsync(mirror)).Distinct().Single() == await GenerationAsync(mirror));
            told = await GenerationAsync(mirror);
        }

        var calls = hook.Ids.Count;
        await using var again = await Mirror.StartAsync(scene, settings: settings);
        await Eventually.BeTrueAsync("it knows what they have", async () => (await ConfirmedAsync(again)).All(confirmed => confirmed == told));
        Assert.Equal(calls, hook.Ids.Count);
        Assert.EndsWith($"_{told}", hook.Ids.Last());
        Assert.DoesNotContain(Hook.Secret, again.Output);

        static async Task<long> GenerationAsync(Mirror mirror) => JsonNode.Parse((await GetAsync(mirror.Http, "selections")).Body)!["generation"]!.GetValue<long>();

        static async Task<List<long?>> ConfirmedAsync(Mirror mirror) =>
            [.. JsonNode.Parse(await mirror.Http.GetStringAsync("api/v1/publishers", Cancellation))!["items"]!.AsArray().Select(item => item!["confirmed"]?["generation"]?.GetValue<long>())];
    }

    [Fact]
    public async Task Report_that_the_mirror_passes_on_is_counted_by_the_manager()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var mirror = await Mirror.StartAsync(scene);
        await Eventually.BeTrueAsync("there are picks", async () => await StatusAsync(mirror.Http, "api/v1/selections/0021") == HttpStatusCode.OK);
        var altruist = JsonNode.Parse((await GetAsync(mirror.Http, "selections/0021")).Body)!["primary"]!["altruist"]!.GetValue<string>();
        var now = TimeProvider.System.GetUtcNow();
        var report = new JsonObject
        {
            ["id"] = "through-the-mirror", ["region"] = PortalScene.Region, ["from"] = now.AddMinutes(-1), ["to"] = now,
            ["altruists"] = new JsonArray(new JsonObject { ["altruist"] = altruist, ["chain"] = "eth", ["servedAs"] = "primary", ["relays"] = 7, ["latencyBuckets"] = new JsonObject { ["25"] = 7 } }),
        };
        using (var taken = await mirror.Http.PostAsync("api/v1/relay-reports", new StringContent(report.ToJsonString(), null, "application/json"), Cancellation))
            Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        await Eventually.BeTrueAsync("it is counted", async () => JsonNode.Parse(await scene.Service.GetTextAsync("/api/v1/relay-reports"))!["total"]!["relays"]!.GetValue<long>() == 7);
    }

    [Fact]
    public async Task Mirror_goes_on_where_no_file_can_grow_and_writes_again_once_one_can()
    {
        await using var scene = await PortalScene.StartAsync();
        await using var mirror = await Mirror.StartAsync(scene);
        var file = Path.Combine(scene.Folder, "data", "follow", "last-good");
        await Eventually.BeTrueAsync("the last good picks are on disk", () => Task.FromResult(File.Exists(file)));

        await mirror.LimitFilesAsync("100");
        await Eventually.BeTrueAsync("the disk is said to take nothing", () => Task.FromResult(mirror.Output.Contains("cannot be written; picks are kept in memory only", StringComparison.Ordinal)));
        var kept = await File.ReadAllBytesAsync(file, Cancellation);
        var held = (await GetAsync(mirror.Http, "selections")).Body;
        await Eventually.BeTrueAsync("new picks are told", async () => (await GetAsync(mirror.Http, "selections")).Body != held);
        Assert.Equal(kept, await File.ReadAllBytesAsync(file, Cancellation));
        Assert.DoesNotContain("must not happen", mirror.Output);

        await mirror.LimitFilesAsync("unlimited");
        await Eventually.BeTrueAsync("it is written again", async () => mirror.Output.Contains("is written again", StringComparison.Ordinal) && !(await File.ReadAllBytesAsync(file, Cancellation)).SequenceEqual(kept));
    }

    [Fact]
    public async Task Log_of_another_database_is_told_with_both_keys_and_refused_where_a_key_is_demanded()
    {
        await using var scene = await PortalScene.StartAsync();
        string held;
        await using (var mirror = await Mirror.StartAsync(scene))
        {
            await Eventually.BeTrueAsync("there are picks", async () => await StatusAsync(mirror.Http, "api/v1/selections/0021") == HttpStatusCode.OK);
            held = await OriginAsync(mirror);
        }

        var firstKey = await KeyAsync(scene);
        await scene.Service.StartFromNothingAsync();
        await scene.RegisterAsync();
        var secondKey = await KeyAsync(scene);
        await using (var strict = await Mirror.StartAsync(scene, settings: [("Follow__LogKey", firstKey)]))
        {
            await Eventually.BeTrueAsync("it is refused", () => Task.FromResult(strict.Output.Contains("is not proven by its log", StringComparison.Ordinal)));
            Assert.Contains(secondKey, strict.Output);
            Assert.Equal(held, await OriginAsync(strict));
        }

        await using var trusting = await Mirror.StartAsync(scene);
        await Eventually.BeTrueAsync("it is taken", async () => await OriginAsync(trusting) != held);
        var generation = (await GetAsync(trusting.Http, "selections")).Body;
        await Eventually.BeTrueAsync("it goes on", async () => (await GetAsync(trusting.Http, "selections")).Body != generation);
        await Eventually.BeTrueAsync("that is told", () => Task.FromResult(trusting.Output.Contains("another log than before", StringComparison.Ordinal)));
        var line = Assert.Single(trusting.Output.Split('\n'), line => line.Contains("another log than before", StringComparison.Ordinal));
        Assert.All((string[])[firstKey, secondKey, held], part => Assert.Contains(part, line));

        static async Task<string> OriginAsync(Mirror mirror) => JsonNode.Parse((await GetAsync(mirror.Http, "selections")).Body)!["origin"]!.GetValue<string>();

        static async Task<string> KeyAsync(PortalScene scene) => JsonNode.Parse(await scene.Service.GetTextAsync("/api/v1/transparency/key"))!["keys"]!.AsArray().Last()!["id"]!.GetValue<string>();
    }

    [Theory]
    [InlineData(2, "follow")]
    [InlineData(2, "follow", "--from", "http://127.0.0.1:1")]
    [InlineData(2, "follow", "--region", "r")]
    [InlineData(2, "follow", "--from", "nonsense", "--region", "r")]
    [InlineData(2, "follow", "--from", "http://user:secret@host", "--region", "r")]
    [InlineData(1, "follow", "--from", "http://127.0.0.1:1", "--region", "r", "--urls", "http://0.0.0.0:0")]
    [InlineData(1, "follow", "--from", "http://127.0.0.1:1", "--region", "r", "--urls", "http://*:0")]
    [InlineData(1, "follow", "--from", "http://127.0.0.1:1", "--region", "r", "--Follow:Nonsense", "1")]
    [InlineData(1, "follow", "--from", "http://127.0.0.1:1", "--region", "r", "--Follow:Key", "am_secret\n")]
    [InlineData(1, "follow", "--from", "http://127.0.0.1:1", "--region", "r", "--Publishers:0:Kind", "file", "--Publishers:0:Name", "f", "--Publishers:0:File", "f", "--Publishers:0:Region", "other")]
    public async Task Wrong_use_ends_with_one_line(int code, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", Checkout.Service, .. arguments])
            start.ArgumentList.Add(argument);
        using var run = Process.Start(start)!;
        var error = await run.StandardError.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        Assert.Equal(code, run.ExitCode);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain("secret", error);
    }

    [GeneratedRegex("proves the picks at [0-9]+; signed by [0-9a-f]{64}")]
    private static partial Regex Proof();

    private static HttpClient Http(Uri address, string? key)
    {
        var http = new HttpClient { BaseAddress = address };
        if (key is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path, Cancellation);
        return answer.StatusCode;
    }

    private static async Task<(string Body, string Tag)> GetAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync($"api/v1/{path}", Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadAsStringAsync(Cancellation), answer.Headers.ETag!.ToString());
    }

    private static async Task<bool> SameAsync(HttpClient one, HttpClient other, string path) => await GetAsync(one, path) == await GetAsync(other, path);

    private static async Task<(string Name, long? Generation)> EventAsync(StreamReader lines)
    {
        var fields = new Dictionary<string, string>();
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (line.Length == 0 && fields.TryGetValue("event", out var name))
                return (name, fields.TryGetValue("id", out var id) ? long.Parse(id) : null);
            if (line.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon)
                fields[line[..colon]] = line[(colon + 2)..];
        }

        throw new InvalidOperationException("the stream has ended");
    }

    private sealed partial class Mirror(ChildProcess process) : IAsyncDisposable
    {
        public HttpClient Http { get; } = Http(new Uri($"http://127.0.0.1:{process.Port}"), null);

        public string Output => process.Output;

        public static async Task<Mirror> StartAsync(PortalScene scene, Uri? manager = null, params (string Name, string Value)[] settings)
        {
            // A file that may not grow is an error of the write, as on a full disk, and not the end of the process.
            var start = new ProcessStartInfo("bash") { WorkingDirectory = scene.Folder };
            foreach (var argument in (string[])["-c", "trap '' XFSZ; exec \"$@\"", "mirror", "dotnet", "exec", Checkout.Service, "follow", "--from", (manager ?? scene.Service.Address).ToString(), "--region", PortalScene.Region, "--urls", "http://127.0.0.1:0"])
                start.ArgumentList.Add(argument);
            start.Environment["Follow__Key"] = scene.Service.PortalKey;
            foreach (var (name, value) in settings)
                start.Environment[name] = value;
            return new Mirror(await ChildProcess.StartAsync(start, Listening()));
        }

        /// <summary>As a host stops it.</summary>
        public async Task StopAsync()
        {
            using var signal = Process.Start(new ProcessStartInfo("kill") { ArgumentList = { "-TERM", $"{process.Id}" } })!;
            await signal.WaitForExitAsync(Cancellation);
            Assert.Equal(0, signal.ExitCode);
        }

        /// <summary>Lets none of its files grow beyond so many bytes from now on.</summary>
        public async Task LimitFilesAsync(string bytes)
        {
            using var limit = Process.Start(new ProcessStartInfo("prlimit") { ArgumentList = { "--pid", $"{process.Id}", $"--fsize={bytes}:" } })!;
            await limit.WaitForExitAsync(Cancellation);
            Assert.Equal(0, limit.ExitCode);
        }

        public ValueTask DisposeAsync()
        {
            TestContext.Current.TestOutputHelper?.WriteLine(process.Output);
            Http.Dispose();
            process.Dispose();
            return ValueTask.CompletedTask;
        }

        [GeneratedRegex(@"http://127\.0\.0\.1:(\d+)$")]
        private static partial Regex Listening();
    }

    /// <summary>Takes what a webhook posts.</summary>
    private sealed class Hook(WebApplication app) : IAsyncDisposable
    {
        public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

        public string Address => $"{app.Urls.Single()}/hook";

        public System.Collections.Concurrent.ConcurrentQueue<string> Ids { get; } = new();

        public static async Task<Hook> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var hook = new Hook(app);
            app.Run(context =>
            {
                hook.Ids.Enqueue(context.Request.Headers["webhook-id"].ToString());
                return Task.CompletedTask;
            });
            await app.StartAsync(Cancellation);
            return hook;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }

    /// <summary>Stands before the service and can change the picks that it tells, but not the log.</summary>
    private sealed class Liar(WebApplication app) : IAsyncDisposable
    {
        public Uri Address => new(app.Urls.Single());

        /// <summary>Ids that are told as another.</summary>
        public (IReadOnlyList<string> Ids, string By)? Replace { get; set; }

        public System.Collections.Concurrent.ConcurrentQueue<string> Reports { get; } = new();

        public string? ReportKey { get; private set; }

        public static async Task<Liar> StartAsync(Uri service)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var liar = new Liar(app);
            var http = new HttpClient { BaseAddress = service };
            app.Run(context => liar.AnswerAsync(http, context));
            await app.StartAsync(Cancellation);
            return liar;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task AnswerAsync(HttpClient http, HttpContext context)
        {
            if (context.Request.Path == "/api/v1/relay-reports")
            {
                ReportKey = context.Request.Headers.Authorization;
                Reports.Enqueue(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted));
                context.Response.StatusCode = 202;
                return;
            }

            if (context.Request.Path == "/api/v1/selections/stream")
            {
                context.Response.StatusCode = 404;
                return;
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, context.Request.Path + context.Request.QueryString);
            if (context.Request.Headers.Authorization is [{ } key, ..])
                request.Headers.TryAddWithoutValidation("Authorization", key);
            using var answer = await http.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            var body = await answer.Content.ReadAsStringAsync(context.RequestAborted);
            if (Replace is { } lie && context.Request.Path.StartsWithSegments("/api/v1/selections"))
                body = lie.Ids.Aggregate(body, (text, id) => text.Replace(id, lie.By, StringComparison.Ordinal));
            await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(body), context.RequestAborted);
        }
    }
}
