using System.Text.Json;
using AltruistManager.Client;
using AltruistManager.Transparency;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>Lets only those picks be taken that the signed public log of the manager proves: each slot's altruists, their weights and order, its state, and who is revoked.</summary>
internal sealed partial class LogJudge(ProvenPicks proven, ProvenHeadFile file, TimeProvider time, ILogger<LogJudge> logger) : ISelectionJudge
{
    /// <summary>For one judgement: a log that is longer in being read keeps no other manager from being asked.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private string? trouble;

    public async ValueTask<bool> MayBeTakenAsync(Uri manager, SelectionSet told, CancellationToken cancellation)
    {
        // Before the first publication there is no log, and nothing to prove.
        if (told.Selections.Count == 0 && told.Revoked.Count == 0)
            return true;
        var (before, same) = (proven.Head, proven.HeadOf(told.Origin));
        using var alarm = new CancellationTokenSource(Patience, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        try
        {
            if (await proven.AdvanceAsync(manager, told.Origin, told.Generation, deadline.Token) is { } difference)
                return Refuse(manager, difference.ToString());
        }
        catch (LogSourceException unreadable)
        {
            return Refuse(manager, unreadable.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // What it has missed may be too much; the newest round is not.
            proven.ForgetPicks();
            return Refuse(manager, $"its log could not be read within {Patience.TotalMinutes:0} min");
        }

        var head = proven.Head!;
        if (same is not null && same.Key != head.Key)
            LogOtherKey(manager, head.Key, same.Key);
        else if (same is null && before is not null)
            LogOtherLog(manager, head.Origin, head.Key, before.Origin, before.Key);
        if (head != before)
            file.Save(proven.Heads);
        if (FirstDifference(told) is { } wrong)
            return Refuse(manager, wrong);
        if (trouble is not null || before is null)
            LogProven(manager, head.Generation, head.Key);
        trouble = null;
        return true;
    }

    private string? FirstDifference(SelectionSet told)
    {
        foreach (var selection in told.Selections)
        {
            if (proven.Find(selection.Chain, told.Region) is not { } slot)
                return $"{selection.Chain}/{told.Region} is told, but the log knows no such slot";
            using var body = JsonDocument.Parse(selection.Body);
            if (Read(body.RootElement) is not { } picks)
                return $"{selection.Chain}/{told.Region} is told in no form of the API";
            if (picks.State != slot.State || !picks.Picks.SequenceEqual(slot.Picks))
                return $"{selection.Chain}/{told.Region} is told as {Text(picks)}, but the log says {Text(slot)}";
        }

        return told.Revoked.ToHashSet().SetEquals(proven.RevokedIn(told.Region))
            ? null
            : $"{told.Region} is told that {Text(told.Revoked)} are revoked, but the log says {Text(proven.RevokedIn(told.Region))}";
    }

    /// <summary>As it was told, with all that this version would not use.</summary>
    private static ProvenSlot? Read(JsonElement body)
    {
        try
        {
            return new ProvenSlot(
                body.GetProperty("state").GetString()!,
                [
                    .. body.GetProperty("primaries").EnumerateArray().Select(pick => (pick.GetProperty("altruist").GetString()!, pick.GetProperty("weight").GetInt32())),
                    .. body.GetProperty("standbys").EnumerateArray().Select(pick => (pick.GetProperty("altruist").GetString()!, 0)),
                ]);
        }
        catch (Exception malformed) when (malformed is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private static string Text(ProvenSlot slot) => $"{slot.State} {string.Join(", ", slot.Picks.Select(pick => $"{pick.Altruist} {pick.Weight}"))}";

    private static string Text(IReadOnlyCollection<string> ids) => ids.Count == 0 ? "none" : string.Join(", ", ids);

    /// <summary>The same reason is told once.</summary>
    private bool Refuse(Uri manager, string why)
    {
        if (why != trouble)
            LogRefused(manager, why);
        trouble = why;
        return false;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What {Manager} tells is not proven by its log; the last good picks stay: {Why}")]
    private partial void LogRefused(Uri manager, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Manager} is signed by another key than before: {Key} instead of {Before}")]
    private partial void LogOtherKey(Uri manager, string key, string before);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Manager} has another log than before: of the database {Origin} and signed by {Key}, instead of {OriginBefore}, signed by {KeyBefore}. It is taken because the manager is configured; Follow:LogKey would refuse it")]
    private partial void LogOtherLog(Uri manager, string origin, string key, string originBefore, string keyBefore);

    [LoggerMessage(Level = LogLevel.Information, Message = "The log of {Manager} proves the picks at {Generation}; signed by {Key}")]
    private partial void LogProven(Uri manager, long generation, string key);
}
