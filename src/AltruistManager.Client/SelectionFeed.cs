using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Client;

/// <summary>
/// Keeps the picks up to date. Each turn polls the managers in their order until one answers, then stays with its stream, and comes back to the first of them after some minutes
/// or when the stream ends. Whatever fails is told in the log and tried again later: what is held stays.
/// </summary>
internal sealed partial class SelectionFeed
{
    /// <summary>A manager's comment comes every 15 s.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    /// <summary>So long a stream is kept at most, half of it at least.</summary>
    private static readonly TimeSpan StreamLife = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan WithoutStream = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan DefaultPollInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestPollInterval = TimeSpan.FromMinutes(5);

    private readonly AltruistManagerOptions options;
    private readonly IReadOnlyList<ManagerConnection> managers;
    private readonly ISelectionJudge? judge;
    private readonly Action<HeldSelections> changed;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HeldSelections held = HeldSelections.Nothing;
    private (SelectionSet Set, string ETag)? tag;
    private bool saidStale;
    private bool isUntold;
    private long heardAt;
    private long heardAtUtc;
    private long confirmedAt;

    /// <param name="changed">Told of each change, before anything else is heard.</param>
    public SelectionFeed(
        AltruistManagerOptions options, IReadOnlyList<ManagerConnection> managers, ISelectionJudge? judge, Action<HeldSelections> changed, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.managers = managers;
        this.judge = judge;
        this.changed = changed;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Draws from 0 to 1.</summary>
    internal Func<double> Chance { get; init; } = Random.Shared.NextDouble;

    /// <summary>Ends with the first word from a manager.</summary>
    public Task First => first.Task;

    /// <summary>Null before the first word.</summary>
    public DateTimeOffset? HeardAt => first.Task.IsCompleted ? DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref heardAtUtc)) : null;

    /// <summary>As the manager said at the last poll; null where it said nothing.</summary>
    public DateTimeOffset? ConfirmedAt => Interlocked.Read(ref confirmedAt) is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    public bool IsStale => !first.Task.IsCompleted || time.GetElapsedTime(Volatile.Read(ref heardAt)) > options.StaleAfter;

    /// <summary>Goes on from what was kept.</summary>
    public void Begin(HeldSelections kept) => held = kept;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var wait = TimeSpan.Zero;
        while (!cancellation.IsCancellationRequested)
        {
            TimeSpan pause;
            if (isUntold)
                TellChanged();
            var (manager, told, atLeast) = await AskAnyAsync(cancellation);
            if (manager is null)
            {
                wait = Backoff.Next(wait, Chance());
                pause = wait > atLeast ? wait : atLeast;
                SayStale();
            }
            else
            {
                wait = TimeSpan.Zero;
                pause = await ListenAsync(manager, cancellation) ?? PauseAfter(told);
            }

            await Task.Delay(pause, time, cancellation);
        }
    }

    private TimeSpan PauseAfter(Told told)
    {
        var interval = options.PollInterval ?? told.MaxAge ?? DefaultPollInterval;
        if (interval < Backoff.Shortest && options.PollInterval is null)
            interval = Backoff.Shortest;
        if (interval > LongestPollInterval)
            interval = LongestPollInterval;
        return interval * (0.9 + 0.2 * Chance());
    }

    /// <returns>No manager, and how long they want to be left alone, when none told anything that can be taken.</returns>
    private async Task<(ManagerConnection? Manager, Told Told, TimeSpan AtLeast)> AskAnyAsync(CancellationToken cancellation)
    {
        var atLeast = TimeSpan.Zero;
        foreach (var manager in managers)
        {
            try
            {
                var told = await manager.AskAsync(CurrentTag(), cancellation);
                if (told.Set is { } set)
                {
                    if (!await TakeAsync(manager, set, cancellation))
                        continue;
                    // What is the same as what is held, such as what a start found on disk, has the tag of both.
                    if (told.ETag is { } etag && held.Current is { } current && current.Body.Span.SequenceEqual(set.Body.Span))
                        tag = (current, etag);
                }

                manager.Trouble = null;
                Interlocked.Exchange(ref confirmedAt, told.ConfirmedAt?.ToUnixTimeMilliseconds() ?? 0);
                Heard();
                return (manager, told, TimeSpan.Zero);
            }
            catch (ManagerException failed)
            {
                SayTrouble(manager, failed.Message);
                if (failed.RetryAfter is { } longer && longer > atLeast)
                    atLeast = longer < Backoff.Longest ? longer : Backoff.Longest;
            }
        }

        return (null, default, atLeast);
    }

    private string? CurrentTag() =>
        held.Current is not { } current ? null
        : tag is { } known && ReferenceEquals(known.Set, current) ? known.ETag
        : current.ETag;

    /// <returns>How long to wait before the next turn; null where there is no stream.</returns>
    private async Task<TimeSpan?> ListenAsync(ManagerConnection manager, CancellationToken cancellation)
    {
        if (!options.Stream || held.Current is not { } current || time.GetTimestamp() < manager.NoStreamUntil)
            return null;
        using var life = new CancellationTokenSource(StreamLife * (0.5 + 0.5 * Chance()), time);
        using var following = cancellation.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), life);
        try
        {
            using var response = await manager.OpenStreamAsync(current.Generation, life.Token);
            await using var stream = new HeartbeatStream(await response.Content.ReadAsStreamAsync(life.Token), Silence, time, Heard);
            var events = SseParser.Create(stream, static (_, data) => data.ToArray());
            LogListening(manager.Address);
            try
            {
                await ListenAsync(manager, events, life.Token);
            }
            catch (Exception broken) when (ManagerConnection.IsExpected(broken, life.Token))
            {
                SayTrouble(manager, manager.Explain(broken).Message);
            }

            return Backoff.Around(events.ReconnectionInterval > TimeSpan.Zero && events.ReconnectionInterval < Backoff.Longest ? events.ReconnectionInterval : Backoff.Shortest, Chance());
        }
        catch (ManagerException refused)
        {
            if (refused.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotAcceptable or HttpStatusCode.NotImplemented)
                manager.NoStreamUntil = time.GetTimestamp() + (long)(WithoutStream.TotalSeconds * time.TimestampFrequency);
            LogNoStream(refused.Message);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It has lived long enough: back to the first manager.
            return TimeSpan.Zero;
        }
    }

    private async Task ListenAsync(ManagerConnection manager, SseParser<byte[]> events, CancellationToken cancellation)
    {
        var pending = new List<ChainSelection>();
        await foreach (var told in events.EnumerateAsync(cancellation))
        {
            switch (told.EventType)
            {
                case "snapshot":
                    pending.Clear();
                    await EnsureTakenAsync(manager, manager.ReadSet(told.Data), cancellation);
                    break;
                case "selection":
                    pending.Add(SelectionReader.ReadSelection(told.Data));
                    // The last one of a generation carries its number: until then the picks do not belong together.
                    if (told.EventId is null)
                        break;
                    if (held.Current is not { } current || pending.Exists(selection => selection.Origin != current.Origin))
                        throw new InvalidDataException("a pick is of another origin than the one before");
                    var changes = pending.Where(selection => !(current.Find(selection.Chain)?.Generation > selection.Generation)).GroupBy(selection => selection.Chain).Select(of => of.Last()).ToList();
                    if (changes.Count > 0)
                        await EnsureTakenAsync(manager, current.With(changes, long.TryParse(told.EventId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0), cancellation);
                    pending.Clear();
                    break;
                default:
                    break;
            }
        }
    }

    private async Task EnsureTakenAsync(ManagerConnection manager, SelectionSet told, CancellationToken cancellation)
    {
        if (!await TakeAsync(manager, told, cancellation))
            throw new InvalidDataException("what it tells is not taken");
    }

    private async Task<bool> TakeAsync(ManagerConnection manager, SelectionSet told, CancellationToken cancellation)
    {
        var before = held.Current;
        if (held.Take(told) is not { } next)
        {
            SayTrouble(manager, $"{manager.Address} tells {told}, which is older than what was told before");
            return false;
        }

        if (before is not null && told.Body.Span.SequenceEqual(before.Body.Span))
            return true;
        if (judge is not null && !await judge.MayBeTakenAsync(manager.Address, told, cancellation))
        {
            SayTrouble(manager, $"{manager.Address} tells picks that are not proven");
            return false;
        }

        held = next;
        TellChanged();
        if (before is not null && before.Origin != told.Origin)
            LogOtherOrigin(manager.Address, told, before);
        else
            LogTaken(manager.Address, told);
        return true;
    }

    /// <summary>What goes wrong with whoever is told costs no picks: they are held, and told again at the next turn.</summary>
    private void TellChanged()
    {
        try
        {
            changed(held);
            isUntold = false;
        }
        catch (Exception bug)
        {
            if (!isUntold)
                LogUntold(bug, held.Current!);
            isUntold = true;
        }
    }

    private void Heard()
    {
        Volatile.Write(ref heardAt, time.GetTimestamp());
        Volatile.Write(ref heardAtUtc, time.GetUtcNow().ToUnixTimeMilliseconds());
        first.TrySetResult();
        if (saidStale)
            LogBack();
        saidStale = false;
    }

    private void SayStale()
    {
        if (saidStale || !IsStale)
            return;
        saidStale = true;
        LogStale(held.Current is null ? "there are no picks yet" : "the last good picks stay in use");
    }

    /// <summary>The same trouble with a manager is told once.</summary>
    private void SayTrouble(ManagerConnection manager, string message)
    {
        if (message == manager.Trouble)
            return;
        manager.Trouble = message;
        LogTrouble(message);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Message}; the picks in use stay")]
    private partial void LogTrouble(string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No manager has told anything for a while: {What}")]
    private partial void LogStale(string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "A manager answers again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Error, Message = "Something that must not happen when the picks {Told} were put to use; they are kept, and put to use again at the next turn")]
    private partial void LogUntold(Exception exception, SelectionSet told);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Listening to {Manager}")]
    private partial void LogListening(Uri manager);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No stream: {Message}; picks are polled")]
    private partial void LogNoStream(string message);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Manager} tells {Told}")]
    private partial void LogTaken(Uri manager, SelectionSet told);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Manager} has another database: it tells {Told}, which takes the place of {Before}")]
    private partial void LogOtherOrigin(Uri manager, SelectionSet told, SelectionSet before);
}
