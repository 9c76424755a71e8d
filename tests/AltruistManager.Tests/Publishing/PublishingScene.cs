using System.Text;
using System.Text.Json.Nodes;
using AltruistManager.Probing;
using AltruistManager.Publishing;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Tests.Publishing;

/// <summary>A source of picks that a test fills, one target, and what is kept of it over restarts.</summary>
internal sealed class PublishingScene : IPickSource, IPublisherMemory, IAsyncDisposable
{
    public const string Region = "us-east";

    private readonly Dictionary<string, (long Generation, JsonObject Slot)> slots = [];
    private readonly Dictionary<string, List<PublishedAltruist>> eligible = [];
    private readonly System.Collections.Concurrent.ConcurrentDictionary<(string Name, string Target), PublisherState> states = [];
    private readonly PublisherHttp http;
    private readonly GuardedHttp guarded;
    private readonly List<IAsyncDisposable> open = [];
    private volatile byte[]? body;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="reachesLoopback">Whether staff have allowed targets on this machine.</param>
    /// <param name="callTime">By which calls to targets end.</param>
    public PublishingScene(bool reachesLoopback = true, TimeProvider? callTime = null)
    {
        var probing = Microsoft.Extensions.Options.Options.Create(new ProbingOptions { AllowedPrivateNetworks = reachesLoopback ? ["127.0.0.0/8"] : [] });
        guarded = new GuardedHttp(new NameResolver(System.Net.Dns.GetHostAddresses), new EgressProof(TimeProvider.System), probing, TimeProvider.System);
        http = new PublisherHttp(guarded, callTime ?? TimeProvider.System);
    }

    public StandingClock Clock { get; } = new();

    /// <summary>Patient enough for an answer on a busy machine.</summary>
    public PublishingOptions Publishing { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    public List<string> Logged { get; } = [];

    public string Origin
    {
        get;
        set
        {
            field = value;
            Tell();
        }
    } = "origin-1";

    public long Generation { get; private set; }

    public List<string> Revoked { get; } = [];

    public HashSet<string> TakenBack { get; } = [];

    /// <summary>Whether several processes publish to the targets.</summary>
    public bool IsShared { get; init; }

    /// <summary>Whether nobody can be told of a doubt.</summary>
    public bool IsAway { get; set; }

    private (string Holder, DateTimeOffset Until, long Doubts) turn;

    /// <summary>False where only picks are known, as to a mirror.</summary>
    public bool KnowsEligible { get; set; } = true;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static PublishedAltruist Altruist(string id, string? url = null, string auth = "none", bool isPublic = false, params (string Type, string Url)[] urls) =>
        PublishedAltruist.Read(System.Text.Json.JsonDocument.Parse(Json(id, url, auth, isPublic, urls).ToJsonString()).RootElement);

    public static JsonObject Json(string id, string? url = null, string auth = "none", bool isPublic = false, params (string Type, string Url)[] urls)
    {
        var json = new JsonObject
        {
            ["altruist"] = id,
            ["provider"] = "acme",
            ["label"] = $"label-{id}",
            ["region"] = Region,
            ["url"] = url ?? $"https://{id}.example/rpc",
            ["urls"] = new JsonObject(urls.Select(pair => KeyValuePair.Create(pair.Type, (JsonNode?)pair.Url))),
            ["auth"] = auth switch
            {
                "basic" => new JsonObject { ["type"] = auth, ["username"] = "portal", ["password"] = $"cnry-{id}" },
                "bearer" => new JsonObject { ["type"] = auth, ["token"] = $"cnry-{id}" },
                "header" or "query" => new JsonObject { ["type"] = auth, ["name"] = "x-key", ["value"] = $"cnry-{id}" },
                _ => new JsonObject { ["type"] = "none" },
            },
            ["limits"] = new JsonObject { ["rps"] = null },
        };
        if (isPublic)
            json["visibility"] = "public";
        return json;
    }

    /// <summary>A new pick: the first is the primary, the others stand by.</summary>
    public PublishingScene Pick(string chain, params JsonObject[] altruists) => Pick(chain, 1, altruists);

    public PublishingScene Pick(string chain, int primaries, params JsonObject[] altruists)
    {
        Generation++;
        slots[chain] = (Generation, new JsonObject
        {
            ["chain"] = chain,
            ["region"] = Region,
            ["state"] = altruists.Length == 0 ? "none" : "fresh",
            ["primary"] = altruists.Length == 0 ? null : altruists[0].DeepClone(),
            ["primaries"] = new JsonArray([.. altruists.Take(primaries).Select(altruist => altruist.DeepClone())]),
            ["standbys"] = new JsonArray([.. altruists.Skip(primaries).Select(altruist => altruist.DeepClone())]),
            ["generation"] = Generation,
        });
        return Tell();
    }

    /// <summary>Who may serve a slot, without a pick that changes.</summary>
    public PublishingScene Eligible(string chain, params PublishedAltruist[] altruists)
    {
        eligible[chain] = [.. altruists];
        if (!slots.ContainsKey(chain))
            Pick(chain, Json("picked"));
        return this;
    }

    public PublishingScene Revoke(string altruist)
    {
        Revoked.Add(altruist);
        Generation++;
        return Tell();
    }

    /// <summary>Options of a kind, as the configuration would fill them.</summary>
    public static T Options<T>(string kind, Action<T> fill, params (string Chain, string Target)[] chains)
        where T : PublisherOptions
    {
        var options = (T)PublisherKinds.NewOptions(kind)!;
        options.Name = "target";
        options.Kind = kind;
        options.Region = Region;
        options.Chains = chains.ToDictionary(chain => chain.Chain, chain => chain.Target);
        fill(options);
        Assert.Empty(options.FindWrong(allowHttp: true));
        return options;
    }

    /// <summary>As a new process would: nothing but the stored state is known.</summary>
    public PublisherRunner Start(PublisherOptions options) => Start(options, options.Create(new PublisherTools(Publishing, http, Clock)));

    /// <param name="holder">Of several processes which.</param>
    public PublisherRunner Start(PublisherOptions options, IPublisher publisher, string holder = "only")
    {
        if (publisher is IAsyncDisposable disposable)
            open.Add(disposable);
        return new PublisherRunner(options, publisher, this, this, holder, Publishing, Clock, new Lines(Logged));
    }

    /// <summary>By which the targets are known of which a state was stored under a name.</summary>
    public IEnumerable<string> TargetsOf(string name) => states.Keys.Where(key => key.Name == name).Select(key => key.Target);

    /// <summary>The bulk body as it is told now.</summary>
    public string Body => Encoding.UTF8.GetString(BodyOf(Region)!.Value.Span);

    public ReadOnlyMemory<byte>? BodyOf(string region) => region == Region && body is { } told ? told : null;

    public Task ChangedAsync(CancellationToken cancellation) => changed.Task.WaitAsync(cancellation);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>?> EligibleAsync(string region, IReadOnlyCollection<string> chains, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>?>(
            KnowsEligible ? eligible.ToDictionary(chain => chain.Key, chain => (IReadOnlyList<PublishedAltruist>)chain.Value) : null);

    public bool IsPublic(string altruist) => !TakenBack.Contains(altruist);

    public Task<PublisherState> RecallAsync(string name, string place, string target, CancellationToken cancellation) =>
        Task.FromResult(states.GetValueOrDefault((name, target), PublisherState.Unknown));

    public Task RememberAsync(string name, string place, string target, PublisherState state, CancellationToken cancellation)
    {
        states[(name, target)] = state;
        return Task.CompletedTask;
    }

    public Task<long?> ClaimAsync(string name, string place, string holder, TimeSpan lease, CancellationToken cancellation)
    {
        if (turn.Holder != holder && turn.Until > Clock.GetUtcNow())
            return Task.FromResult<long?>(null);
        turn = (holder, Clock.GetUtcNow() + lease, turn.Doubts);
        return Task.FromResult<long?>(turn.Doubts);
    }

    public Task DoubtAsync(string name, string place, CancellationToken cancellation)
    {
        if (IsAway)
            throw new Microsoft.Data.Sqlite.SqliteException("disk I/O error", 10);
        turn.Doubts++;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var publisher in open)
            await publisher.DisposeAsync();
        guarded.Dispose();
    }

    private PublishingScene Tell()
    {
        body = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["region"] = Region,
            ["origin"] = Origin,
            ["generation"] = Generation,
            ["selections"] = new JsonArray([.. slots.Values.Select(slot => slot.Slot.DeepClone())]),
            ["revoked"] = new JsonArray([.. Revoked.Select(id => (JsonNode)id)]),
        }.ToJsonString());
        Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return this;
    }

    /// <summary>Stands still until it is moved; so does what is measured by it.</summary>
    public sealed class StandingClock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => now;

        public override long GetTimestamp() => now.UtcTicks;

        public void Advance(TimeSpan time) => now += time;
    }

    private sealed class Lines(List<string> lines) : ILogger<PublisherRunner>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
                lines.Add($"{logLevel} {formatter(state, exception)} {exception}");
        }
    }
}
