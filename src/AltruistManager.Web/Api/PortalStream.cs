using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using AltruistManager.Traffic;

namespace AltruistManager.Web.Api;

/// <summary>
/// One portal that listens: a bounded queue between the feed of its region and its connection. Offering never waits; whoever does not read is sent away.
/// </summary>
/// <param name="keyId">By whose key it was opened.</param>
/// <param name="portal">Whose key that is, as it was then; null for staff.</param>
/// <param name="abort">Cuts the connection.</param>
/// <remarks>Ten thousand wait at the same time: while nothing is to be told, a stream holds no queue, and it is itself what its connection waits for.</remarks>
internal sealed class PortalStream(string keyId, Portal? portal, Action abort, TimeProvider time) : IValueTaskSource<StreamFrame>, IDisposable
{
    /// <summary>So many frames a portal may be behind, on top of what the buffers of its connection hold.</summary>
    internal const int MostBehind = 64;

    /// <summary>The server copies what it is handed before it waits for the reader: a large event is handed over in parts.</summary>
    private const int PartBytes = 16 * 1024;

    /// <summary>Whoever was sent away has so long to read the last words.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private ManualResetValueTaskSourceCore<StreamFrame> next = new() { RunContinuationsAsynchronously = true };
    private Queue<StreamFrame>? queue;
    private bool isWaiting;
    private bool isOver;
    private volatile string? ending;
    private bool forget;
    private ITimer? deadline;
    private bool isClosed;

    public string KeyId => keyId;

    public Portal? Portal => portal;

    /// <summary>In which part of each period it is told that its connection lives.</summary>
    public int BeatPart { get; } = Random.Shared.Next(RegionFeed.BeatParts);

    /// <summary>False when the portal is too far behind, which ends the stream.</summary>
    public bool Offer(StreamFrame frame)
    {
        lock (gate)
        {
            if (isOver)
                return true;
            if (isWaiting)
            {
                isWaiting = false;
                next.SetResult(frame);
                return true;
            }

            if (queue is null || queue.Count < MostBehind)
            {
                (queue ??= new Queue<StreamFrame>()).Enqueue(frame);
                return true;
            }
        }

        End("too slow: reconnect");
        return false;
    }

    /// <summary>Nothing more is sent but the reason, and when to come back; a connection that does not take even that is cut.</summary>
    /// <param name="forget">What it holds is not what it may read any more.</param>
    public void End(string why, bool forget = false)
    {
        lock (gate)
        {
            if (ending is not null || isClosed)
                return;
            this.forget = forget;
            ending = why;
            deadline = time.CreateTimer(static stream => ((PortalStream)stream!).Cut(), this, Patience, Timeout.InfiniteTimeSpan);
            Finish();
        }
    }

    /// <summary>Sends what is offered until the portal goes or is sent away.</summary>
    /// <param name="sent">Is told the generation that the portal was given.</param>
    public async Task SendAsync(PipeWriter body, Action<long> sent, CancellationToken gone)
    {
        // One registration for the whole connection; handing the token to each wait would allocate at each.
        await using var leaving = gone.UnsafeRegister(static stream => ((PortalStream)stream!).Leave(), this);
        await WriteAsync(body, StreamEvents.Retry(Jitter()), gone);
        while (await NextAsync() is { Bytes.IsEmpty: false } frame)
        {
            await WriteAsync(body, frame.Bytes, gone);
            sent(frame.Generation);
        }

        if (ending is { } why)
            await WriteAsync(body, StreamEvents.Farewell(why, Jitter(), forget), gone);
    }

    public void Dispose()
    {
        lock (gate)
        {
            isClosed = true;
            deadline?.Dispose();
        }
    }

    StreamFrame IValueTaskSource<StreamFrame>.GetResult(short token) => next.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<StreamFrame>.GetStatus(short token) => next.GetStatus(token);

    void IValueTaskSource<StreamFrame>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        next.OnCompleted(continuation, state, token, flags);

    /// <summary>For one reader. An empty frame is the end.</summary>
    private ValueTask<StreamFrame> NextAsync()
    {
        lock (gate)
        {
            if (isOver)
                return default;
            if (queue is not null)
            {
                var first = queue.Dequeue();
                if (queue.Count == 0)
                    queue = null;
                return ValueTask.FromResult(first);
            }

            next.Reset();
            isWaiting = true;
            return new ValueTask<StreamFrame>(this, next.Version);
        }
    }

    private void Leave()
    {
        lock (gate)
            Finish();
    }

    /// <summary>Call it under the lock.</summary>
    private void Finish()
    {
        isOver = true;
        queue = null;
        if (!isWaiting)
            return;
        isWaiting = false;
        next.SetResult(default);
    }

    /// <summary>Not once it is closed: the connection may carry another request by then.</summary>
    private void Cut()
    {
        lock (gate)
        {
            if (!isClosed)
                abort();
        }
    }

    /// <summary>Thousands that lose their connection at once must not come back at once.</summary>
    internal static TimeSpan Jitter() => TimeSpan.FromMilliseconds(Random.Shared.Next(1_000, 10_000));

    private static async Task WriteAsync(PipeWriter body, ReadOnlyMemory<byte> bytes, CancellationToken gone)
    {
        for (var at = 0; at < bytes.Length; at += PartBytes)
            await body.WriteAsync(bytes[at..Math.Min(bytes.Length, at + PartBytes)], gone);
    }
}
