using AltruistManager.Accounts;

namespace AltruistManager.Altruists;

/// <summary>A maintenance window as somebody says it.</summary>
/// <param name="From">Null means now.</param>
/// <param name="Until">Null means until it is resumed.</param>
public sealed record DrainDraft(string? Reason, DateTimeOffset? From, DateTimeOffset? Until)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>Clocks differ: so far back a window may begin and be taken for one that begins now.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(5);

    /// <param name="author">As <see cref="Actor.Author"/>.</param>
    /// <returns>To be used only when there are no errors.</returns>
    internal Drain Check(AltruistId altruist, string author, DateTimeOffset now, FieldErrors errors)
    {
        errors.Text("reason", Reason, most: 500);
        if (Reason is null && !errors.Has("reason"))
            errors.Add("reason", "is missing");
        if (From < now - ClockSlack)
            errors.Add("from", "must not be in the past");
        else if (From > now + Longest)
            errors.Add("from", "must be within a year");
        var begins = From > now ? From.Value : now;
        if (Until <= now)
            errors.Add("until", "must be in the future");
        else if (Until <= begins)
            errors.Add("until", "must be after from");
        else if (Until > begins + Longest)
            errors.Add("until", "must be within a year of its begin");
        return new Drain
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Altruist = altruist,
            Reason = Reason ?? "",
            From = begins,
            Until = Until,
            CreatedAt = now,
            CreatedBy = author,
        };
    }
}

/// <param name="Drains">How many windows were ended.</param>
public sealed record Resumed(AltruistId Altruist, int Drains);

/// <summary>Takes altruists out of the picks for maintenance, and back, for their providers and staff. Picks are settled by the caller.</summary>
public sealed class DrainRegistry(DrainStore store, RosterCache rosters, RegistryWriter writer, TimeProvider time)
{
    /// <summary>Of one altruist, in force and to come.</summary>
    private const int MostAhead = 50;

    /// <summary>The window as it would be, without making it.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Registered<Drain> Check(Actor actor, AltruistId id, DrainDraft draft, FieldErrors errors)
    {
        var now = time.GetUtcNow();
        if (FindOwn(actor, id, out _) is { } refusal)
            return Noted(actor, "drain", id, refusal);
        var drain = draft.Check(id, actor.Author, now, errors);
        if (errors.Any)
            return Refusal.Invalid(errors);
        return store.Current.Ahead(id, now).Count >= MostAhead
            ? Noted(actor, "drain", id, new Refusal(RefusalKind.Taken, "too-many-windows", $"{MostAhead} windows of this altruist are planned already."))
            : Registered<Drain>.Done(drain, created: true);
    }

    /// <param name="drain">Of <see cref="Check"/>.</param>
    public async Task<Registered<Drain>> AddAsync(Actor actor, Drain drain, CancellationToken cancellation)
    {
        if (FindOwn(actor, drain.Altruist, out var altruist) is { } refusal)
            return Noted(actor, "drain", drain.Altruist, refusal);
        await store.AddAsync(actor, drain, altruist!.Provider, cancellation);
        return Registered<Drain>.Done(drain, created: true);
    }

    /// <summary>Ends what is in force, or the one that is named.</summary>
    /// <param name="drain">May be planned only; null for all that are in force.</param>
    public async Task<Registered<Resumed>> ResumeAsync(Actor actor, AltruistId id, string? drain, CancellationToken cancellation)
    {
        if (FindOwn(actor, id, out var altruist) is { } refusal)
            return Noted(actor, "resume", id, refusal);
        var ended = await store.EndAsync(actor, id, altruist!.Provider, drain, cancellation);
        return ended == 0 && drain is not null
            ? new Refusal(RefusalKind.Unknown, "unknown-drain", $"There is no drain named '{drain}'.")
            : Registered<Resumed>.Done(new Resumed(id, ended), created: false);
    }

    private Refusal? FindOwn(Actor actor, AltruistId id, out Altruist? altruist)
    {
        altruist = rosters.Current.Altruists.GetValueOrDefault(id);
        return altruist is null ? new Refusal(RefusalKind.Unknown, "unknown-altruist", $"There is no altruist '{id}'.")
            : Refusal.UnlessMayChange(actor, altruist.Provider, "this altruist")
            ?? (altruist.RetiredAt is null ? null : new Refusal(RefusalKind.Retired, "retired", $"The altruist {id} is retired."));
    }

    private Refusal Noted(Actor actor, string what, AltruistId id, Refusal refusal)
    {
        writer.Noted<Altruist>(new Deed<Altruist>(actor, Told.Altruist, what, id.Value), refusal);
        return refusal;
    }
}
