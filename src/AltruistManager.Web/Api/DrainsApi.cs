using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Maintenance by the owner or staff (contract 3.2): while an altruist drains nobody is newly sent there.</summary>
internal static class DrainsApi
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>Of one altruist, in force and to come.</summary>
    private const int MostAhead = 50;

    /// <summary>Clocks differ: so far back a window may begin and be taken for one that begins now.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(5);

    public static void MapDrains(this IEndpointRouteBuilder api)
    {
        var altruists = api.MapGroup("/altruists/{id}").WithTags("Altruists").RequireAuthorization(Policies.Provider);
        altruists.MapPost("/drain", DrainAsync)
            .WithName("drainAltruist").WithSummary("Takes it out of the picks now or for a window ahead; with preview=true it only says what that would change")
            .Accepts<DrainBody>("application/json").Produces<DrainDocument>().ProducesProblems(400, 404, 409, 410);
        altruists.MapPost("/resume", ResumeAsync)
            .WithName("resumeAltruist").WithSummary("Ends the maintenance that is in force, or the window that drain=ID names").Produces<ResumedDocument>().ProducesProblems(404, 410);
    }

    private static async Task<IResult> DrainAsync(
        string id, BodyReader body, PreviewOnly preview, Caller caller, DrainStore store, LettingGo lettingGo, RosterCache roster, SelectionRound round, TimeProvider time,
        CancellationToken cancellation)
    {
        if ((RefusalOf(id, caller, roster, out var altruist) ?? preview.Problem) is { } problem)
            return problem;
        var now = time.GetUtcNow();
        var added = Read(body, altruist!, caller, now);
        if (body.Refusal() is { } refusal)
            return refusal;
        if (store.Current.Ahead(altruist!.Id, now).Count >= MostAhead)
            return Problems.Conflict("too-many-windows", $"{MostAhead} windows of this altruist are planned already.");

        // As if it were in force now: nobody knows who else will be there when it begins.
        var effect = EffectDocument.Of(
            await round.PreviewAsync(rulings => rulings with { Drains = rulings.Drains.With(added with { From = now }) }, about: null, cancellation), null, roster.Current);
        if (preview.Wanted)
            return TypedResults.Ok(new PreviewDocument(true, effect));

        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        await store.AddAsync(added, CancellationToken.None);
        await round.SettleAsync(Trigger.Change, CancellationToken.None);
        return TypedResults.Ok(DrainDocument.Of(added, now, lettingGo) with { Effect = effect });
    }

    private static async Task<IResult> ResumeAsync(
        string id, string? drain, Caller caller, DrainStore store, LettingGo lettingGo, RosterCache roster, SelectionRound round, TimeProvider time, CancellationToken cancellation)
    {
        if (RefusalOf(id, caller, roster, out var altruist) is { } problem)
            return problem;
        cancellation.ThrowIfCancellationRequested();
        if (await store.EndAsync(altruist!.Id, string.IsNullOrEmpty(drain) ? null : drain, CancellationToken.None) is var ended && ended == 0 && !string.IsNullOrEmpty(drain))
            return Problems.Unknown("drain", drain);
        await round.SettleAsync(Trigger.Change, CancellationToken.None);
        var now = time.GetUtcNow();
        return TypedResults.Ok(new ResumedDocument(altruist.Id.Value, ended, [.. store.Current.Ahead(altruist.Id, now).Select(left => DrainDocument.Of(left, now, lettingGo))]));
    }

    private static Drain Read(BodyReader body, Altruist altruist, Caller caller, DateTimeOffset now)
    {
        body.Ignore("id", "altruist", "active", "createdAt", "createdBy", "effect", "progress");
        var reason = body.String("reason", required: true, most: 500);
        var from = body.Time("from");
        var until = body.Time("until");
        if (from < now - ClockSlack)
            body.Bad("from", "must not be in the past");
        else if (from > now + Longest)
            body.Bad("from", "must be within a year");
        var begins = from > now ? from.Value : now;
        if (until <= now)
            body.Bad("until", "must be in the future");
        else if (until <= begins)
            body.Bad("until", "must be after from");
        else if (until > begins + Longest)
            body.Bad("until", "must be within a year of its begin");
        return new Drain
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Altruist = altruist.Id,
            Reason = reason ?? "",
            From = begins,
            Until = until,
            CreatedAt = now,
            CreatedBy = caller.KeyId ?? "",
        };
    }

    private static Problem? RefusalOf(string id, Caller caller, RosterCache roster, out Altruist? altruist)
    {
        altruist = roster.Current.Altruists.GetValueOrDefault(new AltruistId(id));
        return altruist is null ? Problems.Unknown("altruist", id)
            : !caller.Owns(altruist.Provider) ? Problems.Forbidden("This altruist belongs to another provider.")
            : altruist.RetiredAt is not null ? Problems.Retired("altruist", id, null)
            : null;
    }
}

/// <param name="From">Now if not given.</param>
/// <param name="Until">Until it is resumed if not given.</param>
internal sealed record DrainBody(string Reason, DateTimeOffset? From, DateTimeOffset? Until);

/// <param name="Active">In force now.</param>
/// <param name="CreatedBy">Id of the key.</param>
internal sealed record DrainDocument(
    string Id, string Altruist, string Reason, DateTimeOffset From, DateTimeOffset? Until, bool Active, DateTimeOffset CreatedAt, string CreatedBy)
{
    /// <summary>In the answer to its making only.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public EffectDocument? Effect { get; init; }

    /// <summary>How far portals have let go of it; null before it begins.</summary>
    public ProgressDocument? Progress { get; init; }

    public static DrainDocument Of(Drain drain, DateTimeOffset now, LettingGo lettingGo) => new(
        drain.Id, drain.Altruist.Value, drain.Reason, drain.From, drain.Until, drain.IsInForce(now), drain.CreatedAt, drain.CreatedBy)
    {
        Progress = lettingGo.Of(drain) is { } progress ? new ProgressDocument(progress.StillPickedIn, progress.Portals, progress.WaitingFor, progress.LetGoAt, progress.InWords) : null,
    };
}

/// <param name="StillPickedIn">Slots that keep it as their last pick, or where it is pinned.</param>
/// <param name="Portals">How many asked within a day for slots that it may serve.</param>
/// <param name="WaitingFor">How many of them have not yet taken a generation without it.</param>
/// <param name="LetGoAt">When none was left.</param>
/// <param name="Says">The same in words.</param>
internal sealed record ProgressDocument(int StillPickedIn, int Portals, int WaitingFor, DateTimeOffset? LetGoAt, string Says);

/// <param name="Ended">How many windows were ended.</param>
/// <param name="Drains">Those still ahead.</param>
internal sealed record ResumedDocument(string Altruist, int Ended, IReadOnlyList<DrainDocument> Drains);
