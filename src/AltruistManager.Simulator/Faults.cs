namespace AltruistManager.Simulator;

/// <summary>Everything that can be wrong with a simulated node.</summary>
public static class Faults
{
    /// <summary>Connections are refused; for a node without a port of its own they are cut at the request.</summary>
    public static Fault Down { get; } = new() { Description = "down", Answering = Answering.NotAtAll };

    /// <summary>Requests are accepted and never answered.</summary>
    public static Fault Silent { get; } = new() { Description = "silent", Answering = Answering.Silently };

    /// <summary>The head stays where it is.</summary>
    public static Fault Frozen { get; } = new() { Description = "frozen head", Frozen = true };

    /// <summary>Says that it syncs, wherever its head is.</summary>
    public static Fault SaysSyncing { get; } = new() { Description = "says it syncs", SaysSyncing = true };

    /// <summary>A web page with status 200.</summary>
    public static Fault Html { get; } = new() { Description = "HTML instead of JSON", Answering = Answering.WithHtml };

    /// <summary>A well-formed beginning of an answer that never ends.</summary>
    public static Fault EndlessBody { get; } = new() { Description = "endless body", Answering = Answering.Endlessly };

    /// <summary>One byte a second.</summary>
    public static Fault Dripping { get; } = new() { Description = "one byte a second", Answering = Answering.Dripping };

    /// <summary>The answer to a question nobody asked.</summary>
    public static Fault WrongId { get; } = new() { Description = "wrong id", Answering = Answering.WithWrongId };

    /// <summary>An answer whose id is null.</summary>
    public static Fault NullId { get; } = new() { Description = "id null", Answering = Answering.WithNullId };

    /// <summary>A batch for a single question.</summary>
    public static Fault BatchForSingle { get; } = new() { Description = "a batch for a single", Answering = Answering.WithBatch };

    /// <summary>The connection is cut in the middle of the body.</summary>
    public static Fault CutShort { get; } = new() { Description = "cut in the middle of the body", Answering = Answering.CutShort };

    public static Fault Unauthorized { get; } = Status(401);

    /// <summary>Every answer takes that much longer.</summary>
    public static Fault Slow(TimeSpan delay) => new() { Description = $"slow by {delay.TotalMilliseconds:0} ms", Delay = delay };

    public static Fault Lagging(long blocks) => new() { Description = $"lagging by {blocks} blocks", LagBlocks = blocks };

    /// <summary>Tells heights that the chain has not reached.</summary>
    public static Fault Ahead(long blocks) => new() { Description = $"ahead by {blocks} blocks", LagBlocks = -blocks };

    /// <summary>Every other request is answered by a node that far behind, as by a careless load balancer.</summary>
    public static Fault MixedHeights(long blocks) => new() { Description = $"heights mixed by {blocks} blocks", MixedBlocks = blocks };

    /// <summary>Block times are off by that much.</summary>
    public static Fault ClockSkew(TimeSpan skew) => new() { Description = $"clock off by {skew}", ClockSkew = skew };

    public static Fault WrongChain(long chainId) => new() { Description = $"chain id {chainId}", ChainId = chainId };

    /// <summary>Another identity than the chain's, in protocols whose identity is no number.</summary>
    public static Fault WrongIdentity(string identity) => new() { Description = $"identity {identity}", Identity = identity };

    /// <summary>All blocks are there, but only the newest states: no archive.</summary>
    public static Fault PrunedState { get; } = new() { Description = "only the newest states", PrunedState = true };

    /// <summary>Answers questions about old states from the newest one, as some nodes and proxies do: looks like an archive and is none.</summary>
    public static Fault NewestStateForOld { get; } = new() { Description = "the newest state for old heights", OldStates = OldStates.AsTheNewest };

    /// <summary>Answers questions about old states with zero: looks like an archive and is none.</summary>
    public static Fault ZeroForOldStates { get; } = new() { Description = "zero for old heights", OldStates = OldStates.Empty };

    /// <summary>Methods, or paths of a REST service, that the node does not know.</summary>
    public static Fault Without(params IReadOnlyList<string> methods) => new() { Description = $"without {string.Join(", ", methods)}", Missing = methods };

    /// <summary>Puts an <c>error</c> inside results that are none, as NEAR does.</summary>
    public static Fault ErrorInResult { get; } = new() { Description = "an error inside the result", ErrorInResult = true };

    /// <summary>Other hashes from that height on. Nodes on the same branch agree with one another.</summary>
    public static Fault Forked(long fromHeight, int branch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(branch, 1);
        return new() { Description = $"forked from {fromHeight}", ForkedFrom = fromHeight, Branch = branch };
    }

    /// <summary>Has only the newest blocks and answers null for older ones.</summary>
    public static Fault Pruned(long keptBlocks) => new() { Description = $"only {keptBlocks} blocks", KeptBlocks = keptBlocks };

    /// <summary>429, with Retry-After in whole seconds where it is given.</summary>
    public static Fault RateLimited(TimeSpan? retryAfter = null) => new()
    {
        Description = "rate-limited",
        Answering = Answering.WithStatus,
        Code = 429,
        RetryAfter = retryAfter,
        Text = "Too Many Requests",
    };

    /// <summary>Limits by a JSON-RPC error with status 200, as several providers do.</summary>
    public static Fault RateLimitedByRpc { get; } = RpcError(-32005, "daily request count exceeded, request rate limited");

    /// <summary>That HTTP status with a line of text.</summary>
    public static Fault Status(int status) => new()
    {
        Description = $"HTTP {status}",
        Answering = Answering.WithStatus,
        Code = status,
        Text = "not today",
    };

    public static Fault RpcError(int code, string message) => new()
    {
        Description = $"RPC error {code}",
        Answering = Answering.WithRpcError,
        Code = code,
        Text = message,
    };

    /// <summary>That text as the body, called JSON.</summary>
    public static Fault Body(string text) => new() { Description = "odd body", Answering = Answering.WithText, Text = text };

    /// <summary>A well-formed beginning of an answer that is nested that deep.</summary>
    public static Fault DeepJson(int depth = 100_000) => Body($$"""{"jsonrpc":"2.0","id":1,"result":{{new string('[', depth)}}""") with { Description = "deep JSON" };

    /// <summary>A small compressed body that becomes that many bytes of blanks, as JSON may begin with.</summary>
    /// <param name="encoding"><c>gzip</c> or <c>br</c>.</param>
    public static Fault CompressedBomb(long bytes = 1 << 30, string encoding = "gzip") =>
        new() { Description = $"compressed bomb ({encoding})", Answering = Answering.WithBomb, Bytes = bytes, Text = encoding };

    /// <summary>A body that announces that many bytes, and sends them.</summary>
    public static Fault HugeBody(long bytes = 1 << 30) =>
        new() { Description = $"a body of {bytes} bytes", Answering = Answering.WithHugeBody, Bytes = bytes };

    public static Fault HugeHeaders(long bytes = 10 << 20) =>
        new() { Description = "huge headers", Answering = Answering.WithHugeHeaders, Bytes = bytes };

    public static Fault Redirect(string location) =>
        new() { Description = $"redirects to {location}", Answering = Answering.WithRedirect, Text = location };
}
