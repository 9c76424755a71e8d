using System.Text.Json.Nodes;

namespace AltruistManager.Accounts;

public enum AuditOutcome
{
    Done,

    /// <summary>Nothing was changed.</summary>
    Refused,
}

/// <summary>What somebody did or was refused, as it goes into the audit trail. Hand in no secrets: a URL is told as its host and a short tail.</summary>
/// <param name="Action">The kind of thing and what was done: <c>altruist.add</c>.</param>
/// <param name="SubjectId">Whatever was named, be there such a thing or not.</param>
public sealed record AuditEntry(string Action, string SubjectKind, string SubjectId)
{
    /// <summary>Whose thing it is: that provider sees the entry.</summary>
    public string? Provider { get; init; }

    /// <summary>Only what differs from <see cref="After"/>; null for what was not there.</summary>
    public JsonObject? Before { get; init; }

    public JsonObject? After { get; init; }

    /// <summary>Why it was refused, or what else there is to say.</summary>
    public string? Detail { get; init; }

    /// <summary>The same with those fields that differ.</summary>
    /// <param name="before">Null for what was not there.</param>
    /// <returns>Null when nothing differs.</returns>
    public AuditEntry? WithChange(JsonObject? before, JsonObject after)
    {
        if (before is null)
            return this with { After = after };
        string[] changed = [.. before.Select(field => field.Key).Union(after.Select(field => field.Key)).Where(name => !JsonNode.DeepEquals(before[name], after[name]))];
        return changed.Length == 0 ? null : this with { Before = Only(before), After = Only(after) };

        JsonObject Only(JsonObject facts) => new(changed.Where(facts.ContainsKey).Select(name => KeyValuePair.Create(name, facts[name]?.DeepClone())));
    }
}

/// <summary>A line of the audit trail as it is read.</summary>
public sealed record AuditRecord
{
    /// <summary>Grows.</summary>
    public required long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required ActorKind ActorKind { get; init; }

    public required string ActorId { get; init; }

    public required string ActorName { get; init; }

    public required bool ByStaff { get; init; }

    public string? Address { get; init; }

    public required string Action { get; init; }

    public required string SubjectKind { get; init; }

    public required string SubjectId { get; init; }

    public string? Provider { get; init; }

    public required AuditOutcome Outcome { get; init; }

    /// <summary>How often since the line before of the same kind: refusals that repeat are folded, and then the rest tells the last of them.</summary>
    public required int Times { get; init; }

    /// <summary>A JSON object; null for what was not there, and where nothing was changed.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }

    public string? Detail { get; init; }
}

/// <summary>What of the trail an actor may see: staff all, a provider's people what concerns it.</summary>
public static class AuditSight
{
    /// <summary>The line as the actor may see it: of staff, a provider is told that it was staff, and of others' addresses nothing.</summary>
    public static AuditRecord Of(AuditRecord record, Actor viewer) =>
        viewer.IsStaff || (record.ActorKind, record.ActorId) == (viewer.Kind, viewer.Id) ? record
        : record.ByStaff ? record with { ActorId = "staff", ActorName = "staff", Address = null }
        : record with { Address = null };
}

/// <summary>Which lines of the audit trail; what is null does not matter.</summary>
public sealed record AuditFilter
{
    /// <summary>An id, or <c>kind:id</c>.</summary>
    public string? Actor { get; init; }

    /// <summary>In whole, or the kind of thing alone: <c>altruist</c>.</summary>
    public string? Action { get; init; }

    /// <summary>An id, or <c>kind:id</c>.</summary>
    public string? Subject { get; init; }

    public string? Provider { get; init; }

    public AuditOutcome? Outcome { get; init; }

    public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>How much there is of the audit trail.</summary>
/// <param name="Newest">The id of the newest line: there are no more lines than that.</param>
/// <param name="Since">When the oldest was written.</param>
public sealed record AuditSize(long Newest, DateTimeOffset Since);
