using System.Runtime.CompilerServices;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>
/// The audit trail in the database, which itself refuses to change or take away a line. A change and its line are written in one transaction; refusals go by way of
/// <see cref="RefusalLog"/>. What portals report of their relays is no change and is not in it.
/// </summary>
public sealed class AuditStore(Database database, TimeProvider time)
{
    /// <summary>Lines that are read at once while all are read.</summary>
    private const int Step = 1000;

    private const int MostName = 200;
    private const int MostDetail = 1000;

    private const string Insert =
        """
        insert into audit (
            at, actor_kind, actor_id, actor_name, by_staff, address, action, subject_kind, subject_id, provider_id, outcome, times, before_json, after_json, detail)
        values (
            @At, @ActorKind, @ActorId, @ActorName, @ByStaff, @Address, @Action, @SubjectKind, @SubjectId, @ProviderId, @Outcome, @Times, @BeforeJson, @AfterJson, @Detail)
        """;

    /// <summary>Two questions: asked for both at once, SQLite reads all of the table.</summary>
    internal const string Size = "select (select max(id) from audit) as newest, (select min(at) from audit) as oldest_at";

    /// <summary>From one to the next in the index of actions: a step for each, however many lines it has.</summary>
    internal const string Actions =
        """
        with recursive found (action) as (
            select min(action) from audit
            union all
            select (select min(a.action) from audit a where a.action > found.action) from found where found.action is not null
        )
        select action from found where action is not null
        """;

    /// <summary>Beside the change, in its transaction.</summary>
    public static Task AppendAsync(WriteTransaction write, DateTimeOffset now, Actor actor, AuditEntry entry) =>
        write.ExecuteAsync(Insert, Row.Of(now, actor, entry, AuditOutcome.Done, times: 1));

    /// <summary>For what changes nothing that is stored.</summary>
    public Task AppendAsync(Actor actor, AuditEntry entry, CancellationToken cancellation) =>
        database.WriteAsync(write => AppendAsync(write, time.GetUtcNow(), actor, entry), cancellation);

    internal Task AppendAsync(IReadOnlyList<FoldedRefusal> refusals, CancellationToken cancellation) =>
        database.WriteAsync(
            write => write.ExecuteAsync(Insert, refusals.Select(refusal => Row.Of(refusal.At, refusal.Actor, refusal.Entry, AuditOutcome.Refused, refusal.Times))), cancellation);

    /// <summary>Newest first.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public async Task<IReadOnlyList<AuditRecord>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellation)
    {
        var (actorKind, actor) = Split(filter.Actor);
        var (subjectKind, subject) = Split(filter.Subject);
        (string Condition, bool Wanted)[] conditions =
        [
            ("id < @Before", before is not null),
            ("actor_id = @Actor", actor is not null),
            ("actor_kind = @ActorKind", actorKind is not null),
            ("(action = @Action or action like @Kind)", filter.Action is not null),
            ("subject_id = @Subject", subject is not null),
            ("subject_kind = @SubjectKind", subjectKind is not null),
            ("provider_id = @Provider", filter.Provider is not null),
            ("outcome = @Outcome", filter.Outcome is not null),
            ("at >= @From", filter.From is not null),
            ("at < @To", filter.To is not null),
        ];
        var wanted = string.Join(" and ", conditions.Where(condition => condition.Wanted).Select(condition => condition.Condition));
        var rows = await database.QueryAsync<Row>(
            $"""
            select id, at, actor_kind, actor_id, actor_name, by_staff, address, action, subject_kind, subject_id, provider_id, outcome, times, before_json, after_json, detail
            from audit
            {(wanted.Length == 0 ? "" : $"where {wanted}")}
            order by id desc
            limit @Limit
            """,
            new
            {
                Before = before,
                Actor = actor,
                ActorKind = actorKind,
                filter.Action,
                Kind = $"{filter.Action}.%",
                Subject = subject,
                SubjectKind = subjectKind,
                filter.Provider,
                Outcome = filter.Outcome?.ToString().ToLowerInvariant(),
                From = filter.From?.ToUnixTimeMilliseconds(),
                To = filter.To?.ToUnixTimeMilliseconds(),
                Limit = limit,
            },
            cancellation);
        return rows.ConvertAll(row => row.ToRecord());
    }

    /// <summary>All of them, newest first, however many there are.</summary>
    public async IAsyncEnumerable<AuditRecord> ReadAsync(AuditFilter filter, long? before, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await ListAsync(filter, before, Step, cancellation) is { Count: > 0 } records)
        {
            foreach (var record in records)
                yield return record;
            if (records.Count < Step)
                yield break;
            before = records[^1].Id;
        }
    }

    /// <summary>Null while there is no line. Asks the indexes alone, however long the trail is.</summary>
    public async Task<AuditSize?> SizeAsync(CancellationToken cancellation)
    {
        var row = await database.SingleOrDefaultAsync<SizeRow>(Size, null, cancellation);
        return row is { Newest: { } newest, OldestAt: { } oldest } ? new AuditSize(newest, UnixTime.FromMs(oldest)) : null;
    }

    /// <summary>All that stand in the trail, once each, as <c>altruist.add</c>.</summary>
    public async Task<IReadOnlyList<string>> ActionsAsync(CancellationToken cancellation) => await database.QueryAsync<string>(Actions, null, cancellation);

    private static (string? Kind, string? Id) Split(string? text) =>
        text?.IndexOf(':') is { } colon and > 0 && text[..colon].All(char.IsAsciiLetterLower) ? (text[..colon], text[(colon + 1)..]) : (null, text);

    private sealed record SizeRow
    {
        public long? Newest { get; init; }
        public long? OldestAt { get; init; }
    }

    private sealed record Row
    {
        public long Id { get; init; }
        public required long At { get; init; }
        public required string ActorKind { get; init; }
        public required string ActorId { get; init; }
        public required string ActorName { get; init; }
        public required bool ByStaff { get; init; }
        public string? Address { get; init; }
        public required string Action { get; init; }
        public required string SubjectKind { get; init; }
        public required string SubjectId { get; init; }
        public string? ProviderId { get; init; }
        public required string Outcome { get; init; }
        public required int Times { get; init; }
        public string? BeforeJson { get; init; }
        public string? AfterJson { get; init; }
        public string? Detail { get; init; }

        public static Row Of(DateTimeOffset at, Actor actor, AuditEntry entry, AuditOutcome outcome, int times) => new()
        {
            At = at.ToUnixTimeMilliseconds(),
            ActorKind = actor.Kind.ToString().ToLowerInvariant(),
            ActorId = AuditText.Clean(actor.Id, MostName),
            ActorName = AuditText.Clean(actor.Name, MostName),
            ByStaff = actor.IsStaff,
            Address = actor.Address is { } address ? AuditText.Clean(address, MostName) : null,
            Action = AuditText.Clean(entry.Action, MostName),
            SubjectKind = entry.SubjectKind,
            SubjectId = AuditText.Clean(entry.SubjectId, MostName),
            ProviderId = entry.Provider,
            Outcome = outcome.ToString().ToLowerInvariant(),
            Times = times,
            BeforeJson = AuditText.Of(entry.Before),
            AfterJson = AuditText.Of(entry.After),
            Detail = entry.Detail is { } detail ? AuditText.Clean(detail, MostDetail) : null,
        };

        public AuditRecord ToRecord() => new()
        {
            Id = Id,
            At = UnixTime.FromMs(At),
            ActorKind = Enum.Parse<ActorKind>(ActorKind, ignoreCase: true),
            ActorId = ActorId,
            ActorName = ActorName,
            ByStaff = ByStaff,
            Address = Address,
            Action = Action,
            SubjectKind = SubjectKind,
            SubjectId = SubjectId,
            Provider = ProviderId,
            Outcome = Enum.Parse<AuditOutcome>(Outcome, ignoreCase: true),
            Times = Times,
            Before = BeforeJson,
            After = AfterJson,
            Detail = Detail,
        };
    }
}
