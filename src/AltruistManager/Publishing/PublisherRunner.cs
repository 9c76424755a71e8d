using System.Security.Cryptography;
using System.Text;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Publishing;

/// <summary>An altruist, or one of its RPC types, that a target cannot carry.</summary>
/// <param name="RpcType">Null where all of it is left out.</param>
public sealed record LeftOut(string Chain, string Altruist, string Label, string? RpcType, string Reason);

/// <summary>How a target is.</summary>
/// <param name="Target">Where it is; of a URL the host and a short tail.</param>
/// <param name="WaitsUntil">It may not be changed again before.</param>
public sealed record PublisherStatus(
    string Name, string Kind, string Region, string Target, PublisherState State, DateTimeOffset? WaitsUntil, IReadOnlyList<LeftOut> LeftOut, IReadOnlyList<KeptSlot> Kept)
{
    /// <summary>When it is tried again after a failure; null while nothing failed.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    public PublisherTurn Turn { get; init; }
}

/// <summary>Which of several processes publishes to a target.</summary>
public enum PublisherTurn
{
    /// <summary>No turns are taken: each process has a target of its own, or is the only one.</summary>
    None,

    /// <summary>This one.</summary>
    Ours,

    /// <summary>Another one.</summary>
    Another,
}

/// <summary>
/// Keeps one target up to date for as long as it runs: publishes what is newest, whatever came between, tries again with growing pauses, and never writes anything older
/// than what the target has confirmed. Where several processes publish to one target it does so in its turn only; else it waits for nobody, and nobody waits for it.
/// </summary>
/// <param name="holder">Tells this process from others that take turns with it.</param>
internal sealed partial class PublisherRunner(
    PublisherOptions options, IPublisher publisher, IPickSource source, IPublisherMemory memory, string holder, PublishingOptions publishing, TimeProvider time, ILogger<PublisherRunner> logger)
{
    /// <summary>How often it is looked who may serve, which changes without a pick that does.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    /// <summary>How long a turn lasts that is not renewed: after that long another process takes over from one that is gone.</summary>
    internal static readonly TimeSpan Turn = TimeSpan.FromMinutes(1);

    /// <summary>A turn is renewed once less than this is left of it.</summary>
    private static readonly TimeSpan Renewal = 2 * Turn / 3;

    private readonly bool takesTurns = memory.IsShared && publisher.TakesTurns;
    private readonly string place = publisher.IsLocal ? Environment.MachineName : "";
    private readonly string target = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options.Identity)).AsSpan(0, 16));

    private PublisherState state = PublisherState.Unknown;
    private PublisherState? saved;
    private PublishedRegion? region;
    private bool isAlarmed;
    private long? turnAt;
    private long doubts;
    private bool owesDoubt;
    private volatile PublisherStatus status = new(options.Name, options.Kind, options.Region, options.Target, PublisherState.Unknown, null, [], []);

    public PublisherStatus Status => status;

    public IPublisher Publisher => publisher;

    /// <summary>What is wrong, for <c>/healthz/fresh</c>; null when nothing is, or not for long enough.</summary>
    public string? Alarm => status.State.BehindSince is { } since && time.GetUtcNow() - since >= publishing.BehindAfter
        ? $"the publisher {options.Name} is behind since {since:yyyy-MM-dd HH:mm:ss} UTC: {status.State.Error}"
        : null;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var failures = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            using var looking = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            // Asked before the look, so that nothing is missed between the two.
            var changed = source.ChangedAsync(looking.Token);
            failures = await TryAsync(cancellation) ? 0 : failures + 1;
            if (failures > 0)
            {
                var pause = PauseAfter(failures);
                status = status with { NextTryAt = time.GetUtcNow() + pause };
                await Task.Delay(pause, time, cancellation);
                status = status with { NextTryAt = null };
            }
            else if (publisher.Reach.WantsAll || takesTurns || saved != state)
                await Task.WhenAny(changed, Task.Delay(Look, time, looking.Token));
            else
                await changed;
            await looking.CancelAsync();
        }
    }

    /// <summary>Brings the target to the newest state, if it is not there.</summary>
    /// <returns>False when that failed and has to be tried again.</returns>
    internal async Task<bool> TryAsync(CancellationToken cancellation)
    {
        try
        {
            var isOurTurn = await TakeTurnAsync(cancellation);
            if (takesTurns)
                status = status with { Turn = isOurTurn ? PublisherTurn.Ours : PublisherTurn.Another };
            if (saved is null)
                saved = state = await memory.RecallAsync(options.Name, place, target, cancellation);
            // Somebody has written out of turn since: what the target has is not known.
            if (isOurTurn && state.Doubts != doubts)
                state = state with { Confirmed = null, Doubts = doubts };
            if (isOurTurn)
                return await PublishAsync(cancellation);
            // Another process publishes, and tells how far it is.
            saved = null;
            status = status with { WaitsUntil = null, LeftOut = [], Kept = [] };
            return true;
        }
        catch (Exception failed) when (saved is null && Database.IsFailure(failed))
        {
            // What the target has is not known, and an older state must not follow a newer one.
            await FailAsync("what the target has confirmed cannot be read: the database is away", time.GetUtcNow(), cancellation);
            return false;
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            LogBroken(failed, options.Name);
            await FailAsync("it failed by a fault of ours: the log says how", time.GetUtcNow(), cancellation);
            return false;
        }
        finally
        {
            status = status with { State = state };
        }
    }

    private async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        if (source.BodyOf(options.Region) is not { } body)
            return true;

        var stamp = PickStamp.Of(body.Span);
        var isOther = state.Confirmed?.Origin != stamp.Origin;
        if (!isOther && stamp.Generation < state.Confirmed!.Value.Generation)
            return true;
        if (region?.Stamp != stamp)
            region = PublishedRegion.Read(body, options.Chains);

        var eligible = publisher.Reach.WantsAll ? await source.EligibleAsync(options.Region, options.Chains.Keys, cancellation) : null;
        var wanted = Compose(region, eligible);
        if (state.Confirmed == stamp && !publisher.Reach.WantsAll)
        {
            await SaveAsync(cancellation);
            return true;
        }

        // A target that nobody was ever named to has nothing to confirm.
        if (isOther && !publisher.Reach.WantsAll && options.Chains.Count > 0 && wanted.TrueForAll(slot => slot.Altruists.Count == 0))
            return true;

        var due = time.GetUtcNow();
        if (!publisher.Reach.WantsAll)
            wanted.RemoveAll(slot => !isOther && region.Slots[slot.Chain].Generation <= state.Confirmed!.Value.Generation);
        var work = new PublisherWork(region, wanted, LeavesAtOnce: eligible is not null, state.Memory, KeepInMindAsync) { IsPublic = source.IsPublic };
        Publication publication;
        try
        {
            // Nothing of this target has changed: it need not be asked.
            publication = wanted.Count == 0 && options.Chains.Count > 0 ? new Publication(state.Memory) : await PublishInTurnAsync(work, cancellation);
        }
        catch (PublisherException failed)
        {
            if (await WasOutOfTurnAsync(cancellation))
                return true;
            await FailAsync(failed.Message, due, cancellation);
            return false;
        }

        if (await WasOutOfTurnAsync(cancellation))
            return true;

        status = status with { WaitsUntil = publication.WaitsUntil, Kept = publisher.Reach.WantsAll ? [.. status.Kept.Where(kept => !region.Slots.ContainsKey(kept.Chain)), .. publication.Kept] : status.Kept };
        if (publication.WaitsUntil is not null)
        {
            state = state with { BehindSince = null, Error = null, ErrorAt = null };
            await SaveAsync(cancellation);
            return true;
        }

        if (state.Error is not null)
            LogBack(options.Name);
        isAlarmed = false;
        var isNews = state.Confirmed != stamp || state.Memory != publication.Memory;
        state = new PublisherState { Confirmed = stamp, ConfirmedAt = isNews ? time.GetUtcNow() : state.ConfirmedAt, Memory = publication.Memory, Doubts = state.Doubts };
        if (isNews)
            LogConfirmed(options.Name, stamp.Generation);
        await SaveAsync(cancellation);
        return true;
    }

    private bool IsOurTurn => turnAt is { } at && time.GetElapsedTime(at) < Turn;

    /// <summary>Takes the turn, or keeps it. What others have published meanwhile is not known yet when it was another's.</summary>
    private async Task<bool> TakeTurnAsync(CancellationToken cancellation)
    {
        if (!takesTurns)
            return true;
        await DoubtAsync(cancellation);
        if (!IsOurTurn)
            saved = null;
        else if (Turn - time.GetElapsedTime(turnAt!.Value) > Renewal)
            return true;

        var asked = time.GetTimestamp();
        if (await memory.ClaimAsync(options.Name, place, holder, Turn, cancellation) is not { } doubted)
        {
            (turnAt, saved) = (null, null);
            return false;
        }

        (turnAt, doubts) = (asked, doubted);
        return true;
    }

    /// <summary>Whether it was written too late to say that the target has it: another process may have written something newer before, and is told.</summary>
    private async Task<bool> WasOutOfTurnAsync(CancellationToken cancellation)
    {
        if (!takesTurns || IsOurTurn)
            return false;
        (saved, owesDoubt) = (null, true);
        await DoubtAsync(cancellation);
        return true;
    }

    /// <summary>What could not be told because the database was away is told before anything else.</summary>
    private async Task DoubtAsync(CancellationToken cancellation)
    {
        if (!owesDoubt)
            return;
        await memory.DoubtAsync(options.Name, place, cancellation);
        owesDoubt = false;
    }

    /// <summary>Publishes for as long as it is this process's turn, which is renewed while it takes long.</summary>
    private async Task<Publication> PublishInTurnAsync(PublisherWork work, CancellationToken cancellation)
    {
        if (!takesTurns)
            return await publisher.PublishAsync(work, cancellation);
        using var turn = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var writing = publisher.PublishAsync(work, turn.Token);
        while (await Task.WhenAny(writing, Task.Delay(Turn - Renewal, time, turn.Token)) != writing && !turn.IsCancellationRequested)
        {
            try
            {
                var asked = time.GetTimestamp();
                if (await memory.ClaimAsync(options.Name, place, holder, Turn, cancellation) is not null)
                    turnAt = asked;
            }
            catch (Exception failed) when (Database.IsFailure(failed))
            {
                // What is left of the turn may do.
            }

            if (!IsOurTurn)
                await turn.CancelAsync();
        }

        try
        {
            return await writing;
        }
        catch (OperationCanceledException) when (turn.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new PublisherException("its turn was over before the target had confirmed");
        }
        finally
        {
            await turn.CancelAsync();
        }
    }

    /// <summary>What the target is to hold of each chain, and who is left out of it.</summary>
    /// <param name="eligible">Null where only picks are known, or wanted.</param>
    private List<WantedSlot> Compose(PublishedRegion from, IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>? eligible)
    {
        var wanted = new List<WantedSlot>();
        var leftOut = new List<LeftOut>();
        var kept = new List<KeptSlot>();
        foreach (var (chain, name) in options.Chains.OrderBy(chain => chain.Key, StringComparer.Ordinal))
        {
            if (!from.Slots.TryGetValue(chain, out var slot))
            {
                kept.Add(new KeptSlot(chain, name, "the region has no chain of this id"));
                continue;
            }

            var offered = eligible is null ? slot.Picks : eligible.GetValueOrDefault(chain, []);
            if (publisher.Reach.WantsAll)
                offered = [.. offered.OrderBy(altruist => altruist.Id, StringComparer.Ordinal)];
            var carried = new List<PublishedAltruist>();
            var primaries = 0;
            for (var rank = 0; rank < offered.Count; rank++)
            {
                if (Carry(chain, offered[rank], leftOut) is not { } altruist)
                    continue;
                carried.Add(altruist);
                if (rank < slot.Primaries)
                    primaries++;
            }

            if (carried.Count == 0)
                kept.Add(new KeptSlot(chain, name, offered.Count == 0 ? "there is no pick: it keeps what it has" : "nobody of the pick can be carried: it keeps what it has"));
            wanted.Add(new WantedSlot(chain, name, carried, primaries));
        }

        status = status with { LeftOut = leftOut, Kept = kept };
        return wanted;
    }

    private PublishedAltruist? Carry(string chain, PublishedAltruist altruist, List<LeftOut> leftOut)
    {
        if (publisher.Reach.WhyNot(altruist) is { } why)
        {
            leftOut.Add(new LeftOut(chain, altruist.Id, altruist.Label, null, why));
            return null;
        }

        var extra = altruist.Urls.Keys.Except(publisher.Reach.RpcTypes).Order(StringComparer.Ordinal).ToList();
        leftOut.AddRange(extra.Select(type => new LeftOut(chain, altruist.Id, altruist.Label, type, $"the target cannot carry URLs for {type}")));
        return extra.Count == 0 ? altruist : altruist with { Urls = altruist.Urls.Where(url => !extra.Contains(url.Key)).ToDictionary() };
    }

    private async Task FailAsync(string why, DateTimeOffset due, CancellationToken cancellation)
    {
        if (state.Error != why)
            LogFailed(options.Name, options.Target, why);
        var now = time.GetUtcNow();
        state = state with { BehindSince = state.BehindSince ?? due, Error = why, ErrorAt = now };
        status = status with { WaitsUntil = null };
        if (!isAlarmed && now - state.BehindSince >= publishing.BehindAfter)
        {
            isAlarmed = true;
            LogBehind(options.Name, options.Target, state.BehindSince.Value, why);
        }

        await SaveAsync(cancellation);
    }

    private Task KeepInMindAsync(string text, CancellationToken cancellation)
    {
        state = state with { Memory = text };
        return SaveAsync(cancellation);
    }

    /// <summary>Where the database is away the target is served all the same, and the state stored later.</summary>
    private async Task SaveAsync(CancellationToken cancellation)
    {
        if (saved is null || saved == state || (takesTurns && !IsOurTurn))
            return;
        try
        {
            await memory.RememberAsync(options.Name, place, target, state, cancellation);
            saved = state;
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            LogNotSaved(failed, options.Name);
        }
    }

    private TimeSpan PauseAfter(int failures)
    {
        var pause = Math.Min(publishing.RetryMost.TotalSeconds, publishing.RetryInitial.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        return TimeSpan.FromSeconds(pause * (1 - (Random.Shared.NextDouble() / 2)));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The publisher {Name} has confirmed generation {Generation}")]
    private partial void LogConfirmed(string name, long generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The publisher {Name} could not bring {Target} up to date and tries again: {Why}")]
    private partial void LogFailed(string name, string target, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "The publisher {Name} ({Target}) is behind since {Since:yyyy-MM-dd HH:mm:ss} UTC: {Why}")]
    private partial void LogBehind(string name, string target, DateTimeOffset since, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "The publisher {Name} is up to date again")]
    private partial void LogBack(string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What the publisher {Name} has confirmed could not be stored; tried again")]
    private partial void LogNotSaved(Exception exception, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "The publisher {Name} broke, which is our fault; tried again")]
    private partial void LogBroken(Exception exception, string name);
}
