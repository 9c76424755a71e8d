using System.Diagnostics.CodeAnalysis;
using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>
/// The places of one lane: so many probes at once in all, so many to one host and port, and one to one altruist. Lanes share
/// nothing, so that a storm of timeouts in one does not delay the others. Who waits costs a small object and no thread.
/// </summary>
internal sealed class Lane
{
    private readonly int perHost;
    private readonly Lock gate = new();
    private readonly HashSet<AltruistId> underWay = [];
    private readonly Dictionary<string, Host> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Host>.AlternateLookup<ReadOnlySpan<char>> hostsByText;

    /// <summary>Have a place at their host and wait for one in the lane.</summary>
    private readonly Line ready = new();

    private int places;

    /// <summary>As it is told to those who measure.</summary>
    public ProbeLane Name { get; init; }

    public Lane(int concurrency, int perHost)
    {
        this.perHost = perHost;
        places = concurrency;
        hostsByText = hosts.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Runs the probe as soon as there is a place; skips it, with null, when one of the same altruist is still under way.</summary>
    /// <param name="probe">Throws only when it is cancelled.</param>
    /// <param name="done">Told the result, null for a probe that was skipped or cancelled; on the thread of the lane, so it must be short.</param>
    /// <param name="isFirst">Where places are taken, it waits before all those who are not first.</param>
    public void Run(Altruist altruist, Func<Altruist, Task<ProbeResult?>> probe, Action<ProbeResult?> done, CancellationToken cancellation, bool isFirst = false)
    {
        var mine = new Waiting(altruist, probe, done, isFirst, cancellation);
        if (TryEnter(mine) is not { } entered)
            done(null);
        else if (entered)
            _ = WorkAsync(mine);
    }

    /// <inheritdoc cref="Run"/>
    public Task<ProbeResult?> RunAsync(Altruist altruist, Func<Task<ProbeResult?>> probe, CancellationToken cancellation)
    {
        var ended = new TaskCompletionSource<ProbeResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(altruist, _ => probe(), result =>
        {
            if (result is null && cancellation.IsCancellationRequested)
                ended.TrySetCanceled(cancellation);
            else
                ended.TrySetResult(result);
        }, cancellation);
        return ended.Task;
    }

    /// <summary>The same for other work than one probe; what it throws, the caller gets.</summary>
    public Task<T?> DoAsync<T>(Altruist altruist, Func<Task<T?>> work, CancellationToken cancellation, bool isFirst = false)
        where T : class
    {
        var ended = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(altruist, async _ =>
        {
            try
            {
                ended.TrySetResult(await work());
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                ended.TrySetException(exception);
            }

            return null;
        }, _ =>
        {
            if (cancellation.IsCancellationRequested)
                ended.TrySetCanceled(cancellation);
            else
                ended.TrySetResult(null);
        }, cancellation, isFirst);
        return ended.Task;
    }

    /// <returns>True when it may begin at once, null when one of its altruist is under way.</returns>
    private bool? TryEnter(Waiting mine)
    {
        var authority = AuthorityOf(mine.Altruist.Url);
        lock (gate)
        {
            if (!underWay.Add(mine.Altruist.Id))
                return null;
            if (!hostsByText.TryGetValue(authority, out var host))
                hosts.Add(authority.ToString(), host = new Host(authority.ToString()));
            mine.Host = host;
            // The host first: those who queue for a slow host take no place from the others.
            if (host.Busy == perHost)
            {
                (host.Queue ??= new Line()).Enqueue(mine);
                mine.Since = ProbeMetrics.Waits(Name);
                return false;
            }

            host.Busy++;
            if (places == 0)
            {
                ready.Enqueue(mine);
                mine.Since = ProbeMetrics.Waits(Name);
                return false;
            }

            places--;
            ProbeMetrics.Enters(Name);
            return true;
        }
    }

    /// <summary>Keeps its place in the lane as long as somebody waits for it.</summary>
    private async Task WorkAsync(Waiting first)
    {
        for (var current = first; current is not null;)
        {
            ProbeResult? result = null;
            try
            {
                if (!current.Cancellation.IsCancellationRequested)
                    result = await current.Probe(current.Altruist);
            }
            catch (OperationCanceledException) when (current.Cancellation.IsCancellationRequested)
            {
                // The process is stopping.
            }

            var next = Leave(current);
            current.Done(result);
            current = next;
        }
    }

    /// <returns>Who takes the place; null when nobody waits.</returns>
    private Waiting? Leave(Waiting mine)
    {
        lock (gate)
        {
            underWay.Remove(mine.Altruist.Id);
            var host = mine.Host!;
            if (host.Queue is { } siblings && siblings.TryDequeue(out var sibling))
                ready.Enqueue(sibling);
            else if (--host.Busy == 0)
                hosts.Remove(host.Authority);

            if (ready.TryDequeue(out var next))
            {
                ProbeMetrics.GotPlace(next.Since, Name);
                return next;
            }

            places++;
            return null;
        }
    }

    /// <summary>Host and port as they stand in a normalised URL.</summary>
    private static ReadOnlySpan<char> AuthorityOf(string url)
    {
        var rest = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3);
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    private sealed class Host(string authority)
    {
        public string Authority => authority;

        public int Busy { get; set; }

        public Line? Queue { get; set; }
    }

    /// <summary>Those who are first before the others, each in the order in which they came.</summary>
    private sealed class Line
    {
        private readonly Queue<Waiting> all = new();
        private Queue<Waiting>? first;

        public void Enqueue(Waiting waiting)
        {
            if (waiting.IsFirst)
                (first ??= new Queue<Waiting>()).Enqueue(waiting);
            else
                all.Enqueue(waiting);
        }

        public bool TryDequeue([MaybeNullWhen(false)] out Waiting waiting)
        {
            waiting = null;
            return first?.TryDequeue(out waiting) == true || all.TryDequeue(out waiting);
        }
    }

    private sealed class Waiting(Altruist altruist, Func<Altruist, Task<ProbeResult?>> probe, Action<ProbeResult?> done, bool isFirst, CancellationToken cancellation)
    {
        public bool IsFirst => isFirst;

        public Altruist Altruist => altruist;

        public Func<Altruist, Task<ProbeResult?>> Probe => probe;

        public Action<ProbeResult?> Done => done;

        public CancellationToken Cancellation => cancellation;

        public Host? Host { get; set; }

        public long Since { get; set; }
    }
}
