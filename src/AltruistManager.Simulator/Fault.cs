namespace AltruistManager.Simulator;

/// <summary>
/// What is wrong with a node, as a value: how it sees the chain, how long it takes, and how it answers. Made by
/// <see cref="Faults"/> and put together with <see cref="And"/>.
/// </summary>
public sealed record Fault
{
    internal Fault()
    {
    }

    /// <summary>In words, for narration and for tests that fail.</summary>
    public required string Description { get; init; }

    /// <summary>Added to the node's own latency.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Blocks behind the chain; negative is ahead of it.</summary>
    public long LagBlocks { get; init; }

    /// <summary>How far every other request is behind, as where a load balancer mixes nodes.</summary>
    public long MixedBlocks { get; init; }

    /// <summary>Whether the head stays where it was when the fault was set.</summary>
    public bool Frozen { get; init; }

    /// <summary>The chain id that is told instead of the chain's.</summary>
    public long? ChainId { get; init; }

    /// <summary>The identity that is told instead of the chain's, where that is no number.</summary>
    public string? Identity { get; init; }

    /// <summary>Whether only the newest states are there, although all blocks are.</summary>
    public bool PrunedState { get; init; }

    /// <summary>What is answered for states that are not kept, where nobody says that they are not.</summary>
    public OldStates OldStates { get; init; }

    /// <summary>Methods and paths that the node does not know.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Whether results hold an <c>error</c> of their own, as NEAR's do.</summary>
    public bool ErrorInResult { get; init; }

    /// <summary>The first height whose hash is another; null when none is.</summary>
    public long? ForkedFrom { get; init; }

    /// <summary>Which other history: nodes on the same branch agree with one another.</summary>
    public int Branch { get; init; }

    /// <summary>How many of the newest blocks the node still has; null means all.</summary>
    public long? KeptBlocks { get; init; }

    /// <summary>Whether the node says that it syncs.</summary>
    public bool SaysSyncing { get; init; }

    /// <summary>Added to the time of every block.</summary>
    public TimeSpan ClockSkew { get; init; }

    internal Answering Answering { get; init; }

    internal TimeSpan? RetryAfter { get; init; }

    internal int Code { get; init; }

    internal string? Text { get; init; }

    internal long Bytes { get; init; }

    /// <summary>
    /// Both at once: delays, lags and skews add up; of everything else that both say, the other fault's word counts.
    /// </summary>
    public Fault And(Fault other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var answers = other.Answering != Answering.Normally ? other : this;
        return new Fault
        {
            Description = $"{Description}, {other.Description}",
            Delay = Delay + other.Delay,
            LagBlocks = LagBlocks + other.LagBlocks,
            MixedBlocks = Math.Max(MixedBlocks, other.MixedBlocks),
            Frozen = Frozen || other.Frozen,
            ChainId = other.ChainId ?? ChainId,
            Identity = other.Identity ?? Identity,
            PrunedState = PrunedState || other.PrunedState,
            OldStates = other.OldStates != OldStates.Told ? other.OldStates : OldStates,
            Missing = [.. Missing, .. other.Missing],
            ErrorInResult = ErrorInResult || other.ErrorInResult,
            ForkedFrom = other.ForkedFrom ?? ForkedFrom,
            Branch = other.ForkedFrom is null ? Branch : other.Branch,
            KeptBlocks = other.KeptBlocks ?? KeptBlocks,
            SaysSyncing = SaysSyncing || other.SaysSyncing,
            ClockSkew = ClockSkew + other.ClockSkew,
            Answering = answers.Answering,
            RetryAfter = answers.RetryAfter,
            Code = answers.Code,
            Text = answers.Text,
            Bytes = answers.Bytes,
        };
    }

    /// <summary>Whether WebSockets can be opened and talked to.</summary>
    internal bool AnswersSockets => Answering is Answering.Normally or Answering.WithRpcError or Answering.WithWrongId or Answering.WithNullId or Answering.WithBatch;

    internal bool Lacks(string method) => Missing.Count > 0 && Missing.Contains(method);

    public override string ToString() => Description;
}

/// <summary>What a node answers for states that are old.</summary>
public enum OldStates
{
    /// <summary>What was in them, or that it does not keep them.</summary>
    Told,

    /// <summary>What is in the newest state, whatever height is asked for.</summary>
    AsTheNewest,

    /// <summary>Zero.</summary>
    Empty,
}

/// <summary>How a node answers, whatever it would say.</summary>
internal enum Answering
{
    Normally,
    NotAtAll,
    Silently,
    WithStatus,
    WithHtml,
    WithText,
    Endlessly,
    Dripping,
    WithBomb,
    WithHugeBody,
    WithHugeHeaders,
    WithRedirect,
    WithRpcError,
    WithWrongId,
    WithNullId,
    WithBatch,
    CutShort,
}
