using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Client.Tests;

/// <summary>What becomes of a portal's request.</summary>
public sealed class HandlerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_goes_to_the_pick_and_its_answer_comes_back_whole()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        using var answer = await scene.AskAsync("""{"id":1}""");
        Assert.Equal((HttpStatusCode.OK, "a says {\"id\":1}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation)));
        Assert.Equal(["POST http://a.example/secret-path-a {\"id\":1}"], scene.Altruists.Asked);
    }

    [Theory]
    [InlineData("none", null, null, "http://a.example/rpc", "")]
    [InlineData("basic", "username:us:er", "password:pä", "http://a.example/rpc", "Authorization: Basic dXM6ZXI6cMOk")]
    [InlineData("bearer", "token:t", null, "http://a.example/rpc", "Authorization: Bearer t")]
    [InlineData("header", "name:X-Key", "value:v", "http://a.example/rpc", "X-Key: v")]
    [InlineData("query", "name:key", "value:a&b", "http://a.example/rpc?key=a%26b", "")]
    public async Task Credentials_are_shown_to_the_altruist_and_stay_on_nothing_that_may_be_logged(string type, string? one, string? other, string url, string header)
    {
        var auth = new JsonObject { ["type"] = type };
        foreach (var field in new[] { one, other }.OfType<string>())
            auth[field[..field.IndexOf(':', StringComparison.Ordinal)]] = field[(field.IndexOf(':', StringComparison.Ordinal) + 1)..];
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, [Told.Altruist("a", 100, "http://a.example/rpc", auth)], []));
        using var request = new AltruistRequest("0021", new StringContent("x"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer of-the-user");
        using var answer = await scene.Http.SendAsync(request, Cancellation);

        using var plain = await scene.AskAsync("x");

        Assert.Equal([$"POST {url} x", $"POST {url} x"], scene.Altruists.Asked);
        Assert.Equal([header, header], scene.Altruists.Headers);
        Assert.Empty(plain.RequestMessage!.Headers);
        Assert.DoesNotContain("example", $"{answer.RequestMessage} {answer}");
        Assert.Equal("Bearer of-the-user", answer.RequestMessage!.Headers.Authorization!.ToString());
        Assert.False(answer.RequestMessage.Headers.Contains("X-Key"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("refuses")]
    public async Task Callers_own_host_and_credentials_go_to_no_altruist_and_are_there_again_afterwards(string? fault)
    {
        var auth = new JsonObject { ["type"] = "header", ["name"] = "X-Key", ["value"] = "v" };
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, [Told.Altruist("a", 100, auth: auth)], []));
        if (fault is not null)
            scene.Altruists.Faults["a"] = fault;
        using var request = new AltruistRequest("0021", new StringContent("x"));
        request.Headers.Host = "portal.example";
        request.Headers.Add("X-Key", ["mine", "mine too"]);
        // As a user sent it: no such header may have two values.
        request.Headers.TryAddWithoutValidation("Authorization", ["Bearer one", "Bearer two"]);
        try
        {
            (await scene.Http.SendAsync(request, Cancellation)).Dispose();
            Assert.Null(fault);
        }
        catch (HttpRequestException)
        {
            Assert.NotNull(fault);
        }

        Assert.Equal(["X-Key: v"], scene.Altruists.Headers);
        Assert.Equal("portal.example", request.Headers.Host);
        Assert.Equal(["mine", "mine too"], request.Headers.GetValues("X-Key"));
        Assert.Equal(["Bearer one", "Bearer two"], request.Headers.NonValidated["Authorization"]);
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("breaks")]
    [InlineData("stalls")]
    [InlineData("500")]
    [InlineData("503")]
    [InlineData("429")]
    [InlineData("401")]
    public async Task Standby_answers_where_the_primary_fails(string how)
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        scene.Altruists.Faults["a"] = how;
        using var answer = await scene.AskAsync("x", new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes("x"))));
        Assert.Equal("b says x", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(["a", "b"], scene.Altruists.Order);
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("brotli", 1)]
    [InlineData("large", 3)]
    public async Task Answer_that_cannot_be_unpacked_or_is_too_large_is_closed_and_counts_against_its_altruist(string how, int asked)
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"), options => options.MaxResponseBytes = 1024);
        scene.Altruists.Faults["a"] = how;
        for (var i = 0; i < 6; i++)
        {
            using var answer = await scene.AskAsync("x");
            Assert.Equal("b says x", await answer.Content.ReadAsStringAsync(Cancellation));
        }

        Assert.Equal(asked, scene.Altruists.Order.Count(altruist => altruist == "a"));
        Assert.Equal(asked, scene.Altruists.Bodies.Count);
        Assert.All(scene.Altruists.Bodies, body => Assert.False(body.CanRead));

        scene.Altruists.Faults["b"] = how;
        await Assert.ThrowsAsync<HttpRequestException>(() => scene.AskAsync("x"));
    }

    [Theory]
    [InlineData("400")]
    [InlineData("404")]
    public async Task Answer_that_is_the_requests_own_fault_is_given_back(string status)
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        scene.Altruists.Faults["a"] = status;
        using var answer = await scene.AskAsync("x");
        Assert.Equal((status, "a"), ($"{(int)answer.StatusCode}", string.Join(' ', scene.Altruists.Order)));
    }

    [Fact]
    public async Task Last_bad_answer_is_given_back_when_all_fail_and_an_exception_only_where_there_was_none()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b", "c"));
        foreach (var (altruist, fault) in new[] { ("a", "500"), ("b", "429"), ("c", "refuses") })
            scene.Altruists.Faults[altruist] = fault;
        using (var answer = await scene.AskAsync("x"))
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);

        scene.Altruists.Faults["a"] = scene.Altruists.Faults["b"] = "refuses";
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => scene.AskAsync("x"));
        Assert.Contains("0021", failure.Message);
        Assert.DoesNotContain("secret", failure.ToString());
    }

    [Fact]
    public async Task No_more_than_the_allowed_attempts_are_made()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b", "c"), options => options.Attempts = 2);
        foreach (var altruist in new[] { "a", "b" })
            scene.Altruists.Faults[altruist] = "500";
        using var answer = await scene.AskAsync("x");
        Assert.Equal(["a", "b"], scene.Altruists.Order);
    }

    [Fact]
    public async Task Silent_primary_costs_its_attempt_and_all_together_the_budget()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, [Told.Altruist("a", 100)], [Told.Altruist("b"), Told.Altruist("c")], timeoutMs: 8000));
        scene.Altruists.Faults["a"] = "stalls";
        var started = scene.Portal.Time.GetUtcNow();
        using (var answer = await scene.AskAsync("x"))
            Assert.Equal("b says x", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.InRange(scene.Portal.Time.GetUtcNow() - started, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(6));

        scene.Altruists.Faults["b"] = scene.Altruists.Faults["c"] = "stalls";
        started = scene.Portal.Time.GetUtcNow();
        await Assert.ThrowsAsync<HttpRequestException>(() => scene.AskAsync("x"));
        Assert.InRange(scene.Portal.Time.GetUtcNow() - started, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(11));
    }

    [Fact]
    public async Task Only_altruist_may_use_the_whole_budget()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, [Told.Altruist("a", 100)], [], timeoutMs: 8000));
        scene.Altruists.Faults["a"] = "stalls";
        var started = scene.Portal.Time.GetUtcNow();
        await Assert.ThrowsAsync<HttpRequestException>(() => scene.AskAsync("x"));
        Assert.InRange(scene.Portal.Time.GetUtcNow() - started, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(11));
    }

    [Fact]
    public async Task Dead_primary_is_not_asked_again_by_each_request()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        scene.Altruists.Faults["a"] = "refuses";
        for (var i = 0; i < 20; i++)
            (await scene.AskAsync("x")).Dispose();
        Assert.Single(scene.Altruists.Order, altruist => altruist == "a");

        scene.Altruists.Faults.Clear();
        scene.Portal.Time.Advance(TimeSpan.FromSeconds(6));
        (await scene.AskAsync("x")).Dispose();
        Assert.Equal("a", scene.Altruists.Order[^1]);
    }

    [Fact]
    public async Task Chain_that_nobody_serves_is_503_and_no_exception()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, [], []));
        foreach (var chain in new[] { "0021", "nonsense" })
        {
            using var answer = await scene.Http.SendAsync(new AltruistRequest(chain, new StringContent("x")), Cancellation);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
            Assert.Contains(chain, await answer.Content.ReadAsStringAsync(Cancellation));
        }
    }

    [Fact]
    public async Task Caller_that_gives_up_counts_against_nobody()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        scene.Altruists.Faults["a"] = "stalls";
        using var gone = new CancellationTokenSource();
        var asking = scene.Http.SendAsync(new AltruistRequest("0021", new StringContent("x")), gone.Token);
        await scene.Portal.UntilAsync("a is asked", () => scene.Altruists.Order.Count == 1, step: 0);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(["a"], scene.Altruists.Order);
        await scene.Portal.Client.StopAsync(Cancellation);
        Assert.Empty(scene.Portal.First.Reports);
    }

    [Fact]
    public async Task Reports_say_of_every_relay_once_how_it_ended()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a", "b"));
        scene.Portal.Client.Reports.CountRelays("0021", 40);
        for (var i = 0; i < 3; i++)
            (await scene.Http.SendAsync(new AltruistRequest("0021", new StringContent("x")) { FallbackReason = "no-node" }, Cancellation)).Dispose();
        scene.Altruists.Faults["a"] = "500";
        (await scene.AskAsync("x")).Dispose();
        scene.Altruists.Faults["a"] = """{"id":1,"error":{"code":-32603}}""";
        (await scene.AskAsync("x")).Dispose();
        await scene.Portal.UntilAsync("a report was sent", () => scene.Portal.First.Reports.Count > 0);

        var report = JsonNode.Parse(scene.Portal.First.Reports.First())!;
        var rows = report["altruists"]!.AsArray().ToDictionary(row => $"{row!["altruist"]} {row["servedAs"]}", row => row!);
        Assert.Equal(["a primary", "b standby"], rows.Keys.Order());
        Assert.Equal(("0021", 5, 1, 1, 3), (
            rows["a primary"]["chain"]!.GetValue<string>(), rows["a primary"]["relays"]!.GetValue<int>(), rows["a primary"]["errors"]!["http5xx"]!.GetValue<int>(),
            rows["a primary"]["errors"]!["rpc"]!.GetValue<int>(), rows["a primary"]["latencyBuckets"]!["25"]!.GetValue<int>()));
        Assert.Equal(["connect", "timeout", "http5xx", "throttled", "rpc"], rows["a primary"]["errors"]!.AsObject().Select(error => error.Key));
        Assert.Equal(["25", "50", "100", "250", "1000", "+"], rows["a primary"]["latencyBuckets"]!.AsObject().Select(bucket => bucket.Key));
        Assert.Equal(1, rows["b standby"]["relays"]!.GetValue<int>());
        Assert.Equal("""[{"chain":"0021","portalRelays":40,"fallbackReasons":{"no-node":3}}]""", report["chains"]!.ToJsonString());
        Assert.Equal(Told.Region, report["region"]!.GetValue<string>());
        Assert.InRange(report["to"]!.GetValue<DateTimeOffset>() - report["from"]!.GetValue<DateTimeOffset>(), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Counts_and_reasons_that_managers_refuse_spoil_no_report()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a"));
        var reports = scene.Portal.Client.Reports;
        reports.CountRelays("0021", -5);
        reports.CountRelays("0021", long.MaxValue);
        reports.CountRelays("0021", 7);
        foreach (var reason in (string[])["no-node", "no\nnode", "\u0000", "", new string('x', 65)])
            reports.CountFallback("0021", reason);
        await scene.Portal.UntilAsync("a report was sent", () => scene.Portal.First.Reports.Count > 0);
        var chain = JsonNode.Parse(scene.Portal.First.Reports.First())!["chains"]!.AsArray().Single()!;
        Assert.Equal(1_000_000_000, chain["portalRelays"]!.GetValue<long>());
        Assert.Equal(["no-node 1", "other 4"], chain["fallbackReasons"]!.AsObject().Select(reason => $"{reason.Key} {reason.Value}").Order());
    }

    [Fact]
    public async Task Reports_name_chains_by_id_and_leave_out_what_has_no_pick()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a"));
        scene.Portal.First.Aliases["eth"] = "0021";
        Assert.NotNull(await scene.Portal.Client.FindAsync("eth", Cancellation));
        var reports = scene.Portal.Client.Reports;
        reports.CountRelays("0021", 40);
        reports.CountRelays("eth", 2);
        reports.CountFallback("0021", "no-node");
        reports.CountFallback("eth", "no-node");
        reports.CountRelays("nonsense", 7);
        await scene.Portal.UntilAsync("a report was sent", () => scene.Portal.First.Reports.Count > 0);
        Assert.Equal("""[{"chain":"0021","portalRelays":42,"fallbackReasons":{"no-node":2}}]""", JsonNode.Parse(scene.Portal.First.Reports.First())!["chains"]!.ToJsonString());

        (await scene.AskAsync("x")).Dispose();
        scene.Portal.First.Body = Told.Body(6, Told.Slot("0022", 6, "a"));
        await scene.Portal.UntilHeldAsync(6);
        (await scene.Http.SendAsync(new AltruistRequest("0022", new StringContent("x")), Cancellation)).Dispose();
        await scene.Portal.UntilAsync("the next was sent", () => scene.Portal.First.Reports.Count > 1);
        Assert.Equal(["0022"], JsonNode.Parse(scene.Portal.First.Reports.Last())!["altruists"]!.AsArray().Select(row => row!["chain"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData(-60)]
    [InlineData(180)]
    public async Task Clock_that_is_set_changes_no_reports_length(int minutes)
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a"));
        (await scene.AskAsync("x")).Dispose();
        scene.Portal.Time.Set(TimeSpan.FromMinutes(minutes));
        await scene.Portal.UntilAsync("a report was sent", () => scene.Portal.First.Reports.Count > 0);
        var (from, to) = PeriodOf(scene.Portal.First.Reports.First());
        Assert.InRange(to - from, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
        Assert.InRange(to, scene.Portal.Time.GetUtcNow().AddMinutes(-1), scene.Portal.Time.GetUtcNow());
    }

    [Fact]
    public async Task Report_covers_an_hour_at_most_and_never_no_time()
    {
        var time = new ManualTime();
        var options = new AltruistManagerOptions();
        using var managers = new FakeManagers();
        using var http = new HttpClient(managers, disposeHandler: false);
        var manager = managers["first"];
        var reports = new RelayReports(options, [new ManagerConnection(new Uri("http://first"), options, http, time)], _ => { }, time, NullLogger.Instance);
        // As after the sleep of a machine; the next one follows at once, as at the end of a process.
        time.Advance(TimeSpan.FromHours(3));
        for (var i = 0; i < 2; i++)
        {
            reports.CountRelays("0021");
            reports.Collect(_ => true, name => name, Told.Region);
        }

        await reports.SendAsync(Cancellation);
        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(1)], manager.Reports.Select(PeriodOf).Select(period => period.To - period.From));
    }

    [Fact]
    public async Task Reports_wait_for_a_manager_keep_their_ids_and_are_bounded()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a"));
        scene.Portal.First.ReportStatus = scene.Portal.Second.ReportStatus = HttpStatusCode.ServiceUnavailable;
        for (var minute = 0; minute < 70; minute++)
        {
            (await scene.AskAsync("x")).Dispose();
            var until = scene.Portal.Time.GetUtcNow() + TimeSpan.FromMinutes(1);
            await scene.Portal.UntilAsync("a minute passes", () => scene.Portal.Time.GetUtcNow() >= until, step: 5);
        }

        scene.Portal.Second.ReportStatus = HttpStatusCode.Accepted;
        await scene.Portal.UntilAsync("all were sent", () => scene.Portal.Second.Reports.Count >= 60);
        // The newest hour of seventy minutes. One that is sent again has the id it had.
        Assert.InRange(scene.Portal.Second.Reports.Select(report => JsonNode.Parse(report)!["id"]!.GetValue<string>()).Distinct().Count(), 60, 61);
    }

    [Fact]
    public async Task Last_minute_is_reported_at_the_end()
    {
        await using var scene = await Scene.StartAsync(Told.Slot("0021", 5, "a"));
        (await scene.AskAsync("x")).Dispose();
        await scene.Portal.Client.StopAsync(Cancellation);
        Assert.Single(scene.Portal.First.Reports);
    }

    private static (DateTimeOffset From, DateTimeOffset To) PeriodOf(string report)
    {
        var told = JsonNode.Parse(report)!;
        return (told["from"]!.GetValue<DateTimeOffset>(), told["to"]!.GetValue<DateTimeOffset>());
    }

    /// <summary>A portal whose altruists are functions.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private Scene(Portal portal)
        {
            Portal = portal;
            Http = new HttpClient(new AltruistHandler(portal.Client) { InnerHandler = Altruists });
        }

        public Portal Portal { get; }

        public FakeAltruists Altruists { get; } = new();

        public HttpClient Http { get; }

        public static async Task<Scene> StartAsync(JsonObject slot, Action<AltruistManagerOptions>? configure = null)
        {
            var portal = new Portal();
            portal.First.Body = Told.Body(5, slot);
            await portal.StartAsync(configure);
            return new Scene(portal);
        }

        public async Task<HttpResponseMessage> AskAsync(string text, HttpContent? content = null)
        {
            using var request = new AltruistRequest("0021", content ?? new StringContent(text));
            var asking = Http.SendAsync(request, Cancellation);
            if (!asking.IsCompleted)
                await Portal.UntilAsync("the request ends", () => asking.IsCompleted, step: 0.25, pauseMs: 60);
            return await asking;
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await Portal.DisposeAsync();
        }
    }

    private sealed class FakeAltruists : HttpMessageHandler
    {
        private readonly ConcurrentQueue<string> asked = new();
        private readonly ConcurrentQueue<string> order = new();
        private readonly ConcurrentQueue<string> headers = new();

        /// <summary>By altruist: how it fails, a status, or a body.</summary>
        public ConcurrentDictionary<string, string> Faults { get; } = new();

        public IReadOnlyCollection<string> Asked => asked;

        public IReadOnlyCollection<string> Headers => headers;

        /// <summary>What bad answers were read from.</summary>
        public ConcurrentQueue<Stream> Bodies { get; } = new();

        public IReadOnlyList<string> Order => [.. order];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var altruist = request.RequestUri!.Host.Split('.')[0];
            var body = await request.Content!.ReadAsStringAsync(cancellationToken);
            order.Enqueue(altruist);
            asked.Enqueue($"{request.Method} {request.RequestUri.AbsoluteUri} {body}");
            headers.Enqueue(string.Join(", ", request.Headers.Select(header => $"{header.Key}: {string.Join(',', header.Value)}")));
            var content = $"{altruist} says {body}";
            switch (Faults.GetValueOrDefault(altruist))
            {
                case null:
                    break;
                case "refuses":
                    throw new HttpRequestException(HttpRequestError.ConnectionError, "connection refused");
                case "breaks":
                    return new HttpResponseMessage { RequestMessage = request, Content = new StreamContent(new BrokenStream()) };
                case "gzip":
                    return Bad(request, wire => new GZipStream(wire, CompressionMode.Decompress));
                case "brotli":
                    return Bad(request, wire => new BrotliStream(wire, CompressionMode.Decompress));
                case "large":
                    return Bad(request, wire => wire);
                case "stalls":
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                    break;
                case var status when int.TryParse(status, out var number):
                    return new HttpResponseMessage((HttpStatusCode)number) { RequestMessage = request };
                case var text:
                    content = text;
                    break;
            }

            return new HttpResponseMessage { RequestMessage = request, Content = new StringContent(content) };
        }

        private HttpResponseMessage Bad(HttpRequestMessage request, Func<Stream, Stream> unpack)
        {
            var wire = new MemoryStream([.. Enumerable.Repeat((byte)0xFF, 5000)]);
            Bodies.Enqueue(wire);
            return new HttpResponseMessage { RequestMessage = request, Content = new StreamContent(unpack(wire)) };
        }
    }

    /// <summary>A connection that breaks within the answer.</summary>
    private sealed class BrokenStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => throw new IOException("broken");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("broken");
    }
}
