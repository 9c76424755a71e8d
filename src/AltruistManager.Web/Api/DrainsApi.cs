using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>Maintenance by the owner or staff (contract 3.2): while an altruist drains nobody is newly sent there.</summary>
internal static class DrainsApi
{
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
        string id, BodyReader body, PreviewOnly preview, Caller caller, DrainRegistry drains, LettingGo lettingGo, RosterCache roster, SelectionRound round, TimeProvider time,
        CancellationToken cancellation)
    {
        var draft = Read(body);
        var errors = new FieldErrors();
        if ((body.HandOver(errors) ?? preview.Problem) is { } problem)
            return problem;
        var wanted = drains.Check(caller.Actor, new AltruistId(id), draft, errors);
        if (wanted.Refusal is { } refusal)
            return refusal.ToProblem();

        var added = wanted.Value!;
        var now = time.GetUtcNow();
        // As if it were in force now: nobody knows who else will be there when it begins.
        var effect = EffectDocument.Of(
            await round.PreviewAsync(rulings => rulings with { Drains = rulings.Drains.With(added with { From = now }) }, about: null, cancellation), null, roster.Current);
        if (preview.Wanted)
            return TypedResults.Ok(new PreviewDocument(true, effect));

        // From here on it is done, whether or not the caller still waits.
        cancellation.ThrowIfCancellationRequested();
        if ((await drains.AddAsync(caller.Actor, added, CancellationToken.None)).Refusal is { } refused)
            return refused.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Change);
        return TypedResults.Ok(DrainDocument.Of(added, now, lettingGo) with { Effect = effect });
    }

    private static async Task<IResult> ResumeAsync(
        string id, string? drain, Caller caller, DrainRegistry drains, DrainStore store, LettingGo lettingGo, SelectionRound round, TimeProvider time, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var outcome = await drains.ResumeAsync(caller.Actor, new AltruistId(id), string.IsNullOrEmpty(drain) ? null : drain, CancellationToken.None);
        if (outcome.Refusal is { } refusal)
            return refusal.ToProblem();
        await round.SettleAfterChangeAsync(Trigger.Change);
        var now = time.GetUtcNow();
        return TypedResults.Ok(new ResumedDocument(id, outcome.Value!.Drains, [.. store.Current.Ahead(outcome.Value.Altruist, now).Select(left => DrainDocument.Of(left, now, lettingGo))]));
    }

    private static DrainDraft Read(BodyReader body)
    {
        body.Ignore("id", "altruist", "active", "createdAt", "createdBy", "effect", "progress");
        return new DrainDraft(body.String("reason", required: true, most: 500), body.Time("from"), body.Time("until"));
    }
}

/// <param name="From">Now if not given.</param>
/// <param name="Until">Until it is resumed if not given.</param>
internal sealed record DrainBody(string Reason, DateTimeOffset? From, DateTimeOffset? Until);

/// <param name="Active">In force now.</param>
/// <param name="CreatedBy"><c>key:</c>, <c>user:</c> or <c>command:</c> and an id.</param>
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
